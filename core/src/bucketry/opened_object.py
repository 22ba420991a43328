"""`OpenedObject`: an object that is open for reading, with its headers and its content."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Final, NoReturn, Self

from bucketry.errors import InvalidArgument
from bucketry.models import ObjectInfo
from bucketry.ranges import ContentRange


class _Closed:
    """The content of a closed object. Reading it is an error: no content would mean that the object ends here."""

    def __iter__(self) -> NoReturn:
        raise InvalidArgument("the object was closed before its end: open it again to read it")


_CLOSED: Final = _Closed()
_READ: Final[tuple[bytes, ...]] = ()
_BYTES: Final = frozenset({bytes})


class OpenedObject:
    """An object that is open for reading: its headers, and its content as it comes.

    Iterate over it to get the content in chunks, or call `read` to get all that is left. Close it, or use it in a
    ``with`` statement, so that it frees its connection. It closes itself at the end of its content, and when a loop
    over it is left. Reading again after the end gives nothing. Reading after it was closed before its end is an error.

    Attributes:
        info: The object; ``size_bytes`` is the size of the whole object, whatever the range.
        content_range: Which bytes the content is; ``None``: all bytes.
    """

    __slots__ = ("_chunks", "_on_close", "content_range", "info")

    def __init__(
        self,
        info: ObjectInfo,
        chunks: Iterable[bytes],
        *,
        content_range: ContentRange | None = None,
        close: Callable[[], None] | None = None,
    ) -> None:
        """Drivers make it.

        Args:
            info: The object.
            chunks: Its content, or the range of it. Chunks have any size, and come as soon as they are there.
            content_range: The range, if one was asked for.
            close: Frees what the content holds, as a connection. It is called once, however reading ends.
        """
        self.info = info
        self.content_range = content_range
        self._chunks: Iterable[bytes] = chunks
        self._on_close: tuple[Callable[[], None], ...] = () if close is None else (close,)

    @property
    def length(self) -> int:
        """How many bytes the content has."""
        wanted = self.content_range
        return self.info.size_bytes if wanted is None else wanted.stop - wanted.start

    def __iter__(self) -> Iterator[bytes]:
        """Yields the chunks that are left, and closes the object at the end and on any error.

        Raises:
            Unavailable: The content broke off.
            InvalidArgument: It was closed before its end.
        """
        chunks = self._chunks = iter(self._chunks)
        try:
            yield from chunks
            self._chunks = _READ
        finally:
            self.close()

    def read(self) -> bytes:
        """Returns all the content that is left, as one `bytes`.

        Raises:
            Unavailable: The content broke off.
            InvalidArgument: It was closed before its end.
        """
        chunks = self._chunks
        try:
            if type(chunks) is not tuple:
                chunks = tuple(chunks)
            self._chunks = _READ
        finally:
            if self._on_close or self._chunks is not _READ:
                self.close()
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def close(self) -> None:
        """Ends reading and frees the connection. Closing again does nothing."""
        if self._chunks is not _READ:
            self._chunks = _CLOSED
        callbacks, self._on_close = self._on_close, ()
        for callback in reversed(callbacks):
            callback()

    @property
    def is_held(self) -> bool:
        """Whether all the content is in memory, in a tuple of the right length, so that reading cannot fail."""
        chunks = self._chunks
        if type(chunks) is not tuple:
            return False
        if len(chunks) == 1 and self.content_range is None:  # A small object, read whole.
            chunk = chunks[0]
            return type(chunk) is bytes and len(chunk) == self.info.size_bytes
        return set(map(type, chunks)) <= _BYTES and sum(map(len, chunks)) == self.length

    def wrap(self, chunks: Callable[[Iterator[bytes]], Iterator[bytes]]) -> Self:
        """Puts a layer's generator around the chunks. The generator sees each chunk, and any error between them."""
        self._chunks = chunks(iter(self._chunks))
        return self

    def on_close(self, callback: Callable[[], None]) -> Self:
        """Calls ``callback`` once when reading ends, before the driver's own ``close``."""
        self._on_close = (*self._on_close, callback)
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
