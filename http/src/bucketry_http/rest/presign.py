"""URLs that let their holder download or upload one object for a while."""

from __future__ import annotations

from bucketry import AccessDenied, PresignOptions
from litestar import post
from litestar.datastructures import ResponseHeader
from litestar.params import JSONBody

from bucketry_http.rest.framework import ApiRequest, StrictDTO
from bucketry_http.rest.openapi import ApiOperation, Bucket
from bucketry_http.rest.problems import backend_problems
from bucketry_http.rest.schemas import Presign, PresignedView
from bucketry_http.rest.url_signing import ending
from bucketry_http.shared.record import PRESIGN


@post(
    "/buckets/{name:str}/objects/presign",
    status_code=200,
    tags=["Presigning"],
    summary="Pre-sign a URL",
    operation_id="presign",
    operation_class=ApiOperation,
    responses=backend_problems(413, 415),
    dto=StrictDTO[Presign],
    response_headers=[ResponseHeader(name="Cache-Control", value="no-store", description="The URL is a secret.")],
)
async def presign(request: ApiRequest, name: Bucket, data: JSONBody[Presign]) -> PresignedView:
    """Generate a temporary URL for direct upload or download. Neither bucket nor object needs to exist yet.

    Where the server asks for tokens, the caller needs the right to do what the URL does, and the URL ends with the
    token or key pair that it is made with.
    """
    operation = "PutObject" if data.method == "PUT" else "GetObject"
    request.note_key(data.key)
    request.note(operation=f"{PRESIGN}{operation}", version_id=data.version_id)
    app, options = request.app, _options(data)
    store = app.calls.store
    if app.authorization is not None:
        identity = await app.authorization.allow_url(request, operation, name, data.key, data.version_id)
        if app.signing is not None and app.directory is not None:
            signing = app.signing.presign(app.calls, app.directory, identity, name, data.key, options)
            return PresignedView.of(await signing)
        options = ending(options, identity.expires_at)
    if not app.settings.backend_urls:
        raise AccessDenied("this server gives out no URLs of its backend")
    # Signing asks no backend (the contract says so), so it needs no thread with any driver.
    return PresignedView.of(store.presign(name, data.key, options))


def _options(data: Presign) -> PresignOptions:
    return PresignOptions(method=data.method, expires_in=data.expires_in, version_id=data.version_id)
