"""Content that is read as it comes, and goes on where it broke off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import NoReturn, Self

import httpx
from bucketry import ContentRange, InvalidArgument, ObjectInfo, Unavailable

from bucketry_client.errors import refuse
from bucketry_client.sending import Incoming, finished

Reopen = Callable[[int, int], Awaitable[Incoming]]
"""Opens the rest of the same version: the bytes from the first position to before the second."""


class AsyncDownload:
    """An object that is open for reading. Iterate over it, or `read` all of it; close it, or use ``async with``.

    If the connection breaks, the rest is asked for, of exactly this version (``If-Match``). The content is never made
    of two versions, and never ends early.

    Attributes:
        info: The object; ``size_bytes`` is the size of the whole object, whatever the range.
        content_range: Which bytes the content is; ``None``: all bytes.
    """

    def __init__(
        self,
        info: ObjectInfo,
        content_range: ContentRange | None,
        incoming: Incoming,
        reopen: Reopen,
        *,
        resumes: int,
        address: str,
    ) -> None:
        """`AsyncClient.get_object` makes it."""
        self.info = info
        self.content_range = content_range
        found = content_range or ContentRange(0, info.size_bytes, info.size_bytes)
        self._at, self._stop = found.start, found.stop
        self._incoming = incoming
        self._reopen = reopen
        self._resumes = resumes
        self._address = address
        self._closed = False

    @property
    def length(self) -> int:
        """How many bytes the content has."""
        found = self.content_range
        return self.info.size_bytes if found is None else found.stop - found.start

    async def next(self) -> bytes:
        """Returns the next piece, and no bytes at the end.

        Raises:
            Unavailable: The content broke off, and the rest of this version cannot be had.
            BackendError: The response has more bytes than it says.
            InvalidArgument: It was closed before its end.
        """
        if self._at == self._stop:
            await self._end()
            return b""
        if self._closed:
            raise InvalidArgument("the object was closed before its end: open it again to read it")
        piece = await self._next()
        self._at += len(piece)
        if self._at > self._stop:
            await self._refuse_surplus()
        if self._at == self._stop:
            await self._end()
        return piece

    async def _next(self) -> bytes:
        while True:
            failure: httpx.TransportError | None = None
            try:
                if piece := await self._incoming.next():
                    return piece
            except httpx.TransportError as error:
                failure = error
            await self._incoming.close()
            if not self._resumes or not self.info.etag:
                await self.aclose()
                raise Unavailable(f"the content broke off after byte {self._at}, before {self._stop}") from failure
            self._resumes -= 1
            self._incoming = await self._reopen(self._at, self._stop)

    async def _end(self) -> None:
        """Reads the end of the response, so that its connection can be used again.

        Raises:
            BackendError: More bytes come.
        """
        if self._closed:
            return
        surplus = b""
        with suppress(httpx.TransportError):  # All of the content came.
            surplus = await self._incoming.next()
        if surplus:
            await self._refuse_surplus()
        await self.aclose()

    async def _refuse_surplus(self) -> NoReturn:
        await self.aclose()
        refuse(self._address, "it has more bytes than it says")

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Returns the next piece, and closes the object at the end and on any error.

        Raises:
            Unavailable: As `next`.
            InvalidArgument: As `next`.
        """
        try:
            piece = await self.next()
        except BaseException:
            await self.aclose()
            raise
        if not piece:
            raise StopAsyncIteration
        return piece

    async def read(self) -> bytes:
        """Returns all the content that is left, as one `bytes`.

        Raises:
            Unavailable: As `next`.
            InvalidArgument: As `next`.
        """
        pieces = []
        try:
            while piece := await self.next():
                pieces.append(piece)
        finally:
            await self.aclose()
        return b"".join(pieces)

    async def aclose(self) -> None:
        """Frees the connection. Closing again does nothing."""
        if not self._closed:
            self._closed = True
            await self._incoming.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class Download:
    """The same for one thread: iterate over it, or `read` all of it; close it, or use ``with``.

    Attributes:
        info: As in `AsyncDownload`.
        content_range: As in `AsyncDownload`.
    """

    def __init__(self, inner: AsyncDownload) -> None:
        """`Client.get_object` makes it."""
        self._inner = inner
        self.info = inner.info
        self.content_range = inner.content_range

    @property
    def length(self) -> int:
        """How many bytes the content has."""
        return self._inner.length

    def __iter__(self) -> Iterator[bytes]:
        """Yields the pieces that are left, and closes the object at the end and on any error.

        Raises:
            Unavailable: As `AsyncDownload.next`.
            InvalidArgument: As `AsyncDownload.next`.
        """
        try:
            while piece := finished(self._inner.next()):
                yield piece
        finally:
            self.close()

    def read(self) -> bytes:
        """Returns all the content that is left, as one `bytes`.

        Raises:
            Unavailable: As `AsyncDownload.next`.
            InvalidArgument: As `AsyncDownload.next`.
        """
        return finished(self._inner.read())

    def close(self) -> None:
        """Frees the connection. Closing again does nothing."""
        finished(self._inner.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
