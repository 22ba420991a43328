"""Access control lists, as far as they give all rights to the owner and none to others."""

from __future__ import annotations

from typing import Final

from bucketry import HeadOptions
from bucketry.acls import canned_acl
from bucketry.bucket_settings import AclSettings
from bucketry.documents import write_settings
from bucketry.owners import DEFAULT_OWNER

from bucketry_http.s3.body import S3Body
from bucketry_http.s3.errors import S3Error, not_implemented
from bucketry_http.s3.request import Endpoint, S3Request
from bucketry_http.s3.response import Response, empty_response, xml_response
from bucketry_http.s3.xml import MAX_DOCUMENT_BYTES, OWNER_ID, Node, read_any_xml, settings_document

OWNER_ALONE: Final = AclSettings(acl=canned_acl("private", DEFAULT_OWNER))
"""The ACL of everything: only the owner has rights."""


async def owner_alone(endpoint: Endpoint, bucket: str) -> AclSettings:
    """Returns the ACL of a bucket for which nothing is set."""
    info = await endpoint.calls.call(endpoint.store.head_bucket, bucket)
    return OWNER_ALONE if info.owner is None else AclSettings(acl=canned_acl("private", info.owner))


async def put_acl(endpoint: Endpoint, request: S3Request) -> Response:
    """PutBucketAcl and PutObjectAcl, for an ACL that gives all rights to the owner and none to others.

    Canned ACLs and grants in headers are checked with all other headers.
    """
    body = await S3Body(request).read(MAX_DOCUMENT_BYTES)
    in_headers = [name for name in request.headers if name == "x-amz-acl" or name.startswith("x-amz-grant-")]
    if bool(body) == bool(in_headers):
        # With neither there is nothing to do. With both, S3 does not say which one counts.
        raise S3Error("InvalidRequest", "An ACL stands in the header x-amz-acl, in x-amz-grant-* headers or in a body.")
    if body and not _is_owners_alone(await read_any_xml(body)):
        raise not_implemented("this ACL")
    if request.key:
        await endpoint.calls.call(endpoint.store.head_object, request.bucket, request.key, _named(request))
    else:
        await endpoint.calls.call(endpoint.store.head_bucket, request.bucket)
    return empty_response(200)


def _is_owners_alone(root: Node) -> bool:
    listed = root.child("AccessControlList") if root.name == "AccessControlPolicy" else None
    if listed is None or any(child.name not in {"Owner", "AccessControlList"} for child in root.children()):
        return False
    named = root.child("Owner")
    grants = list(listed.children())
    return (
        (named is None or named.text_of("ID") in {None, OWNER_ID})
        and bool(grants)
        and all(grant.name == "Grant" and _is_owners(grant) for grant in grants)
    )


def _is_owners(grant: Node) -> bool:
    grantee = grant.child("Grantee")
    return (
        grantee is not None
        and (grantee.text_of("ID") or "").strip() == OWNER_ID
        and (grant.text_of("Permission") or "").strip() == "FULL_CONTROL"
    )


def _named(request: S3Request) -> HeadOptions:
    return HeadOptions(version_id=request.version_id)


async def get_object_acl(endpoint: Endpoint, request: S3Request) -> Response:
    """GetObjectAcl: only the owner has rights."""
    await endpoint.calls.call(endpoint.store.head_object, request.bucket, request.key, _named(request))
    return xml_response(settings_document(write_settings(OWNER_ALONE)))
