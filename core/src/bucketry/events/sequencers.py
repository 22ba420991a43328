"""Sequencers: texts that say in which order the events of a key happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_TIE_BREAKERS: Final = 0x100000


class Sequencers:
    """Makes sequencers. Call it under a lock.

    A sequencer begins with a time. For a write it is the time that the backend gave the object, if that lies within the
    call: two writers that race on one key then have the backend's order. Otherwise it is the end of the call, so calls
    that follow each other always have their order. What happens at the same time is told apart by a number that counts
    up.
    """

    def __init__(self) -> None:
        self._number = 0
        self._latest = _EPOCH

    def next(self, begun: datetime, ended: datetime, modified: datetime | None) -> str:
        """Returns the sequencer of an event.

        Args:
            begun: When the call began.
            ended: When it ended.
            modified: The time that the backend gave to the object.
        """
        self._number += 1
        moment = modified if modified is not None and begun <= modified <= ended else ended
        # A clock that is set back must not put an event before those that it follows.
        if ended < self._latest:
            moment = self._latest
        else:
            self._latest = ended
        return f"{(moment - _EPOCH) // _MICROSECOND:014X}{self._number % _TIE_BREAKERS:05X}"
