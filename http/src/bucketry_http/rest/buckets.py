"""Buckets: list, create, look at, delete."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from bucketry import Store
from litestar import Request, Response, delete, get, post
from litestar.datastructures import ResponseHeader
from litestar.params import JSONBody

from bucketry_http.rest.bodies import Strict
from bucketry_http.rest.documented_problems import errors
from bucketry_http.rest.openapi import ApiOperation, Bucket
from bucketry_http.rest.routing import PREFIX
from bucketry_http.rest.schemas import BucketDetail, BucketView, CreateBucket
from bucketry_http.rest.storage import calls_of

_TAGS = ["Buckets"]


def _list(store: Store) -> list[BucketView]:
    buckets = store.list_buckets()
    usages = store.bucket_usages([bucket.name for bucket in buckets])
    # A bucket that is deleted between the two calls has no usage, and is no longer there to be listed.
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
    responses=errors(),
)
async def list_buckets(request: Request[Any, Any, Any]) -> list[BucketView]:
    """List all buckets, in byte order of their names, with what each holds."""
    calls = calls_of(request)
    return await calls.long_call(_list, calls.store)


@post(
    "/buckets",
    tags=_TAGS,
    summary="Create a bucket",
    operation_id="createBucket",
    operation_class=ApiOperation,
    dto=Strict[CreateBucket],
    responses=errors(409, 413, 415, 507),
    response_headers=[ResponseHeader(name="Location", description="Path of the bucket.", documentation_only=True)],
)
async def create_bucket(request: Request[Any, Any, Any], data: JSONBody[CreateBucket]) -> Response[BucketView]:
    """Create a bucket. Its name must be DNS-compatible."""
    calls = calls_of(request)
    bucket = await calls.call(calls.store.create_bucket, data.name)
    return Response(BucketView.of(bucket, 0, 0), headers={"Location": f"{PREFIX}/buckets/{quote(data.name)}"})


@get(
    "/buckets/{name:str}",
    tags=_TAGS,
    summary="Look at a bucket",
    operation_id="getBucket",
    operation_class=ApiOperation,
    responses=errors(404),
)
async def get_bucket(request: Request[Any, Any, Any], name: Bucket) -> BucketDetail:
    """Return one bucket with what it holds, where these figures come from, and when they were true."""
    calls = calls_of(request)
    return await calls.call(_look_at, calls.store, name)


@delete(
    "/buckets/{name:str}",
    tags=_TAGS,
    summary="Delete a bucket",
    operation_id="deleteBucket",
    operation_class=ApiOperation,
    responses=errors(404, 409),
)
async def delete_bucket(request: Request[Any, Any, Any], name: Bucket) -> None:
    """Delete a bucket. It must be empty: delete all objects first."""
    calls = calls_of(request)
    await calls.long_call(calls.store.delete_bucket, name)
