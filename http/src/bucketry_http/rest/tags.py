"""Tags of objects: look at them, replace them, delete them."""

from __future__ import annotations

from bucketry import VersionOptions
from litestar import delete, get, put
from litestar.params import JSONBody

from bucketry_http.rest.framework import ApiRequest, StrictDTO
from bucketry_http.rest.openapi import ApiOperation, Bucket, ObjectKey, VersionId
from bucketry_http.rest.problems import backend_problems
from bucketry_http.rest.schemas import TagsView

_TAGS = ["Objects"]


@get(
    "/buckets/{name:str}/tags",
    tags=_TAGS,
    summary="Look at the tags of an object",
    operation_id="getTags",
    operation_class=ApiOperation,
    responses=backend_problems(404, 405),
)
async def get_tags(request: ApiRequest, name: Bucket, key: ObjectKey, version_id: VersionId = None) -> TagsView:
    """Return the tags of an object, or of one version of it."""
    calls = request.app.calls
    options = VersionOptions(version_id=version_id)
    return TagsView(dict(await calls.call(calls.store.get_object_tagging, name, key, options)))


@put(
    "/buckets/{name:str}/tags",
    tags=_TAGS,
    summary="Replace the tags of an object",
    operation_id="putTags",
    operation_class=ApiOperation,
    dto=StrictDTO[TagsView],
    responses=backend_problems(404, 405, 413, 415),
    status_code=200,
)
async def put_tags(
    request: ApiRequest, name: Bucket, key: ObjectKey, data: JSONBody[TagsView], version_id: VersionId = None
) -> TagsView:
    """Replace all tags of an object, or of one version of it. Its content and its etag stay as they are."""
    calls = request.app.calls
    options = VersionOptions(version_id=version_id)
    await calls.call(calls.store.put_object_tagging, name, key, data.tags, options)
    return data


@delete(
    "/buckets/{name:str}/tags",
    tags=_TAGS,
    summary="Delete the tags of an object",
    operation_id="deleteTags",
    operation_class=ApiOperation,
    responses=backend_problems(404, 405),
)
async def delete_tags(request: ApiRequest, name: Bucket, key: ObjectKey, version_id: VersionId = None) -> None:
    """Delete all tags of an object, or of one version of it. If it has none, this succeeds."""
    calls = request.app.calls
    await calls.call(calls.store.delete_object_tagging, name, key, VersionOptions(version_id=version_id))
