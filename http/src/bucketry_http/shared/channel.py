"""The way of a body from the event loop to a worker thread.

Waking a thread costs more than copying the 64 KiB that a server reads at once, so the thread is woken for a batch,
takes all there is, and the loop is woken only when it had to wait for room.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Final

from bucketry import IncompleteBody

from bucketry_http.shared.receiving import Pieces

BATCH_BYTES: Final = 1024 * 1024
SMALL_BYTES: Final = 4096
"""Pieces that are smaller than this on average are joined for the driver."""

_LEAST_COST: Final = 64
"""What an object in memory takes besides its bytes, about: a million pieces of one byte are not one megabyte."""


def memory_of(piece: bytes) -> int:
    """Returns about how many bytes of memory a piece takes."""
    return max(len(piece), _LEAST_COST)


class BodyChannel:
    """A bounded buffer: filled in the event loop, emptied by iterating over it in one thread."""

    def __init__(self, capacity: int) -> None:
        """Makes an empty channel; call in the event loop that fills it.

        Args:
            capacity: How many bytes wait, as `memory_of` counts them, before the filler has to; at least a batch.
        """
        self._capacity = max(capacity, BATCH_BYTES)
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Event()
        self._changed = threading.Condition()
        self._pieces: list[bytes] = []
        self._size = 0
        self._reader_waits = False
        self._filler_waits = False
        self._ended = False
        self._error: Exception | None = None
        self.drained = False

    async def fill(self, pieces: Pieces) -> None:
        """Puts all pieces in, as there is room. What goes wrong goes wrong for the reader too."""
        try:
            while piece := await pieces.next():
                await self.put(piece)
            self._end(None)
        except Exception as error:  # noqa: BLE001
            self._end(error)
        except BaseException:
            self._end(IncompleteBody("the server stopped"))
            raise

    async def put(self, piece: bytes) -> None:
        """Puts one piece in, and waits until there is room for another."""
        with self._changed:
            self._pieces.append(piece)
            self._size += memory_of(piece)
            if self._reader_waits and self._size >= BATCH_BYTES:
                self._changed.notify()
            if self._size < self._capacity:
                return
            self._filler_waits = True
            self._room.clear()
        await self._room.wait()

    def __iter__(self) -> Iterator[bytes]:
        """Yields all pieces, waiting for them.

        Raises:
            BucketryError: What filling failed with.
        """
        while batch := self._take():
            batch.reverse()
            while batch:
                # Each piece goes as soon as it is read: kept to the batch's end, they would cost page faults.
                yield batch.pop()
        self.drained = True

    def _take(self) -> list[bytes]:
        with self._changed:
            while self._size < BATCH_BYTES and not self._ended:
                self._reader_waits = True
                self._changed.wait()
            self._reader_waits = False
            if self._error is not None:
                raise self._error
            batch, self._pieces, self._size = self._pieces, [], 0
            if self._filler_waits:
                self._filler_waits = False
                self._loop.call_soon_threadsafe(self._room.set)
        if sum(map(len, batch)) < len(batch) * SMALL_BYTES:
            return [b"".join(batch)]
        return batch

    def _end(self, error: Exception | None) -> None:
        with self._changed:
            self._ended = True
            self._error = error
            self._changed.notify()
