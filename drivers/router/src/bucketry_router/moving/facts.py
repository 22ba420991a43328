"""What can change of a version after it was written: its tags, ACL and lock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from bucketry import HeadOptions, ObjectInfo, Retention, RetentionOptions, VersionOptions
from bucketry.acls import canned_acl
from msgspec.structs import replace

from bucketry_router.transfers import Place, acl_for_others

_PRECISION: Final = timedelta(seconds=1)
"""Of times that backends keep."""


def put_lock(info: ObjectInfo, target: Place, version_id: str | None, held: ObjectInfo | None = None) -> None:
    """Gives a copy the lock of its version.

    A retention that has ended is left out: no store takes one.

    Args:
        info: The version.
        target: Where the copy lies.
        version_id: The id of the copy.
        held: The copy as it is; ``None``: it has no lock yet.
    """
    calls, now = target.store.calls, target.store.driver.clock.now()
    wanted, has = _active(info, now), Retention() if held is None else _active(held, now)
    if not _is_same(wanted, has):
        options = RetentionOptions(version_id=version_id, bypass_governance=held is not None)
        calls.put_object_retention(target.bucket, target.key, wanted, options)
    if bool(info.legal_hold) != bool(held is not None and held.legal_hold):
        options_of_hold = VersionOptions(version_id=version_id)
        calls.put_object_legal_hold(target.bucket, target.key, bool(info.legal_hold), options_of_hold)


def _active(info: ObjectInfo, now: datetime) -> Retention:
    return info.retention if info.retention is not None and info.retention.is_active(now) else Retention()


def _is_same(one: Retention, other: Retention) -> bool:
    if one.until is None or other.until is None:
        return one == other
    return one.mode == other.mode and abs(one.until - other.until) <= _PRECISION


def refresh(source: Place, target: Place, source_id: str | None, target_id: str | None) -> None:
    """Gives a copy that was made earlier the tags, the ACL and the lock that its version has by now.

    Args:
        source: Where the version lies.
        target: Where the copy lies.
        source_id: Id of the version.
        target_id: Id of the copy.

    Raises:
        NoSuchKey: The version is gone by now.
        NoSuchVersion: Likewise.
    """
    info = source.store.calls.head_object(source.bucket, source.key, HeadOptions(version_id=source_id))
    held = target.store.calls.head_object(target.bucket, target.key, HeadOptions(version_id=target_id))
    if info.tag_count or held.tag_count:
        tags = source.store.calls.get_object_tagging(source.bucket, source.key, VersionOptions(version_id=source_id))
        target.store.calls.put_object_tagging(target.bucket, target.key, tags, VersionOptions(version_id=target_id))
    _refresh_acl(source, target, source_id, target_id)
    put_lock(info, target, target_id, held)


def _refresh_acl(source: Place, target: Place, source_id: str | None, target_id: str | None) -> None:
    if not {"get_object_acl", "put_object_acl"} <= target.store.operations:
        return
    acl, held = acl_for_others(source, source_id), acl_for_others(target, target_id)
    if acl is None and held is None:
        return
    options = VersionOptions(version_id=target_id)
    owner = target.store.calls.get_object_acl(target.bucket, target.key, options).owner
    wanted = canned_acl("private", owner) if acl is None else replace(acl, owner=owner)
    target.store.calls.put_object_acl(target.bucket, target.key, wanted, options)
