"""Letting other tasks of the event loop have their turn within a long computation."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Final

TURN_SECONDS: Final = 0.005
"""For how long a task computes before others have their turn."""


class Turns:
    """Counts the time since others had their turn, for one task."""

    __slots__ = ("_until",)

    def __init__(self) -> None:
        """Begins a turn."""
        self._until = monotonic() + TURN_SECONDS

    @property
    def is_over(self) -> bool:
        """Whether others are to have their turn."""
        return monotonic() > self._until

    async def next(self) -> None:
        """Lets others have their turn."""
        await asyncio.sleep(0)
        self._until = monotonic() + TURN_SECONDS
