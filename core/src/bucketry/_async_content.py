"""`AsyncContent`: what a driver's own coroutine of ``get_object`` returns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from bucketry.models import ObjectInfo
from bucketry.ranges import ContentRange


class AsyncContent:
    """An object that is open for reading in an event loop.

    Attributes:
        info: The object.
        chunks: Its content, or the range of it. Chunks have any size, and come as soon as they are there. If a read is
            cancelled, no other chunk is asked for.
        content_range: The range, if one was asked for; ``None``: the content is all bytes.
        close: Frees what the content holds, as a connection. It is called once, however reading ends.
    """

    __slots__ = ("chunks", "close", "content_range", "info")

    def __init__(
        self,
        info: ObjectInfo,
        chunks: AsyncIterator[bytes],
        *,
        content_range: ContentRange | None = None,
        close: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Drivers make it."""
        self.info = info
        self.chunks = chunks
        self.content_range = content_range
        self.close = close

    @property
    def length(self) -> int:
        """How many bytes the content has."""
        wanted = self.content_range
        return self.info.size_bytes if wanted is None else wanted.stop - wanted.start
