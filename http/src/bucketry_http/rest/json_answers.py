"""JSON answers, with only as much of the framework's machinery as they need: it is a good part of a small request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response

_ENCODER = msgspec.json.Encoder()


class Json(Response[Any]):
    """What a handler returned, as JSON; nothing where it returned ``None``."""

    def __init__(self, content: Any, *, status_code: int | None = None, **_: Any) -> None:
        """Called by the framework for each answer; cookies and background tasks there are none."""
        self.content = content
        self.status_code = status_code

    def to_asgi_response(self, *_: Any, headers: Mapping[str, str] | None = None, **__: Any) -> Any:
        """Returns the application that sends it."""
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()] if headers else []
        body = b""
        if self.content is not None:
            body = _ENCODER.encode(self.content)
            raw += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        start = {"type": "http.response.start", "status": self.status_code, "headers": raw}

        async def application(_scope: Any, _receive: Any, send: Any) -> None:
            await send(start)
            await send({"type": "http.response.body", "body": body, "more_body": False})

        return application
