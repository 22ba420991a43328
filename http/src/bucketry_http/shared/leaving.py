"""Noticing that a client has left while it is being sent something: to send to it is no error in ASGI (2.3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # At run time that would be all of the framework, which the S3 endpoint does without.
    from litestar.types import Receive


@asynccontextmanager
async def watch_leaving(receive: Receive) -> AsyncGenerator[asyncio.Future[None], None]:
    """Waits for the client to leave, beside whatever is done meanwhile.

    Args:
        receive: The request's ASGI ``receive``; what is left of its body is dropped.

    Yields:
        A future that is done once the client has left.
    """
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        yield gone
    finally:
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone


async def _disconnected(receive: Receive) -> None:
    """Returns when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
