"""Ending a connection in the middle of an answer, or of a body that nobody wants.

ASGI has no word for it: an application that returns without having sent all of its answer is logged as a failure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final
from weakref import ref

MAX_DRAINED_BYTES: Final = 64 * 1024 * 1024
"""How much of a refused body is still read, so that a client that sends it all before it listens gets its answer."""

DRAIN_SECONDS: Final = 30.0
"""For how long it is read, however it comes; then the connection ends."""

_EXTENSION: Final = "bucketry.connection"


def provide_connection(scope: Any, cycle: Any, transport: asyncio.Transport, server: Any) -> None:
    """Lets the application end a request's connection, and know when the server ends; called by the server.

    Args:
        scope: The request's ASGI scope.
        cycle: uvicorn's state of the request.
        transport: The connection.
        server: uvicorn's state of the server.
    """
    # The state holds the scope: a plain reference back would be a cycle for each request.
    state = ref(cycle)

    def end() -> None:
        if (found := state()) is not None:
            found.disconnected = True
        transport.close()

    scope["extensions"] = {**scope.get("extensions", {}), _EXTENSION: {"end": end, "server": server}}


def is_stopping(scope: Any) -> bool:
    """Says whether the server that a request came to is about to stop.

    Behind another server than the project's own the answer is no.
    """
    extension = (scope.get("extensions") or {}).get(_EXTENSION)
    return extension is not None and getattr(extension["server"], "stopping", False)


def end_connection(scope: Any) -> None:
    """Ends a request's connection once what was sent is out; nothing more is sent, whatever the application says.

    Behind another server than the project's own nothing happens.
    """
    extension = (scope.get("extensions") or {}).get(_EXTENSION)
    if extension is not None:
        end: Callable[[], None] = extension["end"]
        end()
