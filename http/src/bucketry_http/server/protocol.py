"""uvicorn's HTTP protocol with limits on what one client may cost: memory, time, and turns of the event loop.

uvicorn and its parser (llhttp) have none. They parse whatever comes: one header without end, thousands of requests
whose responses nobody takes, hundreds of thousands of tiny chunks in one turn of the event loop. Here what comes is
parsed slice by slice, and nothing is parsed or read while a request waits for its response.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, NoReturn

import msgspec
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from bucketry_http.server.date_header import FreshDate, date_now
from bucketry_http.server.http10 import without_chunks
from bucketry_http.server.receive_buffer import END_OF_HEAD, ReceiveBuffer
from bucketry_http.server.request_head import (
    CHUNKED,
    FRAMING,
    REFUSAL_CODES,
    BadHead,
    RawHeaders,
    body_length,
    origin_form,
)
from bucketry_http.shared.connection import DRAIN_SECONDS, MAX_DRAINED_BYTES, provide_connection

MAX_HEAD_BYTES: Final = 64 * 1024
"""Request line, headers and trailers together, in bytes: eight times what most servers take."""

MAX_URL_BYTES: Final = 16 * 1024
"""A key, a prefix and a cursor, each of them percent-encoded, and some."""

HEAD_SECONDS: Final = 30.0
"""How long a client may take from connecting, or from a request's first byte, to the end of its headers."""

MAX_HEADERS: Final = 1000
"""Most headers of a request, and most trailers: ten times what most servers take, for user metadata."""

MAX_STEPS: Final = 500
"""How many headers, pieces of a body and slices are parsed before other connections have their turn."""

_SLICE_BYTES: Final = 8 * 1024
"""Most of a chunked body that is parsed at once: some 1,400 chunks of one byte, a millisecond or two."""

_LARGE_SLICE_BYTES: Final = 64 * 1024
"""The same once chunks turn out to be large."""

_FEW_STEPS: Final = 8

SEND_SECONDS: Final = 60.0
"""How long a client may take nothing of an answer that waits for it.

On Linux the kernel sees to it (`TCP_USER_TIMEOUT`, tcp(7)), down to the last byte. Elsewhere it is how long the
server's own buffer may take from full to almost empty, and the last 64 KiB of an answer may wait without end.
"""

_MALFORMED: Final = "This is not well-formed HTTP/1.1, or its method is unknown: send a request as in RFC 9112."
_LARGE_HEAD: Final = f"A head may have {MAX_HEADERS} headers and {MAX_HEAD_BYTES} bytes: send fewer or shorter ones."
_LONG_TARGET: Final = f"A request target may have {MAX_URL_BYTES} bytes: send a shorter one."
_SLOW_HEAD: Final = f"The head of a request may take {HEAD_SECONDS:g} seconds: send all of it at once."

_FRESH_DATE: Final = FreshDate()
_READ_HERE: Final = FRAMING | {b"expect"}
_HOP_BY_HOP: Final = (b"connection", b"upgrade", b"http2-settings")


logger = logging.getLogger("bucketry_http")

_SILENT: Final = logging.getLogger("bucketry_http.cut_off")
_SILENT.disabled = True


class BoundedProtocol(HttpToolsProtocol):
    """One connection of a client."""

    _head_timer: asyncio.TimerHandle | None = None
    _send_timer: asyncio.TimerHandle | None = None
    _kernel_bounds_sending = False
    _waiting_bytes = 0
    _trailers = _field_bytes = 0
    _steps = 0
    _slice_bytes = _SLICE_BYTES
    _in_head = True
    _in_body = False
    _behind = False
    _is_cut_off = False
    _body_left = 0
    _drained_bytes = 0
    _drain_timer: asyncio.TimerHandle | None = None
    _turn: asyncio.Handle | None = None
    _active: RequestResponseCycle | None = None
    _refusal: HTTPStatus | None = None
    _detail = _MALFORMED

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to wait for the first request."""
        super().connection_made(transport)
        self._unparsed = ReceiveBuffer()
        self._pieces: list[bytes] = []
        self.flow: _Flow = _Flow(transport, self._resume_parsing)
        self._make_lenient()
        self._kernel_bounds_sending = _bound_sending(transport)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends waiting."""
        self._end_of_head()
        self._end_of_sending()
        self._end_of_draining()
        self._forget_unparsed()
        active = self._active
        if active is not None and not active.response_complete:
            # uvicorn tells the newest request only, which may be one that waits.
            active.disconnected = True
            active.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes what the client sent."""
        if self._is_cut_off:
            return
        # By far the most common cases, and the shortest way.
        rest = self._parse_whole(data) if not self._unparsed.left and not self._must_wait() else data
        if rest or self._in_head or self.flow.read_paused or self.transport.is_closing():
            self._unparsed.add(rest)
            self._parse()
        if not self._waiting_bytes and self.timeout_keep_alive_task is not None:
            self._go_on_waiting()

    def on_message_begin(self) -> None:
        """Begins a request."""
        self._unset_keepalive_if_required()
        self._in_head, self._in_body = True, False
        self._waiting_bytes = self._trailers = self._field_bytes = 0
        self._framing: RawHeaders = []
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes one header; a trailer after a chunked body counts, and says nothing about its request any more."""
        self._field_bytes = size = self._field_bytes + len(name) + len(value)
        headers = self.headers
        if size > MAX_HEAD_BYTES or len(headers) + self._trailers >= MAX_HEADERS:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _LARGE_HEAD)
        if not self._in_head:
            self._trailers += 1
            self._steps += 1
            return
        name = name.lower()
        # Blanks around a value are no part of it (RFC 9110, 5.5); the parser leaves those behind it.
        field = (name, value.strip(b" \t"))
        headers.append(field)
        if name not in _READ_HERE:
            return
        if name in FRAMING:
            if b"\t" in value and name == b"transfer-encoding":
                # The parser strips spaces here, no tabs, and would take the chunks for the body.
                self._refuse(HTTPStatus.BAD_REQUEST, "Transfer-Encoding has a tab behind its value: send it without.")
            self._framing.append(field)
        elif field[1].lower() == b"100-continue":
            self.expect_100_continue = True

    def on_headers_complete(self) -> None:
        """Hands a request on, if its head is within the limits."""
        self._end_of_head()
        self._in_body = True
        # The answer before may have been complete only after this request had begun.
        self._unset_keepalive_if_required()
        self._waiting_bytes = 0
        if len(self.url) > MAX_URL_BYTES:
            self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG, _LONG_TARGET)
        if self.parser.get_method() == b"CONNECT":
            self._refuse(HTTPStatus.BAD_REQUEST, "This server is no proxy: send the request to its own server.")
        version = self.parser.get_http_version()
        try:
            self._body_left = body_length(version, self.url, self._framing)
            self.url = origin_form(self.url, self.headers)
        except BadHead as error:
            self._refuse(error.status, error.detail)
        if version == "1.0":
            # RFC 9110, 10.1.1: such a client does not know what a 100 is.
            self.expect_100_continue = False
        if self._body_left == CHUNKED:
            self._unparsed.begin_chunks()
        if not self.parser.should_upgrade():
            super().on_headers_complete()
            cycle: Any = self.cycle  # uvicorn declares a list, and adds it to the headers of the response.
            cycle.default_headers = _FRESH_DATE
            provide_connection(self.scope, cycle, self.transport, self.server_state)

    def on_message_complete(self) -> None:
        """Ends a request, unless it only begins: see `_decline`."""
        if not self.parser.should_upgrade():
            self._in_body = False
            if self._pieces:
                self._hand_over()
            if self._drain_timer is not None:
                self._end_of_draining()
            super().on_message_complete()

    def on_body(self, body: bytes) -> None:
        """Takes a piece of a body."""
        self._waiting_bytes = 0
        self._steps += 1
        self._pieces.append(body)

    def on_response_complete(self) -> None:
        """Goes on with what came meanwhile; where the request's own body is still coming, bounds that."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._forget_unparsed()
            return
        if self.cycle.more_body and self.cycle.response_complete:
            self._drained_bytes = 0
            self._drain_timer = self.loop.call_later(DRAIN_SECONDS, self.transport.close)
        self._behind = self._unparsed.left > 0
        if self._behind or self.flow.read_paused or self._in_body:
            self._parse()
        else:
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

        Where an earlier request waits for its answer, or gets it right now, nothing may come between. What came while
        it waited gets no answer: the connection ends with those to the requests before.
        """
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body:
                cycle.keep_alive = False
                return
            if cycle.response_started:
                self.transport.close()
                return
        if self._behind:
            self.transport.close()
            return
        status = self._refusal or HTTPStatus.BAD_REQUEST
        self._write_refusal(status, self._detail)
        self.transport.close()

    def cut_off(self) -> None:
        """Ends the request in progress because the server stops: with a 503 where its response has not begun.

        The connection stays open for its client to take that, and nothing more is read from it.
        """
        cycle = self._active
        if self.transport.is_closing() or cycle is None or cycle.response_complete:
            self.transport.close()
            return
        logger.warning("%s %s: cut off, since the server stops", cycle.scope["method"], _path_of(cycle))
        self._is_cut_off = True
        self._forget_unparsed()
        if cycle.response_started or self.flow.write_paused:
            self.transport.abort()
        else:
            self._write_refusal(HTTPStatus.SERVICE_UNAVAILABLE, "The server is stopping: send the request again.")
            self.transport.write_eof()
        # To the application it looks as if the client had left; what it still does is of no interest to the log.
        cycle.logger = _SILENT
        cycle.disconnected = True
        cycle.message_event.set()

    def _write_refusal(self, status: HTTPStatus, detail: str) -> None:
        media_type, body = self.refusal(status, detail)
        retry = "retry-after: 1\r\n" if status is HTTPStatus.SERVICE_UNAVAILABLE else ""
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ndate: {date_now().decode()}\r\ncontent-type: {media_type}\r\n"
            f"content-length: {len(body)}\r\n{retry}connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)

    def refusal(self, status: HTTPStatus, detail: str) -> tuple[str, bytes]:
        """Returns media type and content of such an answer: a problem (RFC 9457)."""
        problem: dict[str, Any] = {
            "title": status.phrase,
            "status": status,
            "code": REFUSAL_CODES.get(status, "malformed_request"),
            "detail": detail,
            "retryable": status is HTTPStatus.SERVICE_UNAVAILABLE,
        }
        return "application/problem+json", msgspec.json.encode(problem)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._active = cycle
        old = cycle.scope["http_version"] == "1.0"
        super()._start_asgi_task(cycle, without_chunks(app, cycle) if old else app)

    def _parse_whole(self, data: bytes) -> bytes:
        """Parses a whole head at the beginning of what came, and a body of known length behind it; returns the rest."""
        if not self._in_body:
            stop = data.find(END_OF_HEAD) + len(END_OF_HEAD)
            if self._waiting_bytes or stop < len(END_OF_HEAD):
                return data
            head, data = (data, b"") if stop == len(data) else (data[:stop], data[stop:])
            self._waiting_bytes = stop
            self._feed(head)
        if data and self._in_body and len(data) <= self._body_left and not self._must_wait():
            self._body_left -= len(data)
            self._feed(data)
            self._hand_over()
            return b""
        return data

    def _parse(self) -> None:
        """Parses what came, until a request waits for its response or others are to have their turn."""
        unparsed, steps = self._unparsed, 0
        while unparsed.left and not self._must_wait():
            if steps >= MAX_STEPS:
                self._resume_parsing()
                break
            self._steps = 1
            self._parse_slice()
            steps += self._steps
        self._hand_over()
        if self.transport.is_closing():
            self._forget_unparsed()
        elif unparsed.left:
            self.flow.pause_reading()
        elif not self._is_full():
            self.flow.read_on()
        self._watch_head()

    def _parse_slice(self) -> None:
        if self._waiting_bytes > MAX_HEAD_BYTES:
            self._refusal, self._detail = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _LARGE_HEAD
            self.send_400_response("")
            return
        if not self._in_body:
            piece = self._unparsed.take_lines(self._unparsed.left)
        elif self._body_left == CHUNKED:
            piece = self._unparsed.take_chunks(self._slice_bytes)
        else:
            piece = self._unparsed.take(max(self._body_left, 1))
            self._body_left -= len(piece)
        self._waiting_bytes += len(piece)
        self._feed(piece)
        large = self._steps <= _FEW_STEPS
        self._slice_bytes = min(2 * self._slice_bytes, _LARGE_SLICE_BYTES) if large else _SLICE_BYTES

    def _must_wait(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        if self.transport.is_closing() or cycle is None or cycle.response_complete:
            return self.transport.is_closing()
        return not cycle.more_body or self._is_full()

    def _is_full(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete and len(cycle.body) > HIGH_WATER_LIMIT

    def _resume_parsing(self) -> bool:
        """Has what is left parsed in a later turn; returns whether anything is."""
        if self._turn is None and self._unparsed.left:
            self._turn = self.loop.call_soon(self._next_turn)
        return self._unparsed.left > 0

    def _next_turn(self) -> None:
        self._turn = None
        self._parse()

    def _forget_unparsed(self) -> None:
        self._unparsed.clear()
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None

    def _hand_over(self) -> None:
        """Hands the pieces of a body to their request. Where nothing waits before one, it stays as it is."""
        pieces = self._pieces
        if not pieces:
            return
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        cycle: Any = self.cycle  # uvicorn declares a bytearray, and makes bytes of it where it hands it on.
        if cycle.response_complete:
            self._drained_bytes += len(body)
            if self._drained_bytes > MAX_DRAINED_BYTES:
                self.transport.close()
            return
        if not cycle.body:
            cycle.body, body = body, b""
        elif isinstance(cycle.body, bytes):
            cycle.body = bytearray(cycle.body)
        super().on_body(body)

    def _feed(self, data: bytes | memoryview) -> None:
        try:
            while data:
                try:
                    self.parser.feed_data(data)
                    return
                except HttpParserUpgrade as offer:
                    data = memoryview(data)[offer.args[0] :]
                    self._decline()
        except HttpParserError:
            self._hand_over()
            self.send_400_response("")

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
        self._make_lenient()
        self.parser.feed_data(b"%s %s HTTP/%s\r\n%s\r\n" % (method, self.url, version, b"".join(lines)))

    def _refuse(self, status: HTTPStatus, detail: str) -> NoReturn:
        self._refusal, self._detail = status, detail
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

    def _make_lenient(self) -> None:
        # uvicorn sets the first. The second: the parser ends with the same error for many kinds of Transfer-Encoding;
        # `body_length` is stricter than it is, and tells them apart.
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True, lenient_transfer_encoding=True)

    def _end_of_draining(self) -> None:
        if self._drain_timer is not None:
            self._drain_timer.cancel()
            self._drain_timer = None

    def _end_of_sending(self) -> None:
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        self._refusal, self._detail = HTTPStatus.REQUEST_TIMEOUT, _SLOW_HEAD
        self.send_400_response("")


class _Flow(FlowControl):
    """Reads nothing while there is something left to parse."""

    def __init__(self, transport: asyncio.Transport, parse: Callable[[], bool]) -> None:
        super().__init__(transport)
        self._parse = parse

    def resume_reading(self) -> None:
        """Called by uvicorn where a request wants more of its body, or has its response."""
        # While it reads, nothing is left.
        if self.read_paused and not self._parse():
            self.read_on()

    def read_on(self) -> None:
        """Reads again, whatever is left."""
        super().resume_reading()


def _path_of(cycle: RequestResponseCycle) -> str:
    return cycle.scope["raw_path"].decode("latin-1")


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
