"""The times that are stored."""

from __future__ import annotations

from datetime import datetime
from typing import Final, final

from bucketry.clock import Clock

_TICK: Final = 1000
"""Stored times have whole milliseconds, as S3's listings show them; in microseconds."""


@final
class StoredTimes:
    """The driver's clock in UTC and whole milliseconds. It never goes back, even if the machine's clock is set back.

    Only a reset of the driver's clock sets it back. `now` is called in transactions that write, one at a time.

    Attributes:
        clock: The driver's clock. The store may give it another one.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._last: datetime | None = None
        self._ahead = 0.0

    def now(self) -> datetime:
        """Returns the time, which is at or after every time that it returned before, unless the clock was reset."""
        ahead, now = self.clock.ahead, self.clock.now()
        now = now.replace(microsecond=now.microsecond // _TICK * _TICK)
        if self._last is None or now > self._last or ahead < self._ahead:
            self._last, self._ahead = now, ahead
        return self._last
