"""Spans of operations, without HTTP."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Mapping

import pytest
from bucketry import DONE, NoSuchKey, Store, Unavailable, open_store
from bucketry.backend_requests import in_this_context, request_headers, sending, set_watcher, tracing_of_call
from bucketry.hookspecs import OPERATIONS, hookimpl
from bucketry.layers import Fault, Faults, ReadOnly
from bucketry.tracing import MAX_TEXT, Trace, headers_of, shown
from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

from tests.core.tiny import TinyDriver, TinySettings
from tests.spans import Spans, about, id_of, parent_of, trace_of, traceparent_of


@pytest.fixture
def spans() -> Spans:
    return Spans()


@pytest.fixture
def store(spans: Spans) -> Iterator[Store]:
    with open_store("memory://", layers=[Trace(spans.provider)]) as store:
        store.create_bucket("my-assets")
        spans.clear()
        yield store


def test_every_operation_but_close_has_a_span(spans: Spans) -> None:
    layer = Trace(spans.provider)
    for name, operation in OPERATIONS.items():
        assert layer.around(name, lambda *values: DONE)(*operation.parameters) is DONE
    found = {span.name: about(span) for span in spans.ended}
    assert set(found) == set(OPERATIONS) - {"close"}
    for name, said in found.items():
        named = {f"bucketry.{each}": each for each in ("bucket", "key") if each in OPERATIONS[name].parameters}
        assert said == {"bucketry.operation": name, **named}


def test_an_operation_is_a_child_of_the_current_span(spans: Spans, store: Store) -> None:
    with spans.provider.get_tracer("application").start_as_current_span("work"):
        store.put_object("my-assets", "photos/1.jpg", b"content")
        store.list_buckets()
    put, listed, work = spans.ended
    assert (put.name, put.kind, parent_of(put), trace_of(put)) == (
        "put_object", SpanKind.INTERNAL, id_of(work), trace_of(work),
    )  # fmt: skip
    assert about(put) == {
        "bucketry.operation": "put_object",
        "bucketry.bucket": "my-assets",
        "bucketry.key": "photos/1.jpg",
    }
    assert about(listed) == {"bucketry.operation": "list_buckets"}
    assert put.status.status_code is StatusCode.UNSET
    assert put.instrumentation_scope is not None
    assert put.instrumentation_scope.name == "bucketry"


def test_without_a_current_span_a_trace_begins(spans: Spans, store: Store) -> None:
    store.head_bucket("my-assets")
    store.head_bucket("my-assets")
    first, second = spans.ended
    assert first.parent is None
    assert trace_of(first) != trace_of(second)
    assert tracing_of_call() is None
    assert not trace.get_current_span().get_span_context().is_valid


def test_what_a_caller_may_expect_is_no_error(spans: Spans, store: Store) -> None:
    with pytest.raises(NoSuchKey):
        store.head_object("my-assets", "missing")
    span = spans.the("head_object")
    assert about(span)["bucketry.code"] == "no_such_key"
    assert "error.type" not in about(span)
    assert span.status.status_code is StatusCode.UNSET
    assert not span.events


def faulty(spans: Spans, fault: str, *, keys: bool = True) -> Store:
    store = open_store("memory://", layers=[Faults(Fault.parse(fault)), Trace(spans.provider, keys=keys)])
    store.create_bucket("my-assets")
    return store


def test_a_fault_is_an_error(spans: Spans) -> None:
    with faulty(spans, "head_object:unavailable") as store, pytest.raises(Unavailable):
        store.head_object("my-assets", "a")
    span = spans.the("head_object")
    assert (about(span)["bucketry.code"], about(span)["error.type"]) == ("unavailable", "unavailable")
    assert span.status.status_code is StatusCode.ERROR
    assert not span.events


def test_keys_and_texts_that_may_hold_them_can_be_hidden(spans: Spans) -> None:
    with faulty(spans, "head_object:unavailable", keys=False) as store, pytest.raises(Unavailable):
        store.head_object("my-assets", "photos/1.jpg")
    span = spans.the("head_object")
    assert span.status.description is None
    assert about(span)["bucketry.bucket"] == "my-assets"
    assert "photos" not in spans.text()


class _Failing:
    """A layer whose error is not one of ours, and says what it must not."""

    @hookimpl(wrapper=True)
    def head_object(self) -> Generator[None, object, object]:
        yield
        raise RuntimeError("the secret is s3cr3t")


def test_texts_of_other_errors_are_in_no_span(spans: Spans) -> None:
    with open_store("memory://", layers=[_Failing(), Trace(spans.provider)]) as store:
        store.create_bucket("my-assets")
        store.put_object("my-assets", "a", b"")
        with pytest.raises(RuntimeError):
            store.head_object("my-assets", "a")
    assert about(spans.the("head_object"))["error.type"] == "RuntimeError"
    assert "s3cr3t" not in spans.text()


def test_refusals_of_other_layers_have_a_span_too(spans: Spans) -> None:
    store = Store(TinyDriver(TinySettings()), [ReadOnly(), Trace(spans.provider)])
    with pytest.raises(Exception, match="reading only"):
        store.put_object("photos", "key", b"")
    assert about(spans.the("put_object"))["bucketry.code"] == "access_denied"


SIGNATURE = "0123456789abcdef" * 4


def test_a_signature_in_a_key_is_in_no_span(spans: Spans, store: Store) -> None:
    for key in (f"a?X-Amz-Signature={SIGNATURE}", f"a&X-Amz-Security-Token={SIGNATURE}"):
        store.put_object("my-assets", key, b"")
    assert SIGNATURE not in spans.text()
    assert "***" in about(spans.ended[0])["bucketry.key"]


def test_long_texts_are_cut() -> None:
    assert shown("a" * (MAX_TEXT + 1)) == "a" * MAX_TEXT


def streamed(spans: Spans) -> Store:
    store = Store(TinyDriver(TinySettings()), [Trace(spans.provider)])
    store.put_object("photos", "key", b"content")
    store.put_object("photos", "torn", b"content")
    spans.clear()
    return store


def test_reading_content_is_part_of_its_span(spans: Spans) -> None:
    opened = streamed(spans).get_object("photos", "key")
    assert not opened.is_held
    assert not spans.ended
    assert opened.read() == b"content"
    assert spans.the("get_object").status.status_code is StatusCode.UNSET


def test_content_that_is_closed_before_its_end_ends_its_span(spans: Spans) -> None:
    with streamed(spans).get_object("photos", "key"):
        assert not spans.ended
    assert spans.the("get_object").status.status_code is StatusCode.UNSET


def test_content_that_is_held_ends_its_span_at_once(spans: Spans, store: Store) -> None:
    store.put_object("my-assets", "a", b"content")
    opened = store.get_object("my-assets", "a")
    assert opened.is_held
    assert [span.name for span in spans.ended] == ["put_object", "get_object"]


def test_a_missing_object_ends_its_span(spans: Spans, store: Store) -> None:
    with pytest.raises(NoSuchKey):
        store.get_object("my-assets", "missing")
    assert about(spans.the("get_object"))["bucketry.code"] == "no_such_key"


class _Asking:
    """A layer in a driver's place: it sees what a driver would send to its backend."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    @hookimpl(wrapper=True)
    def head_bucket(self) -> Generator[None, object, object]:
        of_operation = request_headers().get("traceparent", "")
        for resends, status in enumerate((503, 200)):
            with sending("HEAD", "https://store.example/my-assets?x=1", resends=resends) as sent:
                self.seen.append((of_operation, request_headers().get("traceparent", "")))
                sent.status = status
        return (yield)


class Watches:
    id = "id-1"
    trace_headers: Mapping[str, str] = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}

    def count_retry(self) -> None:
        pass


def test_a_driver_is_told_of_the_span_of_its_request(spans: Spans) -> None:
    asking = _Asking()
    with open_store("memory://", layers=[asking, Trace(spans.provider)]) as store:
        store.create_bucket("my-assets")
        store.head_bucket("my-assets")
    operation = spans.the("head_bucket")
    first, second = spans.named("HEAD")
    assert asking.seen == [(traceparent_of(operation), traceparent_of(span)) for span in (first, second)]
    assert [span.kind for span in (first, second)] == [SpanKind.CLIENT] * 2
    assert [parent_of(span) for span in (first, second)] == [id_of(operation)] * 2
    said = {
        "http.request.method": "HEAD",
        "server.address": "store.example",
        "server.port": 443,
        "url.full": "https://store.example/my-assets",
    }
    assert about(first) == {**said, "http.response.status_code": 503, "error.type": "503"}
    assert about(second) == {**said, "http.response.status_code": 200, "http.request.resend_count": 1}
    assert (first.status.status_code, second.status.status_code) == (StatusCode.ERROR, StatusCode.UNSET)


def test_without_the_layer_nothing_is_traced() -> None:
    asking = _Asking()
    with open_store("memory://", layers=[asking]) as store:
        store.create_bucket("my-assets")
        store.head_bucket("my-assets")
    assert asking.seen == [("", "")] * 2


def test_what_is_not_sampled_is_said_to_the_backend() -> None:
    spans, asking = Spans(ALWAYS_OFF), _Asking()
    with open_store("memory://", layers=[asking, Trace(spans.provider)]) as store:
        store.create_bucket("my-assets")
        store.head_bucket("my-assets")
    assert not spans.ended
    # The lowest of the flags says whether the trace is sampled.
    assert all(int(request[-2:], 16) % 2 == 0 for _, request in asking.seen)


def test_without_a_provider_the_callers_trace_is_passed_on() -> None:
    asking = _Asking()
    with open_store("memory://", layers=[asking, Trace(trace.NoOpTracerProvider())]) as store:
        store.create_bucket("my-assets")

        def watched() -> None:
            set_watcher(Watches())
            store.head_bucket("my-assets")

        in_this_context(watched)()
    assert asking.seen == [(Watches.trace_headers["traceparent"],) * 2] * 2


def test_a_thread_of_a_driver_can_belong_to_the_call(spans: Spans) -> None:
    tracer = spans.provider.get_tracer("application")
    with tracer.start_as_current_span("work") as work:
        seen: list[object] = []
        within = in_this_context(lambda: seen.append(headers_of(trace.get_current_span())))
    threads = [threading.Thread(target=within) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [headers_of(work)] * 8
