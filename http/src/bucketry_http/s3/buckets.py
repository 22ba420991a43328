"""Buckets: list, create, head, delete and location."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Final, cast, get_args

from bucketry import BucketAccess, BucketAlreadyExists, BucketInfo, BucketSettings, CreateBucketOptions
from bucketry.acls import canned_acl
from bucketry.bucket_settings import BUCKET_OWNER_ENFORCED, AclSettings, ObjectOwnership, OwnershipSettings
from bucketry.owners import DEFAULT_OWNER, Owner
from bucketry.s3 import MAX_BUCKETS_PAGE, xml_time

from bucketry_http.s3.access_facts import RequestFacts
from bucketry_http.s3.acl_headers import acl_in
from bucketry_http.s3.body import S3Body
from bucketry_http.s3.errors import S3Error, invalid_argument, not_implemented
from bucketry_http.s3.headers import ACL_HEADERS, OWNERSHIP
from bucketry_http.s3.regions import DEFAULT_REGION
from bucketry_http.s3.request import Endpoint, S3Request, number
from bucketry_http.s3.response import REGION, Response, empty_response, xml_response
from bucketry_http.s3.xml import document, element, optional, owner
from bucketry_http.s3.xml_reading import Node, read_xml
from bucketry_http.shared.deciding import is_visible

_OWNERSHIPS: Final = get_args(ObjectOwnership)

_MAX_ELEMENTS = 100
"""Most elements of a new bucket's configuration. In S3 it has a handful."""


async def list_buckets(endpoint: Endpoint, request: S3Request) -> Response:
    """ListBuckets: the buckets that the caller may see, in byte order of their names.

    Nobody sees the buckets of others, and as in S3, an anonymous caller may not list buckets.
    """
    if not request.is_signed:
        raise S3Error("AccessDenied")
    caller = endpoint.users.owner(request.principal)
    query = request.query
    limit = number(query, "max-buckets", MAX_BUCKETS_PAGE, least=1, most=MAX_BUCKETS_PAGE)
    prefix, after = query.get("prefix", ""), _after(query.get("continuation-token", ""))
    regions, region = endpoint.regions, query.get("bucket-region")
    facts = RequestFacts(endpoint, request, "ListBuckets")
    found = [
        bucket
        for bucket in await endpoint.calls.long_call(endpoint.store.list_buckets)
        if bucket.name.startswith(prefix)
        and bucket.name > after
        and region in {None, regions.of(bucket)}
        and is_visible(request.principal, bucket, facts)
    ]
    page = found[:limit]
    listed = "".join(
        f"<Bucket>{element('Name', bucket.name)}{element('CreationDate', xml_time(bucket.created_at))}"
        f"{element('BucketRegion', regions.of(bucket))}</Bucket>"
        for bucket in page
    )
    token = base64.urlsafe_b64encode(page[-1].name.encode()).decode() if len(page) < len(found) else None
    content = (
        f"{owner(caller)}<Buckets>{listed}</Buckets>{optional('ContinuationToken', token)}{optional('Prefix', prefix)}"
    )
    return xml_response(document("ListAllMyBucketsResult", content))


def _after(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise invalid_argument("continuation-token", token, "The continuation token provided is incorrect") from None


async def create_bucket(endpoint: Endpoint, request: S3Request) -> Response:
    """CreateBucket."""
    body = await S3Body(request).read(endpoint.settings.max_xml_bytes)
    location = None
    if body:
        root = await read_xml(endpoint.settings, body, "CreateBucketConfiguration", most=_MAX_ELEMENTS)
        location = _location(root)
    region = endpoint.regions.of_new(request, location)
    creator = endpoint.users.owner(request.principal)
    settings = _first_settings(endpoint, request, creator)
    options = CreateBucketOptions(
        owner=creator if endpoint.features.owners else None,
        region=None if region == endpoint.regions.home else region,
        **request.options,
    )
    try:
        await endpoint.calls.call(endpoint.store.create_bucket, request.bucket, options)
    except BucketAlreadyExists:
        found = await endpoint.calls.call(endpoint.store.head_bucket, request.bucket)
        if (found.owner or DEFAULT_OWNER).id != creator.id:
            raise S3Error("BucketAlreadyExists") from None
        # In this region alone, creating one's own bucket again succeeds (S3 API reference, CreateBucket).
        if {region, endpoint.regions.of(found)} != {DEFAULT_REGION}:
            raise
        await _check_unchanged(endpoint, request, found, settings, creator)
        return _created(request)
    await _put_first(endpoint, request.bucket, settings)
    return _created(request)


def _created(request: S3Request) -> Response:
    return empty_response(200, [(b"location", f"/{request.bucket}".encode())])


async def _check_unchanged(
    endpoint: Endpoint, request: S3Request, found: BucketInfo, settings: Iterable[BucketSettings], creator: Owner
) -> None:
    """Refuses to create one's own bucket again with something that it does not have.

    S3 sets the ACL of the bucket back (S3 API reference, CreateBucket). As in Ceph RGW, another ACL is refused here.

    Raises:
        S3Error: The request asks for another ACL, another ownership, or a lock that the bucket does not have.
    """
    if request.options.get("object_lock") and not found.object_lock:
        raise S3Error("BucketAlreadyOwnedByYou")
    if not endpoint.decides:
        return
    access = await endpoint.calls.call(endpoint.store.get_bucket_access, request.bucket)
    private = canned_acl("private", creator)
    wanted: dict[type, object] = {AclSettings: private, OwnershipSettings: access.ownership}
    for each in settings:
        wanted[type(each)] = each.acl if isinstance(each, AclSettings) else cast("OwnershipSettings", each).ownership
    if wanted != {AclSettings: access.acl or private, OwnershipSettings: access.ownership}:
        raise S3Error("BucketAlreadyExists")


def _first_settings(endpoint: Endpoint, request: S3Request, creator: Owner) -> list[BucketSettings]:
    """Returns the settings that the headers give a new bucket.

    Raises:
        S3Error: They are malformed, or contradict each other.
    """
    headers = request.headers
    settings: list[BucketSettings] = []
    access = BucketAccess(owner=creator)
    if (ownership := headers.get(OWNERSHIP)) is not None:
        if ownership not in _OWNERSHIPS:
            raise invalid_argument(OWNERSHIP, ownership, "Invalid x-amz-object-ownership header")
        if endpoint.decides:
            access = BucketAccess(owner=creator, ownership=cast("ObjectOwnership", ownership))
            settings.append(OwnershipSettings(ownership=access.ownership))
        elif ownership != BUCKET_OWNER_ENFORCED:
            raise not_implemented(f"this value of the header {OWNERSHIP}")
    if access.ownership == BUCKET_OWNER_ENFORCED and not ACL_HEADERS.isdisjoint(headers):
        message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
        raise S3Error("InvalidBucketAclWithObjectOwnership", message)
    if ACL_HEADERS.isdisjoint(headers):
        return settings
    acl = acl_in(endpoint, headers, creator, access, of_object=False)
    if acl == canned_acl("private", creator):
        return settings
    if not endpoint.decides:
        raise not_implemented("this ACL")
    return [*settings, AclSettings(acl=acl)]


async def _put_first(endpoint: Endpoint, bucket: str, settings: Iterable[BucketSettings]) -> None:
    for each in settings:
        await endpoint.calls.call(endpoint.store.put_bucket_settings, bucket, each)


def _location(root: Node) -> str | None:
    for child in root.children():
        if child.name != "LocationConstraint":
            raise not_implemented(f"{child.name[:64]} in CreateBucketConfiguration")
    return root.text_of("LocationConstraint")


async def head_bucket(endpoint: Endpoint, request: S3Request) -> Response:
    """HeadBucket."""
    found = await endpoint.calls.call(endpoint.store.head_bucket, request.bucket)
    return Response(200, [(REGION, endpoint.regions.of(found).encode())])


async def delete_bucket(endpoint: Endpoint, request: S3Request) -> Response:
    """DeleteBucket."""
    await endpoint.calls.long_call(endpoint.store.delete_bucket, request.bucket)
    return empty_response()


async def get_location(endpoint: Endpoint, request: S3Request) -> Response:
    """GetBucketLocation."""
    found = await endpoint.calls.call(endpoint.store.head_bucket, request.bucket)
    region = endpoint.regions.of(found)
    return xml_response(document("LocationConstraint", "" if region == DEFAULT_REGION else region))
