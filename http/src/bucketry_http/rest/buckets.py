"""Buckets: list, create, look at, delete."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from bucketry import BucketInfo, CreateBucketOptions, Store
from bucketry.rest_api import PREFIX
from litestar import Response, delete, get, post
from litestar.datastructures import ResponseHeader
from litestar.params import JSONBody

from bucketry_http.rest.authorization import owner_of
from bucketry_http.rest.framework import ApiRequest, JsonResponse, StrictDTO
from bucketry_http.rest.openapi import ApiOperation, Bucket
from bucketry_http.rest.problems import backend_problems
from bucketry_http.rest.schemas import BucketDetail, BucketView, CreateBucket

_TAGS = ["Buckets"]


def _list(store: Store, visible: Callable[[BucketInfo], bool] | None) -> list[BucketView]:
    buckets = [bucket for bucket in store.list_buckets() if visible is None or visible(bucket)]
    usages = store.bucket_usages([bucket.name for bucket in buckets])
    # A bucket that is deleted between the two calls has no usage. It is left out.
    return [
        BucketView.of(bucket, usage.object_count, usage.size_bytes)
        for bucket in buckets
        if (usage := usages.get(bucket.name)) is not None
    ]


def _look_at(store: Store, name: Bucket) -> BucketDetail:
    bucket = store.head_bucket(name)
    return BucketDetail.of_usage(bucket, store.bucket_usage(name))


@get(
    "/buckets",
    tags=_TAGS,
    summary="List buckets",
    operation_id="listBuckets",
    operation_class=ApiOperation,
    responses=backend_problems(),
)
async def list_buckets(request: ApiRequest) -> list[BucketView]:
    """List all buckets that the caller may see, in byte order of their names, with what each holds."""
    calls, authorization = request.app.calls, request.app.authorization
    visible = None if authorization is None else authorization.visible(request)
    return await calls.long_call(_list, calls.store, visible)


@post(
    "/buckets",
    tags=_TAGS,
    summary="Create a bucket",
    operation_id="createBucket",
    operation_class=ApiOperation,
    dto=StrictDTO[CreateBucket],
    responses=backend_problems(409, 413, 415, 507),
    response_headers=[ResponseHeader(name="Location", description="Path of the bucket.", documentation_only=True)],
)
async def create_bucket(request: ApiRequest, data: JSONBody[CreateBucket]) -> Response[BucketView]:
    """Create a bucket. Its name must be DNS-compatible. With `object_lock`, versions of its objects can be locked."""
    calls, authorization = request.app.calls, request.app.authorization
    object_lock = bool(data.object_lock)
    options = CreateBucketOptions(object_lock=object_lock)
    request.note(bucket=data.name)
    if authorization is not None:
        authorization.allow_creation(request, data.name, object_lock=object_lock)
        if calls.store.capabilities.features.owners:
            options = CreateBucketOptions(object_lock=object_lock, owner=owner_of(request))
    bucket = await calls.call(calls.store.create_bucket, data.name, options)
    location = f"{PREFIX}/buckets/{quote(data.name)}"
    return JsonResponse(BucketView.of(bucket, 0, 0), raw_headers=[(b"location", location.encode())])


@get(
    "/buckets/{name:str}",
    tags=_TAGS,
    summary="Look at a bucket",
    operation_id="getBucket",
    operation_class=ApiOperation,
    responses=backend_problems(404),
)
async def get_bucket(request: ApiRequest, name: Bucket) -> BucketDetail:
    """Return one bucket with what it holds, where these figures come from, and when they were true."""
    calls = request.app.calls
    return await calls.call(_look_at, calls.store, name)


@delete(
    "/buckets/{name:str}",
    tags=_TAGS,
    summary="Delete a bucket",
    operation_id="deleteBucket",
    operation_class=ApiOperation,
    responses=backend_problems(404, 409),
)
async def delete_bucket(request: ApiRequest, name: Bucket) -> None:
    """Delete a bucket. It must be empty: delete all objects first."""
    calls = request.app.calls
    await calls.long_call(calls.store.delete_bucket, name)
