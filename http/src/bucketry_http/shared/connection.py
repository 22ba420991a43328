"""Ending a connection in the middle of an answer, or of a body that nobody wants.

ASGI has no word for it: an application that returns without having sent all of its answer is logged as a failure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

MAX_DRAINED_BYTES: Final = 64 * 1024 * 1024
"""How much of a refused body is still read, so that a client that sends it all before it listens gets its answer."""

DRAIN_SECONDS: Final = 30.0
"""For how long it is read, however it comes; then the connection ends."""

EXTENSION: Final = "bucketry.connection"
"""What the server puts into a scope's extensions: ``end``, which ends the connection, and ``server``, its state."""


def is_stopping(scope: Any) -> bool:
    """Says whether the server that a request came to is about to stop.

    Behind another server than the project's own the answer is no.
    """
    extension = (scope.get("extensions") or {}).get(EXTENSION)
    return extension is not None and getattr(extension["server"], "stopping", False)


def end_connection(scope: Any) -> None:
    """Ends a request's connection once what was sent is out; nothing more is sent, whatever the application says.

    Behind another server than the project's own nothing happens.
    """
    extension = (scope.get("extensions") or {}).get(EXTENSION)
    if extension is not None:
        end: Callable[[], None] = extension["end"]
        end()
