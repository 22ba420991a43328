"""Bodies of async code, and how they get to a driver, which pulls them in a thread."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterator
from inspect import iscoroutinefunction
from typing import Final, Protocol, TypeAlias

from bucketry.aio._opened_object import AsyncOpenedObject
from bucketry.body import Body, BodySource, as_bytes
from bucketry.errors import IncompleteBody

NextPiece = Callable[[], Awaitable[bytes]]
"""Returns the next piece of a body, and an empty one at the end."""

PIECE_BYTES: Final = 256 * 1024
"""How much is read from an async file at once, in bytes. Bodies up to this are read first and stored in one call."""

_SLICE_BYTES: Final = 1024 * 1024


class SupportsAsyncRead(Protocol):
    """An async binary file, or anything that can be read like one."""

    async def read(self, size: int, /) -> bytes:
        """Returns up to ``size`` bytes. No bytes mean the end."""


class AsyncBody:
    """An async body whose length is known. Drivers that need to know it store such a body in one request.

    Attributes:
        source: An async file, or an async iterable of pieces.
        length: Its length in bytes; ``None`` if unknown. The upload fails if the source has another one.
    """

    __slots__ = ("length", "source")

    def __init__(self, source: AsyncIterable[bytes] | SupportsAsyncRead, length: int | None = None) -> None:
        """Reads nothing yet."""
        self.source = source
        self.length = length


AsyncBodySource: TypeAlias = Body | BodySource | AsyncBody | AsyncIterable[bytes] | SupportsAsyncRead
"""What async code may upload: what a `Store` takes, an async iterable of pieces, or an async file."""


class Pulled:
    """The beginning of an async body, and how to go on.

    Attributes:
        length: Its declared length in bytes, or ``None``.
    """

    def __init__(self, body: AsyncBodySource) -> None:
        """Reads nothing yet. `is_async` says whether it can be read at all."""
        self._source = source = body.source if isinstance(body, AsyncBody) else body
        self.length = body.length if isinstance(body, AsyncBody) else None
        if self.length is None and isinstance(source, AsyncOpenedObject):
            self.length = source.remaining
        self._next = _next_of(source)
        self._begun: list[bytes] = []
        self._error: Exception | None = None
        self._ended = False

    @property
    def is_async(self) -> bool:
        """Whether the body is one that only async code can read."""
        return self._next is not None

    async def begin(self) -> Body | None:
        """Reads the first pieces. If the end comes among them, returns the body, which waits for nothing."""
        size = 0
        while size <= PIECE_BYTES:
            try:
                piece = await self._pull()
            except Exception as error:  # noqa: BLE001 - whatever the source raises, the driver's body fails with
                return Body(_broken(self._begun, error), self.length)
            if not piece:
                whole = b"".join(self._begun)
                return Body(whole) if self.length is None else Body([whole], self.length)
            self._begun.append(piece)
            size += len(piece)
        self._begun.reverse()
        return None

    async def next(self) -> bytes:
        """Returns the next piece, and empty pieces from the end on."""
        return self._begun.pop() if self._begun else await self._pull()

    async def close(self) -> None:
        """Closes a generator that has not come to its end: nobody else can, and trio warns of one that is dropped."""
        if isinstance(self._source, AsyncGenerator):
            await self._source.aclose()

    async def _pull(self) -> bytes:
        """Returns the next piece that is not empty."""
        assert self._next is not None  # noqa: S101 - for mypy: is_async was asked
        return as_bytes(await self._next())


def _next_of(source: object) -> NextPiece | None:
    read = getattr(source, "read", None)
    if isinstance(source, AsyncOpenedObject) or not iscoroutinefunction(read):
        return _pieces_of(source) if isinstance(source, AsyncIterable) else None

    async def next_of_file() -> bytes:
        return await read(PIECE_BYTES)  # type: ignore[no-any-return]  # It is looked at.

    return next_of_file


def _pieces_of(source: AsyncIterable[bytes]) -> NextPiece:
    pieces = aiter(source)

    async def next_piece() -> bytes:
        async for piece in pieces:
            if piece:  # An empty piece in the middle does not mean the end.
                return piece
        return b""

    return next_piece


def _broken(begun: list[bytes], error: Exception) -> Iterator[bytes]:
    yield from begun
    raise error


class Guard:
    """Makes a body fail once it is cancelled, wherever its driver is in it."""

    __slots__ = ("_cancelled",)

    def __init__(self, body: Body) -> None:
        """Puts itself around the body's source."""
        self._cancelled = False
        body.wrap(self._guarded)

    def cancel(self) -> None:
        """Has the next read of the body fail."""
        self._cancelled = True

    def _guarded(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        self._check()
        for piece in pieces:
            for start in range(0, len(piece), _SLICE_BYTES):
                yield piece if len(piece) <= _SLICE_BYTES else piece[start : start + _SLICE_BYTES]
                self._check()

    def _check(self) -> None:
        if self._cancelled:
            raise IncompleteBody("the upload was cancelled")
