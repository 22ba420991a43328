"""A list of events, for tests."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from time import monotonic
from typing import Final, overload

import msgspec
from typing_extensions import override

from bucketry.events.records import Event
from bucketry.events.selection import matches_name

MAX_EVENTS: Final = 100_000
"""Most events that a log keeps. The oldest ones make room."""

_SHOWN: Final = 20
"""How many events the message of a timeout names."""


class LogPage(msgspec.Struct, frozen=True):
    """Part of a log.

    Attributes:
        events: The events, in their order.
        last: Number of the last of them: the argument ``after`` for the next page.
        lost: How many events between ``after`` and the first of them made room for others, or were cleared.
    """

    events: tuple[Event, ...]
    last: int
    lost: int


class EventLog(Sequence[Event]):
    """Keeps events in the order in which they happened: the last 100,000. Threads can share it.

    It is a sequence of `Event`. Each event has a number, counted from 1 since the log was made; `clear` does not begin
    anew.
    """

    def __init__(self, most: int = MAX_EVENTS) -> None:
        """Makes an empty log.

        Args:
            most: Most events that it keeps.
        """
        self._events: deque[Event] = deque(maxlen=most)
        self._last = 0
        self._changed = threading.Condition()

    def accept(self, event: Event) -> None:
        """Adds an event."""
        with self._changed:
            self._events.append(event)
            self._last += 1
            self._changed.notify_all()

    def clear(self) -> None:
        """Forgets all events."""
        with self._changed:
            self._events.clear()

    def select(self, name: str = "*", key: str | None = None, *, bucket: str | None = None) -> list[Event]:
        """Returns some of the events, in their order.

        Args:
            name: Name of the events, such as ``s3:ObjectCreated:Put`` or ``s3:ObjectCreated:*``. ``s3:`` may be left
                out.
            key: Their key; ``None``: any.
            bucket: Their bucket; ``None``: any.
        """
        return [event for event in self if _fits(event, name, key, bucket)]

    def wait_for(
        self, name: str = "*", key: str | None = None, timeout: float = 5.0, *, bucket: str | None = None
    ) -> Event:
        """Returns the first event of a name and key. It waits if there is none yet.

        Args:
            name: As in `select`; likewise ``key`` and ``bucket``.
            key: See above.
            timeout: Seconds to wait.
            bucket: See above.

        Raises:
            TimeoutError: No such event came in time. The message names the events that came.
        """
        deadline = monotonic() + timeout
        seen = 0
        with self._changed:
            while True:
                for event in self._after(seen):
                    if _fits(event, name, key, bucket):
                        return event
                seen = self._last
                if not self._changed.wait(deadline - monotonic()):
                    break
        raise TimeoutError(self._missing(name, key, timeout))

    def _missing(self, name: str, key: str | None, timeout: float) -> str:
        wanted = name if key is None else f"{name} of {key!r}"
        came = list(self)
        shown = ", ".join(f"{event.name} of {event.key!r}" for event in came[-_SHOWN:]) or "none"
        before = "the last ones: " if len(came) > _SHOWN else ""
        return f"no event {wanted} came within {timeout:g} seconds; events that came: {before}{shown}"

    def page(self, after: int = 0, limit: int = 1000) -> LogPage:
        """Returns the events that follow the one with a number.

        Args:
            after: That number; 0: from the beginning.
            limit: Most events to return.
        """
        with self._changed:
            events = tuple(islice(self._after(after), limit))
            first = max(after, self._last - len(self._events))
        return LogPage(events, first + len(events), max(first - after, 0))

    @property
    def last(self) -> int:
        """Number of the last event."""
        return self._last

    def _after(self, number: int) -> Iterator[Event]:
        """Yields the events after a number. Call it under the lock."""
        missing = max(number - (self._last - len(self._events)), 0)
        if missing * 2 < len(self._events):
            return islice(self._events, missing, None)
        # A deque is fast at both of its ends.
        newest = list(islice(reversed(self._events), max(len(self._events) - missing, 0)))
        return reversed(newest)

    @override
    def __len__(self) -> int:
        return len(self._events)

    @override
    def __iter__(self) -> Iterator[Event]:
        with self._changed:
            return iter(tuple(self._events))

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    @override
    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        with self._changed:
            return list(self._events)[index] if isinstance(index, slice) else self._events[index]

    def __repr__(self) -> str:
        return f"<EventLog of {len(self)} events>"


def _fits(event: Event, name: str, key: str | None, bucket: str | None) -> bool:
    return (
        (key is None or event.key == key)
        and (bucket is None or event.bucket == bucket)
        and matches_name(name, event.name)
    )
