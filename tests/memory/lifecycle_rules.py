"""Lifecycle rules for tests, and what they leave of a bucket."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bucketry import (
    DeleteMarker,
    LifecycleSettings,
    Store,
    VersioningSettings,
)
from bucketry.bucket_settings import (
    LifecycleExpiration,
    LifecycleFilter,
    LifecycleRule,
    NoncurrentVersionExpiration,
    Tag,
)

BUCKET = "under-test"
WAIT = 30.0
MARKERS = LifecycleExpiration(expired_object_delete_marker=True)


def rule(*, prefix: str = "", tags: dict[str, str] | None = None, rule_id: str = "r", **actions: Any) -> LifecycleRule:
    found = tuple(Tag(key=key, value=value) for key, value in (tags or {}).items())
    return LifecycleRule(id=rule_id, status="Enabled", filter=LifecycleFilter(prefix=prefix, tags=found), **actions)


def expiring(days: int, **more: Any) -> LifecycleRule:
    return rule(expiration=LifecycleExpiration(days=days), **more)


def noncurrent(days: int, keep: int | None = None, **more: Any) -> LifecycleRule:
    action = NoncurrentVersionExpiration(noncurrent_days=days, newer_noncurrent_versions=keep)
    return rule(noncurrent_version_expiration=action, **more)


def set_rules(store: Store, *rules: LifecycleRule, bucket: str = BUCKET) -> None:
    store.put_bucket_settings(bucket, LifecycleSettings(rules=rules))


def set_versions(store: Store, status: Any = "Enabled") -> None:
    store.put_bucket_settings(BUCKET, VersioningSettings(status=status))


def keys(store: Store, bucket: str = BUCKET) -> list[str]:
    return [info.key for info in store.iter_objects(bucket)]


def versions(store: Store) -> list[tuple[str, bool]]:
    """Returns each version: its key, and whether it is a delete marker."""
    return [(version.key, isinstance(version, DeleteMarker)) for version in store.iter_object_versions(BUCKET)]


def eventually(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)
