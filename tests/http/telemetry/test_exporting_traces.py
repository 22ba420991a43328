"""Where spans go: settings, OpenTelemetry's variables, and collectors that are down or slow."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import trustme
from bucketry import InvalidSettings, open_store
from bucketry.redaction import redacted
from bucketry_http.telemetry.traces import exporting
from bucketry_http.telemetry.traces.exporting import Traces
from bucketry_http.telemetry.traces.settings import TraceSettings
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from typing_extensions import override

from tests.collector import INTERNAL, Collector, collecting
from tests.http.serving import WAIT


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    monkeypatch.setattr(exporting._now_and_then, "_next", {})


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def use(traces: Traces, calls: int = 1) -> None:
    with open_store("memory://", layers=[traces.layer()]) as store:
        for _ in range(calls):
            store.list_buckets()


def exported(collector: Collector, **settings: object) -> None:
    with closing(Traces(TraceSettings(**settings))) as traces:  # type: ignore[arg-type]
        use(traces)
    collector.wait_for(1, INTERNAL)


@pytest.mark.parametrize(
    ("path", "reached"), [("", "/v1/traces"), ("/", "/v1/traces"), ("/mine/traces", "/mine/traces")]
)
def test_spans_reach_the_collector(collector: Collector, path: str, reached: str) -> None:
    exported(collector, endpoint=collector.url + path)
    assert collector.paths == [reached]
    (span,) = collector.spans
    assert (span.name, span.resource["service.name"]) == ("list_buckets", "bucketry")
    assert span.resource["service.version"]
    assert span.resource["service.instance.id"]


def test_the_variables_of_opentelemetry_hold(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-token=s3cr3t%20value, x-other=a b")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "mine")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    exported(collector)
    assert collector.paths == ["/v1/traces"]
    assert (collector.headers[0]["x-token"], collector.headers[0]["x-other"]) == ("s3cr3t value", "a b")
    assert collector.headers[0]["content-encoding"] == "gzip"
    resource = collector.spans[0].resource
    assert (resource["service.name"], resource["deployment.environment.name"]) == ("mine", "test")


def test_settings_win_over_variables(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "mine")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    exported(collector, endpoint=collector.url, service="ours", ratio=1.0)
    assert collector.spans[0].resource["service.name"] == "ours"


@pytest.mark.parametrize("variables", [{"OTEL_TRACES_SAMPLER": "always_off"}, {"OTEL_SDK_DISABLED": "true"}])
def test_variables_can_turn_spans_off(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with closing(Traces(TraceSettings(endpoint=collector.url))) as traces:
        use(traces)
    assert not collector.paths


def test_the_ratio_is_that_of_traces(collector: Collector) -> None:
    with closing(Traces(TraceSettings(endpoint=collector.url, ratio=0.2))) as traces:
        use(traces, 500)
    assert 40 < len(collector.spans) < 200


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_collector_with_a_certificate_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    authority, other = trustme.CA(), trustme.CA()
    for name, each in (("ca.pem", authority), ("other.pem", other)):
        each.cert_pem.write_to_path(str(tmp_path / name))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    monkeypatch.setenv(variable, str(tmp_path / "other.pem"))
    with collecting(context) as collector:
        with closing(Traces(TraceSettings(endpoint=collector.url))) as traces:
            use(traces)
        assert not collector.paths
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "20")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(tmp_path / "ca.pem"))
        exported(collector, endpoint=collector.url)


def test_a_collector_that_redirects_gets_nobody_else_the_token(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-token=s3cr3t")
    with collecting() as elsewhere:
        collector.status, collector.location = 307, f"{elsewhere.url}/v1/traces"
        with logged() as lines, closing(Traces(TraceSettings(endpoint=collector.url))) as traces:
            use(traces)
            traces.close()
        assert collector.paths
        assert not elsewhere.paths
    assert about_spans(lines)


WRONG = [
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "only http/protobuf"),
    ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", "OTLP_TRACES_PROTOCOL: only http/protobuf"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318", "a collector of traces needs an http or https URL"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:s3cr3t@localhost", "credentials do not belong in the URL"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "s3cr3t", "OTEL_EXPORTER_OTLP_HEADERS is not a list of name=value"),
    ("OTEL_EXPORTER_OTLP_HEADERS", 'a="s3cr3t"', "is not a list of name=value"),
    ("OTEL_EXPORTER_OTLP_CERTIFICATE", "nowhere.pem", "its file cannot be read: No such file"),
    ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "nowhere.pem", "OTEL_EXPORTER_OTLP_CLIENT_KEY: its file cannot be read"),
    ("OTEL_EXPORTER_OTLP_COMPRESSION", "brotli", "one of none, gzip, deflate"),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon", "a number of seconds"),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "0", "a number of seconds"),
    ("OTEL_TRACES_SAMPLER", "sometimes", "OTEL_TRACES_SAMPLER is one of always_on"),
    ("OTEL_TRACES_SAMPLER_ARG", "2", "a number from 0 to 1"),
    ("OTEL_TRACES_SAMPLER_ARG", "half", "a number from 0 to 1"),
    ("OTEL_PROPAGATORS", "b3", "only tracecontext is supported"),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "a whole number from 1 on"),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "100", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE cannot be more than"),
    ("OTEL_BSP_SCHEDULE_DELAY", "-1", "a whole number from 1 on"),
    ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "many", "a whole number from 0 on"),
]


@pytest.mark.parametrize(("name", "value", "said"), WRONG)
def test_a_variable_that_cannot_be_used_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if name.endswith("_ARG"):
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettings) as refused:
        Traces(TraceSettings())
    assert said in str(refused.value)
    assert name in str(refused.value)
    assert "s3cr3t" not in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"endpoint": "ftp://localhost"}, "an http or https URL"),
        ({"endpoint": "http://"}, "an http or https URL"),
        ({"endpoint": "http://localhost:x"}, "an http or https URL"),
        ({"endpoint": "http://localhost?a"}, "an http or https URL"),
        ({"endpoint": "http://local host"}, "an http or https URL"),
        ({"endpoint": "http://a@localhost"}, "credentials do not belong"),
        ({"endpoint": "http://localhost", "exporter": "console"}, "the exporter otlp alone"),
        ({"ratio": 1.1}, "0 to 1"),
        ({"ratio": float("nan")}, "0 to 1"),
        ({"service": " "}, "cannot be empty"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidSettings, match=said):
        TraceSettings(**settings)  # type: ignore[arg-type]


def test_what_a_header_holds_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20c2VjcmV0c2VjcmV0")
    with closing(Traces(TraceSettings(), exporter=_Kept())):
        assert "c2VjcmV0" not in redacted("it is Basic c2VjcmV0c2VjcmV0, or Basic%20c2VjcmV0c2VjcmV0")


class _Kept(SpanExporter):
    """Keeps spans, once it may."""

    def __init__(self, may: threading.Event | None = None) -> None:
        self.spans: list[ReadableSpan] = []
        self.may = may

    @override
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self.may is not None:
            self.may.wait(WAIT)
        self.spans += spans
        return SpanExportResult.SUCCESS


@contextmanager
def logged() -> Iterator[list[str]]:
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield lines
    finally:
        root.removeHandler(handler)


def about_spans(lines: list[str]) -> list[str]:
    return [line for line in lines if "span" in line.lower()]


def test_a_collector_that_is_slow_holds_nobody_up_and_the_queue_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "50")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10")
    exporter = _Kept(threading.Event())
    assert exporter.may is not None
    with logged() as lines:
        traces = Traces(TraceSettings(), exporter=exporter)
        use(traces, 2000)  # The exporter still waits when they have ended.
        exporter.may.set()
        traces.close()
    assert 50 <= len(exporter.spans) <= 60
    assert about_spans(lines) == ["Queue full, dropping Span."]


def test_a_collector_that_never_responds_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "END_SECONDS", 0.05)
    exporter = _Kept(threading.Event())
    assert exporter.may is not None
    with logged() as lines:
        traces = Traces(TraceSettings(), exporter=exporter)
        use(traces)
        traces.close()
        assert not exporter.spans
        assert about_spans(lines) == ["the last spans could not be exported in 0.05 seconds"]
        exporter.may.set()


@pytest.mark.parametrize("status", [0, 401, 503])
def test_a_collector_that_fails_is_logged_now_and_then(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "5")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=s3cr3t-of-the-collector")
    collector.status = status
    endpoint = collector.url if status else "http://127.0.0.1:1"
    with logged() as lines:
        traces = Traces(TraceSettings(endpoint=endpoint))
        use(traces, 60)
        traces.close()
    assert 1 <= len(about_spans(lines)) <= 3, lines
    assert len(set(about_spans(lines))) == len(about_spans(lines))
    assert not [line for line in lines if "s3cr3t" in line]


def test_the_same_line_comes_again_after_a_while() -> None:
    now = 0.0
    limit = exporting._NowAndThen(lambda: now)
    record = logging.LogRecord("a", logging.WARNING, "", 0, "no %s", ("spans",), None)
    other = logging.LogRecord("a", logging.WARNING, "", 0, "other", None, None)
    assert [limit.filter(record), limit.filter(record), limit.filter(other)] == [True, False, True]
    now = 61.0
    assert [limit.filter(record), limit.filter(record)] == [True, False]
