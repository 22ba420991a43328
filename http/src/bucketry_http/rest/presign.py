"""URLs that let their holder download or upload one object for a while."""

from __future__ import annotations

from typing import Any

from bucketry import PresignOptions
from litestar import Request, post
from litestar.datastructures import ResponseHeader
from litestar.params import JSONBody

from bucketry_http.rest.bodies import Strict
from bucketry_http.rest.documented_problems import problems
from bucketry_http.rest.openapi import ApiOperation, Bucket
from bucketry_http.rest.schemas import Presign, PresignedView
from bucketry_http.rest.storage import calls_of


@post(
    "/buckets/{name:str}/objects/presign",
    status_code=200,
    tags=["Presigning"],
    summary="Pre-sign a URL",
    operation_id="presign",
    operation_class=ApiOperation,
    responses=problems(413, 415, 501),
    dto=Strict[Presign],
    response_headers=[ResponseHeader(name="Cache-Control", value="no-store", description="The URL is a secret.")],
)
async def presign(request: Request[Any, Any, Any], name: Bucket, data: JSONBody[Presign]) -> PresignedView:
    """Generate a temporary URL for direct upload or download. Neither bucket nor object needs to exist yet."""
    store = calls_of(request).store
    # Signing asks no backend (the contract says so), hence it needs no thread whatever the driver.
    return PresignedView.of(store.presign(name, data.key, _options(data)))


def _options(data: Presign) -> PresignOptions:
    return PresignOptions(method=data.method, expires_in=data.expires_in)
