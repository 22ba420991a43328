"""JSON answers, with only as much of the framework's machinery as they need: it is a good part of a small request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response

from bucketry_http.shared.response_body import RawHeaders

_ENCODER = msgspec.json.Encoder()


class Json(Response[Any]):
    """What a handler returned, as JSON; nothing where it returned ``None``."""

    def __init__(
        self, content: Any, *, status_code: int | None = None, own_headers: RawHeaders | None = None, **_: Any
    ) -> None:
        """Called by the framework for each answer, or by a handler; cookies and background tasks there are none.

        Args:
            content: What to send.
            status_code: The status; unless given, the handler's.
            own_headers: Headers that this answer alone has.
        """
        self.content = content
        self.status_code = status_code
        self._own_headers = own_headers or []

    def to_asgi_response(
        self, *_: Any, headers: Mapping[str, str] | None = None, status_code: int | None = None, **__: Any
    ) -> Any:
        """Returns the application that sends it."""
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()] if headers else []
        raw += self._own_headers
        body = b""
        if self.content is not None:
            body = _ENCODER.encode(self.content)
            raw += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        start = {"type": "http.response.start", "status": self.status_code or status_code, "headers": raw}

        async def application(_scope: Any, _receive: Any, send: Any) -> None:
            await send(start)
            await send({"type": "http.response.body", "body": body, "more_body": False})

        return application
