"""`AsyncOpenedObject`: an object that is open for reading in async code."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from types import TracebackType
from typing import Final, Protocol, Self

from bucketry.errors import InvalidArgument
from bucketry.models import ObjectInfo
from bucketry.opened_object import OpenedObject
from bucketry.ranges import ContentRange

BATCH_BYTES: Final = 1024 * 1024
"""How much is read at once, in bytes: each read may need a thread."""


class Run(Protocol):
    """Runs a call that may wait."""

    def __call__(self, call: Callable[[], None], /) -> Awaitable[None]:
        """Returns when the call has ended."""


class AsyncOpenedObject:
    """An object that is open for reading: its headers, and its content as it comes.

    Iterate over it with ``async for`` to get the content in chunks, or call `read`. Use it in an ``async with``
    statement, or close it, so that it frees its connection; it also closes itself at the end of its content. Reading
    again after the end gives nothing. Reading after it was closed before its end is an error.

    A read that is cancelled loses nothing: the next one goes on where it was. If the driver itself reads in the event
    loop (`AsyncContent`), the next one is an error.

    Attributes:
        info: The object; ``size_bytes`` is the size of the whole object, whatever the range.
        content_range: Which bytes the content is; ``None``: all bytes.
        length: How many bytes the content has.
        remaining: How many of them have not been read yet.
    """

    __slots__ = (
        "_chunks",
        "_failure",
        "_in_use",
        "_is_held",
        "_opened",
        "_pending",
        "_read_all",
        "_run",
        "_run_to_the_end",
        "content_range",
        "info",
        "length",
        "remaining",
    )

    def __init__(self, opened: OpenedObject, run: Run, run_to_the_end: Run) -> None:
        """Stores make it.

        Args:
            opened: The object.
            run: Runs what may wait.
            run_to_the_end: The same, also while the task is being cancelled.
        """
        self.info: ObjectInfo = opened.info
        self.content_range: ContentRange | None = opened.content_range
        self.length = self.remaining = opened.length
        self._opened = opened
        self._is_held = opened.is_held
        self._chunks: Iterator[bytes] = iter(opened)
        self._run = run
        self._run_to_the_end = run_to_the_end
        self._pending: deque[bytes] = deque()
        self._read_all = False
        self._failure: Exception | None = None
        self._in_use = threading.Lock()

    async def read(self, size: int = -1) -> bytes:
        """Returns exactly ``size`` bytes, or fewer at the end. A negative ``size`` reads to the end.

        Raises:
            Unavailable: The content broke off.
            InvalidArgument: It was closed before its end.
        """
        pieces: list[bytes] = []
        missing = size
        try:
            while missing and (chunk := await self._next()):
                if 0 < missing < len(chunk):
                    self._put_back([chunk[missing:]])
                    chunk = chunk[:missing]
                pieces.append(chunk)
                missing -= len(chunk)  # A negative size stays negative: to the end.
        except BaseException:
            self._put_back(pieces)
            raise
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _put_back(self, pieces: list[bytes]) -> None:
        self._pending.extendleft(reversed(pieces))
        self.remaining += sum(map(len, pieces))

    def __aiter__(self) -> Self:
        """Yields the chunks that are left.

        Raises:
            Unavailable: The content broke off.
            InvalidArgument: It was closed before its end.
        """
        return self

    async def __anext__(self) -> bytes:
        if chunk := await self._next():
            return chunk
        raise StopAsyncIteration

    async def _next(self) -> bytes:
        """Returns the next chunk, and an empty one at the end."""
        while not self._pending:
            if self._failure is not None:
                raise self._failure
            if self._read_all:
                return b""
            await self._fill()
        chunk = self._pending.popleft()
        self.remaining -= len(chunk)
        return chunk

    async def _fill(self) -> None:
        """Has the next chunks read, or the end noticed."""
        if self._is_held:
            self._pull()
        else:
            await self._run(self._pull)

    def _pull(self) -> None:
        """Reads the next chunks, which a cancelled task leaves for the next read."""
        size = 0
        with self._in_use:
            try:
                for chunk in self._chunks:
                    if chunk:
                        self._pending.append(chunk)
                    size += len(chunk)
                    if size >= BATCH_BYTES:
                        return
                self._read_all = True
            except Exception as error:  # noqa: BLE001 - it is raised after the chunks before it
                self._failure = error

    async def close(self) -> None:
        """Ends reading and frees the connection, also while the task is being cancelled. Closing again does nothing."""
        if self._pending or not (self._read_all or self._failure):
            self._pending.clear()
            self._failure = InvalidArgument("the object was closed before its end: open it again to read it")
        await self._free()

    async def _free(self) -> None:
        if self._is_held or self._read_all:
            self._close()
        else:
            await self._run_to_the_end(self._close)

    def _close(self) -> None:
        with self._in_use:
            self._chunks.close()  # type: ignore[attr-defined]  # It is a generator.
            self._opened.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
