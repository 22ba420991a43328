"""Access control lists of buckets and objects.

Source: S3 user guide, "Access control list (ACL) overview".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal, get_args

import msgspec

from bucketry._xml_names import Xml
from bucketry.errors import InvalidArgument
from bucketry.owners import Owner

Permission = Literal["FULL_CONTROL", "READ", "WRITE", "READ_ACP", "WRITE_ACP"]
"""What a grant allows."""

GranteeKind = Literal["user", "group", "email"]
"""Who a grantee is: a user by id, a group by name, or a user by e-mail address."""

ALL_USERS: Final = "AllUsers"
"""The group of everybody, also of those who do not sign their requests."""

AUTHENTICATED_USERS: Final = "AuthenticatedUsers"
"""The group of all who sign their requests."""

LOG_DELIVERY: Final = "LogDelivery"
"""The group that writes access logs."""

GROUP_URIS: Final[Mapping[str, str]] = {
    ALL_USERS: "http://acs.amazonaws.com/groups/global/AllUsers",
    AUTHENTICATED_USERS: "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
    LOG_DELIVERY: "http://acs.amazonaws.com/groups/s3/LogDelivery",
}
"""URI of each group of grantees (S3 user guide, "Amazon S3 predefined groups")."""

GROUPS: Final = tuple(GROUP_URIS)

MAX_GRANTS: Final = 100
"""Most grants of an ACL."""

_PERMISSIONS: Final = frozenset(get_args(Permission))
_KINDS: Final = frozenset(get_args(GranteeKind))
_MAX_ID: Final = 256


class Grantee(msgspec.Struct, frozen=True, kw_only=True):
    """Who gets a right.

    Attributes:
        kind: What ``id`` is.
        id: The id of a user, the name of a group (one of `GROUPS`), or an e-mail address.
        display_name: The user's name for people.
    """

    kind: GranteeKind
    id: str
    display_name: str = ""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """One right, and who gets it."""

    grantee: Grantee
    permission: Permission


class Acl(msgspec.Struct, frozen=True, kw_only=True):
    """An access control list.

    Attributes:
        owner: Who owns the bucket or the object.
        grants: The rights, at most 100.
    """

    owner: Owner
    grants: Annotated[tuple[Grant, ...], Xml("AccessControlList/Grant", wrapped=True)] = ()

    @property
    def grants_others(self) -> bool:
        """Whether it gives a right to anybody but the owner."""
        return any(grant.grantee.kind != "user" or grant.grantee.id != self.owner.id for grant in self.grants)

    def checked(self) -> Acl:
        """Returns this list if it is valid.

        Raises:
            InvalidArgument: It has too many grants, or a grantee is malformed.
        """
        self.owner.checked()
        if len(self.grants) > MAX_GRANTS:
            raise InvalidArgument(f"an ACL has at most {MAX_GRANTS} grants", field="acl", limit=MAX_GRANTS)
        for grant in self.grants:
            _check_grant(grant)
        return self


def _check_grant(grant: Grant) -> None:
    grantee = grant.grantee
    if grant.permission not in _PERMISSIONS or grantee.kind not in _KINDS:
        raise InvalidArgument("a grant has one of S3's permissions and kinds of grantees", field="acl")
    if grantee.kind == "group" and grantee.id not in GROUPS:
        raise InvalidArgument(f"the groups of S3 are {', '.join(GROUPS)}", field="acl")
    if not 1 <= len(grantee.id) <= _MAX_ID or not grantee.id.isprintable():
        raise InvalidArgument(f"the id of a grantee has 1 to {_MAX_ID} printable characters", field="acl")


_TO_GROUPS: Final[Mapping[str, tuple[tuple[str, Permission], ...]]] = MappingProxyType(
    {
        "private": (),
        "public-read": ((ALL_USERS, "READ"),),
        "public-read-write": ((ALL_USERS, "READ"), (ALL_USERS, "WRITE")),
        "authenticated-read": ((AUTHENTICATED_USERS, "READ"),),
        "log-delivery-write": ((LOG_DELIVERY, "WRITE"), (LOG_DELIVERY, "READ_ACP")),
    }
)
_TO_BUCKET_OWNER: Final[Mapping[str, Permission]] = MappingProxyType(
    {"bucket-owner-read": "READ", "bucket-owner-full-control": "FULL_CONTROL"}
)

CANNED_ACLS: Final = (*_TO_GROUPS, *_TO_BUCKET_OWNER)
"""Names of the canned ACLs (same page, "Canned ACL"). ``aws-exec-read`` is not one of them: it is about EC2."""


def canned_acl(name: str, owner: Owner, bucket_owner: Owner | None = None) -> Acl:
    """Returns the ACL that a canned ACL stands for.

    Args:
        name: One of `CANNED_ACLS`.
        owner: Who owns the bucket or the object.
        bucket_owner: Who owns the object's bucket; ``None``: the same owner, or the ACL is a bucket's. The two canned
            ACLs for the owner of the bucket are ``private`` then.

    Raises:
        InvalidArgument: There is no canned ACL of that name.
    """
    if name not in CANNED_ACLS:
        raise InvalidArgument(f"a canned ACL is one of {', '.join(CANNED_ACLS)}, not {name[:64]!r}", field="acl")
    # Groups first, as other S3 servers list them.
    grants = [
        Grant(grantee=Grantee(kind="group", id=group), permission=permission)
        for group, permission in _TO_GROUPS.get(name, ())
    ]
    grants.append(Grant(grantee=_user(owner), permission="FULL_CONTROL"))
    if name in _TO_BUCKET_OWNER and bucket_owner is not None and bucket_owner.id != owner.id:
        grants.append(Grant(grantee=_user(bucket_owner), permission=_TO_BUCKET_OWNER[name]))
    return Acl(owner=owner, grants=tuple(grants))


def _user(owner: Owner) -> Grantee:
    return Grantee(kind="user", id=owner.id, display_name=owner.display_name)
