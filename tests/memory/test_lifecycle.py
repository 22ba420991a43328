"""Lifecycle rules are carried out in memory, by core."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bucketry import (
    Deleted,
    DeleteMarker,
    DeleteOptions,
    HeadOptions,
    LifecycleSettings,
    NoSuchBucket,
    NoSuchKey,
    PutOptions,
    Retention,
    Store,
    Throttled,
    UploadOptions,
    VersioningSettings,
    VersionOptions,
)
from bucketry.bucket_settings import (
    AbortIncompleteMultipartUpload,
    LifecycleExpiration,
    LifecycleFilter,
    LifecycleRule,
    NoncurrentVersionExpiration,
    Tag,
    Transition,
)
from bucketry.hookspecs import hookimpl
from bucketry.layers import Faults, ReadOnly
from bucketry.lifecycle import _runner
from bucketry.options import CreateBucketOptions
from bucketry.origin import LIFECYCLE, origin_of_call
from bucketry_memory import MemoryDriver, MemorySettings

BUCKET = "under-test"
WAIT = 30.0
MARKERS = LifecycleExpiration(expired_object_delete_marker=True)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store(MemoryDriver(MemorySettings())) as opened:
        opened.create_bucket(BUCKET)
        yield opened


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


def _running() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "bucketry-lifecycle"]


@pytest.fixture(autouse=True)
def _threads_of_others() -> Iterator[None]:
    """Leaves out the threads of stores that other tests of this process still hold."""
    OTHERS.update(_running())
    yield
    OTHERS.clear()


OTHERS: set[threading.Thread] = set()


def threads() -> list[threading.Thread]:
    """The threads that a test has started, and that still run."""
    return [thread for thread in _running() if thread not in OTHERS]


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


class Meddler:
    """Writes while lifecycle is at work, just before it deletes."""

    def __init__(self) -> None:
        self.origins = list[Any]()
        self.act: Callable[[], object] = lambda: None

    @hookimpl(wrapper=True)
    def delete_object(self, key: str) -> Generator[None, Deleted, Deleted]:
        self.origins.append(origin_of_call())
        act, self.act = self.act, lambda: None
        act()
        return (yield)


@pytest.fixture
def meddled() -> Iterator[tuple[Store, Meddler]]:
    meddler = Meddler()
    with Store(MemoryDriver(MemorySettings()), [meddler]) as store:
        store.create_bucket(BUCKET)
        yield store, meddler


def test_what_is_written_meanwhile_is_kept(meddled: tuple[Store, Meddler]) -> None:
    store, meddler = meddled
    store.put_object(BUCKET, "a", b"same")
    set_rules(store, expiring(1))
    meddler.act = lambda: store.put_object(BUCKET, "a", b"same")
    store.clock.advance(days=3)
    assert meddler.origins
    assert store.get_object(BUCKET, "a").read() == b"same"
    assert store.head_object(BUCKET, "a").last_modified > datetime.now(UTC)


def test_a_version_that_is_current_again_is_kept(meddled: tuple[Store, Meddler]) -> None:
    store, meddler = meddled
    set_versions(store)
    for key in ("a", "b"):
        store.put_object(BUCKET, key, b"content")
        store.delete_object(BUCKET, key)
    markers = {version.key: version.version_id for version in store.iter_object_versions(BUCKET) if version.is_latest}
    set_rules(store, noncurrent(1))
    meddler.act = lambda: store.delete_object(BUCKET, "b", DeleteOptions(version_id=markers["b"]))
    store.clock.advance(days=3)
    assert store.get_object(BUCKET, "b").read() == b"content"
    assert ("a", False) not in versions(store)


def test_layers_know_that_it_is_lifecycle(meddled: tuple[Store, Meddler]) -> None:
    store, meddler = meddled
    store.put_object(BUCKET, "a", b"")
    set_rules(store, expiring(1))
    store.clock.advance(days=3)
    assert meddler.origins == [LIFECYCLE]
    assert origin_of_call() is None


def test_a_bucket_that_is_deleted_meanwhile(meddled: tuple[Store, Meddler]) -> None:
    store, meddler = meddled
    store.put_object(BUCKET, "a", b"")
    store.create_bucket("zebra")
    store.put_object("zebra", "a", b"")
    set_rules(store, expiring(1))
    set_rules(store, expiring(1), bucket="zebra")

    def delete_all() -> None:
        store.delete_object(BUCKET, "a")
        store.delete_bucket(BUCKET)

    meddler.act = delete_all
    store.clock.advance(days=3)
    with pytest.raises(NoSuchBucket):
        store.head_bucket(BUCKET)
    assert keys(store, "zebra") == []


def test_rules_that_are_removed_meanwhile_end_the_run(meddled: tuple[Store, Meddler]) -> None:
    store, meddler = meddled
    for number in range(1000):
        store.put_object(BUCKET, f"{number:04}", b"")
    set_rules(store, expiring(1))
    meddler.act = lambda: store.delete_bucket_settings(BUCKET, LifecycleSettings)
    store.clock.advance(days=3)
    assert 500 <= len(keys(store)) < 1000


def test_the_thread_runs_only_while_there_are_rules(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not threads()
    store.put_object(BUCKET, "a", b"")
    store.clock.advance(days=30)
    assert not threads()
    set_rules(store, expiring(1))
    eventually(lambda: keys(store) == [])
    assert len(threads()) == 1
    set_rules(store, expiring(2))
    assert len(threads()) == 1
    store.delete_bucket_settings(BUCKET, LifecycleSettings)
    set_midnight(store, monkeypatch)
    eventually(lambda: not threads())
    set_rules(store, expiring(1))
    assert len(threads()) == 1


def test_rules_that_are_put_again_run_at_once(store: Store) -> None:
    store.put_object(BUCKET, "a", b"")
    store.clock.advance(days=30)
    set_rules(store, expiring(60))
    store.clock.advance()
    assert keys(store) == ["a"]
    set_rules(store, expiring(20))
    eventually(lambda: keys(store) == [])


def test_it_ends_with_the_store() -> None:
    store = Store(MemoryDriver(MemorySettings()))
    store.create_bucket(BUCKET)
    set_rules(store, expiring(1))
    assert threads()
    store.close()
    assert not threads()
    store.clock.advance(days=3)


def test_it_ends_with_a_store_that_nobody_has_any_more() -> None:
    driver = MemoryDriver(MemorySettings())
    store = Store(driver)
    store.create_bucket(BUCKET)
    set_rules(store, expiring(1))
    gone = weakref.ref(driver)
    del store, driver
    eventually(lambda: gc.collect() >= 0 and gone() is None)
    eventually(lambda: not threads())


def set_midnight(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets the clock to half a second before midnight, and has the thread look at the clock often."""
    monkeypatch.setattr(_runner, "_NAP_SECONDS", 0.01)
    midnight = (store.clock.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    store.clock.set(midnight - timedelta(seconds=0.5))


def test_it_wakes_at_midnight(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put_object(BUCKET, "a", b"")
    store.clock.advance(days=1)
    set_rules(store, expiring(1))
    set_midnight(store, monkeypatch)
    assert keys(store) == ["a"]
    eventually(lambda: keys(store) == [])


def test_all_stores_over_a_driver_share_it() -> None:
    driver = MemoryDriver(MemorySettings())
    with Store(driver) as store:
        faults = Faults("delete_object:throttled", "list_buckets:throttled")
        other = Store(driver, [faults])
        other.create_bucket(BUCKET)
        set_rules(other, expiring(1))
        assert len(threads()) == 1
        other.put_object(BUCKET, "a", b"")
        other.clock.advance(days=3)
        assert keys(store) == []


def test_faults_do_not_strike_it() -> None:
    faults = Faults("delete_object:throttled:nth=1")
    with Store(MemoryDriver(MemorySettings()), [faults]) as store:
        store.create_bucket(BUCKET)
        set_rules(store, expiring(1))
        store.put_object(BUCKET, "a", b"")
        store.clock.advance(days=3)
        assert keys(store) == []
        with pytest.raises(Throttled):
            store.delete_object(BUCKET, "a")


class Failing:
    """Fails some calls of lifecycle."""

    def __init__(self, times: int) -> None:
        self.left = times

    @hookimpl(wrapper=True)
    def list_object_versions(self) -> Generator[None, Any, Any]:
        if self.left:
            self.left -= 1
            raise Throttled("slow down")
        return (yield)


def test_a_failure_is_logged_and_tried_again(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(_runner, "_RETRY", timedelta(seconds=0.01))
    with Store(MemoryDriver(MemorySettings()), [Failing(3)]) as store:
        store.create_bucket(BUCKET)
        store.put_object(BUCKET, "a", b"")
        store.clock.advance(days=3)
        set_rules(store, expiring(1))
        eventually(lambda: keys(store) == [])
    assert "slow down" in caplog.text


class FailingBucket:
    """One bucket cannot be listed."""

    @hookimpl(wrapper=True)
    def list_object_versions(self, bucket: str) -> Generator[None, Any, Any]:
        if bucket == BUCKET:
            raise Throttled("slow down")
        return (yield)


def test_a_bucket_that_fails_does_not_hold_up_the_others() -> None:
    with Store(MemoryDriver(MemorySettings()), [FailingBucket()]) as store:
        for name in (BUCKET, "zebra"):
            store.create_bucket(name)
            store.put_object(name, "a", b"")
            set_rules(store, expiring(1), bucket=name)
        store.clock.advance(days=3)
        assert (keys(store), keys(store, "zebra")) == (["a"], [])


def test_a_store_that_is_read_only_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    driver = MemoryDriver(MemorySettings())
    writable = Store(driver)
    writable.create_bucket(BUCKET)
    writable.put_object(BUCKET, "a", b"")
    driver.lifecycle_runner = None
    store = Store(driver, [ReadOnly()])
    writable._lifecycle = store._lifecycle
    set_rules(writable, expiring(1))
    store.clock.advance(days=3)
    assert keys(store) == ["a"]
    store.close()


def test_writers_go_on_while_it_is_at_work(store: Store) -> None:
    for number in range(3000):
        store.put_object(BUCKET, f"old/{number}", b"")
    set_rules(store, expiring(30, prefix="old/"))
    store.clock.advance(days=20)
    ended, written = threading.Event(), list[str]()

    def write() -> None:
        while not ended.is_set():
            key = f"old/{len(written) % 3000}"
            store.put_object(BUCKET, key, b"new")
            written.append(key)

    writer = threading.Thread(target=write)
    writer.start()
    store.clock.advance(days=12)
    ended.set()
    writer.join()
    assert written
    assert {info.key for info in store.iter_objects(BUCKET) if info.size_bytes == 3} == set(written)


def test_a_reset_of_the_clock_deletes_nothing(store: Store) -> None:
    set_rules(store, expiring(30))
    store.clock.advance(days=90)
    store.put_object(BUCKET, "a", b"")
    store.clock.reset()
    store.put_object(BUCKET, "b", b"")
    store.clock.advance(days=32)
    assert keys(store) == ["a"]
    store.clock.advance(days=90)
    assert keys(store) == []
