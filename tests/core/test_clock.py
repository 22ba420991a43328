"""The clock of a store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from math import inf
from time import time
from typing import Any

import pytest
from bucketry import InvalidArgument
from bucketry.clock import Clock

DAY = timedelta(days=1)


def test_it_shows_the_time_of_the_system() -> None:
    clock = Clock()
    before = datetime.now(UTC)
    assert before <= clock.now() <= datetime.now(UTC)
    assert clock.now().tzinfo is UTC
    assert (clock.ahead, clock.offset) == (0, timedelta(0))


def test_it_writes_the_header_date() -> None:
    turned = Clock()
    turned.set(datetime(2100, 1, 31, 12, 30, tzinfo=UTC))
    assert turned.http_date().startswith(b"Sun, 31 Jan 2100 12:30:0")
    turned.advance(minutes=1)
    assert turned.http_date().startswith(b"Sun, 31 Jan 2100 12:31:0")
    turned.reset()
    assert abs(parsedate_to_datetime(turned.http_date().decode()) - datetime.now(UTC)) < timedelta(minutes=1)


def test_it_is_advanced_and_goes_on() -> None:
    turned = Clock()
    before = turned.now()
    after = turned.advance(DAY, days=29, hours=23, minutes=59, seconds=60)
    assert 31 * DAY <= after - before < 31 * DAY + timedelta(minutes=1)
    assert abs(31 * DAY - turned.offset) < timedelta(minutes=1)
    assert round(turned.ahead, 6) == turned.offset.total_seconds()
    assert turned.now() >= after
    assert turned.advance() - after < timedelta(minutes=1)


def test_it_is_set() -> None:
    turned = Clock()
    moment = datetime(2100, 2, 28, 23, 59, 59, 999_500, UTC)
    assert timedelta(0) <= turned.set(moment) - moment < timedelta(minutes=1)
    assert turned.now() >= moment


@pytest.mark.parametrize(
    ("act", "field"),
    [
        (lambda turned: turned.advance(seconds=-1), "now"),
        (lambda turned: turned.advance(-DAY, days=0.5), "now"),
        (lambda turned: turned.advance(days=10**12), "now"),
        (lambda turned: turned.advance(days=float("nan")), "now"),
        (lambda turned: turned.advance(days=365 * 7500), "now"),
        (lambda turned: turned.advance(31), "by"),
        (lambda turned: turned.set(turned.now() - timedelta(seconds=1)), "now"),
        (lambda turned: turned.set(datetime(2100, 1, 1)), "now"),  # noqa: DTZ001
        (lambda turned: turned.set(datetime(9999, 1, 1, tzinfo=UTC)), "now"),
    ],
    ids=[
        "back", "back in all", "too large", "not a number", "too far", "not a timedelta", "set back", "without a zone",
        "set too far",
    ],
)  # fmt: skip
def test_a_turn_that_cannot_be_changes_nothing(act: Any, field: str) -> None:
    turned = Clock()
    with pytest.raises(InvalidArgument) as raised:
        act(turned)
    assert raised.value.field == field
    assert turned.offset == timedelta(0)
    assert len(turned.spans()) == 1


def test_a_reset_alone_sets_it_back() -> None:
    turned = Clock()
    turned.advance(days=90)
    turned.reset()
    assert turned.offset == timedelta(0)
    assert len(turned.spans()) == 1
    assert abs(turned.now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_changes_are_told_once_each() -> None:
    turned, told = Clock(), list[timedelta]()

    def note(changed: Clock) -> None:
        assert changed is turned
        told.append(changed.offset)

    turned.on_change(note)
    end = turned.on_change(note)
    turned.advance(days=1)
    turned.reset()
    end()
    end()
    turned.advance(days=1)
    assert [round(offset / DAY) for offset in told] == [1, 0]


def test_work_is_done_when_its_time_comes() -> None:
    turned = Clock()
    start = turned.now()
    called = list[datetime]()

    def work() -> datetime:
        called.append(turned.now())
        return start + len(called) * 10 * DAY

    end = turned.on_time(work)
    turned.advance(days=35)
    assert [round((moment - start) / DAY) for moment in called] == [0, 10, 20, 30, 35]
    end()
    turned.advance(days=35)
    assert len(called) == 5


def test_work_that_is_late_or_has_no_time_does_not_hold_the_clock() -> None:
    turned = Clock()
    start = turned.now()
    called = list[str]()

    def never() -> None:
        called.append("never")

    def late() -> datetime:
        called.append("late")
        return start

    turned.on_time(never)
    turned.on_time(late)
    turned.advance(days=5)
    assert called == ["never", "late"] * 2


def test_it_knows_how_far_ahead_it_was() -> None:
    turned = Clock()
    assert turned.spans() == ((-inf, 0),)
    start = time()
    turned.advance(days=1)
    between = time()
    turned.advance(days=2)
    _, first, second = turned.spans()
    assert start <= first.begin <= between <= second.begin <= time()
    assert [round(turned.ahead_at(moment) / 86400) for moment in (start, between, time())] == [0, 1, 3]
    assert second.ahead == turned.ahead
    turned.advance()
    assert len(turned.spans()) == 3


def test_what_it_remembers_of_turns_is_bounded() -> None:
    turned = Clock()
    turned.advance(days=1)
    early = time()
    for _ in range(1200):
        turned.advance(seconds=1)
    assert len(turned.spans()) < 1200
    # It is not known any more, so it must not seem later than it was.
    assert turned.ahead_at(early) == 0
    assert turned.ahead_at(time()) == turned.ahead


def test_many_threads_turn_it_by_all_of_it() -> None:
    turned = Clock()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: turned.advance(days=1), range(40)))
    assert abs(40 * DAY - turned.offset) < timedelta(minutes=1)
