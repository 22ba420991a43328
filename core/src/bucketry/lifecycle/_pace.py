"""Rests between small steps of work, so that other threads are not held up."""

from __future__ import annotations

from time import perf_counter, sleep
from typing import Final, final

_WORK_SECONDS: Final = 0.001
"""How long work goes on before it rests."""

_REST_SECONDS: Final = 0.0001
"""How long it rests. Threads that wait for the interpreter get it then, and keep it as long as they need it."""


@final
class Pace:
    """Rests after each millisecond of work. For one thread."""

    def __init__(self) -> None:
        """Begins to work."""
        self._until = perf_counter() + _WORK_SECONDS

    def step(self) -> None:
        """Rests if it is time for that. Call it after each step."""
        if perf_counter() >= self._until:
            sleep(_REST_SECONDS)
            self._until = perf_counter() + _WORK_SECONDS


class Interrupted(Exception):
    """The run was to end early."""
