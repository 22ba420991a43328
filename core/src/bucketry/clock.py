"""The clock of a store: the system's time, which tests can turn forward."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import inf
from threading import RLock
from time import time
from typing import Final, NamedTuple, final

from bucketry.errors import InvalidArgument
from bucketry.s3 import http_date_at

_MARGIN: Final = 1e-4
"""Seconds that the clock is turned further than asked for, so that no rounding leaves it before that time."""

LAST: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""The clock cannot be turned beyond it: a ``datetime`` ends with the year 9999, and times are added to this one."""

_MAX_TURNS: Final = 1000
"""Most turns that are remembered."""


class Span(NamedTuple):
    """A time in which the clock was not turned.

    Attributes:
        begin: When it began, in seconds since 1970 by the system's clock.
        ahead: Seconds that the clock was ahead of the system's.
    """

    begin: float
    ahead: float


_FIRST: Final = Span(-inf, 0.0)

Changed = Callable[["Clock"], None]
Work = Callable[[], "datetime | None"]


@final
class Clock:
    """A clock that goes as fast as the system's and can be turned forward. Threads may share it.

    A store's clock decides the times that a driver in this process stores, lifecycle, locks, the ``Date`` header, and
    whether a presigned URL has expired. A server's own clock (MinIO, Ceph RGW) cannot be turned.

    Attributes:
        ahead: Seconds that the clock is ahead of the system's.
    """

    __slots__ = ("__weakref__", "_changed", "_turning", "_turns", "_work", "_written", "ahead")

    def __init__(self) -> None:
        """Makes a clock that shows the system's time."""
        self.ahead = 0.0
        self._turning = RLock()
        self._turns: deque[Span] = deque(maxlen=_MAX_TURNS)
        self._changed: dict[Changed, None] = {}
        self._work: dict[Work, None] = {}
        self._written = (-1, b"")  # The header ``Date`` of a second.

    def __repr__(self) -> str:
        return f"<Clock {self.now().isoformat()}, {self.offset} ahead>"

    def now(self) -> datetime:
        """Returns the time in UTC."""
        return datetime.fromtimestamp(time() + self.ahead, UTC)

    def http_date(self) -> bytes:
        """Returns the time as a server writes it into the header ``Date`` (RFC 9110, 6.6.1)."""
        now = int(time() + self.ahead)
        # Read and written in one step, for threads.
        second, written = self._written
        if second != now:
            written = http_date_at(now).encode()
            self._written = now, written
        return written

    @property
    def offset(self) -> timedelta:
        """`ahead` as a ``timedelta``."""
        return timedelta(seconds=self.ahead)

    def spans(self) -> tuple[Span, ...]:
        """Returns how far ahead the clock was until now, oldest first.

        The first span begins before all times, and the clock was not ahead then. The last 1,000 turns are remembered;
        for times before them the clock is taken as not ahead, which makes nothing later than it was.
        """
        return (_FIRST, *self._turns)

    def ahead_at(self, second: float) -> float:
        """Returns how many seconds the clock was ahead at a time, before a turn at that very time.

        Args:
            second: The time, in seconds since 1970 by the system's clock.
        """
        return next(span.ahead for span in reversed(self.spans()) if span.begin < second)

    def advance(
        self,
        by: timedelta = timedelta(0),
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
    ) -> datetime:
        """Turns the clock forward, as if this time had passed.

        What is due in between happens at its own time, and is done when the call returns: lifecycle deletes what
        expires, and what follows from that. ``advance()`` alone does what is due now.

        Args:
            by: How far.
            days: More of it, in days; likewise the three below.
            hours: See above.
            minutes: See above.
            seconds: See above.

        Returns:
            The new time.

        Raises:
            InvalidArgument: ``by`` is not a ``timedelta``, or the clock would go back, or beyond the year 9000.
        """
        if not isinstance(by, timedelta):
            raise InvalidArgument("the clock is advanced by a timedelta, or as in advance(days=31)", field="by")
        with self._turning:
            try:
                by += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
                target = self.now() + by
            except (OverflowError, ValueError):  # The latter for what is not a number.
                raise _too_far() from None
            if by < timedelta(0):
                raise self._only_forward()
            self._turn(target)
        return self.now()

    def set(self, moment: datetime) -> datetime:
        """Turns the clock forward to a time; see `advance`.

        Args:
            moment: The time, with a time zone.

        Returns:
            The new time.

        Raises:
            InvalidArgument: The time has no zone, is over already, or is beyond the year 9000.
        """
        if moment.tzinfo is None:
            raise InvalidArgument("a time needs a time zone: datetime(…, tzinfo=UTC)", field="now")
        with self._turning:
            if moment < self.now():
                raise self._only_forward()
            self._turn(moment)
        return self.now()

    def reset(self) -> None:
        """Sets the clock back to the system's time.

        This is the only way back. Times that were stored meanwhile stay as they are, so they may lie in the future.
        """
        with self._turning:
            self.ahead = 0.0
            self._turns.clear()
            self._tell()

    def on_change(self, callback: Changed) -> Callable[[], None]:
        """Registers a function that is called after each turn and each reset, in the thread that turned the clock.

        Args:
            callback: It gets this clock. If it is registered twice, it is called once.

        Returns:
            A function that ends this.
        """
        self._changed[callback] = None
        return lambda: self._changed.pop(callback, None)

    def on_time(self, work: Work) -> Callable[[], None]:
        """Registers work that a turn does when its time comes.

        A turn calls it before the clock moves, at each time that it asks for, and at the new time.

        Args:
            work: It returns the time at which it wants to be called next; ``None``: at no certain time.

        Returns:
            A function that ends this.
        """
        self._work[work] = None
        return lambda: self._work.pop(work, None)

    def _turn(self, target: datetime) -> None:
        if target > LAST:
            raise _too_far()
        before = self.ahead
        due = self._run()
        while (now := self.now()) < target:
            self._move(target if due is None or not now < due < target else due)
            due = self._run()
        if self.ahead != before:
            self._turns.append(Span(time(), self.ahead))
        self._tell()

    def _only_forward(self) -> InvalidArgument:
        return InvalidArgument(
            f"the clock only goes forward, and it is {self.now().isoformat()}; reset it to go back", field="now"
        )

    def _run(self) -> datetime | None:
        """Lets all work be done that is due now, and returns when the next is due."""
        asked = [work() for work in tuple(self._work)]
        now = self.now()
        return min((due for due in asked if due is not None and due > now), default=None)

    def _move(self, target: datetime) -> None:
        self.ahead = max(self.ahead, target.timestamp() - time() + _MARGIN)

    def _tell(self) -> None:
        for callback in tuple(self._changed):
            callback(self)


def _too_far() -> InvalidArgument:
    return InvalidArgument(f"the clock can be turned up to the year {LAST.year}", field="now")
