"""All that one process needs for its spans: a provider, an exporter with a bounded queue, and a bounded end."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Final

from bucketry.tracing import Trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, Sampler, TraceIdRatioBased
from typing_extensions import override

from bucketry_http.telemetry.traces.requests import RequestSpans
from bucketry_http.telemetry.traces.settings import TraceSettings

SERVICE: Final = "bucketry"
"""The service's name, if nobody gives it another one."""

END_SECONDS: Final = 3.0
"""How long the end of a process waits for the last spans, in seconds."""

_EVERY_SECONDS: Final = 60.0

_SDK_LOGGERS: Final = (
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.sdk._shared_internal",
)
"""They say that a collector does not take spans, or that the queue is full."""

_log = logging.getLogger("bucketry_http")


class Traces:
    """Makes and exports the spans of one process.

    Spans are exported in the background, some hundred at a time. If the collector does not take them, up to
    ``OTEL_BSP_MAX_QUEUE_SIZE`` of them (2,048) wait, and older ones are dropped. No request waits for it.

    Attributes:
        sink: Makes spans of requests.
    """

    def __init__(self, settings: TraceSettings, *, exporter: SpanExporter | None = None) -> None:
        """Starts the thread that exports.

        Args:
            settings: The settings.
            exporter: What takes spans; ``None``: as the settings say.

        Raises:
            InvalidSettings: A variable of OpenTelemetry cannot be used.
        """
        self._secrets = settings.check_environment()
        for name in _SDK_LOGGERS:
            if _now_and_then not in (logger := logging.getLogger(name)).filters:
                logger.addFilter(_now_and_then)
        self._provider = TracerProvider(
            sampler=_sampler(settings), resource=_resource(settings), shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter or _exporter(settings)))
        self._keys = settings.keys
        self.sink = RequestSpans(self._provider, keys=settings.keys)

    def layer(self) -> Trace:
        """Returns a layer for a store: its last one."""
        return Trace(self._provider, keys=self._keys)

    def close(self) -> None:
        """Exports what is left, for `END_SECONDS` at most."""
        ending = threading.Thread(target=self._provider.shutdown, name="bucketry-traces", daemon=True)
        ending.start()
        ending.join(END_SECONDS)
        if ending.is_alive():
            _log.warning("the last spans could not be exported in %g seconds", END_SECONDS)


class _Console(SpanExporter):
    """Writes spans to standard output, a line of JSON each."""

    @override
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            sys.stdout.write("".join([f"{span.to_json(indent=None)}\n" for span in spans]))
            sys.stdout.flush()
        except (OSError, ValueError):  # Nobody reads it any more.
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS


class _NowAndThen(logging.Filter):
    """Lets one record of each kind through in a minute."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._next: dict[tuple[str, object], float] = {}

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        kind, now = (record.name, record.msg), self._monotonic()
        if now < self._next.get(kind, 0.0):
            return False
        self._next[kind] = now + _EVERY_SECONDS
        return True


_now_and_then: Final = _NowAndThen()


def _exporter(settings: TraceSettings) -> SpanExporter:
    if settings.exporter == "console":
        return _Console()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    from bucketry_http.telemetry.traces.session import CollectorSession

    return OTLPSpanExporter(endpoint=settings.url, session=CollectorSession())


def _sampler(settings: TraceSettings) -> Sampler | None:
    return None if settings.ratio is None else ParentBased(TraceIdRatioBased(settings.ratio))


def _resource(settings: TraceSettings) -> Resource:
    found = Resource.create({"service.version": version("bucketry-http")})
    name = settings.service
    if name is None and str(found.attributes.get("service.name", "")).startswith("unknown_service"):
        name = SERVICE
    return found if name is None else found.merge(Resource({"service.name": name}))
