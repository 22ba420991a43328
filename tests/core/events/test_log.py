"""The list of events that a test looks at."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from bucketry.events import Event, EventLog
from bucketry.origin import Origin

ORIGIN = Origin(principal="somebody", address="127.0.0.1", request_id="1")


def event(key: str, name: str = "s3:ObjectCreated:Put", bucket: str = "assets") -> Event:
    return Event(
        name=name, bucket=bucket, key=key, time=datetime(2026, 1, 2, tzinfo=UTC), origin=ORIGIN, region="r", owner="o"
    )


def filled(*keys: str, most: int = 100) -> EventLog:
    log = EventLog(most)
    for key in keys:
        log.accept(event(key))
    return log


def keys_of(log: EventLog) -> list[str]:
    return [event.key for event in log]


def test_a_log_is_a_sequence_in_the_order_of_what_happened() -> None:
    log = filled("a", "b", "c")
    assert keys_of(log) == ["a", "b", "c"]
    assert len(log) == 3
    assert log[0].key == "a"
    assert log[-1].key == "c"
    assert [each.key for each in log[1:]] == ["b", "c"]
    assert event("b") in log
    assert not EventLog()


def test_a_full_log_forgets_the_oldest_events() -> None:
    log = filled("a", "b", "c", most=2)
    assert keys_of(log) == ["b", "c"]
    assert log.page().lost == 1


def test_select_finds_by_name_key_and_bucket() -> None:
    log = filled("a")
    log.accept(event("a", "s3:ObjectRemoved:Delete"))
    log.accept(event("a", bucket="other"))
    assert [each.name for each in log.select(key="a", bucket="assets")] == [
        "s3:ObjectCreated:Put",
        "s3:ObjectRemoved:Delete",
    ]
    assert len(log.select("s3:ObjectRemoved:*")) == 1
    assert len(log.select("ObjectCreated:Put")) == 2
    assert log.select("s3:ObjectCreated") == []


def test_wait_for_returns_what_is_there() -> None:
    log = filled("a", "b")
    assert log.wait_for("s3:ObjectCreated:*", "b", timeout=0).key == "b"


def test_wait_for_waits_for_what_comes() -> None:
    log = filled("a")
    timer = threading.Timer(0.05, log.accept, [event("late")])
    timer.start()
    assert log.wait_for(key="late", timeout=30).key == "late"
    timer.join()


def test_wait_for_says_what_came_instead() -> None:
    log = filled("a")
    with pytest.raises(TimeoutError, match=r"no event s3:ObjectRemoved:\* of 'a' .* s3:ObjectCreated:Put of 'a'"):
        log.wait_for("s3:ObjectRemoved:*", "a", timeout=0.01)


def test_pages_follow_each_other() -> None:
    log = filled("a", "b", "c", "d", "e")
    first = log.page(0, 2)
    second = log.page(first.last, 2)
    third = log.page(second.last, 2)
    assert [[each.key for each in page.events] for page in (first, second, third)] == [["a", "b"], ["c", "d"], ["e"]]
    assert third.last == log.last == 5
    assert log.page(third.last).events == ()


def test_numbers_go_on_after_a_clear() -> None:
    log = filled("a", "b")
    log.clear()
    assert not log
    log.accept(event("c"))
    page = log.page(1)
    assert [each.key for each in page.events] == ["c"]
    assert (page.last, page.lost) == (3, 1)


def test_a_number_that_never_was_gives_nothing() -> None:
    assert filled("a").page(1000).events == ()
    assert filled("a").page(1000).last == 1000


def test_threads_lose_no_event() -> None:
    log = EventLog()

    def fill(n: int) -> None:
        for i in range(200):
            log.accept(event(f"{n}/{i}"))

    threads = [threading.Thread(target=fill, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys_of(log))) == 1600
    for n in range(8):
        assert [each.key for each in log if each.key.startswith(f"{n}/")] == [f"{n}/{i}" for i in range(200)]
