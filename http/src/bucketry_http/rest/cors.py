"""Which hosts and web pages may use the REST API: ``Host``, ``Origin`` and CORS (Fetch standard, "CORS protocol").

The S3 endpoint has other rules: each bucket has its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Final

from bucketry_http.rest.refusing import send_refusal
from bucketry_http.shared.errors import HostNotAllowed, RequestError
from bucketry_http.shared.hosts import ANY, READING_METHODS, HostRules, checked_origins, is_foreign, origin_of
from bucketry_http.shared.response_body import RawHeaders, send_response

Send = Callable[[Any], Any]

_ASKING: Final = b"access-control-request-method"
_JUDGED: Final = frozenset({b"host", b"origin", b"sec-fetch-site", _ASKING})

_METHODS: Final = b"GET, HEAD, POST, PUT, DELETE"
_EXPOSED: Final = b"ETag, Link, Location, Content-Range, Content-Disposition, Accept-Ranges, Retry-After, *"
"""Headers that a page may read. ``*`` stands for all of them, user metadata too. Older browsers need the names."""

_MAX_AGE: Final = b"600"
"""How long a browser remembers a permission, in seconds. Browsers have limits of their own."""

_HEADER_NAMES: Final = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~, \t-]{1,4096}")


class ForeignOrigin(RequestError):
    """A web page of another origin sent a request that only pages of allowed origins may send."""

    code = "foreign_origin"
    status = HTTPStatus.FORBIDDEN
    sentence = "A web page of another origin may not do this"

    def __init__(self) -> None:
        """Adds what to do."""
        super().__init__(
            "have the server's operator allow its origin (setting cors_origins, option --cors-origin of bucketry serve)"
        )


class BrowserRules:
    """The rules of one application: which hosts requests may name, and which pages may send them."""

    def __init__(
        self,
        allowed_hosts: Iterable[str] = (),
        public_endpoints: Iterable[str] = (),
        cors_origins: Iterable[str] = (),
    ) -> None:
        """Takes the hosts and origins that are allowed. This machine itself is always allowed.

        Args:
            allowed_hosts: See `HostRules`.
            public_endpoints: URLs under which clients reach the application.
            cors_origins: Origins whose pages may use everything, ``scheme://host[:port]``; ``*``: every page.

        Raises:
            InvalidSettings: One of them is malformed.
        """
        endpoints = tuple(public_endpoints)
        self._hosts = HostRules(allowed_hosts, endpoints=endpoints)
        self._own = frozenset(map(origin_of, endpoints))
        self._cors = Cors(cors_origins)

    async def admit(self, scope: Any, send: Send) -> Send | None:
        """Lets a request in, or sends the response that refuses it.

        Args:
            scope: The request's ASGI scope.
            send: Sends its response.

        Returns:
            What to send the response with; ``None`` once it is sent.
        """
        host, origin, site, asked = _origin_headers(scope["headers"])
        method = scope["method"]
        if not self._hosts.allow(host, scope.get("server")):
            await send_refusal(HostNotAllowed(), scope, send)
            return None
        if origin is not None and method == "OPTIONS" and asked:
            await self._preflight(scope, origin, send)
            return None
        if self._cors.is_on:
            send = self._cors.exposing(origin, send)
        if (origin is not None or site is not None) and method not in READING_METHODS:
            known = origin is not None and (origin in self._own or self._cors.allows(origin))
            if not known and is_foreign(origin, site, host):
                await send_refusal(ForeignOrigin(), scope, send)
                return None
        return send

    async def _preflight(self, scope: Any, origin: str, send: Send) -> None:
        if self._cors.allows(origin):
            await send_response(send, HTTPStatus.NO_CONTENT, self._cors.preflight(origin, scope["headers"]), b"")
        else:
            await send_refusal(ForeignOrigin(), scope, send)


def _origin_headers(headers: RawHeaders) -> tuple[str | None, str | None, str | None, bool]:
    """Returns Host, Origin and Sec-Fetch-Site, and whether the request is a preflight."""
    found: dict[bytes, str] = {}
    for name, value in headers:
        if name in _JUDGED:
            text = value.decode("latin-1")
            # A header that comes twice is joined here. Nothing reads such a value, so the request is refused.
            found[name] = f"{found[name]}, {text}" if name in found else text
    return found.get(b"host"), found.get(b"origin"), found.get(b"sec-fetch-site"), _ASKING in found


class Cors:
    """The origins whose pages may use the API.

    Attributes:
        is_on: Whether there are any.
    """

    def __init__(self, origins: Iterable[str]) -> None:
        """Takes the allowed origins.

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
        """Returns the headers of the response to a preflight.

        Args:
            origin: An origin that is allowed.
            headers: The headers of the preflight.
        """
        answered = [
            *self._allowing(origin),
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-max-age", _MAX_AGE),
            (b"vary", b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
        ]
        wanted = b", ".join(value for name, value in headers if name == b"access-control-request-headers")
        if _HEADER_NAMES.fullmatch(wanted):
            answered.append((b"access-control-allow-headers", wanted))
        return answered

    def exposing(self, origin: str | None, send: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Returns a ``send`` that adds the CORS headers to a response, for a request of this origin."""
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
