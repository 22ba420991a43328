"""An application that is made while its server listens already."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


class LazyApp:
    """Answers with what a factory makes, in a thread, once the server has started; requests wait for it.

    The framework of the REST API takes longer to import than all the rest of a server, and nobody who speaks S3 needs
    to wait for that.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        """Makes nothing yet.

        Args:
            make: Returns an ASGI application that needs no lifespan.
        """
        self._make = make
        self._made: asyncio.Future[Any] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Takes a request, or the server's start and end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        # Shielded: a client that goes away must not end what others wait for.
        app = await asyncio.shield(self._begin())
        await app(scope, receive, send)

    def _begin(self) -> asyncio.Future[Any]:
        if self._made is None:
            self._made = asyncio.ensure_future(asyncio.to_thread(self._make))
        return self._made

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        _ = self._begin()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
