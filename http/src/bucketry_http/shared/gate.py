"""What decides over every request to the REST API's port before anything else: its host, and the page that sends it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Final

from bucketry_http.shared.cors import Cors
from bucketry_http.shared.hosts import HostRules
from bucketry_http.shared.origins import READING_METHODS, is_foreign, origin_of
from bucketry_http.shared.problem import MEDIA_TYPE, document_of
from bucketry_http.shared.request_errors import ForeignOrigin, HostNotAllowed, RequestError
from bucketry_http.shared.sending import RawHeaders

Send = Callable[[Any], Any]


_ASKING: Final = b"access-control-request-method"
_NAMES: Final = frozenset({b"host", b"origin", b"sec-fetch-site", _ASKING})


class Gate:
    """The rules of one application."""

    def __init__(
        self,
        allowed_hosts: Iterable[str] = (),
        public_endpoints: Iterable[str] = (),
        cors_origins: Iterable[str] = (),
    ) -> None:
        """Takes what is allowed besides this machine itself.

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
        """Lets a request in, or answers it.

        Args:
            scope: The request's ASGI scope.
            send: Sends its response.

        Returns:
            What to send the response with; ``None`` once it is sent.
        """
        host, origin, site, asked = _claims(scope["headers"])
        method = scope["method"]
        if not self._hosts.allow(host, scope.get("server")):
            await _refuse(HostNotAllowed(), method, send)
            return None
        if origin is not None and method == "OPTIONS" and asked:
            await self._preflight(scope, origin, send)
            return None
        if self._cors.is_on:
            send = self._cors.exposing(origin, send)
        if (origin is not None or site is not None) and method not in READING_METHODS:
            known = origin is not None and (origin in self._own or self._cors.allows(origin))
            if not known and is_foreign(origin, site, host):
                await _refuse(ForeignOrigin(), method, send)
                return None
        return send

    async def _preflight(self, scope: Any, origin: str, send: Send) -> None:
        if self._cors.allows(origin):
            await _answer(HTTPStatus.NO_CONTENT, self._cors.preflight(origin, scope["headers"]), b"", send)
        else:
            await _refuse(ForeignOrigin(), "OPTIONS", send)


def _claims(headers: RawHeaders) -> tuple[str | None, str | None, str | None, bool]:
    """Returns Host, Origin and Sec-Fetch-Site, and whether this is asked before another request."""
    found: dict[bytes, str] = {}
    for name, value in headers:
        if name in _NAMES:
            text = value.decode("latin-1")
            # None of them may come twice; what is joined is not understood, hence refused.
            found[name] = f"{found[name]}, {text}" if name in found else text
    return found.get(b"host"), found.get(b"origin"), found.get(b"sec-fetch-site"), _ASKING in found


async def _refuse(error: RequestError, method: str, send: Send) -> None:
    body = document_of(error)
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", b"%d" % len(body))]
    await _answer(error.status, headers, b"" if method == "HEAD" else body, send)


async def _answer(status: HTTPStatus, headers: RawHeaders, body: bytes, send: Send) -> None:
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
