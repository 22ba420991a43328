"""Endpoints for tests of applications, below ``/_bucketry/`` on the port of the REST API."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from bucketry_http.rest.cors import BrowserRules

MAX_BODY_BYTES: Final = 64 * 1024

_MAX_PARAMETERS: Final = 20


class ControlError(Exception):
    """A request that is refused, with the status and the text of the response."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class ControlRequest:
    """A request for one of the endpoints.

    Attributes:
        query: The parameters of the query by name.
        body: The body.
    """

    def __init__(self, query: Mapping[str, str], body: bytes) -> None:
        self.query = query
        self.body = body


Handler = Callable[[ControlRequest], Awaitable[bytes | None]]
"""Takes a request. Returns the response's JSON, or ``None`` for a response without content (204)."""

Endpoints = Mapping[str, Mapping[str, Handler]]
"""The handlers of the endpoints by path and method."""


class ControlApp:
    """The endpoints; all requests to other paths go to another application.

    Attributes:
        clock: The other application's, for the server.
    """

    def __init__(self, app: Any, gate: BrowserRules, endpoints: Endpoints) -> None:
        """Keeps all of it.

        Args:
            app: The other application.
            gate: Checks each request first: a web page that is open must not delete a test's data, nor read it.
            endpoints: The handlers by path and method.
        """
        self._app = app
        self.clock = getattr(app, "clock", None)  # The server shows it.
        self._gate = gate
        self._endpoints = endpoints

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Takes a request."""
        handlers = self._endpoints.get(scope["path"]) if scope["type"] == "http" else None
        if handlers is None:
            await self._app(scope, receive, send)
            return
        send = await self._gate.admit(scope, send)
        if send is None:
            return
        headers = [(b"allow", ", ".join(handlers).encode()), (b"cache-control", b"no-store")]
        try:
            content = await _handle(handlers, scope, receive)
            status = HTTPStatus.OK if content is not None else HTTPStatus.NO_CONTENT
            media_type = b"application/json"
        except ControlError as error:
            status, media_type = error.status, b"application/problem+json"
            content = json.dumps({"status": status, "detail": error.detail}).encode()
        if content is not None:
            headers += [(b"content-type", media_type), (b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content or b""})


async def _handle(handlers: Mapping[str, Handler], scope: Any, receive: Any) -> bytes | None:
    handler = handlers.get(scope["method"])
    if handler is None:
        raise ControlError(HTTPStatus.METHOD_NOT_ALLOWED, f"use {' or '.join(handlers)}")
    try:
        pairs = parse_qsl(scope["query_string"].decode("ascii"), keep_blank_values=True, max_num_fields=_MAX_PARAMETERS)
    except ValueError:
        raise ControlError(HTTPStatus.BAD_REQUEST, "the query cannot be read") from None
    return await handler(ControlRequest(dict(pairs), await _body(receive)))


async def _body(receive: Any) -> bytes:
    content = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ControlError(HTTPStatus.BAD_REQUEST, "the request broke off")
        content += message.get("body", b"")
        if len(content) > MAX_BODY_BYTES:
            raise ControlError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body may have {MAX_BODY_BYTES} bytes")
        if not message.get("more_body", False):
            return bytes(content)


def number(query: Mapping[str, str], name: str, default: float, *, most: float) -> float:
    """Returns a parameter that is a number of 0 to ``most``.

    Raises:
        ControlError: It is something else.
    """
    text = query.get(name)
    if text is None:
        return default
    try:
        value = float(text) if len(text) <= 32 else -1.0
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise ControlError(HTTPStatus.BAD_REQUEST, f"{name} is a number of 0 to {most:g}")
    return value
