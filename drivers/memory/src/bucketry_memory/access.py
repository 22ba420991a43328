"""What is set on a bucket and its objects about who may use them."""

from __future__ import annotations

import msgspec
from bucketry import Acl, BucketAccess
from bucketry.bucket_rules import acl_of_version, kept_acl
from bucketry.version_facts import VersionFacts


def with_object(access: BucketAccess, facts: VersionFacts) -> BucketAccess:
    """Returns what is set on a bucket, after an object was stored in it."""
    if access.foreign_objects or (facts.owner is None and facts.acl is None):
        return access
    return msgspec.structs.replace(access, foreign_objects=True)


def acl_of(facts: VersionFacts, access: BucketAccess) -> Acl:
    """Returns the ACL of a version."""
    return acl_of_version(facts.acl, facts.owner, access.owner)


def with_acl(facts: VersionFacts, acl: Acl) -> VersionFacts:
    """Returns facts with another ACL."""
    return msgspec.structs.replace(facts, acl=kept_acl(acl))
