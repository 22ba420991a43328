"""A bound on how long is waited, many times over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, TypeVar, cast

T = TypeVar("T")


class IdleWatch:
    """Ends a wait that lasts too long, and serves any number of waits, one after the other, with one timer.

    `asyncio.timeout` sets a timer for each, and over a large body that takes as long as to look for its boundary.
    """

    __slots__ = ("_begun", "_expired", "_seconds", "_task", "_timer")

    def __init__(self, seconds: float) -> None:
        """Waits for nothing yet.

        Args:
            seconds: How long one wait may last.
        """
        self._seconds = seconds
        self._begun = 0.0
        self._expired = False
        self._task: asyncio.Task[Any] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, receive: Callable[[], Awaitable[T]]) -> T:
        """Returns what ``receive`` returns.

        Raises:
            TimeoutError: It took too long, and was cancelled.
        """
        self._task = task = cast("asyncio.Task[Any]", asyncio.current_task())
        cancelled_before = task.cancelling()
        self._expired = False
        self._begun = monotonic()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._look)
        try:
            return await receive()
        except asyncio.CancelledError:
            if self._expired and task.uncancel() <= cancelled_before:
                raise TimeoutError from None
            raise
        finally:
            self._task = None

    def close(self) -> None:
        """Ends the timer, which would otherwise run out by itself."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._task is None:
            return
        left = self._begun + self._seconds - monotonic()
        if left > 0:
            self._timer = asyncio.get_running_loop().call_later(left, self._look)
        else:
            self._expired = True
            self._task.cancel()
