"""What a client still sends of a body after it has its response: it is read and dropped, within limits.

A connection that is closed while something of it is unread is reset (RFC 9112, 9.6; RFC 1122, 4.2.2.13). Many clients
send all of a body before they read, and would lose the response.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from bucketry_http.shared.connection import DRAIN_SECONDS, MAX_DRAINED_BYTES


class Draining:
    """The limits of one connection on what is dropped."""

    __slots__ = ("_bytes", "_came", "_close", "_ends", "_loop", "_still", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, close: Callable[[], None]) -> None:
        """Drops nothing yet.

        Args:
            loop: The event loop.
            close: Closes the connection.
        """
        self._loop = loop
        self._close = close
        self._timer: asyncio.TimerHandle | None = None
        self._bytes = 0
        self._came = self._ends = 0.0
        self._still = math.inf

    @property
    def is_on(self) -> bool:
        """Whether something is dropped now."""
        return self._timer is not None

    def begin(self, still_seconds: float = math.inf) -> None:
        """Begins to count, and closes the connection after `DRAIN_SECONDS`.

        Args:
            still_seconds: How long the client may send nothing.
        """
        self.end()
        self._bytes, self._still = 0, still_seconds
        self._came = self._loop.time()
        self._ends = self._came + DRAIN_SECONDS
        self._timer = self._loop.call_at(self._closes_at(), self._look)

    def count(self, size: int) -> None:
        """Counts what came; after `MAX_DRAINED_BYTES` the connection is closed."""
        self._bytes += size
        self._came = self._loop.time()
        if self._bytes > MAX_DRAINED_BYTES:
            self._close()

    def end(self) -> None:
        """Stops the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _closes_at(self) -> float:
        return min(self._ends, self._came + self._still)

    def _look(self) -> None:
        at = self._closes_at()
        if self._loop.time() < at:
            self._timer = self._loop.call_at(at, self._look)
        else:
            self._timer = None
            self._close()
