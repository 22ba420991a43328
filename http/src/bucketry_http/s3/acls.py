"""GetObjectAcl, PutObjectAcl, GetBucketAcl and PutBucketAcl.

Where the store says who may use it, ACLs are kept and count. Elsewhere everything has one owner, who alone has rights.
"""

from __future__ import annotations

from typing import Final

import msgspec
from bucketry import Acl, BucketAccess, Grant, Owner, VersionOptions
from bucketry.acls import canned_acl
from bucketry.bucket_settings import AclSettings
from bucketry.documents import read_settings, write_settings
from bucketry.owners import DEFAULT_OWNER

from bucketry_http.s3.acl_headers import acl_in, check_acl, grantee
from bucketry_http.s3.body import S3Body
from bucketry_http.s3.errors import S3Error, not_implemented
from bucketry_http.s3.headers import ACL_HEADERS
from bucketry_http.s3.request import Endpoint, S3Request
from bucketry_http.s3.response import Response, empty_response, xml_response
from bucketry_http.s3.xml import settings_document
from bucketry_http.s3.xml_reading import read_any_xml

OWNER_ALONE: Final = AclSettings(acl=canned_acl("private", DEFAULT_OWNER))
"""The ACL of everything in a store without owners."""

_MAX_ELEMENTS: Final = 1_000
"""Most elements of an ACL. 100 grants have about 600."""


async def owner_alone(endpoint: Endpoint, bucket: str) -> AclSettings:
    """Returns the ACL of a bucket for which nothing is set."""
    info = await endpoint.calls.call(endpoint.store.head_bucket, bucket)
    return OWNER_ALONE if info.owner is None else AclSettings(acl=canned_acl("private", info.owner))


async def get_object_acl(endpoint: Endpoint, request: S3Request) -> Response:
    """GetObjectAcl."""
    acl = await _current(endpoint, request)
    return xml_response(settings_document(write_settings(AclSettings(acl=acl))))


async def put_acl(endpoint: Endpoint, request: S3Request) -> Response:
    """PutBucketAcl and PutObjectAcl, with an ACL in headers or in the body."""
    body = await S3Body(request).read(endpoint.settings.max_xml_bytes)
    if bool(body) != ACL_HEADERS.isdisjoint(request.headers):
        # With neither there is nothing to do. With both, S3 does not say which one counts.
        raise S3Error("InvalidRequest", "An ACL stands in the header x-amz-acl, in x-amz-grant-* headers or in a body.")
    access = request.access or BucketAccess()
    owner = (await _current(endpoint, request)).owner if request.key else access.owner
    if body:
        root = (await read_any_xml(endpoint.settings, body, _MAX_ELEMENTS)).as_element()
        acl = _resolved(endpoint, read_settings(root, AclSettings).acl, owner)
    else:
        acl = acl_in(endpoint, request.headers, owner, access, of_object=bool(request.key))
    check_acl(acl, access)
    await _put(endpoint, request, acl)
    return empty_response(200)


async def _current(endpoint: Endpoint, request: S3Request) -> Acl:
    """Returns the ACL of an object."""
    if not endpoint.decides:
        await endpoint.calls.call(endpoint.store.head_object, request.bucket, request.key)
        return canned_acl("private", DEFAULT_OWNER)
    options = VersionOptions(version_id=request.version_id)
    return await endpoint.calls.call(endpoint.store.get_object_acl, request.bucket, request.key, options)


def _resolved(endpoint: Endpoint, acl: Acl | None, owner: Owner) -> Acl:
    """Returns the ACL of a document, with users by id and with their names.

    Raises:
        S3Error: It names another owner, or somebody whom nobody knows.
    """
    if acl is None:
        raise S3Error("MalformedACLError")
    if acl.owner.id not in ("", owner.id):
        # An owner cannot be changed (S3 API reference, PutObjectAcl).
        raise S3Error("AccessDenied")
    grants = [_with_user(endpoint, grant) for grant in acl.grants]
    return Acl(owner=owner, grants=tuple(grants))


def _with_user(endpoint: Endpoint, grant: Grant) -> Grant:
    if grant.grantee.kind == "group":
        return grant
    return msgspec.structs.replace(grant, grantee=grantee(endpoint, grant.grantee.kind, grant.grantee.id))


async def _put(endpoint: Endpoint, request: S3Request, acl: Acl) -> None:
    calls, store = endpoint.calls, endpoint.store
    is_private = acl == canned_acl("private", acl.owner)
    if not endpoint.decides:
        if not is_private:
            raise not_implemented("this ACL")
        if request.key:
            await calls.call(store.head_object, request.bucket, request.key)
        else:
            await calls.call(store.head_bucket, request.bucket)
    elif request.key:
        options = VersionOptions(version_id=request.version_id)
        await calls.call(store.put_object_acl, request.bucket, request.key, acl, options)
    elif is_private:
        # That is what holds without settings.
        await calls.call(store.delete_bucket_settings, request.bucket, AclSettings)
    else:
        await calls.call(store.put_bucket_settings, request.bucket, AclSettings(acl=acl))
