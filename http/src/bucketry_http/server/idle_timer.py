"""The end of a connection on which no further request comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class IdleTimer:
    """Closes a connection that is idle for too long. It sets one timer, and not one for each request.

    Attributes:
        since: The loop's time since when the connection is idle; ``None``: it is not. It is set without a call, since
            each request does so twice.
    """

    __slots__ = ("_close", "_loop", "_seconds", "_timer", "since")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, close: Callable[[], None]) -> None:
        """Sets no timer yet.

        Args:
            loop: The event loop.
            seconds: How long a connection may be idle.
            close: Closes the connection.
        """
        self._loop = loop
        self._seconds = seconds
        self._close = close
        self._timer: asyncio.TimerHandle | None = None
        self.since: float | None = None

    def begin(self) -> None:
        """Begins to wait for the next request."""
        self.since = self._loop.time()
        if self._timer is None:
            self._timer = self._loop.call_later(self._seconds, self._look)

    def end(self) -> None:
        """Stops the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self.since is None:
            return
        left = self.since + self._seconds - self._loop.time()
        if left <= 0:
            self._close()
        else:
            self._timer = self._loop.call_later(left, self._look)
