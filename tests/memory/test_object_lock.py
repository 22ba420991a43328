"""Object lock by the store's clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from bucketry import (
    BatchDeleteOptions,
    BucketryError,
    CopyOptions,
    CreateBucketOptions,
    DefaultRetention,
    DeleteOptions,
    HeadOptions,
    InvalidArgument,
    InvalidBucketState,
    ObjectLocked,
    ObjectLockSettings,
    ObjectToDelete,
    PutOptions,
    Retention,
    RetentionOptions,
    Store,
    UploadOptions,
    VersioningSettings,
)
from bucketry.object_lock import COMPLIANCE, GOVERNANCE

from tests.memory.opened import BUCKET, make_store

LOCKED = "locked"
DAY = timedelta(days=1)


@pytest.fixture
def store() -> Store:
    """Returns a store with a bucket that has object lock."""
    store, _ = make_store(min_part_size=1)
    store.create_bucket(LOCKED, CreateBucketOptions(object_lock=True))
    return store


def locked(store: Store, mode: str = GOVERNANCE, days: int = 10) -> tuple[str, Retention]:
    """Stores a version that is retained for some days, and returns its id and its retention."""
    kept = Retention(mode=mode, until=store.clock.now() + days * DAY)  # type: ignore[arg-type]
    info = store.put_object(LOCKED, "key", b"content", PutOptions(retention=kept))
    assert info.retention == kept
    return str(info.version_id), kept


def test_a_retention_ends_by_the_clock(store: Store) -> None:
    version_id, _ = locked(store, COMPLIANCE)
    wanted = DeleteOptions(version_id=version_id, bypass_governance=True)
    with pytest.raises(ObjectLocked):
        store.delete_object(LOCKED, "key", wanted)

    store.clock.advance(9 * DAY)
    with pytest.raises(ObjectLocked):
        store.delete_object(LOCKED, "key", wanted)
    store.clock.advance(2 * DAY)

    assert store.delete_object(LOCKED, "key", wanted).version_id == version_id


def test_a_default_retention_of_years_is_one_of_the_calendar(store: Store) -> None:
    store.put_bucket_settings(
        LOCKED, ObjectLockSettings(enabled=True, default=DefaultRetention(mode=COMPLIANCE, years=4))
    )
    info = store.put_object(LOCKED, "key", b"")
    assert info.retention is not None
    assert info.retention.until is not None
    assert info.retention.until.year == info.last_modified.year + 4
    assert info.retention.until - info.last_modified == 4 * 365 * DAY + DAY


def test_an_upload_gets_the_default_retention_when_it_is_completed(store: Store) -> None:
    upload = store.create_multipart_upload(LOCKED, "key", UploadOptions(legal_hold=True)).upload_id
    part = store.upload_part(LOCKED, "key", upload, 1, b"part")
    store.put_bucket_settings(
        LOCKED, ObjectLockSettings(enabled=True, default=DefaultRetention(mode=GOVERNANCE, days=3))
    )
    store.clock.advance(DAY)

    info = store.complete_multipart_upload(LOCKED, "key", upload, [part])

    assert info.retention == Retention(mode=GOVERNANCE, until=info.last_modified + 3 * DAY)
    assert info.legal_hold is True


def test_nothing_keeps_a_retention_in_the_past(store: Store) -> None:
    past = Retention(mode=GOVERNANCE, until=store.clock.now() - DAY)
    version_id, _ = locked(store)
    calls: list[Callable[[], object]] = [
        lambda: store.put_object(LOCKED, "key", b"", PutOptions(retention=past)),
        lambda: store.copy_object(LOCKED, "key", LOCKED, "copy", CopyOptions(retention=past)),
        lambda: store.create_multipart_upload(LOCKED, "key", UploadOptions(retention=past)),
        lambda: store.put_object_retention(LOCKED, "key", past, RetentionOptions(version_id=version_id)),
    ]
    for call in calls:
        with pytest.raises(InvalidArgument) as caught:
            call()
        assert caught.value.field == "retention"


def test_a_bucket_without_object_lock_refuses_locks(store: Store) -> None:
    store.put_bucket_settings(BUCKET, VersioningSettings(status="Enabled"))
    store.put_object(BUCKET, "key", b"")
    kept = Retention(mode=GOVERNANCE, until=store.clock.now() + DAY)
    calls: list[Callable[[], object]] = [
        lambda: store.put_object(BUCKET, "key", b"", PutOptions(retention=kept)),
        lambda: store.put_object(BUCKET, "key", b"", PutOptions(legal_hold=False)),
        lambda: store.copy_object(LOCKED, "key", BUCKET, "copy", CopyOptions(legal_hold=True)),
        lambda: store.create_multipart_upload(BUCKET, "key", UploadOptions(legal_hold=True)),
        lambda: store.put_object_retention(BUCKET, "key", kept),
        lambda: store.put_object_legal_hold(BUCKET, "key", True),
    ]
    locked(store)
    for call in calls:
        with pytest.raises(InvalidBucketState):
            call()


def test_object_lock_needs_versioning_before_and_after(store: Store) -> None:
    with pytest.raises(InvalidBucketState):
        store.put_bucket_settings(BUCKET, ObjectLockSettings(enabled=True))
    store.put_bucket_settings(BUCKET, VersioningSettings(status="Suspended"))
    with pytest.raises(InvalidBucketState):
        store.put_bucket_settings(BUCKET, ObjectLockSettings(enabled=True))
    store.put_bucket_settings(BUCKET, VersioningSettings(status="Enabled"))
    assert not store.head_bucket(BUCKET).object_lock
    store.put_bucket_settings(BUCKET, ObjectLockSettings(enabled=True))
    assert store.head_bucket(BUCKET).object_lock
    with pytest.raises(InvalidBucketState):
        store.put_bucket_settings(BUCKET, VersioningSettings(status="Suspended"))
    for kind in (VersioningSettings, ObjectLockSettings):
        with pytest.raises(InvalidBucketState):
            store.delete_bucket_settings(BUCKET, kind)
    assert store.get_bucket_settings(BUCKET, VersioningSettings).status == "Enabled"


def test_each_entry_of_a_batch_fails_alone(store: Store) -> None:
    version_id, _ = locked(store)
    free = store.put_object(LOCKED, "free", b"").version_id
    entries = [
        ObjectToDelete("key", version_id),
        ObjectToDelete("free", free),
        ObjectToDelete("key", "malformed"),
        ObjectToDelete("key"),
    ]

    done = store.delete_objects(LOCKED, entries)

    assert [(one.key, one.version_id) for one in done.deleted] == [("free", free), ("key", None)]
    assert done.deleted[1].delete_marker
    assert [(one.key, one.version_id, one.code) for one in done.failed] == [
        ("key", version_id, "object_locked"),
        ("key", "malformed", "invalid_argument"),
    ]
    bypassed = store.delete_objects(LOCKED, entries[:1], BatchDeleteOptions(bypass_governance=True))
    assert not bypassed.failed


@pytest.mark.parametrize("action", ["overwrite", "delete", "tag"])
def test_a_lock_outlives_everything_but_a_change_of_it(store: Store, action: str) -> None:
    version_id, kept = locked(store)
    store.put_object_legal_hold(LOCKED, "key", True)
    if action == "overwrite":
        assert store.put_object(LOCKED, "key", b"other").retention is None
    elif action == "delete":
        assert store.delete_object(LOCKED, "key").delete_marker
    else:
        store.put_object_tagging(LOCKED, "key", {"a": "b"})
        store.delete_object_tagging(LOCKED, "key")

    info = store.head_object(LOCKED, "key", HeadOptions(version_id=version_id))

    assert (info.retention, info.legal_hold) == (kept, True)
    with pytest.raises(BucketryError) as caught:
        store.delete_object(LOCKED, "key", DeleteOptions(version_id=version_id, bypass_governance=True))
    assert caught.value.code == "object_locked"
