"""What is set on a bucket and its objects about who may use them."""

from __future__ import annotations

from typing import Final

import msgspec
from bucketry import (
    Acl,
    AclSettings,
    AnyBucketSettings,
    BucketAccess,
    OwnershipSettings,
    PolicySettings,
    PublicAccessSettings,
)
from bucketry.acls import canned_acl

from bucketry_memory.bucket_settings import SettingsTable
from bucketry_memory.objects import VersionFacts

KINDS: Final[frozenset[type[AnyBucketSettings]]] = frozenset(
    {AclSettings, OwnershipSettings, PolicySettings, PublicAccessSettings}
)
"""The kinds of settings that decisions about requests depend on."""


def with_settings(access: BucketAccess, settings: SettingsTable) -> BucketAccess:
    """Returns what is set on a bucket, after its settings have changed."""
    public_access = settings.get(PublicAccessSettings)
    return msgspec.structs.replace(
        access,
        policy=settings.get(PolicySettings).document or None,
        acl=settings.get(AclSettings).acl,
        ownership=settings.get(OwnershipSettings).ownership,
        public_access=None if public_access == PublicAccessSettings() else public_access,
    )


def with_object(access: BucketAccess, facts: VersionFacts) -> BucketAccess:
    """Returns what is set on a bucket, after an object was stored in it."""
    if access.foreign_objects or (facts.owner is None and facts.acl is None):
        return access
    return msgspec.structs.replace(access, foreign_objects=True)


def acl_of(facts: VersionFacts, access: BucketAccess) -> Acl:
    """Returns the ACL of a version: the one that was put, or all rights for its owner."""
    if facts.acl is not None:
        return facts.acl
    return canned_acl("private", facts.owner or access.owner)


def with_acl(facts: VersionFacts, acl: Acl) -> VersionFacts:
    """Returns facts with another ACL. All rights for the owner are what a version has without one."""
    kept = None if acl == canned_acl("private", acl.owner) else acl
    return msgspec.structs.replace(facts, acl=kept)
