"""Sends a JSON array as its items come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import msgspec
from bucketry import BucketryError

from bucketry_http.shared.ending import end_connection
from bucketry_http.shared.failures import log_failure
from bucketry_http.shared.leaving import watch_leaving


def stream_json_array(pages: AsyncGenerator[Sequence[msgspec.Struct], None]) -> Any:
    """Returns an ASGI application that sends all items of all pages as one array.

    A page that fails after the first ends the connection before the array's end, so that no client takes a part of it
    for the whole. A client that leaves ends it too: nobody wants the other pages.
    """

    async def application(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            async with watch_leaving(receive) as gone, aclosing(pages):
                await _send_pages(pages, gone, send)
        except BucketryError as error:
            log_failure("a listing broke off", error)
            end_connection(scope)

    return application


async def _send_pages(
    pages: AsyncGenerator[Sequence[msgspec.Struct], None], gone: asyncio.Future[None], send: Any
) -> None:
    separator = b"["
    async for page in pages:
        if gone.done():
            return
        if page:
            # A page's own brackets give way to those of the whole.
            items = separator + msgspec.json.encode(page)[1:-1]
            separator = b","
            await send({"type": "http.response.body", "body": items, "more_body": True})
            # A client that takes all at once would not let anybody else have a turn.
            await asyncio.sleep(0)
    end = b"[]" if separator == b"[" else b"]"
    await send({"type": "http.response.body", "body": end, "more_body": False})
