"""Object lock: which lock a new version gets, and which changes of a version the lock allows."""

from __future__ import annotations

from datetime import datetime

import msgspec
from bucketry import InvalidBucketState, ObjectLockSettings
from bucketry.object_lock import check_new_retention, retention_for

from bucketry_memory.objects import VersionFacts


def check_lock_of_write(facts: VersionFacts, lock: ObjectLockSettings, now: datetime) -> None:
    """Checks the lock that a write gives its version.

    Raises:
        InvalidBucketState: It gives a lock, and the bucket has no object lock.
        InvalidArgument: Its retention ends in the past.
    """
    if facts.retention is None and facts.legal_hold is None:
        return
    require_lock(lock)
    if facts.retention is not None:
        check_new_retention(facts.retention, now)


def require_lock(lock: ObjectLockSettings) -> None:
    """Checks that a bucket has object lock.

    Raises:
        InvalidBucketState: It has none.
    """
    if not lock.enabled:
        raise InvalidBucketState("the bucket has no object lock")


def with_default_retention(facts: VersionFacts, lock: ObjectLockSettings, now: datetime) -> VersionFacts:
    """Returns the facts of a new version, with the bucket's default retention if it has none of its own."""
    kept = lock.default
    if kept is None or facts.retention is not None:
        return facts
    return msgspec.structs.replace(facts, retention=retention_for(kept.mode, now, days=kept.days, years=kept.years))
