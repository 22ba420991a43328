"""Requests to the backend have a span each, also those that are sent again, and carry its id."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from bucketry.backend_requests import set_watcher
from bucketry.tracing import Trace
from bucketry_s3client import S3Client, S3ResponseError, head_objects
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode
from urllib3.exceptions import HTTPError

from tests.s3client.fake import Answer, Fake, wired
from tests.s3client.test_request_headers import WAYS
from tests.spans import Spans, about, id_of, parent_of, traceparent_of

Way = Callable[[S3Client], object]


@pytest.fixture
def spans() -> Spans:
    return Spans()


def traced(spans: Spans, way: Way, client: S3Client, *, keys: bool = True) -> ReadableSpan:
    """Calls within the span of an operation, and returns that."""
    spans.clear()
    layer = Trace(spans.provider, keys=keys)
    with suppress(S3ResponseError, HTTPError), layer._call("get_object", "bucket", "key") as span:
        way(client)
    span.end()
    return spans.the("get_object")


@pytest.mark.parametrize("way", WAYS)
def test_each_request_has_a_span_and_carries_its_id(spans: Spans, way: Way) -> None:
    with wired(lambda _: Answer(200, b"x")) as (fake, client):
        operation = traced(spans, way, client)
    (sent,) = fake.requests
    span = spans.the("GET")
    assert sent.headers["traceparent"] == traceparent_of(span)
    assert (span.kind, parent_of(span)) == (SpanKind.CLIENT, id_of(operation))
    host, port = fake.location.split(":")
    assert about(span) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "server.address": host,
        "server.port": int(port),
        "url.full": f"http://{fake.location}/bucket/key",
    }
    assert span.status.status_code is StatusCode.UNSET


def request(client: S3Client) -> None:
    client.request("GET", "bucket", "key", query={"X-Amz-Signature": "s3cr3t"})


def test_what_is_sent_again_has_a_span_of_its_own(spans: Spans) -> None:
    answers = [Answer(503), Answer(cut=True), Answer(200, b"x")]
    with wired(lambda _: answers.pop(0), retries=3) as (fake, client):
        traced(spans, request, client)
    found = spans.named("GET")
    assert [about(span).get("http.request.resend_count") for span in found] == [None, 1, 2]
    assert [about(span).get("error.type") for span in found] == ["503", "RemoteDisconnected", None]
    assert [sent.headers["traceparent"] for sent in fake.requests] == [traceparent_of(span) for span in found]


def test_a_backend_that_is_not_there_has_spans_too(spans: Spans) -> None:
    client = Fake("127.0.0.1:1").client(connect_timeout=0.5, retries=1)
    traced(spans, request, client)
    found = spans.named("GET")
    assert [about(span)["error.type"] for span in found] == ["NewConnectionError"] * 2
    assert all(span.status.status_code is StatusCode.ERROR for span in found)


@pytest.mark.parametrize("status", [304, 404, 403, 500])
def test_what_a_server_refuses_is_an_error_of_its_client(spans: Spans, status: int) -> None:
    with wired(lambda _: Answer(status), retries=0) as (_, client):
        traced(spans, request, client)
    span = spans.the("GET")
    assert (span.status.status_code is StatusCode.ERROR) == (status >= 400)
    assert span.status.description is None


def test_neither_a_query_nor_a_header_is_in_a_span(spans: Spans) -> None:
    with wired(lambda _: Answer(500), retries=1) as (fake, client):
        traced(spans, request, client)
        traced(spans, lambda each: each.request_small("GET", "bucket", "key", query={"t": "s3cr3t"}), client)
    assert any("s3cr3t" in sent.target for sent in fake.requests)
    for hidden in ("s3cr3t", "?", "authorization", "Signature", "acme-driver"):
        assert hidden not in spans.text()


def test_keys_can_be_hidden(spans: Spans) -> None:
    with wired(lambda _: Answer(200, b"x")) as (_, client):
        traced(spans, lambda each: each.request("GET", "bucket", "photos/1.jpg"), client, keys=False)
    assert "url.full" not in about(spans.the("GET"))
    assert "photos" not in spans.text()


QUICK_FAILURES = [(Answer(404), "404"), (Answer(cut=True), "RemoteDisconnected")]


@pytest.mark.parametrize(("answer", "kind"), QUICK_FAILURES)
def test_a_quick_request_that_fails_has_a_span_with_its_reason(spans: Spans, answer: Answer, kind: str) -> None:
    with wired(lambda _: answer, retries=0) as (_, client):
        traced(spans, lambda each: each.request_small("GET", "bucket", "key"), client)
    assert about(spans.the("GET"))["error.type"] == kind


def test_requests_that_are_sent_together_have_one_span(spans: Spans) -> None:
    keys = [f"key{number}" for number in range(20)]
    with wired(lambda _: Answer(200)) as (fake, client), ThreadPoolExecutor(4) as pool:
        operation = traced(spans, lambda each: head_objects(each, "bucket", keys, pool, 4), client)
    found = spans.named("HEAD")
    assert sum(about(span).get("bucketry.requests", 1) for span in found) == len(fake.requests) == 20
    assert {parent_of(span) for span in found} == {id_of(operation)}
    assert {sent.headers["traceparent"] for sent in fake.requests} == {traceparent_of(span) for span in found}


def test_without_a_trace_requests_are_as_they_were(spans: Spans) -> None:
    with wired(lambda _: Answer(200, b"x")) as (fake, client):
        set_watcher(None)
        request(client)
    assert "traceparent" not in fake.requests[0].headers
    assert not spans.ended
