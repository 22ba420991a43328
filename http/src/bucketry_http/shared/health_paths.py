"""Which requests of the REST port ask how the server is."""

from __future__ import annotations

from typing import Any, Final

_HEALTH: Final = "/health/"


def asks_for_health(scope: Any) -> bool:
    """Says whether a request asks how the server is. It needs no token, counts against no limit, and is never held up.

    The decoded path counts, by which requests are routed. Only those of objects are routed by their path as it came,
    which begins otherwise.
    """
    path: str = scope["path"]
    return path.startswith(_HEALTH)
