"""Makes the record of each request of a port, and hands it to whoever wants it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Iterable
from contextvars import Context
from http import HTTPStatus
from time import perf_counter, time
from typing import Any, Final, Protocol

from bucketry.backend_requests import set_watcher

from bucketry_http.server.protocol import BoundedProtocol
from bucketry_http.shared.origin import client_address
from bucketry_http.shared.record import RECORD, REQUEST_ID, Port, RequestRecord, request_ids
from bucketry_http.shared.response_body import send_response

_FIT_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_MAX_AGENT: Final = 256
_MAX_STATE: Final = 512
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_HEALTH: Final = "/health/"
TOLD_SECONDS: Final = 0.01
"""How long after a request sinks are told of its end, at most. The others that end meanwhile are told with it."""

_MOST_UNTOLD: Final = 256
"""So many are told at once, although it is not yet time."""

_NO_REQUEST: Final = Context()
_HELD_UP: Final = "The server cannot record this request now: please try again later."


class Sink(Protocol):
    """Is told of each request. Both methods run in the event loop: they must be quick, and must not fail.

    The end of all requests that end within `TOLD_SECONDS` is told at once: what is done many times in a row takes half
    the time.
    """

    def begin(self, record: RequestRecord) -> None:
        """Learns that a request came, in the request's context. Little of the record is filled in yet."""

    def end(self, record: RequestRecord) -> None:
        """Learns how the request ended, in a context of its own.

        The record is complete, and does not change any more.
        """


class Gate(Sink, Protocol):
    """A sink that may hold requests up."""

    async def enter(self, record: RequestRecord) -> bool:
        """Waits until the request may be served. Returns whether it may."""


class Recorded:
    """A port, with a record of each request.

    Attributes:
        clock: The port's, which ``Date`` shows.
        protocol: How its listener speaks HTTP.
    """

    def __init__(self, app: Any, port: Port, sinks: Iterable[Sink], gates: Iterable[Gate] = ()) -> None:
        """Takes what is needed for all requests.

        Args:
            app: The port's ASGI application.
            port: Which port it is.
            sinks: Those that want the records, in the order in which they are told.
            gates: Those that may hold requests up as well. They are told last.
        """
        self._app = app
        self._port: Port = port
        self._gates = tuple(gates)
        self._sinks = (*sinks, *self._gates)
        self._ended: list[RequestRecord] = []
        for name in ("clock", "protocol"):
            if hasattr(app, name):
                setattr(self, name, getattr(app, name))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Takes a request, and tells the sinks of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        record = scope[RECORD] = _new_record(self._port, scope)
        set_watcher(record)
        for sink in self._sinks:
            sink.begin(record)
        exchange = _Watched(record, receive, send)
        try:
            if self._gates and not await self._may_enter(scope, record):
                await self._refuse(record, exchange.send)
            else:
                await self._app(scope, exchange.receive, exchange.send)
        finally:
            record.aborted |= not exchange.is_complete
            record.seconds = perf_counter() - record.started
            set_watcher(None)
            self._end(record)

    def refused(self, status: int, code: str, address: str) -> str:
        """Records a request that the server refuses before it is one: its head is malformed, too large or too slow.

        Args:
            status: The status that is sent; 0: none is.
            code: The code of the error.
            address: IP address of the client.

        Returns:
            The request's id.
        """
        now = perf_counter()
        record = RequestRecord(
            port=self._port, id=next(request_ids), method="", time=time(), started=now, address=address, status=status
        )
        record.code, record.aborted = code, not status
        for sink in self._sinks:
            # Not in the context of the connection, which serves other requests.
            Context().run(sink.begin, record)
        self._end(record)
        return record.id

    def handshake_failed(self, reason: str) -> None:
        """Tells the sinks that want to know that a TLS handshake failed, and why."""
        for sink in self._sinks:
            if (tell := getattr(sink, "handshake_failed", None)) is not None:
                tell(self._port, reason)

    def _end(self, record: RequestRecord) -> None:
        self._ended.append(record)
        if len(self._ended) == 1:
            asyncio.get_running_loop().call_later(TOLD_SECONDS, self.flush, context=_NO_REQUEST)
        elif len(self._ended) >= _MOST_UNTOLD:
            self.flush()

    def flush(self) -> None:
        """Tells the sinks of the requests that have ended."""
        ended, self._ended = self._ended, []
        for sink in self._sinks:
            end = sink.end
            for record in ended:
                end(record)

    async def _may_enter(self, scope: Any, record: RequestRecord) -> bool:
        # Whoever looks whether the server is well must not wait for what is not.
        return scope["path"].startswith(_HEALTH) or all([await gate.enter(record) for gate in self._gates])

    async def _refuse(self, record: RequestRecord, send: Any) -> None:
        status = HTTPStatus.SERVICE_UNAVAILABLE
        record.code = "ServiceUnavailable" if self._port == "s3" else "unavailable"
        # The request's body is not read, so nobody knows where the next request begins.
        headers = [(b"retry-after", b"1"), (b"connection", b"close")]
        kind, body = BoundedProtocol.refusal(status, _HELD_UP)
        if hasattr(self, "protocol"):
            kind, body = self.protocol.refusal(status, _HELD_UP)
        headers += [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
        await send_response(send, status, headers, b"" if record.method == "HEAD" else body)


class _Watched:
    """Counts what an application receives and sends."""

    __slots__ = ("_receive", "_record", "_send", "is_complete")

    def __init__(self, record: RequestRecord, receive: Any, send: Any) -> None:
        self._record = record
        self._receive = receive
        self._send = send
        self.is_complete = False

    async def receive(self) -> Any:
        message = await self._receive()
        if message["type"] == "http.request":
            self._record.bytes_in += len(message.get("body", b""))
        elif not self.is_complete:
            self._record.aborted = True
        return message

    def send(self, message: Any) -> Awaitable[None]:
        record = self._record
        if message["type"] == "http.response.body":
            record.bytes_out += len(message.get("body", b""))
            self.is_complete = not message.get("more_body", False)
        elif message["type"] == "http.response.start":
            record.status = int(message["status"])
            message = {**message, "headers": [*message.get("headers", ()), (REQUEST_ID, record.id.encode())]}
        sent: Awaitable[None] = self._send(message)
        return sent


def _new_record(port: Port, scope: Any) -> RequestRecord:
    headers = dict(scope["headers"])
    given = headers.get(REQUEST_ID, b"")
    record = RequestRecord(
        port=port,
        # What is not fit for a header or a line of a log is replaced.
        id=given.decode() if given and _FIT_ID.fullmatch(given) else next(request_ids),
        method=scope["method"],
        scheme=scope.get("scheme", ""),
        path=scope["raw_path"].decode("latin-1") if scope.get("raw_path") else scope["path"],
        time=time(),
        started=perf_counter(),
        address=client_address(scope),
        user_agent=headers.get(b"user-agent", b"")[:_MAX_AGENT].decode("latin-1"),
    )
    if b"traceparent" in headers:
        record.traceparent, record.tracestate = _trace_in(scope["headers"])
        record.trace_headers = _passed_on(record.traceparent, record.tracestate)
    return record


def _trace_in(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, str]:
    """Returns parent and state. Several parents are none, several states one list (W3C Trace Context, 3.2 and 3.3)."""
    found: dict[bytes, list[bytes]] = {b"traceparent": [], b"tracestate": []}
    for name, value in headers:
        if name in found:
            found[name].append(value)
    parents, states = found.values()
    return parents[0].decode("latin-1") if len(parents) == 1 else "", b",".join(states).decode("latin-1")


def _passed_on(traceparent: str, tracestate: str) -> dict[str, str]:
    """Returns the headers that carry a trace on (W3C Trace Context, 3.2 and 3.3), without what is malformed."""
    if not _TRACEPARENT.fullmatch(traceparent):
        return {}
    if not (tracestate and len(tracestate) <= _MAX_STATE and tracestate.isascii() and tracestate.isprintable()):
        return {"traceparent": traceparent}
    return {"traceparent": traceparent, "tracestate": tracestate}
