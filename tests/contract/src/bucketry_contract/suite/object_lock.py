"""Object lock: what a lock of a version holds up, how it is changed, and what it outlives."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import pytest
from bucketry import (
    BatchDeleteOptions,
    CreateBucketOptions,
    DefaultRetention,
    InvalidArgument,
    InvalidBucketState,
    IsDeleteMarker,
    NoSuchKey,
    NoSuchVersion,
    ObjectInfo,
    ObjectLocked,
    ObjectLockSettings,
    ObjectToDelete,
    Retention,
    RetentionOptions,
    Store,
    Unsupported,
    VersioningSettings,
    VersionOptions,
)
from bucketry.object_lock import COMPLIANCE, GOVERNANCE, RetentionMode

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests, once
from bucketry_contract._report_notes import Notes, add_note
from bucketry_contract._scratch import Bucket, Scratch
from bucketry_contract._versions import mark, put_version
from bucketry_contract.suite.multipart import MULTIPART

LOCK: Final = ("bucket_object_lock", "bucket_versioning")
DAY: Final = timedelta(days=1)

SOON: Final = timedelta(seconds=4)
"""How long a version is retained that nobody can delete before."""

NewBucket = Callable[[], Bucket]
Write = Callable[..., ObjectInfo]


def _put(bucket: Bucket, **options: Any) -> ObjectInfo:
    return bucket.put("key", b"content", **options)


def _copied(bucket: Bucket, **options: Any) -> ObjectInfo:
    bucket.put("source", b"content")
    return bucket.copy("source", "key", **options)


def _uploaded(bucket: Bucket, **options: Any) -> ObjectInfo:
    upload = bucket.upload("key", **options)
    return upload.complete(upload.send(1, b"content"))


def _writes(*more: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "write",
        [
            pytest.param(_put, id="put"),
            pytest.param(_copied, id="copy", marks=needs("copy_object")),
            pytest.param(_uploaded, id="upload", marks=needs(*MULTIPART, *more)),
        ],
    )


every_write = _writes()
"""Runs a test once for each operation that makes a version."""


class LockTests(ContractTests):
    """Base of the tests of locks."""

    @pytest.fixture
    def lockable(self, scratch: Scratch, notes: Notes) -> NewBucket:
        """Makes a bucket whose versions can be locked. Call it in the test: it may be refused."""

        def make() -> Bucket:
            name = scratch.create(options=CreateBucketOptions(object_lock=True))
            return Bucket(scratch.store, name, scratch.backend, partial(add_note, notes))

        return make


every_locking_write = _writes("upload_object_lock")
"""The same for tests that give the version a lock."""


class ObjectLockTests(LockTests):
    """A locked version is there until its lock ends, whatever happens to its object."""

    # Buckets

    @needs(*LOCK, "head_bucket", "get_bucket_settings")
    def test_a_bucket_that_is_created_with_object_lock_has_it(
        self, store: Store, lockable: NewBucket, fresh_bucket: Bucket
    ) -> None:
        bucket = lockable()
        assert store.get_bucket_settings(bucket.name, VersioningSettings).status == "Enabled"
        assert store.get_bucket_settings(bucket.name, ObjectLockSettings) == ObjectLockSettings(enabled=True)
        assert not store.head_bucket(fresh_bucket.name).object_lock
        assert store.get_bucket_settings(fresh_bucket.name, ObjectLockSettings) == ObjectLockSettings()

    @every_locking_write
    @needs(*LOCK)
    def test_a_bucket_without_object_lock_refuses_locks(self, fresh_bucket: Bucket, write: Write) -> None:
        for lock in ({"retention": _for(DAY)}, {"legal_hold": True}):
            with pytest.raises(InvalidBucketState):
                write(fresh_bucket, **lock)
            assert not fresh_bucket.holds("key")

    @needs(*LOCK, "put_object_retention", "put_object_legal_hold")
    def test_an_object_without_object_lock_gets_no_lock(self, fresh_bucket: Bucket) -> None:
        fresh_bucket.put("key")
        with pytest.raises(InvalidBucketState):
            _retain(fresh_bucket, "key", _for(DAY))
        with pytest.raises(InvalidBucketState):
            _hold(fresh_bucket, "key", True)

    # Writes

    @every_locking_write
    @needs(*LOCK)
    def test_a_write_gives_the_version_its_lock(self, lockable: NewBucket, write: Write) -> None:
        bucket, kept = lockable(), _for(DAY)
        info = write(bucket, retention=kept, legal_hold=True)
        found = bucket.head("key", version_id=info.version_id)
        assert (found.retention, found.legal_hold) == (kept, True)
        assert (info.retention, info.legal_hold) == (kept, True)
        other = write(bucket, legal_hold=False)
        assert not bucket.head("key").retention
        assert not bucket.head("key").legal_hold
        assert not other.legal_hold

    @every_locking_write
    @needs(*LOCK)
    def test_a_write_with_a_retention_in_the_past_is_refused(self, lockable: NewBucket, write: Write) -> None:
        bucket = lockable()
        with pytest.raises(InvalidArgument):
            write(bucket, retention=_for(-DAY))
        assert not bucket.holds("key")

    @every_locking_write
    @needs(*LOCK, "put_bucket_settings")
    def test_the_default_of_the_bucket_is_the_retention_of_new_versions(
        self, lockable: NewBucket, write: Write
    ) -> None:
        bucket = lockable()
        before = put_version(bucket, "before")
        _set_default(bucket, days=2)
        write(bucket)
        _assert_retained_for(bucket.head("key"), 2 * DAY)
        assert not bucket.head("before", version_id=before).retention
        kept = _for(5 * DAY)
        write(bucket, retention=kept)
        assert bucket.head("key").retention == kept

    @needs(*LOCK, "put_bucket_settings", "get_bucket_settings")
    def test_the_default_of_the_bucket_can_be_removed(self, store: Store, lockable: NewBucket) -> None:
        bucket = lockable()
        _set_default(bucket, days=2)
        store.put_bucket_settings(bucket.name, ObjectLockSettings(enabled=True))
        assert store.get_bucket_settings(bucket.name, ObjectLockSettings) == ObjectLockSettings(enabled=True)
        bucket.put("key")
        assert not bucket.head("key").retention

    @needs(*LOCK, "copy_object")
    def test_a_copy_never_has_the_lock_of_its_source(self, lockable: NewBucket) -> None:
        bucket = lockable()
        source = put_version(bucket, "source", retention=_for(DAY), legal_hold=True)
        for version_id in (None, source):
            copy = bucket.copy("source", "key", source_version_id=version_id)
            found = bucket.head("key")
            assert not found.retention
            assert not found.legal_hold
            assert bucket.delete("key", version_id=copy.version_id).version_id == copy.version_id
        assert bucket.head("source").legal_hold

    # Deletes

    @needs(*LOCK)
    def test_a_retained_version_is_not_deleted_unless_governance_is_bypassed(self, lockable: NewBucket) -> None:
        bucket = lockable()
        version = put_version(bucket, "key", retention=_for(DAY))
        with pytest.raises(ObjectLocked):
            bucket.delete("key", version_id=version)
        assert bucket.read("key", version_id=version) == b"content"
        bucket.delete("key", version_id=version, bypass_governance=True)
        assert not bucket.holds("key")

    @needs(*LOCK, "put_object_legal_hold")
    def test_a_legal_hold_holds_up_the_delete_until_it_is_removed(self, lockable: NewBucket) -> None:
        bucket = lockable()
        version = put_version(bucket, "key", legal_hold=True)
        for bypass in (False, True):
            with pytest.raises(ObjectLocked):
                bucket.delete("key", version_id=version, bypass_governance=bypass)
        _hold(bucket, "key", False)
        assert bucket.head("key").legal_hold is False
        _hold(bucket, "key", True)
        with pytest.raises(ObjectLocked):
            bucket.delete("key", version_id=version)
        _hold(bucket, "key", False)
        bucket.delete("key", version_id=version)
        assert not bucket.holds("key")

    @needs(*LOCK)
    def test_a_lock_holds_up_neither_a_write_nor_a_delete_marker(self, lockable: NewBucket) -> None:
        bucket, kept = lockable(), _for(DAY)
        version = put_version(bucket, "key", b"locked", retention=kept, legal_hold=True)
        bucket.delete("key", version_id=mark(bucket, "key"))
        assert put_version(bucket, "key", b"newer") != version
        mark(bucket, "key")
        found = bucket.head("key", version_id=version)
        assert (found.retention, found.legal_hold) == (kept, True)
        assert bucket.read("key", version_id=version) == b"locked"

    @needs(*LOCK, "delete_objects")
    def test_each_locked_version_of_a_batch_fails_alone(self, lockable: NewBucket) -> None:
        bucket = lockable()
        locked, free = put_version(bucket, "locked", retention=_for(DAY)), put_version(bucket, "free")
        entries = [ObjectToDelete("locked", locked), ObjectToDelete("free", free)]
        result = bucket.store.delete_objects(bucket.name, entries)
        assert [(entry.key, entry.version_id) for entry in result.deleted] == [("free", free)]
        assert [(entry.key, entry.version_id, entry.code) for entry in result.failed] == [
            ("locked", locked, ObjectLocked.code)
        ]
        assert bucket.holds("locked")
        bypass = BatchDeleteOptions(bypass_governance=True)
        assert not bucket.store.delete_objects(bucket.name, entries[:1], bypass).failed
        assert not bucket.holds("locked")

    # Changes

    @needs(*LOCK, "put_object_retention")
    def test_a_retention_in_governance_mode_is_made_longer_by_anybody(self, lockable: NewBucket) -> None:
        bucket = lockable()
        put_version(bucket, "key")
        for days in (1, 1, 2):
            kept = _for(days * DAY)
            _retain(bucket, "key", kept)
            assert bucket.head("key").retention == kept

    @needs(*LOCK, "put_object_retention")
    @pytest.mark.parametrize("change", ["shorter", "none"])
    def test_a_retention_in_governance_mode_is_weakened_by_whoever_bypasses_it(
        self, lockable: NewBucket, change: str
    ) -> None:
        bucket, kept = lockable(), _for(2 * DAY)
        wanted = {"shorter": _for(DAY), "none": Retention()}[change]
        put_version(bucket, "key", retention=kept)
        with pytest.raises((ObjectLocked, Unsupported)):
            _retain(bucket, "key", wanted)
        assert bucket.head("key").retention == kept
        try:
            _retain(bucket, "key", wanted, bypass_governance=True)
        except Unsupported:
            assert wanted == Retention(), "only the removal of a retention may be something that a backend lacks"
            return
        assert (bucket.head("key").retention or Retention()) == wanted

    @needs(*LOCK, "put_object_retention")
    def test_a_retention_in_the_past_is_refused(self, lockable: NewBucket) -> None:
        bucket = lockable()
        put_version(bucket, "key")
        with pytest.raises(InvalidArgument):
            _retain(bucket, "key", _for(-DAY))
        assert not bucket.head("key").retention

    @pytest.mark.short
    @needs(*LOCK, "put_object_retention", "put_object_legal_hold")
    def test_a_lock_is_that_of_one_version(self, lockable: NewBucket) -> None:
        bucket, kept = lockable(), _for(DAY)
        old, new = put_version(bucket, "key", b"old"), put_version(bucket, "key", b"new")
        _retain(bucket, "key", kept, version_id=old)
        _hold(bucket, "key", True, version_id=old)
        found = bucket.head("key", version_id=old)
        assert (found.retention, found.legal_hold) == (kept, True)
        assert bucket.read("key", version_id=old) == b"old"
        newest = bucket.head("key")
        assert newest.version_id == new
        assert not newest.retention
        assert not newest.legal_hold
        _hold(bucket, "key", False, version_id=old)
        assert bucket.head("key", version_id=old).retention == kept

    @needs(*LOCK, "put_object_tagging", "delete_object_tagging")
    def test_a_change_of_tags_leaves_the_lock_as_it_was(self, lockable: NewBucket) -> None:
        bucket, kept = lockable(), _for(DAY)
        version = put_version(bucket, "key", retention=kept, legal_hold=True)
        options = VersionOptions(version_id=version)
        changes: list[Callable[[], object]] = [
            lambda: bucket.store.put_object_tagging(bucket.name, "key", {"a": "b"}, options),
            lambda: bucket.store.put_object_tagging(bucket.name, "key", {"c": "d"}),
            lambda: bucket.store.delete_object_tagging(bucket.name, "key", options),
        ]
        for change in changes:
            change()
            found = bucket.head("key", version_id=version)
            assert (found.retention, found.legal_hold) == (kept, True)
            with pytest.raises(ObjectLocked):
                bucket.delete("key", version_id=version)

    @pytest.mark.short
    @needs(*LOCK, "put_object_retention", "put_object_legal_hold")
    def test_what_does_not_exist_gets_no_lock(self, lockable: NewBucket) -> None:
        bucket = lockable()
        put_version(bucket, "key")
        gone = put_version(bucket, "key")
        bucket.delete("key", version_id=gone)
        marker = mark(bucket, "key")
        # Some backends do not tell a marker from a version that does not exist.
        for key, version_id, error in (
            ("missing", None, (NoSuchKey,)),
            ("key", gone, (NoSuchVersion, IsDeleteMarker)),
            ("key", marker, (NoSuchVersion, IsDeleteMarker)),
        ):
            with pytest.raises(error):
                _retain(bucket, key, _for(DAY), version_id=version_id)
            with pytest.raises(error):
                _hold(bucket, key, True, version_id=version_id)


class ComplianceTests(LockTests):
    """Nobody ends a retention in compliance mode, so these tests wait until it has ended."""

    effort = 1

    @once
    @needs(*LOCK, "put_object_retention")
    def test_a_retention_in_compliance_mode_is_made_longer_by_anybody(self, lockable: NewBucket) -> None:
        bucket = lockable()
        put_version(bucket, "key", retention=_for(SOON - timedelta(seconds=1), COMPLIANCE))
        longer = _for(SOON, COMPLIANCE)
        _retain(bucket, "key", longer)
        assert bucket.head("key").retention == longer

    @once
    @needs(*LOCK, "put_object_retention")
    def test_nobody_ends_a_retention_in_compliance_mode_before_its_time(self, lockable: NewBucket) -> None:
        bucket, kept = lockable(), _for(SOON, COMPLIANCE)
        version = put_version(bucket, "key", retention=kept)
        with pytest.raises(ObjectLocked):
            bucket.delete("key", version_id=version, bypass_governance=True)
        assert kept.until
        shorter = Retention(mode=COMPLIANCE, until=kept.until - timedelta(seconds=1))
        for other in (_for(DAY), shorter):
            with pytest.raises(ObjectLocked):
                _retain(bucket, "key", other, bypass_governance=True)
        assert bucket.head("key").retention == kept
        _sleep_until(kept)
        bucket.delete("key", version_id=version)
        assert not bucket.holds("key")

    @once
    @needs(*LOCK, "put_object_retention")
    def test_governance_mode_becomes_compliance_mode_for_whoever_bypasses_it(self, lockable: NewBucket) -> None:
        bucket, kept = lockable(), _for(DAY)
        version = put_version(bucket, "key", retention=kept)
        for longer in (SOON, 2 * DAY):
            with pytest.raises(ObjectLocked):
                _retain(bucket, "key", _for(longer, COMPLIANCE))
        assert bucket.head("key").retention == kept
        wanted = _for(SOON, COMPLIANCE)
        _retain(bucket, "key", wanted, bypass_governance=True)
        assert bucket.head("key").retention == wanted
        with pytest.raises(ObjectLocked):
            bucket.delete("key", version_id=version, bypass_governance=True)
        _sleep_until(wanted)


def _for(period: timedelta, mode: RetentionMode = GOVERNANCE) -> Retention:
    """Returns a retention from now on, in whole seconds: backends keep no fractions of them."""
    return Retention(mode=mode, until=(datetime.now(UTC) + period).replace(microsecond=0))


def _sleep_until(kept: Retention) -> None:
    if kept.until is not None:
        time.sleep(max((kept.until - datetime.now(UTC)).total_seconds(), 0) + 1)


def _set_default(bucket: Bucket, days: int) -> None:
    default = DefaultRetention(mode=GOVERNANCE, days=days)
    bucket.store.put_bucket_settings(bucket.name, ObjectLockSettings(enabled=True, default=default))


def _assert_retained_for(info: ObjectInfo, period: timedelta) -> None:
    assert info.retention is not None, "the version has no retention"
    assert info.retention.mode == GOVERNANCE
    assert info.retention.until is not None
    assert abs(info.retention.until - info.last_modified - period) < timedelta(minutes=1)


def _retain(
    bucket: Bucket, key: str, kept: Retention, *, version_id: str | None = None, bypass_governance: bool = False
) -> None:
    options = RetentionOptions(version_id=version_id, bypass_governance=bypass_governance)
    bucket.store.put_object_retention(bucket.name, key, kept, options)


def _hold(bucket: Bucket, key: str, legal_hold: bool, *, version_id: str | None = None) -> None:
    bucket.store.put_object_legal_hold(bucket.name, key, legal_hold, VersionOptions(version_id=version_id))
