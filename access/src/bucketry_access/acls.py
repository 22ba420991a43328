"""What access control lists allow, and whether they are public.

Source: S3 user guide, "Access control list (ACL) overview" and "Blocking public access to your Amazon S3 storage".
"""

from __future__ import annotations

from typing import Final

from bucketry.acls import ALL_USERS, AUTHENTICATED_USERS, Acl, Grantee, Permission

from bucketry_access.principals import Principal

PUBLIC_GROUPS: Final = frozenset({ALL_USERS, AUTHENTICATED_USERS})


def allows(acl: Acl, principal: Principal, permission: Permission, *, public: bool = True) -> bool:
    """Says whether an ACL gives a permission to somebody.

    Args:
        acl: The list.
        principal: Who asks.
        permission: What for.
        public: Whether grants to everybody, and to everybody who signs, count.
    """
    return any(
        grant.permission in (permission, "FULL_CONTROL") and _is(grant.grantee, principal, public=public)
        for grant in acl.grants
    )


def _is(grantee: Grantee, principal: Principal, *, public: bool) -> bool:
    if grantee.kind == "user":
        return grantee.id == principal.user_id and not principal.is_anonymous
    if grantee.kind == "group" and public:
        return grantee.id == ALL_USERS or (grantee.id == AUTHENTICATED_USERS and not principal.is_anonymous)
    # The group that delivers logs has no member here. Addresses are replaced by ids before an ACL is stored.
    return False


def is_public_acl(acl: Acl | None) -> bool:
    """Says whether an ACL gives anything to everybody, or to everybody who signs."""
    if acl is None:
        return False
    return any(grant.grantee.kind == "group" and grant.grantee.id in PUBLIC_GROUPS for grant in acl.grants)
