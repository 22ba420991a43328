"""A body on its way from an event loop, where it comes piece by piece, to the thread of a driver, which pulls it."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, Protocol

from bucketry.errors import IncompleteBody

BATCH_BYTES: Final = 1024 * 1024
"""How much the thread is woken for."""

SMALL_BYTES: Final = 4096
"""Pieces are joined for the driver if they are smaller than this on average."""

_LEAST_COST: Final = 64
"""About how many bytes of memory a piece takes at least: a million pieces of one byte are more than one megabyte."""


class Event(Protocol):
    """An event of an event loop, as `asyncio.Event` and ``anyio.Event``."""

    def set(self) -> object:
        """Wakes whoever waits. Called in the event loop alone."""

    def wait(self) -> Awaitable[object]:
        """Returns once the event is set."""


def memory_of(piece: bytes) -> int:
    """Returns about how many bytes of memory a piece takes."""
    return max(len(piece), _LEAST_COST)


class BodyChannel:
    """A buffer of limited size. It is filled in the event loop and emptied in one thread, by iterating over it.

    Waking a thread costs more than copying the 64 KiB that a server reads at once. So the thread is woken for a batch
    and takes all there is, and the loop is woken only when it waits for room.

    Attributes:
        drained: Whether the reader has come to the end of the body.
    """

    def __init__(
        self, capacity: int, new_event: Callable[[], Event], call_soon: Callable[[Callable[[], object]], object]
    ) -> None:
        """Makes an empty channel.

        Args:
            capacity: How many bytes may wait, as `memory_of` counts them; at least a batch.
            new_event: Makes an event of the event loop that fills the channel.
            call_soon: Has that loop call a function soon. It is called from the reader's thread.
        """
        self._capacity = max(capacity, BATCH_BYTES)
        self._new_event = new_event
        self._call_soon = call_soon
        self._room: Event | None = None
        self._changed = threading.Condition()
        self._pieces: list[bytes] = []
        self._size = 0
        self._reader_waits = False
        self._ended = False
        self._error: Exception | None = None
        self.drained = False

    async def fill(self, next_piece: Callable[[], Awaitable[bytes]]) -> None:
        """Puts all pieces in, as there is room, up to the first empty one. The reader gets any error of the body, too.

        The reader's body breaks off if this is cancelled.
        """
        try:
            while piece := await next_piece():
                await self.put(piece)
            self._end(None)
        except Exception as error:  # noqa: BLE001 - whatever the body's source raises
            self._end(error)
        except BaseException:
            self._end(IncompleteBody("the upload was cancelled"))
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
            self._room = room = self._new_event()
        await room.wait()

    def __iter__(self) -> Iterator[bytes]:
        """Yields all pieces, waiting for them.

        Raises:
            Exception: The error of the body.
        """
        while batch := self._take():
            batch.reverse()
            while batch:
                # Each piece is freed as soon as it is read. To keep all of a batch costs page faults.
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
            room, self._room = self._room, None
            if room is not None:
                self._call_soon(room.set)
        if sum(map(len, batch)) < len(batch) * SMALL_BYTES:
            return [b"".join(batch)]
        return batch

    def _end(self, error: Exception | None) -> None:
        with self._changed:
            self._ended = True
            self._error = error
            self._changed.notify()
