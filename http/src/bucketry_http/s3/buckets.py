"""Buckets: list, create, head, delete and location."""

from __future__ import annotations

import base64
import binascii

from bucketry import BucketAlreadyExists, BucketInfo, CreateBucketOptions
from bucketry.s3 import MAX_BUCKETS_PAGE, xml_time

from bucketry_http.s3.body import S3Body
from bucketry_http.s3.errors import S3Error, invalid_argument, not_implemented
from bucketry_http.s3.request import Endpoint, S3Request, number
from bucketry_http.s3.response import REGION, Response, empty_response, xml_response
from bucketry_http.s3.xml import MAX_DOCUMENT_BYTES, Node, document, element, optional, owner, read_xml

_DEFAULT_REGION = "us-east-1"
"""The region whose ``LocationConstraint`` is empty (S3 API reference, GetBucketLocation)."""

_MAX_ELEMENTS = 100
"""Most elements of a new bucket's configuration. In S3 it has a handful."""


async def list_buckets(endpoint: Endpoint, request: S3Request) -> Response:
    """ListBuckets: the buckets that the caller may see, in byte order of their names.

    As in S3, an anonymous caller may not list buckets.
    """
    if not request.is_signed:
        raise S3Error("AccessDenied")
    query = request.query
    limit = number(query, "max-buckets", MAX_BUCKETS_PAGE, least=1, most=MAX_BUCKETS_PAGE)
    prefix, after = query.get("prefix", ""), _after(query.get("continuation-token", ""))
    if query.get("bucket-region", endpoint.settings.region) != endpoint.settings.region:
        found: list[BucketInfo] = []
    else:
        found = [
            bucket
            for bucket in await endpoint.calls.long_call(endpoint.store.list_buckets)
            if bucket.name.startswith(prefix) and bucket.name > after and _is_visible(request, bucket.name)
        ]
    page = found[:limit]
    listed = "".join(
        f"<Bucket>{element('Name', bucket.name)}{element('CreationDate', xml_time(bucket.created_at))}"
        f"{element('BucketRegion', endpoint.settings.region)}</Bucket>"
        for bucket in page
    )
    token = base64.urlsafe_b64encode(page[-1].name.encode()).decode() if len(page) < len(found) else None
    content = f"{owner()}<Buckets>{listed}</Buckets>{optional('ContinuationToken', token)}{optional('Prefix', prefix)}"
    return xml_response(document("ListAllMyBucketsResult", content))


def _is_visible(request: S3Request, bucket: str) -> bool:
    return request.rights is not None and request.rights.allow(bucket, write=False)


def _after(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise invalid_argument("continuation-token", token, "The continuation token provided is incorrect") from None


async def create_bucket(endpoint: Endpoint, request: S3Request) -> Response:
    """CreateBucket, in the endpoint's region."""
    body = await S3Body(request).read(MAX_DOCUMENT_BYTES)
    if body:
        _check_location(await read_xml(body, "CreateBucketConfiguration", most=_MAX_ELEMENTS), endpoint.settings.region)
    options = CreateBucketOptions(**request.options)
    try:
        await endpoint.calls.call(endpoint.store.create_bucket, request.bucket, options)
    except BucketAlreadyExists:
        # In this region alone, creating one's own bucket again succeeds (S3 API reference, CreateBucket).
        if endpoint.settings.region != _DEFAULT_REGION:
            raise
    return empty_response(200, [(b"location", f"/{request.bucket}".encode())])


def _check_location(root: Node, region: str) -> None:
    for child in root.children():
        if child.name != "LocationConstraint":
            raise not_implemented(f"{child.name[:64]} in CreateBucketConfiguration")
    location = root.text_of("LocationConstraint")
    if location not in {None, "", region}:
        raise S3Error("InvalidLocationConstraint", elements={"LocationConstraint": (location or "")[:128]})


async def head_bucket(endpoint: Endpoint, request: S3Request) -> Response:
    """HeadBucket."""
    await endpoint.calls.call(endpoint.store.head_bucket, request.bucket)
    return Response(200, [(REGION, endpoint.settings.region.encode())])


async def delete_bucket(endpoint: Endpoint, request: S3Request) -> Response:
    """DeleteBucket."""
    await endpoint.calls.long_call(endpoint.store.delete_bucket, request.bucket)
    return empty_response()


async def get_location(endpoint: Endpoint, request: S3Request) -> Response:
    """GetBucketLocation."""
    await endpoint.calls.call(endpoint.store.head_bucket, request.bucket)
    region = endpoint.settings.region
    return xml_response(document("LocationConstraint", "" if region == _DEFAULT_REGION else region))
