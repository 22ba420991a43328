"""Spans of requests and of the operations below them, on both ports."""

from __future__ import annotations

import contextvars
import json
import logging
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import msgspec
import pytest
from bucketry.layers import Fault, Faults
from bucketry.tracing import Trace
from bucketry_http.shared.record import RequestRecord
from bucketry_http.shared.recorded import Sink
from bucketry_http.telemetry.access_log import AccessLog
from bucketry_http.telemetry.traces.requests import RequestSpans
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased
from opentelemetry.trace import SpanKind, StatusCode

from tests.http.recorded import Ports, recorded_ports
from tests.http.s3.serving import ACCESS_KEY, SECRET_KEY, memory_store
from tests.http.s3.signing import Signing
from tests.http.serving import WAIT, eventually
from tests.spans import Spans, about, id_of, parent_of, trace_of

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
CONTENT = b"content of an object"


class Traced(msgspec.Struct):
    """Both ports, and their spans and lines of the log."""

    ports: Ports
    spans: Spans
    lines: list[str]

    def requests(self, count: int = 1) -> list[ReadableSpan]:
        """The spans of so many requests. They end after their responses."""

        def found() -> list[ReadableSpan]:
            return [span for span in self.spans.ended if span.kind is SpanKind.SERVER]

        assert eventually(lambda: len(found()) >= count)
        assert len(found()) == count
        return found()

    def operations(self) -> list[ReadableSpan]:
        return [span for span in self.spans.ended if span.kind is SpanKind.INTERNAL]


@contextmanager
def serve(spans: Spans, *, inline: bool = True, keys: bool = True, faults: tuple[str, ...] = ()) -> Iterator[Traced]:
    lines: list[str] = []
    layers = [Faults(*map(Fault.parse, faults)), Trace(spans.provider, keys=keys)]
    with memory_store(layers, inline=inline) as store:
        store.create_bucket("my-assets")
        spans.clear()
        log = AccessLog(lambda written: lines.extend(written.splitlines()), "json", keys=keys)
        sinks: list[Sink] = [RequestSpans(spans.provider, keys=keys), log]
        with recorded_ports(store, sinks) as ports:
            yield Traced(ports, spans, lines)


@pytest.fixture(params=["inline", "threads"])
def traced(request: pytest.FixtureRequest) -> Iterator[Traced]:
    with serve(Spans(), inline=request.param == "inline") as traced:
        yield traced


@pytest.fixture(scope="module")
def one_server() -> Iterator[Traced]:
    """One for all tests that only ask: each of them begins with no span."""
    with serve(Spans()) as traced:
        yield traced


@pytest.fixture
def asked(one_server: Traced) -> Traced:
    assert eventually(lambda: len(one_server.ports.kept.begun) == len(one_server.ports.kept.ended))
    one_server.spans.clear()
    return one_server


@pytest.mark.parametrize("port", ["rest", "s3"])
def test_a_request_and_its_operation_are_in_the_clients_trace(traced: Traced, port: str) -> None:
    if port == "rest":
        reply = traced.ports.rest("PUT", "buckets/my-assets/objects/a%2Fb", CONTENT, traceparent=TRACEPARENT)
        path = "/api/v1/storage/buckets/my-assets/objects/a%2Fb"
    else:
        reply = traced.ports.s3.ask("PUT", "/my-assets/a%2Fb", CONTENT, {"traceparent": TRACEPARENT})
        path = "/my-assets/a%2Fb"
    (request,) = traced.requests()
    assert (request.name, trace_of(request), parent_of(request)) == ("PutObject", TRACE, PARENT)
    said = dict(about(request))
    assert said.pop("bucketry.request_id") == reply.headers["x-request-id"]
    assert said.pop("bucketry.principal", "") == traced.ports.last().principal
    assert said == {
        "http.request.method": "PUT",
        "http.response.status_code": reply.status,
        "http.request.body.size": len(CONTENT),
        "url.scheme": "http",
        "url.path": path,
        "client.address": "127.0.0.1",
        "bucketry.port": port,
        "bucketry.operation": "PutObject",
        "bucketry.bucket": "my-assets",
        "bucketry.key": "a/b",
    } | ({"http.response.body.size": len(reply.body)} if reply.body else {})
    puts = [span for span in traced.operations() if span.name == "put_object"]
    assert [(trace_of(span), parent_of(span)) for span in puts] == [(TRACE, id_of(request))]
    assert {parent_of(span) for span in traced.operations()} == {id_of(request)}
    assert request.start_time is not None
    assert all(span.start_time and request.start_time <= span.start_time for span in traced.operations())


def test_the_log_has_the_id_of_the_trace(traced: Traced) -> None:
    traced.ports.rest("GET", "buckets", traceparent=TRACEPARENT)
    traced.ports.rest("GET", "buckets")
    spans = traced.requests(2)
    assert eventually(lambda: len(traced.lines) == 2)
    ids = [json.loads(line)["trace_id"] for line in traced.lines]
    assert ids == [trace_of(span) for span in spans]
    assert ids[0] == TRACE != ids[1]


WRONG = [
    "",
    "x",
    TRACEPARENT.upper(),
    f"00-{TRACE}-{PARENT}",
    f"00-{'0' * 32}-{PARENT}-01",
    f"00-{TRACE}-{'0' * 16}-01",
    f"00-{TRACE}-{PARENT}-01-more",
    f"ff-{TRACE}-{PARENT}-01",
    f"00-{TRACE}-{PARENT}-0x",
    f"{TRACEPARENT},{TRACEPARENT}",
    f"01-{TRACE}-{PARENT}-01-{'x' * 600}",
    "00-" + "é" * 32 + f"-{PARENT}-01",
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_malformed_parent_is_ignored(asked: Traced, caplog: pytest.LogCaptureFixture, wrong: str) -> None:
    sent = wrong.encode().decode("latin-1")
    for reply in (
        asked.ports.rest("GET", "buckets", traceparent=sent, tracestate="a=b"),
        asked.ports.s3.ask("GET", "/", headers={"traceparent": sent, "tracestate": "a=b"}),
    ):
        assert reply.status == 200
    for span in asked.requests(2):
        assert span.parent is None
        assert trace_of(span) != TRACE
        assert not span.get_span_context().trace_state  # type: ignore[union-attr]
    assert not [record for record in caplog.records if record.name.startswith("opentelemetry")]


def told(asked: Traced, *lines: str) -> bytes:
    """Sends a request with these lines as they are, and returns the beginning of what comes."""
    parts = urlsplit(asked.ports.rest_url)
    with socket.create_connection((parts.hostname, parts.port or 0), timeout=WAIT) as connection:
        connection.sendall("\r\n".join([*lines, f"host: {parts.netloc}", "connection: close", "", ""]).encode())
        return connection.recv(100)


def test_several_parents_are_none(asked: Traced) -> None:
    told(asked, "GET /api/v1/storage/buckets HTTP/1.1", f"traceparent: {TRACEPARENT}", f"traceparent: {TRACEPARENT}")
    assert asked.requests()[0].parent is None


def test_several_states_are_one_list(asked: Traced) -> None:
    lines = (f"traceparent: {TRACEPARENT}", "tracestate: a=b", "tracestate: c=d")
    told(asked, "GET /api/v1/storage/buckets HTTP/1.1", *lines)
    (span,) = asked.requests()
    assert dict(span.get_span_context().trace_state) == {"a": "b", "c": "d"}  # type: ignore[union-attr]


def test_what_is_no_request_has_a_span_too(asked: Traced) -> None:
    assert told(asked, "GARBAGE").startswith(b"HTTP/1.1 400")
    (span,) = asked.requests()
    assert (span.name, about(span)["http.response.status_code"], span.parent) == ("HTTP", 400, None)


def test_a_parent_of_a_later_version_is_understood(asked: Traced) -> None:
    asked.ports.rest("GET", "buckets", traceparent=f"01-{TRACE}-{PARENT}-01-more")
    assert parent_of(asked.requests()[0]) == PARENT


STATES = [
    ("a=b,c@d=e", {"a": "b", "c@d": "e"}),
    ("a=b, ,c=d", {"a": "b", "c": "d"}),
    ("", {}),
    ("a", {}),
    ("A=b", {}),
    ("a=b,a=c", {}),
    ("a=b\tc", {}),
    ("a=é", {}),
    (",".join(f"k{number}=v" for number in range(33)), {}),
    ("a=" + "b" * 600, {}),
]


@pytest.mark.parametrize(("state", "expected"), STATES)
def test_the_state_of_a_trace_is_kept_unless_it_is_malformed(
    asked: Traced, caplog: pytest.LogCaptureFixture, state: str, expected: dict[str, str]
) -> None:
    asked.ports.rest("GET", "buckets", traceparent=TRACEPARENT, tracestate=state.encode().decode("latin-1"))
    (span,) = asked.requests()
    assert parent_of(span) == PARENT
    assert dict(span.get_span_context().trace_state) == expected  # type: ignore[union-attr]
    assert not [record for record in caplog.records if record.name.startswith("opentelemetry")]


REFUSED = [
    ("GET", "buckets/my-assets/objects/missing", 404, "GetObject", "no_such_key"),
    ("GET", "buckets?x=1", 422, "ListBuckets", "invalid_argument"),
    ("GET", "nowhere", 404, "GET", "no_such_route"),
]


@pytest.mark.parametrize(("method", "path", "status", "name", "code"), REFUSED)
def test_what_clients_do_wrong_is_no_error_of_the_server(
    asked: Traced, method: str, path: str, status: int, name: str, code: str
) -> None:
    asked.ports.rest(method, path)
    (span,) = asked.requests()
    assert (span.name, about(span)["http.response.status_code"], about(span)["bucketry.code"]) == (name, status, code)
    assert span.status.status_code is StatusCode.UNSET
    assert "error.type" not in about(span)


def test_a_fault_is_an_error_of_the_server() -> None:
    with serve(Spans(), faults=("head_object:unavailable", "get_object:unavailable")) as traced:
        traced.ports.rest("GET", "buckets/my-assets/objects/a")
        traced.ports.s3.ask("GET", "/my-assets/a")
        rest, s3 = traced.requests(2)
        assert (about(rest)["error.type"], about(rest)["http.response.status_code"]) == ("unavailable", 503)
        assert (about(s3)["error.type"], about(s3)["http.response.status_code"]) == ("ServiceUnavailable", 503)
        for span in (rest, s3):
            assert span.status.status_code is StatusCode.ERROR
            assert span.status.description is None
            assert not span.events


def test_a_method_that_a_client_makes_up_is_no_name() -> None:
    spans = Spans()
    sink = RequestSpans(spans.provider)
    record = RequestRecord(port="s3", id="a", method="BREW", time=1.0, started=0.0)
    contextvars.copy_context().run(sink.begin, record)
    sink.end([record])
    (span,) = spans.ended
    assert (span.name, about(span)["http.request.method"]) == ("HTTP", "_OTHER")


def test_a_client_that_leaves_has_a_span(traced: Traced) -> None:
    parts = urlsplit(traced.ports.rest_url)
    with socket.create_connection((parts.hostname, parts.port or 0), timeout=WAIT) as connection:
        head = f"PUT /api/v1/storage/buckets/my-assets/objects/a HTTP/1.1\r\nhost: {parts.netloc}\r\n"
        connection.sendall(f"{head}content-length: 100000\r\n\r\n".encode() + b"x" * 1000)
    (span,) = traced.requests()
    assert (span.name, about(span)["bucketry.aborted"]) == ("PutObject", True)
    assert span.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize("keys", [True, False])
def test_keys_can_be_hidden(keys: bool) -> None:
    with serve(Spans(), keys=keys, faults=("head_object:unavailable",)) as traced:
        traced.ports.rest("PUT", "buckets/my-assets/objects/photos%2F1.jpg", CONTENT)
        traced.ports.s3.ask("GET", "/my-assets/photos%2F1.jpg")
        traced.ports.s3.ask("HEAD", "/my-assets/photos/2.jpg")
        traced.ports.rest("POST", "buckets/my-assets/objects/delete", b'{"keys": ["photos/1.jpg", "b"]}', **JSON)
        assert {about(span).get("bucketry.keys") for span in traced.requests(4)} == {None, 2}
        assert ("photos" in traced.spans.text()) is keys
        assert "my-assets" in traced.spans.text()


JSON = {"content_type": "application/json"}
SIGNATURE = "0123456789abcdef" * 4


def test_no_query_signature_or_header_is_in_a_span(asked: Traced) -> None:
    named = {"user_agent": "s3cr3t-agent", "cookie": "s3cr3t", "authorization": "Bearer s3cr3t"}
    asked.ports.rest("GET", f"buckets?X-Amz-Signature={SIGNATURE}", b"", **named)
    asked.ports.rest("GET", f"buckets/my-assets/objects/a%3FX-Amz-Signature={SIGNATURE}", b"", **named)
    asked.ports.s3.ask("GET", "/my-assets/a?versionId=s3cr3t", headers={"cookie": "s3cr3t"})
    asked.ports.s3.ask("PUT", f"/my-assets/a%3FX-Amz-Signature%3D{SIGNATURE}", CONTENT)
    signed = Signing(access_key=ACCESS_KEY, secret_key=SECRET_KEY)
    asked.ports.s3.send("GET", signed.presigned("GET", "/my-assets/a", urlsplit(asked.ports.s3_url).netloc))
    asked.requests(5)
    text = asked.spans.text()
    for hidden in ("s3cr3t", SIGNATURE, "AWS4-HMAC-SHA256", "Credential="):
        assert hidden not in text


def test_requests_at_the_same_time_keep_their_traces(traced: Traced) -> None:
    ids = [f"{number + 1:032x}" for number in range(60)]

    def ask(trace_id: str) -> None:
        headers = {"traceparent": f"00-{trace_id}-{PARENT}-01"}
        if int(trace_id, 16) % 2:
            traced.ports.s3.ask("PUT", f"/my-assets/{trace_id}", CONTENT, headers)
        else:
            traced.ports.rest("PUT", f"buckets/my-assets/objects/{trace_id}", CONTENT, **headers)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, ids))
    requests = {about(span)["bucketry.key"]: span for span in traced.requests(60)}
    assert {key: trace_of(span) for key, span in requests.items()} == {trace_id: trace_id for trace_id in ids}
    for span in traced.operations():
        if span.name == "put_object":
            assert parent_of(span) == id_of(requests[about(span)["bucketry.key"]])


def test_what_a_client_does_not_keep_is_not_kept() -> None:
    with serve(Spans(ParentBased(ALWAYS_OFF))) as traced:
        traced.ports.rest("GET", "buckets", traceparent=TRACEPARENT[:-1] + "0")
        traced.ports.rest("GET", "buckets")
        traced.ports.rest("GET", "buckets", traceparent=TRACEPARENT)
        (span,) = traced.requests()
        assert trace_of(span) == TRACE
        assert eventually(lambda: len(traced.lines) == 3)
        assert [json.loads(line)["trace_id"] == TRACE for line in traced.lines] == [True, False, True]


def test_content_that_is_read_later_is_within_its_request(traced: Traced) -> None:
    traced.ports.s3.ask("PUT", "/my-assets/large", bytes(3 * 1024**2))
    assert len(traced.ports.s3.ask("GET", "/my-assets/large").body) == 3 * 1024**2
    put, get = traced.requests(2)
    (opened,) = traced.spans.named("get_object")
    assert parent_of(opened) == id_of(get)
    assert get.end_time is not None
    assert opened.end_time is not None
    assert about(get)["http.response.body.size"] == about(put)["http.request.body.size"] == 3 * 1024**2


def test_a_record_without_a_begin_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    spans = Spans()
    RequestSpans(spans.provider).end([RequestRecord(port="s3", id="a", method="GET", time=0.0, started=0.0)])
    assert not spans.ended
    assert not caplog.records
