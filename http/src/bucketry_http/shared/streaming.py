"""Sends a JSON array as its items come."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import msgspec
from bucketry import BucketryError

logger = logging.getLogger("bucketry_http")


def stream_json_array(pages: AsyncGenerator[Sequence[msgspec.Struct], None]) -> Any:
    """Returns an ASGI application that sends all items of all pages as one array.

    A page that fails after the first ends the connection before the array's end, so that no client takes a part of it
    for the whole.
    """

    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        separator = b"["
        try:
            async with aclosing(pages):
                async for page in pages:
                    if page:
                        # A page's own brackets give way to those of the whole.
                        items = separator + msgspec.json.encode(page)[1:-1]
                        separator = b","
                        await send({"type": "http.response.body", "body": items, "more_body": True})
        except BucketryError as error:
            logger.warning("a listing broke off: %s", error, exc_info=error.__cause__)
            return
        end = b"[]" if separator == b"[" else b"]"
        await send({"type": "http.response.body", "body": end, "more_body": False})

    return application
