"""The body of a response: an opened object is read while it is sent, and is closed however that ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from bucketry import BucketryError, OpenedObject

from bucketry_http.shared.calls import StoreCalls
from bucketry_http.shared.connection import end_connection
from bucketry_http.shared.errors import log_failure

if TYPE_CHECKING:
    # At run time this would load the whole framework, which the S3 endpoint does not need.
    from litestar.types import Receive, Send

BATCH_BYTES: Final = 1024 * 1024
"""How much is read at once: each read may need a thread."""

PIECE_BYTES: Final = 256 * 1024
"""Largest piece that is handed to the server at once. The server keeps a whole piece in its buffer."""

RawHeaders = list[tuple[bytes, bytes]]


async def send_response(send: Any, status: int, headers: RawHeaders, body: bytes) -> None:
    """Sends a response whose body is in memory.

    Args:
        send: The request's ASGI ``send``.
        status: The HTTP status.
        headers: All headers.
        body: The body; empty for none.
    """
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


class ContentReader:
    """Reads an opened object in batches, in a thread unless the driver never blocks."""

    def __init__(self, calls: StoreCalls, opened: OpenedObject) -> None:
        """Begins at the first byte."""
        self._calls = calls
        self._opened = opened
        self._chunks = iter(opened)
        self._failure: BucketryError | None = None
        self._reading: asyncio.Future[list[bytes]] | None = None
        self._closing: asyncio.Future[None] | None = None
        self.missing = opened.length

    async def next(self) -> list[bytes]:
        """Returns the next chunks, about `BATCH_BYTES` of them. Returns no chunks at the end.

        Raises:
            BucketryError: The content broke off.
        """
        if self._calls.inline:
            batch = self._read()
            self.missing -= sum(map(len, batch))
            return batch
        if self._reading is None:
            self._reading = self._begin_read()
        # Behind a shield: if this task is cancelled, `close` has to wait for the thread that reads.
        batch = await asyncio.shield(self._reading)
        self.missing -= sum(map(len, batch))
        # The next batch is read while this one is sent.
        self._reading = self._begin_read() if batch and self.missing > 0 else None
        return batch

    def _begin_read(self) -> asyncio.Future[list[bytes]]:
        return asyncio.ensure_future(self._calls.follow_up(self._read))

    async def close(self) -> None:
        """Frees what the object holds, even while this task is being cancelled."""
        if self._calls.inline:
            # This waits for nothing, so it cannot be cancelled.
            self._close()
            return
        from anyio import CancelScope  # Only here: a store that never blocks needs no anyio.

        self._closing = asyncio.ensure_future(self._close_after_read())
        with CancelScope(shield=True):
            await asyncio.shield(self._closing)  # `Task.cancel` passes a scope's shield.

    async def _close_after_read(self) -> None:
        if self._reading is not None:
            # Nobody needs this batch any more, nor its error.
            await asyncio.gather(self._reading, return_exceptions=True)
        await self._calls.follow_up(self._close)

    def _read(self) -> list[bytes]:
        if self._failure is not None:
            raise self._failure
        batch: list[bytes] = []
        size = 0
        try:
            for chunk in self._chunks:
                batch.append(chunk)
                size += len(chunk)
                if size >= BATCH_BYTES:
                    break
        except BucketryError as error:
            if not batch:
                raise
            # The chunks before the error are sent first, as the backend itself would do.
            self._failure = error
        return batch

    def _close(self) -> None:
        close = getattr(self._chunks, "close", None)
        try:
            if close is not None:
                close()
        finally:
            self._opened.close()


class ContentSender:
    """An ASGI application that sends one response with an opened object's content."""

    def __init__(self, reader: ContentReader, status: int, headers: RawHeaders) -> None:
        """Prepares the response.

        Args:
            reader: The content.
            status: 200, or 206 for a range.
            headers: All headers, with the content's length.
        """
        self._reader = reader
        self._start = {"type": "http.response.start", "status": status, "headers": headers}

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Sends the response.

        Raises:
            BucketryError: The content broke off before anything of it was sent.
        """
        try:
            batch = await self._reader.next()
            await send(self._start)  # type: ignore[arg-type]
            if self._reader.missing:
                await self._send_long(batch, scope, receive, send)
            else:
                await self._send_batch(batch, send)
                await send(_body(b"", more=False))
        finally:
            await self._reader.close()

    async def _send_long(self, batch: list[bytes], scope: Any, receive: Receive, send: Send) -> None:
        try:
            async with watch_disconnect(receive) as gone:
                while batch and not gone.done():
                    await self._send_batch(batch, send)
                    # Some servers never wait in `send`. Then nothing else would run.
                    await asyncio.sleep(0)
                    batch = await self._reader.next()
                if not gone.done():
                    await send(_body(b"", more=False))
        except BucketryError as error:
            # The headers are sent already. The client learns of the error because the connection ends early.
            log_failure("a download broke off", error)
            end_connection(scope)

    async def _send_batch(self, batch: list[bytes], send: Send) -> None:
        for chunk in batch:
            for piece in _slices(chunk):
                await send(_body(piece, more=True))


def _slices(chunk: bytes) -> Iterator[bytes]:
    if len(chunk) <= PIECE_BYTES:
        yield chunk
        return
    for start in range(0, len(chunk), PIECE_BYTES):
        yield chunk[start : start + PIECE_BYTES]


def _body(piece: bytes, *, more: bool) -> Any:
    return {"type": "http.response.body", "body": piece, "more_body": more}


@asynccontextmanager
async def watch_disconnect(receive: Receive) -> AsyncGenerator[asyncio.Future[None], None]:
    """Waits for the client to disconnect while something is sent to it. In ASGI 2.3, sending to it then does not fail.

    Args:
        receive: The request's ASGI ``receive``. The rest of the request's body is dropped.

    Yields:
        A future that is done once the client has disconnected.
    """
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        yield gone
    finally:
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone


async def _disconnected(receive: Receive) -> None:
    """Returns once the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass
