"""Makes the record of each request of a port, and hands it to whoever wants it."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable, Sequence
from contextvars import Context
from time import perf_counter, time
from typing import Any, Final, Protocol

from bucketry.backend_requests import set_watcher

from bucketry_http.shared.health_paths import asks_for_health
from bucketry_http.shared.origin import client_address
from bucketry_http.shared.record import RECORD, REQUEST_ID, Port, RequestRecord, request_ids

_FIT_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_MAX_AGENT: Final = 256
_MAX_STATE: Final = 512
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
TOLD_SECONDS: Final = 0.01
"""How long after a request sinks are told of its end, at most. The others that end meanwhile are told with it."""

_MOST_UNTOLD: Final = 256
"""So many are told at once, although it is not yet time."""

logger = logging.getLogger("bucketry_http")


class Sink(Protocol):
    """Is told of each request. Its methods run in the event loop: they must be quick, and must not fail.

    A sink may also have `begin`, which learns of a request that came, in the request's context, when little of the
    record is filled in; `handshake_failed`, which learns the port and why a TLS handshake failed; and `hurry`, which
    writes what waits, within a second or two, since the process ends at once.
    """

    def end(self, records: Sequence[RequestRecord]) -> None:
        """Learns how requests ended: all that ended within `TOLD_SECONDS`, in a context of its own.

        The records are complete, and do not change any more.
        """


class Gate(Sink, Protocol):
    """A sink that may hold requests up."""

    async def enter(self, record: RequestRecord) -> bool:
        """Waits until the request may be served. Returns whether it may."""


class Recorder:
    """Makes a record of each request of a port. The server that serves the port fills in what it receives and sends.

    Attributes:
        has_gates: Whether requests may have to wait (`admits`).
    """

    def __init__(self, port: Port, sinks: Iterable[Sink], gates: Iterable[Gate] = ()) -> None:
        """Takes those who want to know.

        Args:
            port: The port.
            sinks: Those that want the records, in the order in which they are told.
            gates: Those that may hold requests up as well. They are told last.
        """
        self._port: Port = port
        self._gates = tuple(gates)
        self.has_gates = bool(self._gates)
        self._sinks = (*sinks, *self._gates)
        self._beginnings = [sink.begin for sink in self._sinks if hasattr(sink, "begin")]
        self._ended: list[RequestRecord] = []

    def begin(self, scope: Any) -> RequestRecord:
        """Makes the record of a request, in the request's context. Its scope and calls of the store have it then."""
        record = scope[RECORD] = _new_record(self._port, scope)
        set_watcher(record)
        for begin in self._beginnings:
            begin(record)
        return record

    async def admits(self, record: RequestRecord, scope: Any) -> bool:
        """Waits until all gates let a request in. Returns whether they do."""
        # Whoever looks whether the server is well must not wait for what is not.
        exempt = self._port == "rest" and asks_for_health(scope)
        return exempt or all([await gate.enter(record) for gate in self._gates])

    def end(self, record: RequestRecord, *, is_complete: bool) -> None:
        """Ends a request. Sinks are told of it soon.

        Args:
            record: Its record.
            is_complete: Whether its whole response was sent.
        """
        record.aborted |= not is_complete
        record.seconds = perf_counter() - record.started
        ended = self._ended
        ended.append(record)
        if len(ended) == 1:
            asyncio.get_running_loop().call_later(TOLD_SECONDS, self.flush, context=Context())
        elif len(ended) >= _MOST_UNTOLD:
            self.flush()

    def refused(self, status: int, code: str, address: str) -> str:
        """Records a request that the server refuses before it is one: its head is malformed, too large or too slow.

        Args:
            status: The status that is sent; 0: none is.
            code: The code of the error.
            address: IP address of the client.

        Returns:
            The request's id.
        """
        record = RequestRecord(
            port=self._port,
            id=next(request_ids),
            method="",
            time=time(),
            started=perf_counter(),
            address=address,
            status=status,
            code=code,
        )
        for begin in self._beginnings:
            # Not in the context of the connection, which serves other requests.
            Context().run(begin, record)
        self.end(record, is_complete=status > 0)
        return record.id

    def handshake_failed(self, reason: str) -> None:
        """Tells the sinks that want to know that a TLS handshake failed, and why."""
        for sink in self._sinks:
            if (tell := getattr(sink, "handshake_failed", None)) is not None:
                tell(self._port, reason)

    def hurry(self) -> None:
        """Tells the sinks of all that has ended, and has them write it: the process ends at once."""
        self.flush()
        for sink in self._sinks:
            if (hurry := getattr(sink, "hurry", None)) is not None:
                hurry()

    def flush(self) -> None:
        """Tells the sinks of the requests that have ended."""
        ended, self._ended = self._ended, []
        if ended:
            for sink in self._sinks:
                try:
                    sink.end(ended)
                except Exception:  # The other sinks are told all the same, the audit among them.
                    logger.exception("%s lost the records of %d requests", type(sink).__name__, len(ended))


def _new_record(port: Port, scope: Any) -> RequestRecord:
    headers = dict(scope["headers"])
    given = headers.get(REQUEST_ID)
    record = RequestRecord(
        port,
        # What is not fit for a header or a line of a log is replaced.
        given.decode() if given and _FIT_ID.fullmatch(given) else next(request_ids),
        scope["method"],
        time(),
        perf_counter(),
        scope["scheme"],
        scope["raw_path"].decode("latin-1"),
        client_address(scope),
    )
    if b"user-agent" in headers:
        record.user_agent = headers[b"user-agent"][:_MAX_AGENT].decode("latin-1")
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
