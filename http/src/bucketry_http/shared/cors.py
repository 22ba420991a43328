"""Headers that let web pages of named origins use the REST API (Fetch standard, "CORS protocol").

The S3 endpoint has other rules, each bucket's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from bucketry_http.shared.hosts import ANY
from bucketry_http.shared.origins import checked_origins
from bucketry_http.shared.sending import RawHeaders

_METHODS: Final = b"GET, HEAD, POST, PUT, DELETE"
_EXPOSED: Final = b"ETag, Link, Location, Content-Range, Content-Disposition, Accept-Ranges, Retry-After, *"
"""``*`` stands for all headers, user metadata too, where no credentials are sent; older browsers need the names."""

_MAX_AGE: Final = b"600"
"""Seconds that a browser remembers a permission; browsers have limits of their own."""

_NAMES: Final = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~, \t-]{1,4096}")


class Cors:
    """The origins that are allowed.

    Attributes:
        is_on: Whether there are any.
    """

    def __init__(self, origins: Iterable[str]) -> None:
        """Takes the origins.

        Raises:
            InvalidSettings: One is malformed.
        """
        self._origins = checked_origins(origins)
        self._everyone = ANY in self._origins
        self.is_on = bool(self._origins)

    def allows(self, origin: str) -> bool:
        """Says whether a page of this origin may use everything."""
        return self._everyone or origin in self._origins

    def preflight(self, origin: str, headers: RawHeaders) -> RawHeaders:
        """Returns the headers that answer a browser which asks before it sends a request.

        Args:
            origin: An origin that is allowed.
            headers: Those of the browser's request.
        """
        answered = [
            *self._allowing(origin),
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-max-age", _MAX_AGE),
            (b"vary", b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
        ]
        wanted = b", ".join(value for name, value in headers if name == b"access-control-request-headers")
        if _NAMES.fullmatch(wanted):
            answered.append((b"access-control-allow-headers", wanted))
        return answered

    def exposing(self, origin: str | None, send: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Returns a ``send`` that adds what a response needs, for a request of this origin."""
        added: RawHeaders = [] if self._everyone else [(b"vary", b"Origin")]
        if origin is not None and self.allows(origin):
            added += [*self._allowing(origin), (b"access-control-expose-headers", _EXPOSED)]

        async def send_exposed(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        return send_exposed

    def _allowing(self, origin: str) -> RawHeaders:
        return [(b"access-control-allow-origin", b"*" if self._everyone else origin.encode("latin-1"))]
