"""Rules about what is set on a bucket and its objects, for drivers that keep settings, locks and ACLs themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Protocol, TypeVar

import msgspec

from bucketry.acls import Acl, canned_acl
from bucketry.bucket_access import BucketAccess
from bucketry.bucket_settings import (
    BUCKET_OWNER_ENFORCED,
    AclSettings,
    AnyBucketSettings,
    BucketSettings,
    ObjectLockSettings,
    OwnershipSettings,
    PolicySettings,
    PublicAccessSettings,
    VersioningSettings,
)
from bucketry.errors import InvalidBucketState
from bucketry.object_lock import Retention, check_new_retention, retention_for
from bucketry.owners import Owner

SettingsT = TypeVar("SettingsT", bound=BucketSettings)


class HasSettings(Protocol):
    """The settings of a bucket."""

    def get(self, kind: type[SettingsT], /) -> SettingsT:
        """Returns those of a kind; ``kind()`` if nothing is set."""


def check_settings_change(settings: BucketSettings, held: HasSettings) -> None:
    """Checks that a bucket may get these settings beside those that it has.

    Raises:
        InvalidBucketState: Its other settings exclude them.
    """
    if isinstance(settings, VersioningSettings) and settings.status != "Enabled":
        if held.get(ObjectLockSettings).enabled:
            raise InvalidBucketState("versioning cannot be suspended: object lock is on")
    elif isinstance(settings, ObjectLockSettings):
        if held.get(VersioningSettings).status != "Enabled":
            raise InvalidBucketState("object lock needs versioning: enable it first")
    elif isinstance(settings, AclSettings):
        if held.get(OwnershipSettings).ownership == BUCKET_OWNER_ENFORCED and _grants_others(settings):
            raise InvalidBucketState(f"with {BUCKET_OWNER_ENFORCED}, an ACL gives rights to the owner alone")
    elif (
        isinstance(settings, OwnershipSettings)
        and settings.ownership == BUCKET_OWNER_ENFORCED
        and _grants_others(held.get(AclSettings))
    ):
        raise InvalidBucketState(f"{BUCKET_OWNER_ENFORCED} needs an ACL that gives rights to the owner alone")


def _grants_others(settings: AclSettings) -> bool:
    return settings.acl is not None and settings.acl.grants_others


def check_removal(kind: type[BucketSettings]) -> None:
    """Checks that settings of a kind may be removed where something is set.

    Raises:
        InvalidBucketState: They cannot.
    """
    if not kind.removable:
        raise InvalidBucketState(f"{kind.__name__} cannot be removed once they are set")


KINDS_OF_ACCESS: Final[frozenset[type[AnyBucketSettings]]] = frozenset(
    {AclSettings, OwnershipSettings, PolicySettings, PublicAccessSettings}
)
"""The kinds of settings that decisions about requests depend on."""


def access_with_settings(access: BucketAccess, settings: HasSettings) -> BucketAccess:
    """Returns what is set on a bucket about who may use it, after its settings have changed."""
    public_access = settings.get(PublicAccessSettings)
    return msgspec.structs.replace(
        access,
        policy=settings.get(PolicySettings).document or None,
        acl=settings.get(AclSettings).acl,
        ownership=settings.get(OwnershipSettings).ownership,
        public_access=None if public_access == PublicAccessSettings() else public_access,
    )


def acl_of_version(acl: Acl | None, owner: Owner | None, bucket_owner: Owner) -> Acl:
    """Returns the ACL of a version: the one that was put, or all rights for its owner."""
    return canned_acl("private", owner or bucket_owner) if acl is None else acl


def kept_acl(acl: Acl) -> Acl | None:
    """Returns what is kept of an ACL. All rights for the owner are what a version has without one."""
    return None if acl == canned_acl("private", acl.owner) else acl


def require_lock(lock: ObjectLockSettings) -> None:
    """Checks that a bucket has object lock.

    Raises:
        InvalidBucketState: It has none.
    """
    if not lock.enabled:
        raise InvalidBucketState("the bucket has no object lock")


def check_lock_of_write(
    retention: Retention | None, legal_hold: bool | None, lock: ObjectLockSettings, now: datetime
) -> None:
    """Checks the lock that a write gives its version.

    Raises:
        InvalidBucketState: It gives a lock, and the bucket has no object lock.
        InvalidArgument: Its retention ends in the past.
    """
    if retention is None and legal_hold is None:
        return
    require_lock(lock)
    if retention is not None:
        check_new_retention(retention, now)


def retention_of_write(retention: Retention | None, lock: ObjectLockSettings, now: datetime) -> Retention | None:
    """Returns the retention of a new version: that of the write, or the bucket's default."""
    kept = lock.default
    if kept is None or retention is not None:
        return retention
    return retention_for(kept.mode, now, days=kept.days, years=kept.years)
