"""The layer that emits events."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from bucketry import (
    AccessDenied,
    CompletedPart,
    Deleted,
    DeleteOptions,
    IncompleteBody,
    InvalidDriver,
    ObjectToDelete,
    Store,
    VersionOptions,
)
from bucketry.acls import canned_acl
from bucketry.events import Event, EventLog
from bucketry.events.sequencers import Sequencers
from bucketry.layers import Events, Fault, Faults, ReadOnly
from bucketry.origin import LIFECYCLE, RESET, Origin, calls_from
from bucketry.owners import DEFAULT_OWNER

from tests.core.events.scripted import OWNER, ScriptedDriver
from tests.core.tiny import TinyDriver, TinySettings

WEB = Origin(principal="AKIA", address="192.0.2.7", request_id="ABC")


@pytest.fixture
def driver() -> ScriptedDriver:
    return ScriptedDriver()


@pytest.fixture
def log() -> EventLog:
    return EventLog()


@pytest.fixture
def store(driver: ScriptedDriver, log: EventLog) -> Iterator[Store]:
    with Store(driver, [Events(log)]) as opened:
        yield opened


def only(log: EventLog) -> Event:
    (event,) = log
    return event


def test_a_put_emits_what_was_stored(store: Store, log: EventLog) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    with calls_from(WEB):
        stored = store.put_object("photos", "a/b", b"1234")
    event = only(log)
    assert (event.name, event.bucket, event.key) == ("s3:ObjectCreated:Put", "photos", "a/b")
    assert (event.size_bytes, event.etag, event.version_id) == (4, stored.etag, None)
    assert before <= event.time <= datetime.now(UTC)
    assert event.origin == WEB
    assert (event.owner, event.region) == (OWNER.id, "eu-west-9")
    assert event.destinations is None


def test_an_upload_by_a_form_is_a_post(store: Store, log: EventLog) -> None:
    with calls_from(Origin(principal="AKIA", address="192.0.2.7", request_id="ABC", action="form")):
        store.put_object("photos", "a", b"1234")
    assert only(log).name == "s3:ObjectCreated:Post"


def test_a_copy_and_a_completed_upload_emit_their_results(store: Store, log: EventLog) -> None:
    store.copy_object("photos", "a", "photos", "b")
    store.complete_multipart_upload("photos", "c", "upload", [CompletedPart(1, "abc")])
    assert [(event.name, event.key, event.version_id, event.etag) for event in log] == [
        ("s3:ObjectCreated:Copy", "b", "v2", "abc"),
        ("s3:ObjectCreated:CompleteMultipartUpload", "c", None, "abc"),
    ]


@pytest.mark.parametrize(
    ("asked", "deleted", "name", "version_id"),
    [
        (None, Deleted(), "Delete", None),
        (None, Deleted(version_id="m1", delete_marker=True), "DeleteMarkerCreated", "m1"),
        ("v1", Deleted(version_id="v1"), "Delete", "v1"),
        ("m1", Deleted(version_id="m1", delete_marker=True), "Delete", "m1"),
    ],
)
def test_a_delete_says_whether_a_marker_was_made(
    store: Store,
    driver: ScriptedDriver,
    log: EventLog,
    asked: str | None,
    deleted: Deleted,
    name: str,
    version_id: str | None,
) -> None:
    driver.deleted = deleted
    store.delete_object("photos", "a", DeleteOptions(version_id=asked))
    with calls_from(LIFECYCLE):
        store.delete_object("photos", "a", DeleteOptions(version_id=asked))
    assert [(event.name, event.version_id) for event in log] == [
        (f"s3:ObjectRemoved:{name}", version_id),
        (f"s3:LifecycleExpiration:{name}", version_id),
    ]
    assert [event.size_bytes for event in log] == [None, None]
    assert log[1].origin.principal == log[1].origin.address == "s3.amazonaws.com"
    assert log[1].origin.request_id


def test_a_batch_emits_an_event_for_each_key_that_was_deleted(store: Store, log: EventLog) -> None:
    store.delete_objects("photos", ["a", "denied", "versioned", ObjectToDelete("b", "v1")])
    assert [(event.name, event.key, event.version_id) for event in log] == [
        ("s3:ObjectRemoved:Delete", "a", None),
        ("s3:ObjectRemoved:DeleteMarkerCreated", "versioned", "marker-of-versioned"),
        ("s3:ObjectRemoved:Delete", "b", None),
    ]


def test_tags_and_acls_emit_events_of_their_version(store: Store, log: EventLog) -> None:
    store.put_object_tagging("photos", "a", {"x": "y"}, VersionOptions(version_id="v1"))
    store.delete_object_tagging("photos", "a")
    store.put_object_acl("photos", "a", canned_acl("private", OWNER, OWNER))
    assert [(event.name, event.version_id) for event in log] == [
        ("s3:ObjectTagging:Put", "v1"),
        ("s3:ObjectTagging:Delete", None),
        ("s3:ObjectAcl:Put", None),
    ]


def test_what_fails_emits_nothing(store: Store, log: EventLog) -> None:
    def broken() -> Iterator[bytes]:
        yield b"some"
        raise OSError("the client is gone")

    with pytest.raises(AccessDenied):
        store.delete_object("photos", "denied")
    with pytest.raises(IncompleteBody):
        store.put_object("photos", "a", broken())
    assert not log


def test_what_a_layer_refuses_emits_nothing(driver: ScriptedDriver, log: EventLog) -> None:
    outer = Store(driver, [Events(log), ReadOnly()])
    with pytest.raises(AccessDenied):
        outer.put_object("photos", "a", b"")
    torn = Store(driver, [Faults(Fault(operation="put_object", torn=True)), Events(log)])
    with pytest.raises(Exception, match="asked for"):
        torn.put_object("photos", "a", b"1234")
    assert not log


def test_a_reset_emits_nothing(store: Store, log: EventLog) -> None:
    with calls_from(RESET):
        store.put_object("photos", "a", b"")
    assert not log


def test_a_call_in_a_program_has_an_origin_too(store: Store, log: EventLog) -> None:
    store.put_object("photos", "a", b"")
    store.put_object("photos", "a", b"")
    first, second = (event.origin for event in log)
    assert first.principal == DEFAULT_OWNER.id
    assert first.address == "127.0.0.1"
    assert first.request_id != second.request_id


def test_sequencers_say_the_order_of_calls(store: Store, log: EventLog) -> None:
    for _ in range(200):
        store.put_object("photos", "a", b"")
        store.delete_object("photos", "a")
    sequencers = [event.sequencer for event in log]
    assert sequencers == sorted(set(sequencers))
    assert len({len(each) for each in sequencers}) == 1
    assert all(int(each, 16) >= 0 for each in sequencers)


class TestSequencers:
    start = datetime(2026, 1, 2, tzinfo=UTC)

    def at(self, microseconds: int) -> datetime:
        return self.start + timedelta(microseconds=microseconds)

    def test_writers_that_race_have_the_order_of_the_backend(self) -> None:
        sequencers = Sequencers()
        later = sequencers.next(self.at(0), self.at(100), self.at(60))
        earlier = sequencers.next(self.at(0), self.at(110), self.at(50))
        assert earlier < later

    def test_a_coarse_time_of_the_backend_does_not_count(self) -> None:
        sequencers = Sequencers()
        first = sequencers.next(self.at(2_500_000), self.at(2_600_000), self.at(2_000_000))
        deleted = sequencers.next(self.at(2_700_000), self.at(2_800_000), None)
        second = sequencers.next(self.at(2_850_000), self.at(2_900_000), self.at(2_000_000))
        assert first < deleted < second

    def test_a_clock_that_is_set_back_does_not_turn_the_order(self) -> None:
        sequencers = Sequencers()
        first = sequencers.next(self.at(1000), self.at(1000), None)
        second = sequencers.next(self.at(0), self.at(0), self.at(0))
        assert first < second


def test_facts_of_a_bucket_are_not_read_for_each_event(store: Store, driver: ScriptedDriver, log: EventLog) -> None:
    for _ in range(10):
        store.put_object("photos", "a", b"")
    assert driver.heads == 1


def test_a_bucket_that_is_made_again_has_new_facts(store: Store, driver: ScriptedDriver, log: EventLog) -> None:
    store.put_object("photos", "a", b"")
    driver.owner = None
    store.create_bucket("photos")
    store.put_object("photos", "a", b"")
    assert [event.owner for event in log] == [OWNER.id, DEFAULT_OWNER.id]


def test_a_driver_without_facts_of_buckets_still_has_events(log: EventLog, caplog: pytest.LogCaptureFixture) -> None:
    with Store(TinyDriver(TinySettings()), [Events(log)]) as store:
        store.put_object("photos", "a", b"")
    assert (only(log).owner, only(log).region) == (DEFAULT_OWNER.id, "")
    assert "lacks facts" in caplog.text


def test_a_sink_that_fails_harms_nobody(
    driver: ScriptedDriver, log: EventLog, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def accept(self, event: Event) -> None:
            raise RuntimeError("full")

    with Store(driver, [Events(Broken(), log)]) as store:
        store.put_object("photos", "a", b"")
    assert only(log).key == "a"
    assert "Broken failed to take an event" in caplog.text


def test_a_store_closes_the_sinks(driver: ScriptedDriver) -> None:
    closed = []

    class Closing:
        def accept(self, event: Event) -> None:
            raise AssertionError

        def close(self) -> None:
            closed.append(self)

    with Store(driver, [Events(Closing())]):
        pass
    assert len(closed) == 1


def test_sinks_are_closed_at_the_same_time(driver: ScriptedDriver, caplog: pytest.LogCaptureFixture) -> None:
    both = threading.Barrier(2, timeout=30)

    class Waiting:
        def accept(self, event: Event) -> None:
            raise AssertionError

        def close(self) -> None:
            both.wait()
            raise RuntimeError("still full")

    with Store(driver, [Events(Waiting(), Waiting())]):
        pass
    assert not both.broken
    assert caplog.text.count("Waiting failed to close") == 2


def test_a_layer_belongs_to_one_driver(driver: ScriptedDriver, log: EventLog) -> None:
    layer = Events(log)
    Store(driver, [layer])
    Store(driver, [layer])
    with pytest.raises(InvalidDriver, match="one driver"):
        Store(ScriptedDriver(), [layer])


def test_a_store_says_whether_a_layer_reads_origins(driver: ScriptedDriver, log: EventLog) -> None:
    assert Store(driver, [Events(log)]).reads_origin
    assert not Store(driver, [ReadOnly()]).reads_origin
    assert not Store(driver).reads_origin


def test_threads_lose_no_event(store: Store, log: EventLog) -> None:
    def write(name: int) -> None:
        for number in range(50):
            store.put_object("photos", f"{name}/{number}", b"")

    threads = [threading.Thread(target=write, args=[name]) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({event.key for event in log}) == len({event.sequencer for event in log}) == 300
    # The list has the order of the sequencers, except where writers raced.
    for name in range(6):
        mine = [event for event in log if event.key.startswith(f"{name}/")]
        assert [event.key for event in mine] == [f"{name}/{number}" for number in range(50)]
        assert [event.sequencer for event in mine] == sorted(event.sequencer for event in mine)
