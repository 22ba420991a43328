"""When something was written."""

from __future__ import annotations

from datetime import UTC, datetime
from time import time
from typing import Final, final

_PER_SECOND: Final = 1000
"""Milliseconds, the resolution of S3's times in listings."""


@final
class Clock:
    """The time in UTC and whole milliseconds. It never goes back, also where the machine's clock is set back.

    Whatever is written in the same millisecond shares one object. Call it under the store's lock.
    """

    __slots__ = ("_moment", "_next")

    def __init__(self) -> None:
        self._advance(time())

    def now(self) -> datetime:
        """Returns the time: at or after every time that it returned before."""
        seconds = time()
        if seconds >= self._next:
            self._advance(seconds)
        return self._moment

    def _advance(self, seconds: float) -> None:
        tick = int(seconds * _PER_SECOND)
        self._moment = datetime.fromtimestamp(tick / _PER_SECOND, UTC)
        self._next = (tick + 1) / _PER_SECOND
