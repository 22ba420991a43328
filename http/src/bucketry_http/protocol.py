"""uvicorn's HTTP protocol with bounds on what is no body, on how many requests wait, and on how long a client may take.

The parser (llhttp) has none: a client could send one header without end, or hold a connection that never asks.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sized
from http import HTTPStatus
from typing import Any, Final

import msgspec
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from bucketry_http.shared.ending import allow_ending

MAX_HEAD_BYTES: Final = 64 * 1024
"""Request line, headers and trailers together, in bytes: eight times what most servers take."""

MAX_URL_BYTES: Final = 16 * 1024
"""A key, a prefix and a cursor, each of them percent-encoded, and some."""

HEAD_SECONDS: Final = 30.0
"""How long a client may take from connecting, or from a request's first byte, to the end of its headers."""

MAX_QUEUED: Final = 4096
"""How many requests may wait for their turn on one connection: more than one read of the usual ones has in it."""

SEND_SECONDS: Final = 60.0
"""How long a client may take nothing of an answer that waits for it.

On Linux the kernel sees to it (`TCP_USER_TIMEOUT`, tcp(7)), down to the last byte. Elsewhere it is how long the
server's own buffer may take from full to almost empty, and the last 64 KiB of an answer may wait without end.
"""

_HOP_BY_HOP: Final = (b"connection", b"upgrade", b"http2-settings")


class BoundedProtocol(HttpToolsProtocol):
    """One connection of a client."""

    _head_timer: asyncio.TimerHandle | None = None
    _send_timer: asyncio.TimerHandle | None = None
    _kernel_bounds_sending = False
    _waiting_bytes = 0
    _field_bytes = 0
    _in_head = True
    _active: RequestResponseCycle | None = None
    _refusal: HTTPStatus | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to wait for the first request."""
        super().connection_made(transport)
        self.flow = _Flow(transport, self.pipeline)
        self._kernel_bounds_sending = _bound_sending(transport)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends waiting."""
        self._end_of_head()
        self._end_of_sending()
        active = self._active
        if active is not None and not active.response_complete:
            # uvicorn tells the newest request only, which may be one that waits.
            active.disconnected = True
            active.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes what the client sent, unless it is headers, trailers or blank lines that have no end."""
        if self._waiting_bytes > MAX_HEAD_BYTES:
            self._refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            self.send_400_response("")
            return
        self._waiting_bytes += len(data)
        self._feed(data)
        self._watch_head()
        if not self._waiting_bytes and self.timeout_keep_alive_task is not None:
            self._go_on_waiting()

    def on_message_begin(self) -> None:
        """Begins a request."""
        self._unset_keepalive_if_required()
        self._in_head = True
        self._waiting_bytes = self._field_bytes = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes one header; a trailer after a chunked body counts, and says nothing about its request any more."""
        self._field_bytes += len(name) + len(value)
        if self._field_bytes > MAX_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Hands a request on, if what it begins with is within bounds."""
        self._end_of_head()
        # The answer before may have been complete only after this request had begun.
        self._unset_keepalive_if_required()
        self._waiting_bytes = 0
        if len(self.pipeline) >= MAX_QUEUED:
            # The connection ends with the answers to those before.
            self._refuse(HTTPStatus.TOO_MANY_REQUESTS)
        if len(self.url) > MAX_URL_BYTES:
            self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG)
        if self.parser.get_method() == b"CONNECT":
            self._refuse(HTTPStatus.BAD_REQUEST)
        if not self.parser.should_upgrade():
            super().on_headers_complete()
            allow_ending(self.scope, self.cycle, self.transport)

    def on_message_complete(self) -> None:
        """Ends a request, unless it only begins: see `_decline`."""
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def on_body(self, body: bytes) -> None:
        """Takes a piece of a body. Where nothing waits before it, it stays as it is: uvicorn would copy it twice."""
        self._waiting_bytes = 0
        cycle: Any = self.cycle  # uvicorn declares a bytearray, and makes bytes of it where it hands it on.
        if not cycle.body:
            cycle.body, body = body, b""
        elif isinstance(cycle.body, bytes):
            cycle.body = bytearray(cycle.body)
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Goes on with the next request, and reads on where that was the last."""
        super().on_response_complete()
        if not self.transport.is_closing():
            self.flow.resume_reading()
            self._watch_head()

    def pause_writing(self) -> None:
        """Begins to wait for a client that does not take its answer, where the kernel does not."""
        super().pause_writing()
        if self._send_timer is None and not self._kernel_bounds_sending:
            self._send_timer = self.loop.call_later(SEND_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Ends that: it took most of what waited for it."""
        self._end_of_sending()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answers what is no proper request, and closes the connection.

        Where an earlier request waits for its answer, or gets it right now, nothing may come between.
        """
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body:
                cycle.keep_alive = False
                return
            if self.pipeline or cycle.response_started:
                self.transport.close()
                return
        status = self._refusal or HTTPStatus.BAD_REQUEST
        media_type, body = self.refusal(status, status.description or msg)
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: {media_type}\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def refusal(self, status: HTTPStatus, detail: str) -> tuple[str, bytes]:
        """Returns media type and content of such an answer: a problem (RFC 9457)."""
        problem: dict[str, Any] = {
            "title": status.phrase,
            "status": status,
            "code": "malformed_request" if self._refusal is None else "too_large",
            "detail": detail,
            "retryable": False,
        }
        return "application/problem+json", msgspec.json.encode(problem)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._active = cycle
        super()._start_asgi_task(cycle, app)

    def _feed(self, data: bytes | memoryview) -> None:
        try:
            while data:
                try:
                    self.parser.feed_data(data)
                    return
                except HttpParserUpgrade as offer:
                    # A view: there may be many more requests in it.
                    data = memoryview(data)[offer.args[0] :]
                    self._decline()
        except HttpParserError:
            self.send_400_response("Invalid HTTP request received.")

    def _decline(self) -> None:
        """Goes on with HTTP/1.1 where a client offers another protocol (RFC 9110, section 7.8), as Java's always does.

        The parser would take the request's body for that protocol (MagicStack/httptools, issue 124), and uvicorn for
        the next request: so another parser gets the same request without the offer, and then what follows.
        """
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        tokens = [token.strip() for name, value in self.headers if name == b"connection" for token in value.split(b",")]
        kept = [token for token in tokens if token.lower() not in _HOP_BY_HOP]
        headers = [(name, value) for name, value in self.headers if name not in _HOP_BY_HOP]
        lines = [b"%s: %s\r\n" % field for field in [*headers, (b"connection", b", ".join(kept))]]
        self.parser = HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser.feed_data(b"%s %s HTTP/%s\r\n%s\r\n" % (method, self.url, version, b"".join(lines)))

    def _refuse(self, status: HTTPStatus) -> None:
        self._refusal = status
        # The parser stops at any exception, and uvicorn then calls `send_400_response`.
        raise ValueError(status.phrase)

    def _watch_head(self) -> None:
        # What the server itself does not read is not late.
        if self._in_head and self._head_timer is None and not self.flow.read_paused:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _go_on_waiting(self) -> None:
        # For the rest of a body whose request was answered already: it may be refused, but it comes.
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def _end_of_head(self) -> None:
        self._in_head = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _end_of_sending(self) -> None:
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        self._refusal = HTTPStatus.REQUEST_TIMEOUT
        self.send_400_response("")


class _Flow(FlowControl):
    """Reads nothing while requests wait: each takes kilobytes of memory, and a client sends it in twenty bytes."""

    def __init__(self, transport: asyncio.Transport, pipeline: Sized) -> None:
        super().__init__(transport)
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        if not self._pipeline:
            super().resume_reading()


def _bound_sending(transport: asyncio.Transport) -> bool:
    """Has the kernel end a connection whose client takes nothing; returns whether it will."""
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    connection = transport.get_extra_info("socket")
    if option is None or connection is None:
        return False
    try:
        connection.setsockopt(socket.IPPROTO_TCP, option, round(SEND_SECONDS * 1000))
    except OSError:
        # No TCP, or a system that knows the option and does not have it.
        return False
    return True
