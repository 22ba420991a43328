"""Who owns a new object, and which ACLs a bucket takes.

Source: S3 user guide, "Controlling ownership of objects and disabling ACLs for your bucket".
"""

from __future__ import annotations

from bucketry import BucketAccess
from bucketry.acls import Acl
from bucketry.owners import Owner

from bucketry_access.acls import is_public_acl
from bucketry_access.stored_policies import policy_of


def owner_of_new_object(writer: Owner, access: BucketAccess, *, gives_full_control: bool) -> Owner:
    """Returns who owns an object that somebody writes.

    Args:
        writer: Who writes it.
        access: What is set on the bucket.
        gives_full_control: Whether it has the canned ACL ``bucket-owner-full-control``.
    """
    if access.ownership == "BucketOwnerEnforced":
        return access.owner
    if access.ownership == "BucketOwnerPreferred" and gives_full_control:
        return access.owner
    return writer


def takes_acl(acl: Acl, access: BucketAccess) -> bool:
    """Says whether a bucket takes an ACL, of its own or of an object.

    With ``BucketOwnerEnforced``, it takes only one that gives full control to the owner of the bucket, and nothing
    to anybody else.
    """
    if access.ownership != "BucketOwnerEnforced":
        return True
    owner = access.owner.id
    return bool(acl.grants) and all(
        grant.grantee.kind == "user" and grant.grantee.id == owner and grant.permission == "FULL_CONTROL"
        for grant in acl.grants
    )


def is_public(access: BucketAccess, bucket: str) -> bool:
    """Says whether the policy or the ACL of a bucket is public (GetBucketPolicyStatus).

    Its public access block does not matter.
    """
    policy = None if access.policy is None else policy_of(access.policy, bucket)
    if policy is not None and policy.is_public:
        return True
    return access.ownership != "BucketOwnerEnforced" and is_public_acl(access.acl)
