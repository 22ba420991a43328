"""Writes lines in batches: one for all requests that end in the same turn of the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

MOST_BYTES: Final = 4096
"""Most bytes of a batch of several lines. So much a pipe takes at once, so that processes which share it do not write
into each other's lines (PIPE_BUF, pipe(7))."""


class Lines:
    """Takes whole lines, and writes them before the event loop waits for the next request."""

    def __init__(self, write: Callable[[str], object]) -> None:
        """Writes nothing yet.

        Args:
            write: Takes one or more lines. If it fails, they are lost.
        """
        self._write = write
        self._waiting: list[str] = []

    def add(self, line: str) -> None:
        """Takes a line. Without an event loop it is written at once."""
        self._waiting.append(line)
        if len(self._waiting) > 1:
            return  # The first one has seen to it.
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
        else:
            loop.call_soon(self.flush)

    def flush(self) -> None:
        """Writes what waits."""
        lines, self._waiting = self._waiting, []
        batch, size = "", 0
        for line in lines:
            added = len(line) if line.isascii() else 4 * len(line)
            if batch and size + added > MOST_BYTES:
                self._try(batch)
                batch, size = "", 0
            batch, size = batch + line, size + added
        if batch:
            self._try(batch)

    def _try(self, batch: str) -> None:
        # Nobody reads the log any more, or its disk is full: requests are served all the same.
        with suppress(OSError, ValueError):
            self._write(batch)
