"""The connection of a request: whether its server is about to stop, and ending it early.

An application ends a connection in the middle of a response that cannot be completed, or of a body that nobody wants.
ASGI has no message for that. The project's own server offers it as an extension of the scope.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

MAX_DRAINED_BYTES: Final = 64 * 1024 * 1024
"""How much of a refused body is still read. Many clients send all of it before they read the response."""

DRAIN_SECONDS: Final = 30.0
"""How long it is read; then the connection ends."""

STILL_SECONDS: Final = 5.0
"""How long a client may send nothing of such a body, if the connection ends after it."""

EXTENSION: Final = "bucketry.connection"
"""The name of the extension. Its value has ``end``, which ends the connection, and ``server``, the server's state."""


def is_stopping(scope: Any) -> bool:
    """Says whether the server that a request came to is about to stop.

    Under any other server than the project's own it says no.
    """
    extension = (scope.get("extensions") or {}).get(EXTENSION)
    return extension is not None and getattr(extension["server"], "stopping", False)


def end_connection(scope: Any) -> None:
    """Ends a request's connection once the client has what was sent so far. Nothing more is sent after that.

    Under any other server than the project's own nothing happens.
    """
    extension = (scope.get("extensions") or {}).get(EXTENSION)
    if extension is not None:
        end: Callable[[], None] = extension["end"]
        end()
