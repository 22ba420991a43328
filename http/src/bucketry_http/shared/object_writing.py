"""Storing the body of a request: a small one in one call, a larger one while it comes.

A larger body passes through a `BodyChannel` from the event loop to the driver's thread. Waking a thread costs more than
copying the 64 KiB that a server reads at once. So the thread is woken for a batch and takes all there is, and the loop
is woken only when it waits for room.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, TypeVar

from bucketry import Body, BucketryError, IncompleteBody, InvalidDriver, ObjectInfo, PutOptions

from bucketry_http.shared.calls import StoreCalls
from bucketry_http.shared.request_body import Pieces
from bucketry_http.shared.settings import PortSettings

T = TypeVar("T")

BATCH_BYTES: Final = 1024 * 1024
SMALL_BYTES: Final = 4096
"""Pieces are joined for the driver if they are smaller than this on average."""

_LEAST_COST: Final = 64
"""About how many bytes of memory a piece takes at least: a million pieces of one byte are more than one megabyte."""


class Uploader:
    """Stores bodies. A small body is read first and stored in one call. The driver pulls a larger one, in a thread."""

    def __init__(self, calls: StoreCalls, settings: PortSettings) -> None:
        """Keeps what every upload needs."""
        self._calls = calls
        self._settings = settings
        self._room_checks = calls.store.room_checks

    async def store(
        self, bucket: str, key: str, pieces: Pieces, options: PutOptions, length: int | None = None
    ) -> ObjectInfo:
        """Stores an object.

        Args:
            bucket: The bucket.
            key: The key.
            pieces: The body.
            options: Headers and conditions.
            length: The body's length in bytes, if the client declared it.

        Raises:
            BucketryError: It could not be stored, or did not come whole. Nothing was stored.
        """
        put = partial(self._calls.store.put_object, bucket, key, options=options)
        return await self.send(bucket, key, put, pieces, length, objects=1)

    async def send(
        self,
        bucket: str,
        key: str,
        put: Callable[[bytes | Body], T],
        pieces: Pieces,
        length: int | None = None,
        *,
        objects: int = 0,
    ) -> T:
        """Hands a body to a call of the store.

        Args:
            bucket: The bucket that the call is about.
            key: The key that it is about.
            put: The call.
            pieces: The body.
            length: The body's length in bytes, if the client declared it.
            objects: How many objects the call makes.

        Raises:
            BucketryError: It could not be stored, or did not come whole. Nothing was stored.
        """
        try:
            if length is not None and self._room_checks:
                for check in self._room_checks:
                    await self._calls.call(check, bucket, key, length, objects)
            begun, ended = await self._begin(pieces)
            if not ended:
                return await self._stream(put, _Continued(begun, pieces), length)
            content = begun[0] if len(begun) == 1 else b"".join(begun)
            if length is not None and length != len(content):
                raise IncompleteBody(f"{len(content)} of the declared {length} bytes came")
            return put(content) if self._calls.inline else await self._calls.call(put, content)
        except BucketryError as error:
            error.locate(bucket, key)
            raise

    async def _begin(self, pieces: Pieces) -> tuple[list[bytes], bool]:
        begun: list[bytes] = []
        size = 0
        while size <= self._settings.inline_body_bytes:
            piece = await pieces.next()
            if piece:
                begun.append(piece)
            if pieces.ended or not piece:
                return begun, True
            size += memory_of(piece)
        return begun, False

    async def _stream(self, put: Callable[[bytes | Body], T], pieces: Pieces, length: int | None) -> T:
        from anyio import create_task_group  # Only here: a store that never blocks needs no anyio.

        channel = BodyChannel(self._settings.buffer_bytes)
        body = Body(channel, length)
        stored: list[T] = []
        failure: Exception | None = None
        async with create_task_group() as group:
            group.start_soon(channel.fill, pieces)
            try:
                stored.append(await self._calls.transfer(put, body))
            except Exception as error:  # noqa: BLE001
                # It is raised outside the group, which would wrap it.
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure
        if not stored or not channel.drained:
            raise InvalidDriver("the call returned before the end of the body")
        return stored[0]


class _Continued:
    """A body whose first pieces were read already."""

    def __init__(self, begun: list[bytes], following: Pieces) -> None:
        self._begun = begun[::-1]
        self._following = following

    @property
    def ended(self) -> bool:
        return not self._begun and self._following.ended

    async def next(self) -> bytes:
        return self._begun.pop() if self._begun else await self._following.next()


def memory_of(piece: bytes) -> int:
    """Returns about how many bytes of memory a piece takes."""
    return max(len(piece), _LEAST_COST)


class BodyChannel:
    """A buffer of limited size. It is filled in the event loop and emptied in one thread, by iterating over it."""

    def __init__(self, capacity: int) -> None:
        """Makes an empty channel. Call it in the event loop that fills the channel.

        Args:
            capacity: How many bytes may wait, as `memory_of` counts them; at least a batch.
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
        """Puts all pieces in, as there is room. The reader gets any error of the body, too."""
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
            BucketryError: The error of the body.
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
