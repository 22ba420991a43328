"""Status of the storage, usage report, and health of the server."""

from __future__ import annotations

from bucketry import Unavailable
from litestar import get

from bucketry_http.rest.framework import ApiRequest
from bucketry_http.rest.openapi import ApiOperation
from bucketry_http.rest.problems import ServerStops, backend_problems, request_problems
from bucketry_http.rest.schemas import Live, Ready, StatusView, UsageReportView
from bucketry_http.shared.connection import is_stopping
from bucketry_http.shared.health import probe


@get(
    "/status",
    tags=["Status"],
    summary="Storage status",
    operation_id="getStatus",
    operation_class=ApiOperation,
    responses=backend_problems(),
)
async def get_status(request: ApiRequest) -> StatusView:
    """Check if object storage is available. The status is 200 even if it is not: then ``detail`` says why."""
    calls = request.app.calls
    return StatusView.of(await calls.call(calls.store.status))


@get(
    "/usage",
    tags=["Status"],
    summary="Usage report",
    operation_id="getUsageReport",
    operation_class=ApiOperation,
    responses=backend_problems(),
)
async def get_usage_report(request: ApiRequest) -> UsageReportView:
    """Room on disk, owners, quotas and operations, as far as the backend knows them. 501 if it knows nothing."""
    calls = request.app.calls
    report = await calls.long_call(calls.store.usage_report)
    if (authorization := request.app.authorization) is not None:
        authorization.allow_listing(request, (bucket.name for bucket in report.buckets))
    return UsageReportView.of(report)


@get(
    "/live",
    tags=["Health"],
    summary="Liveness",
    operation_id="getLive",
    operation_class=ApiOperation,
    responses=request_problems(),
)
async def get_live() -> Live:
    """Say that the process answers. The store is not asked: if it is down, a restart of the server does not help."""
    return Live()


@get(
    "/ready",
    tags=["Health"],
    summary="Readiness",
    operation_id="getReady",
    operation_class=ApiOperation,
    responses=request_problems(503),
)
async def get_ready(request: ApiRequest) -> Ready:
    """Say whether the store answers within a few seconds. 503 if it does not."""
    if is_stopping(request.scope):
        raise ServerStops
    app = request.app
    health = await probe(app.calls, app.settings.ready_seconds)
    if not health.ready:
        reason = Unavailable(health.reason)
        if app.authorization is None:
            raise reason
        # Anybody may ask, and must not learn where the backend is. The log has the reason.
        raise Unavailable("it is not ready; the management port and the log say why") from reason
    return Ready()
