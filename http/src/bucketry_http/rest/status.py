"""Whether object storage is available."""

from __future__ import annotations

from typing import Any

from litestar import Request, get

from bucketry_http.rest.documented_problems import errors
from bucketry_http.rest.openapi import ApiOperation
from bucketry_http.rest.schemas import StatusView
from bucketry_http.rest.storage import calls_of


@get(
    "/status",
    tags=["Status"],
    summary="Storage status",
    operation_id="getStatus",
    operation_class=ApiOperation,
    responses=errors(),
)
async def get_status(request: Request[Any, Any, Any]) -> StatusView:
    """Check if object storage is available. The answer is 200 also when it is not: then ``detail`` says why."""
    calls = calls_of(request)
    return StatusView.of(await calls.call(calls.store.status))
