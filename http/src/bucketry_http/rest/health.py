"""Liveness and readiness, for whatever starts and watches the server."""

from __future__ import annotations

from typing import Any, Literal

import anyio
import msgspec
from bucketry import Unavailable
from litestar import Request, get

from bucketry_http.rest.documented_problems import problems
from bucketry_http.rest.openapi import ApiOperation
from bucketry_http.rest.storage import app_of
from bucketry_http.shared.connection import is_stopping
from bucketry_http.shared.errors import ServerStops


class Live(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["live"] = "live"


class Ready(msgspec.Struct, frozen=True):
    """The store answers."""

    status: Literal["ready"] = "ready"


@get(
    "/live",
    tags=["Health"],
    summary="Liveness",
    operation_id="getLive",
    operation_class=ApiOperation,
    responses=problems(),
)
async def get_live() -> Live:
    """Say that the process answers. The store is not asked: that it is down is no reason to restart the server."""
    return Live()


@get(
    "/ready",
    tags=["Health"],
    summary="Readiness",
    operation_id="getReady",
    operation_class=ApiOperation,
    responses=problems(503),
)
async def get_ready(request: Request[Any, Any, Any]) -> Ready:
    """Say whether the store answers, within a few seconds; 503 if not."""
    if is_stopping(request.scope):
        raise ServerStops
    app = app_of(request)
    try:
        with anyio.fail_after(app.settings.ready_seconds):
            status = await app.calls.probe(app.calls.store.status)
    except TimeoutError:
        raise Unavailable(f"it did not answer within {app.settings.ready_seconds:g} seconds") from None
    if not status.available:
        raise Unavailable(status.detail)
    return Ready()
