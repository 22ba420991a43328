"""HTTP/1.1 on one connection, with limits on the memory and the time that one client may cost.

The parser (llhttp, in httptools) has no limits. It would parse an endless header, thousands of requests whose responses
nobody reads, or hundreds of thousands of tiny chunks in one turn of the event loop. This class parses slice by slice,
and parses and reads nothing while a request waits for its response.
docs/adr/0011-http-protocol.md gives the reasons for a protocol of our own.
"""

from __future__ import annotations

import asyncio
import logging
from contextvars import copy_context
from http import HTTPStatus
from typing import Any, ClassVar, Final, NoReturn
from urllib.parse import unquote

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from bucketry_http.server.draining import Draining
from bucketry_http.server.exchange import BODY_BYTES, Exchange
from bucketry_http.server.flow import Flow, bound_sending
from bucketry_http.server.idle_timer import IdleTimer
from bucketry_http.server.receive_buffer import END_OF_HEAD, ReceiveBuffer
from bucketry_http.server.refusals import Refusals
from bucketry_http.server.request_head import (
    CHUNKED,
    FRAMING,
    BadHead,
    RawHeaders,
    body_length,
    origin_form,
)
from bucketry_http.server.state import ServerState
from bucketry_http.shared.connection import EXTENSION, STILL_SECONDS

MAX_STEPS: Final = 500
"""How many headers, pieces of a body and slices are parsed before other connections may go on."""

_SLICE_BYTES: Final = 8 * 1024
"""How much of a chunked body is parsed at once: some 1,400 chunks of one byte, which takes one or two milliseconds."""

_LARGE_SLICE_BYTES: Final = 64 * 1024
"""The same if chunks are large."""

_FEW_STEPS: Final = 8

_LARGE_BODY_BYTES: Final = 256 * 1024
"""A longer body of known length does not go through the parser, which would copy it."""

_MALFORMED: Final = "This is not well-formed HTTP/1.1, or its method is unknown: send a request as in RFC 9112."
_READ_HERE: Final = FRAMING | {b"expect"}
_HOP_BY_HOP: Final = (b"connection", b"upgrade", b"http2-settings")


logger = logging.getLogger("bucketry_http")


class BoundedProtocol(asyncio.Protocol):
    """One connection of a client.

    Attributes:
        refusals: How the server's own responses look.
    """

    refusals: ClassVar = Refusals()

    def __init__(self, server: ServerState) -> None:
        """Knows its server, and has no transport yet."""
        self.loop = asyncio.get_running_loop()
        self.server = server
        self.settings = server.settings
        self.tasks = server.tasks
        self._buffer = ReceiveBuffer()
        self._parser = self._new_parser()
        self._extensions = {EXTENSION: {"end": self.end_response, "server": server}}
        self._exchange: Exchange | None = None
        self._pieces: list[bytes] = []
        self._url = b""
        self._headers: RawHeaders = []
        self._framing: RawHeaders = []
        self._expects_continue = False
        self._in_head, self._in_body = True, False
        self._waiting_bytes = self._trailers = self._field_bytes = 0
        self._body_left = self._steps = 0
        self._skips_parser = False
        self._slice_bytes = _SLICE_BYTES
        self._behind = self._drops = False
        self._refusal: HTTPStatus | None = None
        self._detail = _MALFORMED
        self._next_parse: asyncio.Handle | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._send_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to wait for the first request."""
        self.transport = transport
        self.is_closing = transport.is_closing
        self.write = transport.write
        self.close = transport.close
        self.flow = Flow(transport)
        self._draining = Draining(self.loop, transport.close)
        self._idle = IdleTimer(self.loop, self.settings.keep_alive_seconds, transport.close)
        self.server.connections.add(self)
        self._own_address = _address(transport.get_extra_info("sockname"))
        self._client_address = _address(transport.get_extra_info("peername"))
        self._client, self._scheme = self._client_address, self.server.scheme
        proxies = self.server.proxies
        self._proxies = proxies if proxies is not None and proxies.include(self._client_address) else None
        self._kernel_bounds_sending = bound_sending(transport, self.settings.send_seconds)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tells the application, and stops all timers."""
        self.server.connections.discard(self)
        self._end_of_head()
        self._end_of_sending()
        self._draining.end()
        self._idle.end()
        self._clear_buffer()
        exchange = self._exchange
        if exchange is not None:
            if exchange.is_complete:
                exchange.wake()
            else:
                exchange.abandon(silently=exchange.is_silent)
        self.flow.resume_writing()
        if exc is None:
            self.transport.close()
        # It holds this object, and this object it.
        del self._parser

    def eof_received(self) -> None:
        """Closes the connection: a client that sends no more reads no more."""

    def data_received(self, data: bytes) -> None:
        """Takes what the client sent."""
        if self._drops:
            self._draining.count(len(data))
            return
        # The shortest way, for the most common cases.
        rest = self._parse_whole(data) if not self._buffer.left and not self._must_wait() else data
        if rest or self._in_head or self.flow.read_paused or self.is_closing():
            self._buffer.add(rest)
            self._parse()
        if self._idle.since is not None and not self._waiting_bytes:
            # The rest of a body after its response. The body may be refused, but the client is not idle.
            self._idle.since = self.loop.time()

    def on_message_begin(self) -> None:
        """Begins a request; called by the parser, as all ``on_…`` are."""
        self._idle.since = None
        self._in_head, self._in_body = True, False
        self._waiting_bytes = self._trailers = self._field_bytes = 0
        self._url = b""
        self._headers, self._framing = [], []
        self._expects_continue = False

    def on_url(self, url: bytes) -> None:
        """Takes a piece of the request target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes one header. A trailer after a chunked body counts too, but is dropped."""
        self._field_bytes = size = self._field_bytes + len(name) + len(value)
        headers = self._headers
        if size > self.settings.max_head_bytes or len(headers) + self._trailers >= self.settings.max_headers:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, self._large_head())
        if not self._in_head:
            self._trailers += 1
            self._steps += 1
            return
        name = name.lower()
        # Blanks around a value do not belong to it (RFC 9110, 5.5). The parser leaves those behind it.
        field = (name, value.strip(b" \t"))
        headers.append(field)
        if name not in _READ_HERE:
            return
        if name in FRAMING:
            if b"\t" in value and name == b"transfer-encoding":
                # The parser strips spaces here, but not tabs, and would read the chunks as the body.
                self._refuse(HTTPStatus.BAD_REQUEST, "Transfer-Encoding has a tab behind its value: send it without.")
            self._framing.append(field)
        elif field[1].lower() == b"100-continue":
            self._expects_continue = True

    def on_headers_complete(self) -> None:
        """Hands a request on, if its head is within the limits."""
        self._end_of_head()
        self._in_body = True
        # The response before may have been complete only after this request had begun.
        self._idle.since = None
        self._waiting_bytes = 0
        if len(self._url) > self.settings.max_url_bytes:
            detail = f"A request target may have {self.settings.max_url_bytes} bytes: send a shorter one."
            self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG, detail)
        parser = self._parser
        method, version = parser.get_method(), parser.get_http_version()
        if method == b"CONNECT":
            self._refuse(HTTPStatus.BAD_REQUEST, "This server is not a proxy: send the request to its own server.")
        try:
            self._body_left = body_length(version, self._url, self._framing)
            self._url = origin_form(self._url, self._headers)
            if self._proxies is not None:
                seen = self._proxies.see(self._headers, self._client_address, self.server.scheme)
                self._client, self._scheme, self._headers = seen
        except BadHead as error:
            self._refuse(error.status, error.detail)
        if self._body_left == CHUNKED:
            self._buffer.begin_chunks()
        if not parser.should_upgrade():
            self._skips_parser = self._body_left > _LARGE_BODY_BYTES
            self._begin_exchange(method.decode("ascii"), version, keep_alive=parser.should_keep_alive())

    def _begin_exchange(self, method: str, version: str, *, keep_alive: bool) -> None:
        raw_path, _, query = self._url.partition(b"?")
        path = raw_path.decode("ascii")
        server = self.server
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": version,
            "server": self._own_address,
            "client": self._client,
            "scheme": self._scheme,
            "method": method,
            "root_path": "",
            "path": unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": self._headers,
            "state": server.app_state.copy(),
            "extensions": self._extensions,
        }
        # RFC 9110, 10.1.1: a client of HTTP/1.0 does not know what a 100 is.
        is_old = version == "1.0"
        exchange = self._exchange = Exchange(
            self,
            scope,
            keep_alive=keep_alive and not is_old,
            expects_continue=self._expects_continue and not is_old,
        )
        context, recorder = copy_context(), server.recorder
        if recorder is not None:
            # Now, and not in the task: what follows in this turn may be refused.
            exchange.record = context.run(recorder.begin, scope)
        exchange.task = task = self.loop.create_task(exchange.run(server.app), context=context)
        server.tasks.add(task)

    def on_message_complete(self) -> None:
        """Ends a request, unless it only begins: see `_decline`."""
        if self._parser.should_upgrade():
            return
        self._in_body = False
        if self._pieces:
            self._hand_over()
        exchange = self._exchange
        if exchange is None:
            return
        if not exchange.is_complete:
            exchange.end_body()
            return
        self._draining.end()
        if not exchange.keep_alive:
            self.transport.close()

    def on_body(self, body: bytes) -> None:
        """Takes a piece of a body."""
        self._waiting_bytes = 0
        self._steps += 1
        self._pieces.append(body)

    def want_body(self) -> None:
        """Goes on reading, for a request that wants more of its body or has its response."""
        # If it reads, nothing is left to parse.
        if self.flow.read_paused and not self._resume_parsing():
            self.flow.resume_reading()

    def response_complete(self, exchange: Exchange) -> None:
        """Goes on with the bytes that came meanwhile. Limits the rest of the request's body, if it is still coming."""
        if not exchange.keep_alive:
            self._linger() if exchange.more_body else self.transport.close()
        if self.is_closing() or self._drops:
            self._clear_buffer()
            return
        self.want_body()
        self._idle.begin()
        if exchange.more_body:
            self._draining.begin()
        self._behind = self._buffer.left > 0
        if self._behind or self.flow.read_paused or self._in_body:
            self._parse()
        else:
            self._watch_head()

    def _linger(self) -> None:
        """Ends the connection, but drops what the client still sends for a while, so that it can read its response."""
        self._drops = True
        self._end_of_head()
        self._clear_buffer()
        self.flow.resume_reading()
        self._draining.begin(STILL_SECONDS)
        # TLS cannot end one direction alone: there the client sees the end of the response by its length.
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def end_response(self) -> None:
        """Ends the connection once what was sent is out; the request in progress can send nothing more."""
        if self._exchange is not None:
            self._exchange.is_abandoned = True
        self.transport.close()

    def pause_writing(self) -> None:
        """Starts the timer for a client that does not read its response, unless the kernel has one."""
        self.flow.pause_writing()
        if self._send_timer is None and not self._kernel_bounds_sending:
            self._send_timer = self.loop.call_later(self.settings.send_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Stops that timer: the client has read most of what waited for it."""
        self._end_of_sending()
        self.flow.resume_writing()

    def refuse_request(self) -> None:
        """Answers a request that is malformed, and closes the connection.

        If an earlier request still waits for its response, or is getting it, nothing is sent in between. The malformed
        request then gets no response: the connection ends after the response to the request before.
        """
        exchange, status = self._exchange, self._refusal or HTTPStatus.BAD_REQUEST
        if exchange is not None and not exchange.is_complete:
            if exchange.more_body:
                self._refuse_body(exchange, status)
            else:
                exchange.keep_alive = False
                self._report_refusal(status, is_sent=False)
            return
        request_id = self._report_refusal(status, is_sent=not self._behind)
        if self._behind:
            self.transport.close()
            return
        self._write_refusal(status, self._detail, request_id)
        if status is HTTPStatus.REQUEST_TIMEOUT:
            self.transport.close()  # Of a head that does not come nothing is unread.
        else:
            self._linger()

    def _refuse_body(self, exchange: Exchange, status: HTTPStatus) -> None:
        """Ends a request whose body is malformed. The application knows it, and it has a record."""
        if exchange.is_started or self._behind:
            exchange.refused = exchange.refused or (0, self.refusals.code(status))
            self.transport.close()
            return
        self._respond_instead(exchange, status, self._detail)
        exchange.abandon()
        self._linger()

    def _respond_instead(self, exchange: Exchange, status: HTTPStatus, detail: str) -> None:
        """Sends a response in place of the application, whose request has not begun one."""
        exchange.refused = status, self.refusals.code(status)
        self._write_refusal(status, detail, "" if exchange.record is None else exchange.record.id)

    def _report_refusal(self, status: HTTPStatus, *, is_sent: bool) -> str:
        """Tells whoever wants to know, and returns the request's id; empty: it has none.

        A connection on which nothing came in time is idle, and nobody's request.
        """
        recorder, is_late = self.server.recorder, status is HTTPStatus.REQUEST_TIMEOUT
        if recorder is None or (is_late and not (self._url or self._waiting_bytes or self._buffer.left)):
            return ""
        address = "" if self._client_address is None else self._client_address[0]
        return recorder.refused(status if is_sent else 0, self.refusals.code(status), address)

    def shut_down(self) -> None:
        """Ends the connection after the request that is in progress, or at once if there is none."""
        if self._exchange is not None and (not self._exchange.is_complete or self._draining.is_on):
            self._exchange.keep_alive = False
        elif not self._draining.is_on:
            self.transport.close()

    def cut_off(self) -> None:
        """Ends the request in progress because the server stops: with a 503 if its response has not begun.

        The connection stays open so that its client can read that. Nothing more is read from the client.
        """
        exchange = self._exchange
        if self.is_closing() or self._drops or exchange is None or exchange.is_complete:
            self.transport.close()
            return
        path = exchange.scope["raw_path"].decode("latin-1")
        logger.warning("%s %s: cut off, since the server stops", exchange.scope["method"], path)
        self._drops = True
        self._clear_buffer()
        if exchange.is_started or self.flow.write_paused:
            self.transport.abort()
        else:
            detail = "The server is stopping: send the request again."
            self._respond_instead(exchange, HTTPStatus.SERVICE_UNAVAILABLE, detail)
            self._end_sending()
        # The application sees a client that has left. What it still does is not logged.
        exchange.abandon(silently=True)

    def _end_sending(self) -> None:
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            # TLS: this sends what is left and the alert that ends it, and waits for the client's.
            self.transport.close()

    def _write_refusal(self, status: HTTPStatus, detail: str, request_id: str) -> None:
        date = self.server.clock.http_date()
        self.transport.write(self.refusals.response(status, detail, date=date, request_id=request_id))

    def _parse_whole(self, data: bytes) -> bytes:
        """Parses a whole head at the beginning of the data, and a body of known length after it; returns the rest."""
        if not self._in_body:
            stop = data.find(END_OF_HEAD) + len(END_OF_HEAD)
            if self._waiting_bytes or stop < len(END_OF_HEAD):
                return data
            head, data = (data, b"") if stop == len(data) else (data[:stop], data[stop:])
            self._waiting_bytes = stop
            self._feed(head)
        if data and self._in_body and len(data) <= self._body_left and not self._must_wait():
            self._take_body(data)
            self._hand_over()
            return b""
        return data

    def _take_body(self, data: bytes | memoryview) -> None:
        """Takes the next bytes of a body of known length; at least so many are left."""
        self._body_left -= len(data)
        if not self._skips_parser:
            self._feed(data)
            return
        self.on_body(data if isinstance(data, bytes) else bytes(data))
        if not self._body_left:
            # The old one still waits for this body.
            self._parser, self._skips_parser = self._new_parser(), False
            self.on_message_complete()

    def _parse(self) -> None:
        """Parses the buffered data, until a request waits for its response or other connections should go on."""
        buffer, steps = self._buffer, 0
        while buffer.left and not self._must_wait():
            if steps >= MAX_STEPS:
                self._resume_parsing()
                break
            self._steps = 1
            self._parse_slice()
            steps += self._steps
        self._hand_over()
        if self.is_closing() or self._drops:
            self._clear_buffer()
        elif buffer.left:
            self.flow.pause_reading()
        elif not self._is_full():
            self.flow.resume_reading()
        self._watch_head()

    def _parse_slice(self) -> None:
        if self._waiting_bytes > self.settings.max_head_bytes:
            self._refusal, self._detail = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, self._large_head()
            self.refuse_request()
            return
        if not self._in_body:
            piece = self._buffer.take_lines(self._buffer.left)
        elif self._body_left == CHUNKED:
            piece = self._buffer.take_chunks(self._slice_bytes)
        else:
            piece = self._buffer.take(max(self._body_left, 1))
        self._waiting_bytes += len(piece)
        if self._in_body and self._body_left > 0:
            self._take_body(piece)
        else:
            self._feed(piece)
        large = self._steps <= _FEW_STEPS
        self._slice_bytes = min(2 * self._slice_bytes, _LARGE_SLICE_BYTES) if large else _SLICE_BYTES

    def _must_wait(self) -> bool:
        exchange = self._exchange
        if exchange is None or exchange.is_complete or self.is_closing() or self._drops:
            return self.is_closing() or self._drops
        return not exchange.more_body or len(exchange.body) > BODY_BYTES

    def _is_full(self) -> bool:
        exchange = self._exchange
        return exchange is not None and not exchange.is_complete and len(exchange.body) > BODY_BYTES

    def _resume_parsing(self) -> bool:
        """Schedules parsing of the buffered data for the next turn of the event loop; returns whether there is any."""
        if self._next_parse is None and self._buffer.left:
            self._next_parse = self.loop.call_soon(self._parse_later)
        return self._buffer.left > 0

    def _parse_later(self) -> None:
        self._next_parse = None
        self._parse()

    def _clear_buffer(self) -> None:
        self._buffer.clear()
        if self._next_parse is not None:
            self._next_parse.cancel()
            self._next_parse = None

    def _hand_over(self) -> None:
        """Hands the pieces of a body to their request."""
        pieces = self._pieces
        if not pieces:
            return
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        exchange = self._exchange
        assert exchange is not None  # noqa: S101 - a body comes after its head
        if exchange.is_complete:
            self._draining.count(len(body))
            return
        exchange.add_body(body)
        if len(exchange.body) > BODY_BYTES:
            self.flow.pause_reading()

    def _feed(self, data: bytes | memoryview) -> None:
        try:
            while data:
                try:
                    self._parser.feed_data(data)
                    return
                except HttpParserUpgrade as offer:
                    data = memoryview(data)[offer.args[0] :]
                    self._decline()
        except HttpParserError:
            self._hand_over()
            self.refuse_request()

    def _decline(self) -> None:
        """Goes on with HTTP/1.1 if a client offers another protocol (RFC 9110, section 7.8), as Java's clients do.

        The parser would take the request's body for that protocol (MagicStack/httptools, issue 124), and this class for
        the next request: so another parser gets the same request without the offer, and then what follows.
        """
        method, version = self._parser.get_method(), self._parser.get_http_version().encode()
        tokens = [
            token.strip() for name, value in self._headers if name == b"connection" for token in value.split(b",")
        ]
        kept = [token for token in tokens if token.lower() not in _HOP_BY_HOP]
        headers = [(name, value) for name, value in self._headers if name not in _HOP_BY_HOP]
        lines = [b"%s: %s\r\n" % field for field in [*headers, (b"connection", b", ".join(kept))]]
        self._parser = self._new_parser()
        self._parser.feed_data(b"%s %s HTTP/%s\r\n%s\r\n" % (method, self._url, version, b"".join(lines)))

    def _refuse(self, status: HTTPStatus, detail: str) -> NoReturn:
        self._refusal, self._detail = status, detail
        # The parser stops at any exception, and `_feed` then calls `refuse_request`.
        raise ValueError(status.phrase)

    def _large_head(self) -> str:
        settings = self.settings
        return (
            f"A head may have {settings.max_headers} headers and {settings.max_head_bytes} bytes: "
            "send fewer or shorter ones."
        )

    def _watch_head(self) -> None:
        # A client is not late with bytes that the server does not read.
        if self._in_head and self._head_timer is None and not self.flow.read_paused:
            self._head_timer = self.loop.call_later(self.settings.head_seconds, self._too_slow)

    def _end_of_head(self) -> None:
        self._in_head = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _new_parser(self) -> HttpRequestParser:
        """Returns a parser that leaves two decisions to this class.

        Data after a request with ``Connection: close`` is not an error: the request gets its response first. And the
        parser ends with the same error for many kinds of Transfer-Encoding; `body_length` is stricter than it is, and
        tells them apart.
        """
        parser = HttpRequestParser(self)
        parser.set_dangerous_leniencies(lenient_data_after_close=True, lenient_transfer_encoding=True)
        return parser

    def _end_of_sending(self) -> None:
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        seconds = self.settings.head_seconds
        self._detail = f"The head of a request may take {seconds:g} seconds: send all of it at once."
        self._refusal = HTTPStatus.REQUEST_TIMEOUT
        self.refuse_request()


def _address(name: Any) -> tuple[str, int] | None:
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) else None
