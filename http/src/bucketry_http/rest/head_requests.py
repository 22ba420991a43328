"""HEAD of what only has a GET (RFC 9110, 9.3.2): the documentation page, the OpenAPI document and health.

In the API itself, objects have a HEAD of their own, and nothing else has one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Send = Callable[[Any], Any]


def as_get(scope: Any, send: Send) -> tuple[Any, Send]:
    """Returns the GET request for the same, and a ``send`` that leaves its content out."""

    async def send_head(message: Any) -> None:
        if message["type"] == "http.response.body":
            if message.get("more_body", False):
                return
            message = {**message, "body": b""}
        await send(message)

    return {**scope, "method": "GET"}, send_head
