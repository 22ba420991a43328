"""Objects: download, look at, delete one, delete many."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from bucketry import (
    AccessDenied,
    BackendError,
    Deleted,
    DeleteFailure,
    DeleteOptions,
    GetOptions,
    InvalidArgument,
    ObjectInfo,
    Store,
)
from bucketry.rest_api import STORED_DISPOSITION
from bucketry.s3 import MAX_KEY_BYTES
from litestar import Response, delete, get, head, post
from litestar.datastructures import ResponseHeader
from litestar.params import JSONBody, QueryParameter

from bucketry_http.rest.framework import BODY_LIMIT, ApiRequest, AsgiResponse, JsonResponse, StrictDTO, application
from bucketry_http.rest.openapi import (
    ApiOperation,
    Bucket,
    Deletion,
    Download,
    Inline,
    Inspection,
    VersionId,
)
from bucketry_http.rest.problems import backend_problems
from bucketry_http.rest.schemas import DeletedView, DeleteFailureView, DeleteObject, DeleteObjects
from bucketry_http.shared import object_reading
from bucketry_http.shared.conditions import match_option
from bucketry_http.shared.headers import (
    VERSION_ID,
    deletion_headers,
    disposition,
    encoded,
    expiration_headers,
    object_headers,
    version_headers,
)
from bucketry_http.shared.hosts import OWN_SITE, is_code
from bucketry_http.shared.lock_headers import legal_hold_headers, retention_headers
from bucketry_http.shared.object_reading import PARTIAL_CONTENT, WHOLE, ReadResult
from bucketry_http.shared.response_body import ContentSender

_TAGS: Final = ["Objects"]

_DISPOSITION: Final = b"content-disposition"
_STORED_DISPOSITION: Final = STORED_DISPOSITION.encode()
"""A browser must not follow it, and a copy of the object should have it."""

_SAFETY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
)
"""With these, nothing that users upload runs as a page of this host."""

_HARMLESS: Final = frozenset(
    {"text/plain", "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"}
)
"""Types that a browser may show in place, because nothing in them runs. SVG and PDF may hold scripts."""

_HARMLESS_FAMILIES: Final = ("audio/", "video/")


@get(
    "/buckets/{name:str}/objects/{key:str}",
    tags=_TAGS,
    summary="Download an object",
    operation_id="getObject",
    operation_class=Download,
    responses=backend_problems(404, 405, 412, 416),
)
async def get_object(
    request: ApiRequest, name: Bucket, inline: Inline = False, version_id: VersionId = None
) -> Response[None]:
    """Send an object's content, or a range of it (RFC 9110, 14), conditionally if asked (RFC 9110, 13).

    It is sent as an attachment, unless `inline=true` asks otherwise for a type that is harmless in a browser.
    """
    wanted = _wanted(version_id)
    found = await object_reading.open_object(request.app.calls, name, request.key, request.fields, wanted)
    return _response(request, found, inline=inline)


@head(
    "/buckets/{name:str}/objects/{key:str}",
    tags=_TAGS,
    summary="Look at an object",
    operation_id="headObject",
    operation_class=Inspection,
    responses=backend_problems(404, 405, 412),
)
async def head_object(
    request: ApiRequest, name: Bucket, inline: Inline = False, version_id: VersionId = None
) -> Response[None]:
    """Send the headers that a download of the whole object would have, without content."""
    wanted = _wanted(version_id)
    found = await object_reading.head_object(request.app.calls, name, request.key, request.fields, wanted)
    return _response(request, found, inline=inline)


def _wanted(version_id: str | None) -> GetOptions:
    return WHOLE if version_id is None else GetOptions(version_id=version_id)


def _response(request: ApiRequest, found: ReadResult, *, inline: bool) -> AsgiResponse:
    info, key, clock = found.info, request.key, request.app.clock
    headers = [pair for pair in object_headers(info, clock) if pair[0] != _DISPOSITION]
    headers += [*_SAFETY_HEADERS, (_DISPOSITION, _disposition(info, key, inline=inline).encode("latin-1", "replace"))]
    if is_code(info.content_type):
        headers.append(OWN_SITE)
    headers += version_headers(info.version_id) + expiration_headers(info.expiration)
    if info.retention is not None:
        headers += retention_headers(info.retention)
    if info.legal_hold is not None:
        headers += legal_hold_headers(info.legal_hold)
    if info.content_disposition:
        headers.append((_STORED_DISPOSITION, encoded(info.content_disposition)))
    headers.append((b"content-length", b"%d" % found.length))
    if found.status == PARTIAL_CONTENT:
        headers.append((b"content-range", str(found.content_range).encode()))
    if found.reader is not None:
        return AsgiResponse(ContentSender(found.reader, found.status, headers))
    return AsgiResponse(application(found.status, headers, found.body))


def _disposition(info: ObjectInfo, key: str, *, inline: bool) -> str:
    """Returns the value of ``Content-Disposition``: ``inline`` only if that is asked for and harmless."""
    if inline and _is_harmless(info.content_type):
        return disposition("inline", key)
    stored = info.content_disposition or ""
    return stored if stored.lower().startswith("attachment") else disposition("attachment", key)


def _is_harmless(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind in _HARMLESS or kind.startswith(_HARMLESS_FAMILIES)


@delete(
    "/buckets/{name:str}/objects",
    tags=_TAGS,
    summary="Delete an object",
    operation_id="deleteObject",
    operation_class=Deletion,
    responses=backend_problems(404, 412, 413, 415),
    dto=StrictDTO[DeleteObject],
    response_headers=[
        ResponseHeader(name=VERSION_ID, description="Id of the version or marker.", documentation_only=True)
    ],
)
async def delete_object(
    request: ApiRequest,
    name: Bucket,
    data: JSONBody[DeleteObject | None] = None,
    key: Annotated[
        str | None,
        QueryParameter(
            description="Object key to delete.", schema_extra={"min_length": 1, "max_length": MAX_KEY_BYTES}
        ),
    ] = None,
    version_id: VersionId = None,
    bypass_governance: Annotated[
        bool, QueryParameter(description="Delete a version that is retained in governance mode.")
    ] = False,
) -> Response[None]:
    """Delete an object. Its `key` stands in the query or in a JSON body.

    Deleting an object that does not exist succeeds. `If-Match` makes it conditional where the store can do that.
    In a bucket with versions it makes a delete marker; with `version_id`, exactly that version is gone. The header
    `x-amz-version-id` names the marker or the version.
    """
    if (key is None) == (data is None):
        raise InvalidArgument("`key` is required, in the query or in a JSON body, and only in one of them", field="key")
    if data is not None:
        key, version_id = data.key, data.version_id or version_id
    request.note_key(key or "")
    request.note(version_id=version_id)
    calls = request.app.calls
    if (authorization := request.app.authorization) is not None:
        await authorization.allow(request, "DeleteObject", name, key or "", version_id, bypass=bypass_governance)
    options = DeleteOptions(version_id=version_id, bypass_governance=bypass_governance)
    deleted = await calls.call(_delete, calls.store, name, key or "", options, request.fields.get("if-match"))
    return JsonResponse(None, raw_headers=deletion_headers(deleted))


def _delete(store: Store, bucket: str, key: str, options: DeleteOptions, if_match: str | None) -> Deleted:
    def head() -> ObjectInfo:
        return store.head_object(bucket, key)

    condition = match_option(if_match, head)
    return store.delete_object(bucket, key, msgspec.structs.replace(options, if_match=condition))


@post(
    "/buckets/{name:str}/objects/delete",
    status_code=200,
    tags=_TAGS,
    summary="Delete many objects",
    operation_id="deleteObjects",
    operation_class=ApiOperation,
    responses=backend_problems(404, 413, 415),
    dto=StrictDTO[DeleteObjects],
    opt={BODY_LIMIT: "max_list_bytes"},
)
async def delete_objects(request: ApiRequest, name: Bucket, data: JSONBody[DeleteObjects]) -> DeletedView:
    """Delete up to 1,000 objects. One that fails does not hold up the others; one that does not exist is deleted."""
    calls, keys = request.app.calls, data.keys
    request.note_key(*keys)
    failed: list[DeleteFailureView] = []
    if (authorization := request.app.authorization) is not None:
        allowed = await authorization.allowed_keys(request, name, keys)
        failed = [_denied(key) for key in keys if key not in allowed]
        keys = [key for key in keys if key in allowed]
    if not keys:
        return DeletedView([], failed)
    result = await calls.bulk_call(len(keys), calls.store.delete_objects, name, keys)
    failed += [DeleteFailureView(failure.key, failure.code, _message(failure)) for failure in result.failed]
    return DeletedView(list(result.deleted_keys), failed)


def _denied(key: str) -> DeleteFailureView:
    return DeleteFailureView(key, AccessDenied.code, AccessDenied.sentence)


def _message(failure: DeleteFailure) -> str:
    # The text of an error that no driver knows is the backend's own: that is for the log.
    return BackendError.sentence if failure.code == BackendError.code else failure.message
