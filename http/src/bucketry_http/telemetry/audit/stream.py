"""The sink that writes the audit stream, and what it does when its target is down or too slow."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from time import monotonic, sleep
from typing import Final, Literal, Protocol

import msgspec
from bucketry_access import Change

from bucketry_http.shared.record import RequestRecord
from bucketry_http.telemetry.audit.entries import AuditEntry, audited, of_changes
from bucketry_http.telemetry.audit.targets import Target, TargetDown
from bucketry_http.telemetry.shown import json_of_lines

WhenFull = Literal["block", "drop"]

QUEUE_SIZE: Final = 10_000
"""Most entries that wait."""

WAIT_SECONDS: Final = 10.0
"""How long a request waits for room, before it is refused."""

DRAIN_SECONDS: Final = 5.0
"""How long the end of the server waits for entries that are not written yet."""

HURRY_SECONDS: Final = 1.0
"""The same if the process ends at once."""

_BATCH: Final = 500
"""Most entries that are written at once."""

_POLL_SECONDS: Final = 0.05
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0

_ENCODE: Final = msgspec.json.Encoder().encode

logger = logging.getLogger("bucketry_http")


class AuditMeter(Protocol):
    """Counts entries."""

    def written(self, count: int) -> None:
        """Learns that entries were written."""

    def dropped(self, count: int) -> None:
        """Learns that entries were lost."""

    def waiting(self, count: int) -> None:
        """Learns how many entries wait."""


class Audit:
    """Writes an entry for each request that changed something or was refused, in a thread of its own.

    Entries wait in a queue while the target is down, and are written in their order. If the queue is full, ``drop``
    loses further entries and counts them. ``block`` loses none: each request takes a place in the queue before it is
    served, waits for one, and is refused (503) if none gets free. So nothing happens that is not audited, as long as
    the process lives.
    """

    def __init__(
        self,
        target: Target,
        when_full: WhenFull,
        *,
        queue_size: int = QUEUE_SIZE,
        wait_seconds: float = WAIT_SECONDS,
        meter: AuditMeter | None = None,
    ) -> None:
        """Starts to write.

        Args:
            target: Where entries go.
            when_full: What happens if the queue is full.
            queue_size: Most entries that wait.
            wait_seconds: How long a request waits for room.
            meter: Counts entries.
        """
        self._target = target
        self._blocks = when_full == "block"
        self._queue_size = queue_size
        self._wait_seconds = wait_seconds
        self._meter = meter
        self._queue: deque[bytes] = deque()
        self._writing = 0
        self._places: set[int] = set()
        self._news = threading.Event()
        self._ending = threading.Event()
        self._deadline = float("inf")
        self._dropped = 0
        self._is_down = False
        self._thread = threading.Thread(target=self._run, name="bucketry-audit", daemon=True)
        self._thread.start()

    async def enter(self, record: RequestRecord) -> bool:
        """Takes a place in the queue for a request. Returns whether there was one in time."""
        if not self._blocks:
            return True
        deadline = monotonic() + self._wait_seconds
        while len(self._places) + self._waiting >= self._queue_size:
            if monotonic() >= deadline:
                return False
            await asyncio.sleep(_POLL_SECONDS)
        self._places.add(id(record))
        return True

    def end(self, records: Sequence[RequestRecord]) -> None:
        """Writes an entry for each request that is to be audited."""
        for record in records:
            self._end(record)

    def _end(self, record: RequestRecord) -> None:
        has_place = id(record) in self._places
        self._places.discard(id(record))
        entry = audited(record)
        if entry is None or (self._blocks and not has_place):
            return  # A request without a place was not served.
        self._add(entry, has_place=has_place)

    def changed(self, found: Sequence[Change]) -> None:
        """Writes an entry for each change of users and groups. Safe to call from any thread.

        They have happened already, so they cannot be held up: if the queue is full, their entries are lost and counted.
        """
        for entry in of_changes(found, datetime.now(UTC)):
            self._add(entry, has_place=False)

    def _add(self, entry: AuditEntry, *, has_place: bool) -> None:
        if not has_place and self._waiting >= self._queue_size:
            self._drop(1, "the queue is full")
            return
        self._queue.append(json_of_lines(_ENCODE(entry)) + b"\n")
        self._tell_waiting()
        self._news.set()

    def close(self, drain_seconds: float = DRAIN_SECONDS) -> None:
        """Writes what waits, within a time; what is left then is lost and counted."""
        self._deadline = monotonic() + drain_seconds
        self._ending.set()
        self._news.set()
        self._thread.join(drain_seconds + 1.0)
        if left := self._waiting:
            self._drop(left, "the server ends")
        if not self._thread.is_alive():
            self._target.close()

    def hurry(self) -> None:
        """Writes what waits, since the process ends at once. Closing again does nothing."""
        if not self._ending.is_set():
            self.close(HURRY_SECONDS)

    @property
    def _waiting(self) -> int:
        return len(self._queue) + self._writing

    def _run(self) -> None:
        while True:
            self._news.clear()
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(len(self._queue), _BATCH))]
                self._writing = len(batch)
                if not self._write(batch):
                    return
                self._writing = 0
                self._tell_waiting()
            if self._ending.is_set():
                return
            self._news.wait()

    def _write(self, batch: list[bytes]) -> bool:
        """Writes entries, again and again. Returns whether they were written before the server ends."""
        pause = _FIRST_PAUSE
        while True:
            try:
                self._target.write(batch)
            except TargetDown as error:
                self._say_down(str(error))
            else:
                self._say_up()
                if self._meter is not None:
                    self._meter.written(len(batch))
                return True
            if monotonic() >= self._deadline:
                return False
            if self._ending.wait(pause):
                sleep(_POLL_SECONDS)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _drop(self, count: int, why: str) -> None:
        first = self._dropped == 0
        self._dropped += count
        if self._meter is not None:
            self._meter.dropped(count)
        if first:
            # Once until the target takes entries again: it must not fill the log.
            logger.error("the audit stream loses entries: %s", why)

    def _say_down(self, why: str) -> None:
        if not self._is_down:
            logger.error("the audit stream cannot be written to %s: %s", self._target.name, why)
        self._is_down = True

    def _say_up(self) -> None:
        if self._is_down:
            logger.warning("the audit stream is written to %s again", self._target.name)
        if self._dropped and not self._ending.is_set():
            logger.error("the audit stream has lost %d entries", self._dropped)
            self._dropped = 0
        self._is_down = False

    def _tell_waiting(self) -> None:
        if self._meter is not None:
            self._meter.waiting(self._waiting)
