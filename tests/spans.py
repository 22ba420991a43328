"""Spans of OpenTelemetry, kept in memory, and what tests ask of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler
from opentelemetry.trace import SpanContext, format_span_id, format_trace_id


class Spans:
    """A provider of tracers, and the spans that ended."""

    def __init__(self, sampler: Sampler = ALWAYS_ON) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    @property
    def ended(self) -> Sequence[ReadableSpan]:
        return self._exporter.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.ended if span.name == name]

    def the(self, name: str) -> ReadableSpan:
        (found,) = self.named(name)
        return found

    def clear(self) -> None:
        self._exporter.clear()

    def text(self) -> str:
        """All that the spans say."""
        return "\n".join(span.to_json() for span in self.ended)


def about(span: ReadableSpan) -> Mapping[str, Any]:
    return dict(span.attributes or {})


def parent_of(span: ReadableSpan) -> str:
    return "" if span.parent is None else format_span_id(span.parent.span_id)


def id_of(span: ReadableSpan) -> str:
    return format_span_id(_context(span).span_id)


def trace_of(span: ReadableSpan) -> str:
    return format_trace_id(_context(span).trace_id)


def traceparent_of(span: ReadableSpan) -> str:
    return f"00-{trace_of(span)}-{id_of(span)}-{_context(span).trace_flags:02x}"


def _context(span: ReadableSpan) -> SpanContext:
    context = span.get_span_context()
    assert context is not None
    return context
