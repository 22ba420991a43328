"""Deletes objects: one, or up to 1,000 at a time."""

from __future__ import annotations

from typing import Annotated, Any

from bucketry import BackendError, DeleteFailure, DeleteOptions, InvalidArgument, ObjectInfo
from bucketry.s3 import MAX_KEY_BYTES
from litestar import Request, delete, post
from litestar.params import JSONBody, QueryParameter

from bucketry_http.rest.bodies import Strict
from bucketry_http.rest.documented_problems import errors
from bucketry_http.rest.openapi import ApiOperation, Bucket, Deletion
from bucketry_http.rest.schemas import DeletedView, DeleteFailureView, DeleteObject, DeleteObjects
from bucketry_http.rest.settings import MIB
from bucketry_http.rest.storage import calls_of
from bucketry_http.shared.conditions import match_option
from bucketry_http.shared.headers import headers_of

_MAX_BATCH_BYTES = 8 * MIB
"""1,000 keys of 1,024 bytes, each of them escaped as six characters, and some."""

_TAGS = ["Objects"]


@delete(
    "/buckets/{name:str}/objects",
    tags=_TAGS,
    summary="Delete an object",
    operation_id="deleteObject",
    operation_class=Deletion,
    responses=errors(404, 412, 413, 415),
    dto=Strict[DeleteObject],
)
async def delete_object(
    request: Request[Any, Any, Any],
    name: Bucket,
    data: JSONBody[DeleteObject | None] = None,
    key: Annotated[
        str | None,
        QueryParameter(
            description="Object key to delete.", schema_extra={"min_length": 1, "max_length": MAX_KEY_BYTES}
        ),
    ] = None,
) -> None:
    """Delete an object. Its `key` stands in the query or in a JSON body.

    That there is no such object is no error. `If-Match` makes it conditional where the store can do that.
    """
    if (key is None) == (data is None):
        raise InvalidArgument("`key` is required, in the query or in a JSON body, and only in one of them")
    wanted = data.key if data is not None else key or ""
    await calls_of(request).call(_delete, request, name, wanted)


def _delete(request: Request[Any, Any, Any], bucket: str, key: str) -> None:
    store = calls_of(request).store

    def head() -> ObjectInfo:
        return store.head_object(bucket, key)

    condition = match_option(headers_of(request.scope).get("if-match"), head)
    if condition is None:
        store.delete_object(bucket, key)
    else:
        store.delete_object(bucket, key, DeleteOptions(if_match=condition))


@post(
    "/buckets/{name:str}/objects/delete",
    status_code=200,
    tags=_TAGS,
    summary="Delete many objects",
    operation_id="deleteObjects",
    operation_class=ApiOperation,
    responses=errors(404, 413, 415),
    dto=Strict[DeleteObjects],
    request_max_body_size=_MAX_BATCH_BYTES,
)
async def delete_objects(request: Request[Any, Any, Any], name: Bucket, data: JSONBody[DeleteObjects]) -> DeletedView:
    """Delete up to 1,000 objects. One that fails does not hold up the others; one that does not exist is deleted."""
    calls = calls_of(request)
    result = await calls.bulk_call(len(data.keys), calls.store.delete_objects, name, data.keys)
    failed = [DeleteFailureView(failure.key, failure.code, _message(failure)) for failure in result.failed]
    return DeletedView(list(result.deleted), failed)


def _message(failure: DeleteFailure) -> str:
    # The words of a failure that no driver knows are the backend's own.
    return BackendError.sentence if failure.code == BackendError.code else failure.message
