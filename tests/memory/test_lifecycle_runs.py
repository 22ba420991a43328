"""When lifecycle rules are carried out, in which thread, and what goes on meanwhile."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bucketry import (
    Deleted,
    DeleteOptions,
    LifecycleSettings,
    NoSuchBucket,
    Store,
    Throttled,
)
from bucketry.hookspecs import hookimpl
from bucketry.layers import Faults, ReadOnly
from bucketry.lifecycle import _runner
from bucketry.origin import LIFECYCLE, origin_of_call
from bucketry_memory import MemoryDriver, MemorySettings

from tests.memory.lifecycle_rules import (
    BUCKET,
    eventually,
    expiring,
    keys,
    noncurrent,
    set_rules,
    set_versions,
    versions,
)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store(MemoryDriver(MemorySettings())) as opened:
        opened.create_bucket(BUCKET)
        yield opened


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
