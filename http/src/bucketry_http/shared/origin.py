"""Where requests come from."""

from __future__ import annotations

from typing import Any, Final

ANONYMOUS: Final = "Anonymous"
"""The principal of requests without a signature."""


def client_address(scope: Any) -> str:
    """Returns the IP address of the client that a request came from; empty for one in the same process.

    Args:
        scope: The request's ASGI scope.
    """
    client = scope.get("client")
    return client[0] if client else ""
