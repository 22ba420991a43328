"""A span for each request, made from its record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from bucketry.tracing import SCOPE, headers_of, shown
from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from bucketry_http.shared.record import RequestRecord

_METHODS: Final = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE"})
_SERVER_ERROR: Final = 500

_MAX_LENGTH: Final = 512
_MAX_MEMBERS: Final = 32
_MEMBER: Final = re.compile(
    r"(?:[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})"
    r"=[ -+\--<>-~]{0,255}[!-+\--<>-~]"
)
"""A member of ``tracestate`` (W3C Trace Context, 3.3.1.3)."""

_propagator: Final = TraceContextTextMapPropagator()


class RequestSpans:
    """Makes a span for each request: a sink of records (`bucketry_http.shared.recorded.Sink`).

    The span is a child of the one that the client names in ``traceparent``. It is the current span while the request is
    served, so that spans of operations are its children. It has the attributes of OpenTelemetry's conventions for HTTP
    servers, and what the record says of the operation. It has no header but the request's id, and no query.
    """

    def __init__(self, tracer_provider: TracerProvider, *, keys: bool = True) -> None:
        """Makes the sink.

        Args:
            tracer_provider: Who makes the spans.
            keys: Whether spans show keys of objects.
        """
        self._tracer = trace.get_tracer(SCOPE, tracer_provider=tracer_provider)
        self._keys = keys

    def begin(self, record: RequestRecord) -> None:
        """Begins the span, and makes it the parent of what follows in this context."""
        parent = _propagator.extract(_carried(record), Context())
        span = self._tracer.start_span(
            _method(record, "HTTP"), parent, SpanKind.SERVER, start_time=round(record.time * 1e9)
        )
        record.span, record.trace_headers = span, headers_of(span)
        # For good: each request is served in a task, and so in a context, of its own.
        contexts.attach(trace.set_span_in_context(span))

    def end(self, records: Sequence[RequestRecord]) -> None:
        """Ends the spans of requests."""
        for record in records:
            self._end(record)

    def _end(self, record: RequestRecord) -> None:
        span = record.span
        if not isinstance(span, Span):
            return
        if span.is_recording():
            span.update_name(record.operation or _method(record, "HTTP"))
            span.set_attributes(self._about(record))
        if record.status >= _SERVER_ERROR:
            span.set_status(StatusCode.ERROR)
        # The record may come some time after the request.
        span.end(round((record.time + record.seconds) * 1e9))

    def _about(self, record: RequestRecord) -> dict[str, Any]:
        found: dict[str, Any] = {
            "http.request.method": _method(record, "_OTHER"),
            "url.scheme": record.scheme,
            "url.path": shown(record.path) if self._keys else "",
            "client.address": record.address,
            "bucketry.port": record.port,
            "bucketry.request_id": record.id,
            "bucketry.principal": record.principal,
            "bucketry.operation": record.operation,
            "bucketry.bucket": shown(record.bucket),
            "bucketry.key": shown(record.key) if self._keys else "",
            "bucketry.keys": len(record.keys),
            "bucketry.code": record.code,
            "bucketry.aborted": record.aborted,
            "http.response.status_code": record.status,
            "http.request.body.size": record.bytes_in,
            "http.response.body.size": record.bytes_out,
        }
        if record.status >= _SERVER_ERROR:
            found["error.type"] = record.code or str(record.status)
        return {name: value for name, value in found.items() if value}


def _carried(record: RequestRecord) -> dict[str, str]:
    """Returns the headers that name the parent, without what is malformed: OpenTelemetry would log that."""
    if not record.traceparent or len(record.traceparent) > _MAX_LENGTH:
        return {}
    carried = {"traceparent": record.traceparent}
    members = [member for each in record.tracestate.split(",") if (member := each.strip(" \t"))]
    is_fit = len(record.tracestate) <= _MAX_LENGTH and len(members) <= _MAX_MEMBERS
    if members and is_fit and all(map(_MEMBER.fullmatch, members)):
        carried["tracestate"] = record.tracestate
    return carried


def _method(record: RequestRecord, other: str) -> str:
    # What clients make up does not become a name.
    return record.method if record.method in _METHODS else other
