"""What is known of one request while it is served: for logs, audit, metrics, traces and limits.

`Recorded` is put around a port if somebody wants records, and costs nothing otherwise: ports look whether the request's
scope has a record, and fill in what they know.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from itertools import count
from time import perf_counter, time
from typing import Any, Final, Literal, Protocol

import msgspec
from bucketry.origin import Origin, set_origin

from bucketry_http.shared.origin import ANONYMOUS, client_address

Port = Literal["rest", "s3"]

RECORD: Final = "bucketry_record"
"""Where in a request's scope its record is."""

REQUEST_ID: Final = b"x-request-id"

request_ids: Final = map(f"{secrets.token_hex(4).upper()}{{:08X}}".format, count(1))
"""New ids of requests: those of one process have the same beginning, which is random."""

_FIT_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_MAX_AGENT: Final = 256
_READ: Final = frozenset({REQUEST_ID, b"traceparent", b"tracestate", b"user-agent"})


class RequestRecord(msgspec.Struct, kw_only=True):
    """One request. The port fills it in while it serves the request.

    Attributes:
        port: The port that it came to.
        id: Its id, which its response and its calls of the backend carry too.
        method: The HTTP method.
        time: When it came, in seconds since 1970.
        started: The same as `time.perf_counter` counts.
        address: IP address of the client; empty if it is in the same process.
        user_agent: What the client calls itself, cut to 256 characters.
        traceparent: The trace that the client says it is part of (W3C Trace Context), as it came; empty: none.
        tracestate: What belongs to that, likewise.
        principal: Id of the user who sends it; empty as long as nobody has looked.
        credential: Id of the key or token that proves it. It is never a secret.
        operation: The operation's name in the S3 API; empty if the request is none.
        bucket: The bucket that it names.
        key: The key that it names.
        keys: The keys, if the operation is about several.
        version_id: The version that it names.
        status: Status of the response; 0: none was begun.
        code: Code of the error that was sent; empty: none.
        bytes_in: Bytes of the request's body that were read.
        bytes_out: Bytes of the response's body that were sent.
        backend_calls: How often the driver was called for it.
        backend_seconds: How long these calls took together.
        backend_retries: How often the driver sent a request again.
        queue_seconds: How long its calls waited for a thread.
        aborted: Whether the client left before the response's end, or the response broke off.
        seconds: How long it took from its head to the end of its response. It is set at the end.
    """

    port: Port
    id: str
    method: str
    time: float
    started: float
    address: str = ""
    user_agent: str = ""
    traceparent: str = ""
    tracestate: str = ""
    principal: str = ""
    credential: str = ""
    operation: str = ""
    bucket: str = ""
    key: str = ""
    keys: Sequence[str] = ()
    version_id: str | None = None
    status: int = 0
    code: str = ""
    bytes_in: int = 0
    bytes_out: int = 0
    backend_calls: int = 0
    backend_seconds: float = 0.0
    backend_retries: int = 0
    queue_seconds: float = 0.0
    aborted: bool = False
    seconds: float = 0.0


_record: Final[ContextVar[RequestRecord | None]] = ContextVar("bucketry_record", default=None)

record_of_call: Final = _record.get
"""Returns the record of the request that a call of the store is made for; ``None``: nobody wants records."""


def id_of(scope: Any) -> str:
    """Returns the id of a request; empty if nobody wants records."""
    return scope[RECORD].id if RECORD in scope else ""


def note_code(scope: Any, code: str) -> None:
    """Records the code of the error that a request ends with, if somebody wants records."""
    if RECORD in scope:
        scope[RECORD].code = code


class Sink(Protocol):
    """Is told of each request. Both methods run in the event loop: they must be quick, and must not fail."""

    def begin(self, record: RequestRecord) -> None:
        """Learns that a request came. Little of the record is filled in yet."""

    def end(self, record: RequestRecord) -> None:
        """Learns how the request ended. The record is complete, and does not change any more."""


class Recorded:
    """A port, with a record of each request.

    Attributes:
        clock: The port's, which ``Date`` shows.
        protocol: How its listener speaks HTTP.
    """

    def __init__(self, app: Any, port: Port, sinks: Iterable[Sink]) -> None:
        """Takes what is needed for all requests.

        Args:
            app: The port's ASGI application.
            port: Which port it is.
            sinks: Those that want the records, in the order in which they are told.
        """
        self._app = app
        self._port = port
        self._sinks = tuple(sinks)
        for name in ("clock", "protocol"):
            if hasattr(app, name):
                setattr(self, name, getattr(app, name))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Takes a request, and tells the sinks of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        record = scope[RECORD] = _new_record(self._port, scope)
        token = _record.set(record)
        # Ports that know who asks say it anew, if the store wants to know.
        set_origin(Origin(principal=ANONYMOUS, address=record.address, request_id=record.id))
        for sink in self._sinks:
            sink.begin(record)
        exchange = _Watched(record, receive, send)
        try:
            await self._app(scope, exchange.receive, exchange.send)
        finally:
            record.aborted |= not exchange.is_complete
            record.seconds = perf_counter() - record.started
            for sink in self._sinks:
                sink.end(record)
            _record.reset(token)


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

    async def send(self, message: Any) -> None:
        record = self._record
        if message["type"] == "http.response.body":
            record.bytes_out += len(message.get("body", b""))
            self.is_complete = not message.get("more_body", False)
        elif message["type"] == "http.response.start":
            record.status = int(message["status"])
            message = {**message, "headers": [*message.get("headers", ()), (REQUEST_ID, record.id.encode())]}
        await self._send(message)


def _new_record(port: Port, scope: Any) -> RequestRecord:
    read = {name: value for name, value in scope["headers"] if name in _READ}
    given = read.get(REQUEST_ID, b"")
    return RequestRecord(
        port=port,
        # What is not fit for a header or a line of a log is replaced.
        id=given.decode() if _FIT_ID.fullmatch(given) else next(request_ids),
        method=scope["method"],
        time=time(),
        started=perf_counter(),
        address=client_address(scope),
        user_agent=read.get(b"user-agent", b"")[:_MAX_AGENT].decode("latin-1"),
        traceparent=read.get(b"traceparent", b"").decode("latin-1"),
        tracestate=read.get(b"tracestate", b"").decode("latin-1"),
    )
