"""A layer that makes spans of OpenTelemetry: one for each operation, and one for each request to the backend.

This module needs ``opentelemetry-api``. Nothing else of bucketry imports it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from bucketry._version import __version__
from bucketry.backend_requests import SentRequest, end_tracing, set_tracing
from bucketry.errors import BackendError, BucketryError, InvalidDriver, StoreClosed, Throttled, Unavailable
from bucketry.hookspecs import OPERATIONS
from bucketry.opened_object import OpenedObject
from bucketry.redaction import redacted

Call = Callable[..., Any]

SCOPE: Final = "bucketry"
"""The name of the instrumentation scope of all spans."""

MAX_TEXT: Final = 2048
"""Longest text in a span, in characters. Keys are shorter; what clients make up may be longer."""

_FAULTS: Final = (BackendError, InvalidDriver, StoreClosed, Throttled, Unavailable)
"""Errors that are nobody's wish. All others, such as a missing key, are results that a caller may expect."""

_CLIENT_ERROR: Final = 400

_propagator: Final = TraceContextTextMapPropagator()


def headers_of(span: Span) -> Mapping[str, str]:
    """Returns the headers that name a span as the parent of what follows (W3C Trace Context, 3.2 and 3.3)."""
    headers: dict[str, str] = {}
    _propagator.inject(headers, trace.set_span_in_context(span))
    return headers


def shown(text: str) -> str:
    """Returns a text as spans show it: without signatures and secrets, and not longer than `MAX_TEXT`."""
    return redacted(text)[:MAX_TEXT]


class Trace:
    """Makes a span for each operation, and below it one for each request that the driver sends to its backend.

    Spans of operations are children of the current span. They have the operation's name, and `bucketry.bucket`,
    ``bucketry.key`` and ``bucketry.code`` (of an error) as attributes. One for ``get_object`` ends when the content was
    read or closed. Spans of requests have the attributes of OpenTelemetry's conventions for HTTP clients, without the
    query. The request carries its span's id as ``traceparent``. A driver whose requests are not seen here, since it
    does not call `bucketry.backend_requests.sending`, finds the operation's span in ``request_headers``.

    No span has a header, a query, a signature or a traceback. Make this the last layer of a store: then spans show what
    other layers refuse, too. Threads and stores can share it.
    """

    def __init__(self, tracer_provider: TracerProvider | None = None, *, keys: bool = True) -> None:
        """Makes the layer.

        Args:
            tracer_provider: Who makes the spans; ``None``: the global one of OpenTelemetry.
            keys: Whether spans show keys, and texts that may hold them.
        """
        self._tracer = trace.get_tracer(SCOPE, __version__, tracer_provider)
        self._keys = keys

    @contextmanager
    def _call(self, operation: str, bucket: str | None, key: str | None) -> Iterator[Span]:
        """Makes the span of a call, which is current within. The caller ends it, unless the call fails."""
        span = self._tracer.start_span(operation, kind=SpanKind.INTERNAL)
        if span.is_recording():
            span.set_attribute("bucketry.operation", operation)
            if bucket is not None:
                span.set_attribute("bucketry.bucket", shown(bucket))
            if key is not None and self._keys:
                span.set_attribute("bucketry.key", shown(key))
        try:
            with _current(span, self._request):
                yield span
        except BaseException as error:
            self._fail(span, error)
            span.end()
            raise

    def _fail(self, span: Span, error: BaseException) -> None:
        code = error.code if isinstance(error, BucketryError) else type(error).__name__
        span.set_attribute("bucketry.code", code)
        if isinstance(error, BucketryError) and not isinstance(error, _FAULTS):
            return
        span.set_attribute("error.type", code)
        # What others' exceptions say may hold anything.
        says = shown(error.detail) if isinstance(error, BucketryError) and self._keys else None
        span.set_status(StatusCode.ERROR, says or None)

    def around(self, operation: str, call: Call) -> Call:
        """Returns a call with a span, in the place of a call of this operation."""
        if operation == "close":  # It is about nothing.
            return call
        parameters = OPERATIONS[operation].parameters
        bucket, key = (parameters.index(name) if name in parameters else None for name in ("bucket", "key"))

        def traced(*values: Any) -> Any:
            named = (None if index is None else values[index] for index in (bucket, key))
            with self._call(operation, *named) as span:
                result = call(*values)
            # Content that is held stays held, so that its reader has it at once.
            if isinstance(result, OpenedObject) and not result.is_held:
                return self._until_read(span, result)
            span.end()
            return result

        return traced

    def _until_read(self, span: Span, opened: OpenedObject) -> OpenedObject:
        def watched(chunks: Iterator[bytes]) -> Iterator[bytes]:
            try:
                yield from chunks
            except Exception as error:
                self._fail(span, error)
                raise

        return opened.wrap(watched).on_close(span.end)

    @contextmanager
    def _request(self, method: str, url: str, *, resends: int, count: int) -> Iterator[SentRequest]:
        span = self._tracer.start_span(method, kind=SpanKind.CLIENT)
        if span.is_recording():
            span.set_attributes(_about_request(method, url, with_path=self._keys))
            if resends:
                span.set_attribute("http.request.resend_count", resends)
            if count > 1:
                span.set_attribute("bucketry.requests", count)
        sent = SentRequest()
        try:
            with _current(span, self._request):
                yield sent
        except BaseException as error:
            _fail_request(span, type(error).__name__)
            raise
        finally:
            if sent.status:
                span.set_attribute("http.response.status_code", sent.status)
            if sent.status >= _CLIENT_ERROR:
                _fail_request(span, str(sent.status))
            span.end()


def _about_request(method: str, url: str, *, with_path: bool) -> dict[str, str | int]:
    parts = urlsplit(url.partition("?")[0])
    about: dict[str, str | int] = {"http.request.method": method, "server.address": parts.hostname or ""}
    about["server.port"] = parts.port or (443 if parts.scheme == "https" else 80)
    if with_path:
        about["url.full"] = shown(parts.geturl())
    return about


def _fail_request(span: Span, kind: str) -> None:
    # Without a text: what a library says of a failure may hold the query.
    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR)


class _Tracing:
    """What drivers need to know of a span: see `bucketry.backend_requests.Tracing`."""

    __slots__ = ("_span", "request")

    def __init__(self, span: Span, request: Callable[..., Any]) -> None:
        self._span = span
        self.request = request

    @property
    def headers(self) -> Mapping[str, str]:
        return headers_of(self._span)


@contextmanager
def _current(span: Span, request: Callable[..., Any]) -> Iterator[None]:
    """Makes a span the current one: for OpenTelemetry, and for drivers."""
    token = contexts.attach(trace.set_span_in_context(span))
    tracing = set_tracing(_Tracing(span, request))
    try:
        yield
    finally:
        end_tracing(tracing)
        contexts.detach(token)
