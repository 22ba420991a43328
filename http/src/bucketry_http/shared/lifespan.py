"""The lifespan of an application that has nothing to start and nothing to end (ASGI, "Lifespan Protocol")."""

from __future__ import annotations

from typing import Any


async def confirm_lifespan(receive: Any, send: Any) -> None:
    """Confirms the server's start and stop."""
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
