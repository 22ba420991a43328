"""The driver takes the time from the store's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from bucketry import CompletedPart, Store, open_store
from bucketry.clock import Clock
from bucketry.presigning import DEFAULT_EXPIRES_IN
from bucketry_memory import objects

from tests.memory.opened import BUCKET, make_driver, make_store


def test_time_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([1000.0, 1000.0015, 1000.0019, 1000.0021, 500.0, 1000.0022, 2000.5])
    monkeypatch.setattr(objects, "time", lambda: next(times))
    clock = objects.StoredTimes(Clock())

    seen = [clock.now() for _ in range(6)]

    base = datetime.fromtimestamp(1000, UTC)
    milliseconds = [(moment - base) / timedelta(milliseconds=1) for moment in seen]
    assert milliseconds == [1, 1, 2, 2, 2, 1_000_500]
    # One object for all that is written in a millisecond.
    assert seen[0] is seen[1]


def test_an_object_has_the_time_of_its_write_in_utc() -> None:
    store, _ = make_store()
    before = datetime.now(UTC)

    info = store.put_object(BUCKET, "key", b"")

    assert info.last_modified.tzinfo is UTC
    assert before - timedelta(milliseconds=1) < info.last_modified <= datetime.now(UTC)
    assert info == store.head_object(BUCKET, "key") == store.list_objects(BUCKET).objects[0]


def test_a_turned_clock_decides_every_time() -> None:
    driver, clock = make_driver(), Clock()
    store = Store(driver, clock=clock)
    assert store.clock is driver.clock is clock
    turned = datetime(2100, 1, 1, tzinfo=UTC)
    clock.set(turned)

    upload = store.create_multipart_upload(BUCKET, "parts")
    part = store.upload_part(BUCKET, "parts", upload.upload_id, 1, b"x")
    made = store.complete_multipart_upload(
        BUCKET, "parts", upload.upload_id, [CompletedPart(1, part.etag, part.checksum)]
    )
    times = [
        store.create_bucket("another").created_at,
        store.put_object(BUCKET, "key", b"").last_modified,
        store.copy_object(BUCKET, "key", BUCKET, "copy").last_modified,
        upload.initiated_at,
        part.last_modified,
        made.last_modified,
        store.bucket_usage(BUCKET).as_of,
        store.usage_report().as_of,
        store.presign(BUCKET, "key").expires_at - timedelta(seconds=DEFAULT_EXPIRES_IN),
    ]

    assert all(timedelta(0) <= time - turned < timedelta(minutes=1) for time in times)


def test_after_a_reset_an_object_may_be_from_the_future() -> None:
    store, _ = make_store()
    store.clock.advance(days=90)
    future = store.put_object(BUCKET, "key", b"").last_modified
    store.clock.reset()
    assert store.head_object(BUCKET, "key").last_modified == future > store.put_object(BUCKET, "b", b"").last_modified


def test_a_store_is_opened_with_a_clock() -> None:
    clock = Clock()
    with open_store("memory://", clock=clock, environ={}) as store:
        assert store.clock is clock
        clock.advance(days=90)
        assert store.create_bucket(BUCKET).created_at > datetime.now(UTC) + timedelta(days=89)


def test_two_stores_over_one_driver_share_its_clock() -> None:
    first, driver = make_store()
    assert Store(driver).clock is first.clock
