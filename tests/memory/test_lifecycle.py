"""Lifecycle rules are carried out in memory, by core."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from bucketry import (
    DeleteMarker,
    DeleteOptions,
    HeadOptions,
    LifecycleSettings,
    NoSuchKey,
    PutOptions,
    Retention,
    Store,
    UploadOptions,
    VersionOptions,
)
from bucketry.bucket_settings import (
    AbortIncompleteMultipartUpload,
    LifecycleExpiration,
    LifecycleFilter,
    LifecycleRule,
    Transition,
)
from bucketry.options import CreateBucketOptions
from bucketry_memory import MemoryDriver, MemorySettings

from tests.memory.lifecycle_rules import (
    BUCKET,
    MARKERS,
    expiring,
    keys,
    noncurrent,
    rule,
    set_rules,
    set_versions,
    versions,
)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store(MemoryDriver(MemorySettings())) as opened:
        opened.create_bucket(BUCKET)
        yield opened


def test_an_object_expires_after_its_days(store: Store) -> None:
    set_rules(store, expiring(30))
    store.put_object(BUCKET, "old", b"content")
    store.clock.advance(days=29)
    store.put_object(BUCKET, "new", b"content")
    assert keys(store) == ["new", "old"]
    store.clock.advance(days=2)
    assert keys(store) == ["new"]
    assert store.bucket_usage(BUCKET).size_bytes == 7
    store.clock.advance(days=30)
    assert keys(store) == []


def test_only_what_the_filter_is_about(store: Store) -> None:
    filters = LifecycleFilter(prefix="logs/", size_greater_than=3, size_less_than=6)
    sized = LifecycleRule(id="s", status="Enabled", filter=filters, expiration=LifecycleExpiration(days=1))
    set_rules(store, sized, expiring(1, tags={"temporary": "yes", "team": "a"}, rule_id="t"))
    for size in (3, 4, 5, 6):
        store.put_object(BUCKET, f"logs/{size}", b"x" * size)
    store.put_object(BUCKET, "other/4", b"xxxx")
    for name, tags in {
        "both": {"temporary": "yes", "team": "a", "more": ""}, "one": {"temporary": "yes"},
        "other": {"temporary": "no", "team": "a"}, "none": {},
    }.items():  # fmt: skip
        store.put_object(BUCKET, name, b"", PutOptions(tags=tags))
    store.clock.advance(days=3)
    assert keys(store) == ["logs/3", "logs/6", "none", "one", "other", "other/4"]
    store.put_object_tagging(BUCKET, "none", {"temporary": "yes", "team": "a"})
    store.clock.advance()
    assert "none" not in keys(store)


def test_a_date_holds_for_all_that_comes_later(store: Store) -> None:
    midnight = store.clock.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=5)
    set_rules(store, rule(expiration=LifecycleExpiration(date=midnight)))
    store.put_object(BUCKET, "a", b"")
    store.clock.set(midnight - timedelta(seconds=5))
    assert keys(store) == ["a"]
    store.clock.advance(seconds=10)
    assert keys(store) == []
    store.put_object(BUCKET, "b", b"")
    store.clock.advance(days=1)
    assert keys(store) == []


def test_a_rule_that_is_disabled_or_removed_does_nothing(store: Store) -> None:
    disabled = LifecycleRule(
        id="d", status="Disabled", filter=LifecycleFilter(), expiration=LifecycleExpiration(days=1)
    )
    set_rules(store, disabled)
    store.put_object(BUCKET, "a", b"")
    store.clock.advance(days=90)
    set_rules(
        store,
        expiring(30, prefix="other"),
        rule(rule_id="t", transitions=(Transition(days=1, storage_class="GLACIER"),)),
    )
    store.clock.advance(days=90)
    set_rules(store, expiring(365))
    store.delete_bucket_settings(BUCKET, LifecycleSettings)
    store.clock.advance(days=365)
    assert keys(store) == ["a"]
    assert store.head_object(BUCKET, "a").storage_class is None


def test_other_buckets_are_left_alone(store: Store) -> None:
    store.create_bucket("another")
    store.put_object("another", "a", b"")
    store.put_object(BUCKET, "a", b"")
    set_rules(store, expiring(1))
    store.clock.advance(days=30)
    assert (keys(store), keys(store, "another")) == ([], ["a"])


def test_in_a_bucket_with_versions_it_makes_delete_markers(store: Store) -> None:
    set_versions(store)
    first = store.put_object(BUCKET, "a", b"1").version_id
    second = store.put_object(BUCKET, "a", b"2").version_id
    set_rules(store, expiring(10))
    store.clock.advance(days=12)
    with pytest.raises(NoSuchKey) as raised:
        store.head_object(BUCKET, "a")
    assert raised.value.delete_marker
    found = list(store.iter_object_versions(BUCKET))
    assert [version.version_id for version in found[1:]] == [second, first]
    store.clock.advance(days=365)
    # A marker that is not alone stays, and so do the versions, for which there is no rule.
    assert versions(store) == [("a", True), ("a", False), ("a", False)]
    store.delete_object(BUCKET, "a", DeleteOptions(version_id=found[0].version_id))
    assert store.get_object(BUCKET, "a").read() == b"2"


def test_a_turn_gives_what_the_days_would_give(store: Store) -> None:
    """The marker comes on day 31, so the version is deleted on day 42, and the marker then too."""
    set_versions(store)
    set_rules(store, expiring(30), noncurrent(10, rule_id="n"), rule(expiration=MARKERS, rule_id="m"))
    version = store.put_object(BUCKET, "a", b"1")
    stored = version.last_modified.replace(hour=0, minute=0, second=0, microsecond=0)
    store.clock.set(stored + timedelta(days=31, seconds=1))
    marker, old = store.iter_object_versions(BUCKET)
    assert isinstance(marker, DeleteMarker)
    assert marker.last_modified - stored < timedelta(days=31, seconds=1)
    assert old.version_id == version.version_id
    store.clock.advance(days=10, hours=23)
    assert len(versions(store)) == 2
    store.clock.advance(hours=1)
    assert versions(store) == []


def test_one_turn_does_it_all(store: Store) -> None:
    set_versions(store)
    set_rules(store, expiring(30), noncurrent(10, rule_id="n"), rule(expiration=MARKERS, rule_id="m"))
    store.put_object(BUCKET, "a", b"1")
    store.clock.advance(days=90)
    assert versions(store) == []
    store.delete_bucket(BUCKET)


def test_noncurrent_versions_by_days_and_number(store: Store) -> None:
    set_versions(store)
    set_rules(store, noncurrent(5, keep=2))
    for number in range(5):
        store.put_object(BUCKET, "a", b"%d" % number)
    store.delete_object(BUCKET, "b")
    store.clock.advance(days=3)
    assert len(versions(store)) == 6
    store.clock.advance(days=4)
    found = [store.get_object(BUCKET, "a").read()]
    assert versions(store) == [("a", False)] * 3 + [("b", True)]
    assert found == [b"4"]
    set_rules(store, noncurrent(5))
    store.clock.advance()
    assert versions(store) == [("a", False), ("b", True)]


def test_a_noncurrent_marker_expires_too(store: Store) -> None:
    set_versions(store)
    store.delete_object(BUCKET, "a")
    store.put_object(BUCKET, "a", b"")
    set_rules(store, noncurrent(1))
    store.clock.advance(days=3)
    assert versions(store) == [("a", False)]


@pytest.mark.parametrize("expiration", [MARKERS, LifecycleExpiration(days=1)])
def test_a_delete_marker_that_is_alone(store: Store, expiration: LifecycleExpiration) -> None:
    set_versions(store)
    store.delete_object(BUCKET, "alone")
    store.put_object(BUCKET, "not alone", b"")
    store.delete_object(BUCKET, "not alone")
    set_rules(store, rule(expiration=expiration))
    store.clock.advance(days=3)
    assert versions(store) == [("not alone", True), ("not alone", False)]


def test_a_suspended_bucket(store: Store) -> None:
    set_versions(store)
    kept = store.put_object(BUCKET, "a", b"1").version_id
    set_versions(store, "Suspended")
    store.put_object(BUCKET, "a", b"2")
    set_rules(store, expiring(1))
    store.clock.advance(days=3)
    found = list(store.iter_object_versions(BUCKET))
    assert [version.version_id for version in found] == ["null", kept]
    assert isinstance(found[0], DeleteMarker)


def test_locked_versions_are_kept_until_their_lock_ends() -> None:
    with Store(MemoryDriver(MemorySettings())) as store:
        store.create_bucket(BUCKET, CreateBucketOptions(object_lock=True))
        now = store.clock.now()
        for mode in ("GOVERNANCE", "COMPLIANCE"):
            retention = Retention(mode=mode, until=now + timedelta(days=60))
            store.put_object(BUCKET, mode, b"", PutOptions(retention=retention))
        store.put_object(BUCKET, "held", b"", PutOptions(legal_hold=True))
        store.put_object(BUCKET, "free", b"")
        set_rules(store, expiring(1), noncurrent(1, rule_id="n"))
        store.clock.advance(days=50)
        assert [key for key, is_marker in versions(store) if not is_marker] == ["COMPLIANCE", "GOVERNANCE", "held"]
        store.clock.advance(days=12)
        assert [key for key, is_marker in versions(store) if not is_marker] == ["held"]
        (held,) = (version for version in store.iter_object_versions(BUCKET) if not isinstance(version, DeleteMarker))
        store.put_object_legal_hold(BUCKET, "held", False, VersionOptions(version_id=held.version_id))
        store.clock.advance()
        assert versions(store) == []


def test_uploads_are_aborted(store: Store) -> None:
    abort = AbortIncompleteMultipartUpload(days_after_initiation=7)
    set_rules(store, rule(prefix="a", abort_incomplete_multipart_upload=abort))
    for key in ("a/1", "a/2", "b"):
        store.create_multipart_upload(BUCKET, key, UploadOptions())
    store.put_object(BUCKET, "a/3", b"")
    store.clock.advance(days=7)
    assert len(list(store.iter_multipart_uploads(BUCKET))) == 3
    store.clock.advance(days=1)
    assert [upload.key for upload in store.iter_multipart_uploads(BUCKET)] == ["b"]
    assert keys(store) == ["a/3"]


def test_results_say_when_an_object_expires(store: Store) -> None:
    assert store.put_object(BUCKET, "a", b"").expiration is None
    set_rules(store, expiring(3), expiring(1, tags={"x": "y"}, rule_id="tagged"))
    info = store.put_object(BUCKET, "a", b"")
    assert info.expiration is not None
    assert info.expiration.rule_id == "r"
    assert timedelta(days=3) < info.expiration.at - info.last_modified <= timedelta(days=4)
    assert info.expiration.at.time().isoformat() == "00:00:00"
    assert store.head_object(BUCKET, "a") == store.get_object(BUCKET, "a").info == info
    assert store.copy_object(BUCKET, "a", BUCKET, "b").expiration == info.expiration
    tagged = store.put_object(BUCKET, "t", b"", PutOptions(tags={"x": "y"}))
    assert tagged.expiration is not None
    assert tagged.expiration.rule_id == "tagged"
    upload = store.create_multipart_upload(BUCKET, "u")
    part = store.upload_part(BUCKET, "u", upload.upload_id, 1, b"")
    made = store.complete_multipart_upload(BUCKET, "u", upload.upload_id, [part])
    assert made.expiration == info.expiration
    set_versions(store)
    old = store.put_object(BUCKET, "a", b"").version_id
    new = store.put_object(BUCKET, "a", b"").version_id
    found = [store.head_object(BUCKET, "a", HeadOptions(version_id=version)).expiration for version in (old, new)]
    assert found[0] is None
    assert found[1] is not None
