"""Access control lists in headers: canned ones and grants.

Source: S3 API reference, PutObjectAcl; S3 user guide, "Access control list (ACL) overview".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from bucketry import Acl, BucketAccess, Grant, Grantee, Owner
from bucketry.acls import CANNED_ACLS, GROUP_URIS, MAX_GRANTS, canned_acl
from bucketry_access import is_public_acl, takes_acl

from bucketry_http.s3.errors import S3Error, invalid_argument, not_implemented
from bucketry_http.s3.headers import ACL_HEADERS, CANNED, GRANTS
from bucketry_http.s3.request import Endpoint

_GROUPS: Final = {uri: name for name, uri in GROUP_URIS.items()}
_KINDS: Final = {"id": "user", "uri": "group", "emailAddress": "email"}
_GRANTEE: Final = re.compile(
    r'\s*(?P<kind>id|uri|emailAddress)\s*=\s*(?:"(?P<quoted>[^"]*)"\s*|(?P<plain>[^",]*))(?:,|$)'
)
"""One grantee, with or without quotes, as SDKs write them both ways."""


def gives_full_control(headers: Mapping[str, str]) -> bool:
    """Says whether a new object gives the bucket's owner full control, as ``BucketOwnerPreferred`` wants it."""
    return headers.get(CANNED) == "bucket-owner-full-control"


def new_acl(endpoint: Endpoint, headers: Mapping[str, str], owner: Owner, access: BucketAccess) -> Acl | None:
    """Returns the ACL that headers give a new object; ``None``: they give none, or the one that it has without them.

    Args:
        endpoint: The endpoint.
        headers: The request's headers, or the fields of a form.
        owner: Who will own the object.
        access: What is set on the bucket.

    Raises:
        S3Error: It is malformed, the bucket does not take it, or the store keeps no ACLs.
    """
    if ACL_HEADERS.isdisjoint(headers):
        return None
    acl = acl_in(endpoint, headers, owner, access, of_object=True)
    check_acl(acl, access)
    if acl == canned_acl("private", owner):
        return None
    if not endpoint.decides:
        raise not_implemented("this ACL")
    return acl


def acl_in(
    endpoint: Endpoint, headers: Mapping[str, str], owner: Owner, access: BucketAccess, *, of_object: bool
) -> Acl:
    """Returns the ACL in headers that have one.

    Raises:
        S3Error: It is malformed.
    """
    grants = {name: headers[name] for name in GRANTS if name in headers}
    if CANNED not in headers:
        return _granted(endpoint, grants, owner)
    if grants:
        raise S3Error("InvalidRequest", "Specifying both Canned ACLs and Header Grants is not allowed")
    return _canned(headers[CANNED], owner, access, of_object=of_object)


def check_acl(acl: Acl, access: BucketAccess) -> None:
    """Refuses an ACL that a bucket does not take.

    Raises:
        S3Error: ACLs are disabled in the bucket, or public ones are blocked.
    """
    if not takes_acl(acl, access):
        raise S3Error("AccessControlListNotSupported")
    if access.public_access is not None and access.public_access.block_public_acls and is_public_acl(acl):
        raise S3Error("AccessDenied")


def _canned(name: str, owner: Owner, access: BucketAccess, *, of_object: bool) -> Acl:
    if name not in CANNED_ACLS or (name == "log-delivery-write" and of_object):
        raise invalid_argument(CANNED, name, "Invalid canned ACL")
    if access.ownership == "BucketOwnerEnforced" and name == "bucket-owner-full-control":
        owner = access.owner
    return canned_acl(name, owner, access.owner if of_object else None)


def _granted(endpoint: Endpoint, headers: Mapping[str, str], owner: Owner) -> Acl:
    grants = [
        Grant(grantee=grantee, permission=GRANTS[name])
        for name in GRANTS
        if name in headers
        for grantee in _grantees(endpoint, name, headers[name])
    ]
    if len(grants) > MAX_GRANTS:
        raise invalid_argument(min(headers), "", f"An ACL has at most {MAX_GRANTS} grants")
    return Acl(owner=owner, grants=tuple(grants))


def _grantees(endpoint: Endpoint, name: str, header: str) -> Iterator[Grantee]:
    at = 0
    while at < len(header):
        match = _GRANTEE.match(header, at)
        if match is None:
            raise invalid_argument(name, header, "Argument format not recognized")
        text = match["plain"].strip() if match["quoted"] is None else match["quoted"]
        yield grantee(endpoint, _KINDS[match["kind"]], text)
        at = match.end()


def grantee(endpoint: Endpoint, kind: str, text: str) -> Grantee:
    """Returns a grantee by id, by the URI of a group, or by the e-mail address of a user.

    Raises:
        S3Error: There is no such user or group.
    """
    if kind == "group":
        if text not in _GROUPS:
            raise invalid_argument("uri", text, "Invalid group uri")
        return Grantee(kind="group", id=_GROUPS[text])
    if kind == "email":
        user = endpoint.users.by_email(text)
        if user is None:
            raise S3Error("UnresolvableGrantByEmailAddress")
    else:
        user = endpoint.users.by_id(text)
        if user is None:
            raise invalid_argument("id", text, "Invalid id")
    return Grantee(kind="user", id=user.id, display_name=user.display_name)
