"""Metrics: what they count, and that their labels are bounded."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import msgspec
import pytest
from bucketry import Store, Unavailable, UsageReport
from bucketry.layers import Breaker, Fault, Faults
from bucketry.models import BucketReport
from bucketry_http.shared.calls import StoreCalls
from bucketry_http.shared.record import RequestRecord
from bucketry_http.telemetry.backend import backend_layer
from bucketry_http.telemetry.metrics import MOST_VALUES, OTHER, Metrics, outcome_of
from bucketry_http.telemetry.usage import MOST_BUCKETS, OTHERS, UsageCollector
from prometheus_client import CollectorRegistry

from tests.http.recorded import Ports, recorded_ports
from tests.http.s3.serving import ACCESS_KEY, memory_store
from tests.http.serving import eventually

CONTENT = b"x" * 1000


@dataclass
class Counted:
    """Ports, and their metrics."""

    ports: Ports
    metrics: Metrics
    store: Store

    def value(self, name: str, **labels: str) -> float:
        """A figure, with zero for one that is not there."""
        self.ports.last()
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    def total(self, name: str, **labels: str) -> float:
        """All figures of a name that have these labels, added up."""
        self.ports.last()
        samples = (sample for family in self.metrics.registry.collect() for sample in family.samples)
        return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())


@pytest.fixture(params=["inline", "threads"])
def counted(request: pytest.FixtureRequest) -> Iterator[Counted]:
    metrics = Metrics("memory")
    faults = Faults(Fault.parse("head_object:unavailable"))
    layers = [backend_layer(metrics.report), faults]
    with memory_store(layers, inline=request.param == "inline") as store:
        store.create_bucket("my-assets")
        with recorded_ports(store, [metrics]) as ports:
            yield Counted(ports, metrics, store)


def test_requests_are_counted_by_port_operation_and_outcome(counted: Counted) -> None:
    for number in range(3):
        counted.ports.s3.ask("PUT", f"/my-assets/a{number}", CONTENT)
    counted.ports.s3.ask("GET", "/my-assets/missing")
    counted.ports.s3.send("GET", "/my-assets/a0")
    counted.ports.rest("GET", "buckets/my-assets/objects/a0")
    counted.ports.rest("GET", "nowhere")
    found = {
        (operation, port, outcome): counted.value(
            "bucketry_requests_total", port=port, operation=operation, driver="memory", outcome=outcome
        )
        for operation, port, outcome in [
            ("PutObject", "s3", "ok"),
            ("GetObject", "s3", "client_error"),
            ("GetObject", "s3", "refused"),
            ("GetObject", "rest", "ok"),
            ("none", "rest", "client_error"),
        ]
    }
    assert list(found.values()) == [3, 1, 1, 1, 1]
    assert counted.total("bucketry_requests_total") == 7
    assert counted.total("bucketry_request_seconds_count") == 7
    assert counted.value("bucketry_errors_total", port="s3", code="NoSuchKey") == 1
    assert counted.value("bucketry_errors_total", port="rest", code="no_such_route") == 1
    assert counted.value("bucketry_received_bytes_total", port="s3", operation="PutObject") == 3 * len(CONTENT)
    assert counted.value("bucketry_sent_bytes_total", port="rest", operation="GetObject") == len(CONTENT)


def test_calls_of_the_driver_are_counted_with_their_outcome(counted: Counted) -> None:
    counted.ports.s3.ask("PUT", "/my-assets/a", CONTENT)
    counted.ports.rest("GET", "buckets/my-assets/objects/a")
    counted.ports.rest("GET", "buckets/my-assets/objects/missing")
    calls = {"driver": "memory"}
    assert counted.value("bucketry_backend_calls_total", operation="put_object", outcome="ok", **calls) == 1
    assert counted.value("bucketry_backend_calls_total", operation="get_object", outcome="ok", **calls) == 1
    assert counted.value("bucketry_backend_calls_total", operation="get_object", outcome="no_such_key", **calls) == 1
    assert counted.value("bucketry_backend_seconds_count", operation="get_object", **calls) == 2
    assert counted.value("bucketry_backend_bytes_total", direction="written", **calls) == len(CONTENT)
    assert counted.value("bucketry_backend_bytes_total", direction="read", **calls) == len(CONTENT)


def test_the_backend_is_what_lies_below_other_layers(counted: Counted) -> None:
    counted.ports.rest("HEAD", "buckets/my-assets/objects/a")
    assert counted.value("bucketry_errors_total", port="rest", code="unavailable") == 1
    assert counted.total("bucketry_backend_calls_total", operation="head_object") == 0


def test_a_breaker_that_refuses_calls_is_shown() -> None:
    metrics, breaker = Metrics("memory"), Breaker(2, pause=60.0, longest_pause=60.0)
    metrics.watch_breaker(breaker)

    def opened(calls: str) -> float | None:
        return metrics.registry.get_sample_value("bucketry_circuits_open", {"store": "memory", "calls": calls})

    with memory_store([Faults(Fault.parse("head_object:unavailable")), breaker]) as store:
        store.create_bucket("my-assets")
        assert (opened("reads"), opened("writes")) == (0, 0)
        for _ in range(2):
            with pytest.raises(Unavailable):
                store.head_object("my-assets", "a")
        assert (opened("reads"), opened("writes")) == (1, 0)


def test_breakers_of_several_stores_are_shown_one_by_one() -> None:
    metrics, breakers = Metrics("router"), [Breaker(1, store=name) for name in ("fast", "slow")]
    for breaker in breakers:
        metrics.watch_breaker(breaker)
    with memory_store([Faults(Fault.parse("put_object:unavailable")), breakers[1]]) as store:
        store.create_bucket("my-assets")
        with pytest.raises(Unavailable):
            store.put_object("my-assets", "a", b"x")

    def opened(store: str, calls: str) -> float | None:
        return metrics.registry.get_sample_value("bucketry_circuits_open", {"store": store, "calls": calls})

    assert [(opened(name, "reads"), opened(name, "writes")) for name in ("fast", "slow")] == [(0, 0), (0, 1)]


def test_requests_in_progress_go_up_and_down() -> None:
    entered, go_on = threading.Event(), threading.Event()

    metrics = Metrics("memory")
    with memory_store([backend_layer(metrics.report)], inline=False) as store:
        store.create_bucket("my-assets")
        real = store.list_buckets

        def waiting() -> Any:
            entered.set()
            assert go_on.wait(30)
            return real()

        store.list_buckets = waiting  # type: ignore[method-assign]
        with recorded_ports(store, [metrics]) as ports:
            counted = Counted(ports, metrics, store)
            asking = threading.Thread(target=lambda: ports.s3.ask("GET", "/"))
            asking.start()
            assert entered.wait(30)
            try:
                assert metrics.registry.get_sample_value("bucketry_requests_in_flight", {"port": "s3"}) == 1
            finally:
                go_on.set()
                asking.join()
            assert counted.value("bucketry_requests_in_flight", port="s3") == 0
            assert counted.total("bucketry_requests_total") == 1


def test_the_last_use_of_a_credential_is_known(counted: Counted) -> None:
    counted.ports.s3.ask("GET", "/")
    moment = counted.ports.last().time
    assert counted.value("bucketry_credential_last_used_timestamp_seconds", credential=ACCESS_KEY) == moment


RECORD = RequestRecord(port="s3", id="1", method="GET", time=1.0, started=0.0, status=200)
OUTCOMES = [
    ({"status": 200}, "ok"),
    ({"status": 304}, "ok"),
    ({"status": 404, "code": "NoSuchKey"}, "client_error"),
    ({"status": 401, "code": "unauthenticated"}, "refused"),
    ({"status": 403, "code": "AccessDenied"}, "refused"),
    ({"status": 503, "code": "SlowDown"}, "throttled"),
    ({"status": 503, "code": "throttled"}, "throttled"),
    ({"status": 429, "code": "too_many_requests"}, "throttled"),
    ({"status": 503, "code": "ServiceUnavailable"}, "server_error"),
    ({"status": 500}, "server_error"),
    ({"status": 0, "aborted": True}, "aborted"),
    ({"status": 200, "aborted": True}, "aborted"),
]


@pytest.mark.parametrize(("changes", "outcome"), OUTCOMES)
def test_outcomes(changes: dict[str, Any], outcome: str) -> None:
    assert outcome_of(msgspec.structs.replace(RECORD, **changes)) == outcome


def test_labels_that_clients_choose_are_bounded() -> None:
    metrics = Metrics("memory")
    for number in range(MOST_VALUES + 10):
        record = msgspec.structs.replace(RECORD, credential=f"id{number}", code=f"code{number}", status=400)
        metrics.begin(record)
        metrics.end([record])
    samples = [sample for family in metrics.registry.collect() for sample in family.samples]
    errors = [sample for sample in samples if sample.name == "bucketry_errors_total"]
    assert len(errors) == MOST_VALUES + 1
    assert metrics.registry.get_sample_value("bucketry_errors_total", {"port": "s3", "code": OTHER}) == 10
    used = [sample for sample in samples if sample.name == "bucketry_credential_last_used_timestamp_seconds"]
    assert len(used) == MOST_VALUES + 1


def test_keys_and_principals_are_no_labels(counted: Counted) -> None:
    counted.ports.s3.ask("PUT", "/my-assets/secret-key-of-an-object", CONTENT)
    counted.ports.last()
    labels = {
        name: value
        for family in counted.metrics.registry.collect()
        for sample in family.samples
        for name, value in sample.labels.items()
    }
    assert set(labels) == {"port", "operation", "driver", "outcome", "le", "direction", "credential"}


def test_threads_are_counted_while_they_are_used() -> None:
    asyncio.run(use_threads())


async def use_threads() -> None:
    metrics = Metrics("memory")
    with memory_store(inline=False) as store:
        calls = StoreCalls(store, call_threads=3, transfer_threads=5)
        calls.meter = metrics.thread_meter("rest", calls.limits)
        seen: list[float | None] = []

        def used(kind: str) -> float | None:
            return metrics.registry.get_sample_value("bucketry_threads_in_use", {"port": "rest", "kind": kind})

        await calls.call(lambda: seen.extend((used("call"), used("transfer"))))
        await calls.transfer(lambda: seen.extend((used("call"), used("transfer"))))
        assert seen == [1, 0, 0, 1]
        assert (used("call"), used("transfer")) == (0, 0)
        limit = metrics.registry.get_sample_value("bucketry_threads_limit", {"port": "rest", "kind": "transfer"})
        assert limit == 5


class Usage:
    """A store whose usage is what a test says."""

    def __init__(self, store: Store, count: int) -> None:
        self.store = store
        self.count = count
        self.asked = 0
        self.may_answer = threading.Event()

    def usage_report(self) -> UsageReport:
        self.asked += 1
        assert self.may_answer.wait(30)
        return UsageReport(
            source="admin",
            as_of=self.store.clock.now(),
            buckets=tuple(
                BucketReport(name=f"bucket{number:05}", object_count=1, size_bytes=number)
                for number in range(self.count)
            ),
        )


def test_usage_is_asked_in_the_background_and_not_too_often() -> None:
    with memory_store() as store:
        usage: Any = Usage(store, MOST_BUCKETS + 2)
        collector, registry = UsageCollector(usage, interval=3600.0), CollectorRegistry()
        registry.register(collector)
        assert usage.asked == 0
        assert registry.get_sample_value("bucketry_usage_age_seconds", {"source": "admin"}) is None
        usage.may_answer.set()
        collector.close()

        def value(name: str, bucket: str) -> float | None:
            return registry.get_sample_value(name, {"bucket": bucket})

        age = registry.get_sample_value("bucketry_usage_age_seconds", {"source": "admin"})
        assert age is not None
        assert age >= 0
        assert value("bucketry_bucket_size_bytes", "bucket01001") == 1001
        assert value("bucketry_bucket_objects", OTHERS) == 2
        assert value("bucketry_bucket_size_bytes", OTHERS) == 0 + 1
        assert usage.asked == 1


def test_usage_that_could_not_be_had_once_is_asked_for_again(caplog: pytest.LogCaptureFixture) -> None:
    class FailsOnce:
        failures: ClassVar[list[Exception]] = [Unavailable("the connection failed")]

        def usage_report(self) -> UsageReport:
            if self.failures:
                raise self.failures.pop(0)
            return UsageReport(source="admin", as_of=datetime.now(UTC), buckets=())

    caplog.set_level(logging.WARNING)
    collector: Any = UsageCollector(FailsOnce(), interval=3600.0)  # type: ignore[arg-type]
    list(collector.collect())
    collector.close()
    ages = [sample for family in collector.collect() for sample in family.samples]
    assert (len(ages), caplog.records) == (1, [])


def test_usage_that_fails_as_the_server_ends_is_not_worth_a_line(caplog: pytest.LogCaptureFixture) -> None:
    """The store is closed in the middle of a report, whatever that makes of it."""

    class Hangs:
        free = threading.Event()

        def usage_report(self) -> UsageReport:
            assert self.free.wait(60)
            raise RuntimeError("cannot schedule new futures after shutdown")

    caplog.set_level(logging.WARNING)
    collector: Any = UsageCollector(Hangs(), interval=0.0)  # type: ignore[arg-type]
    list(collector.collect())
    (reporting,) = [thread for thread in threading.enumerate() if thread.name == "bucketry-usage"]
    collector.close()
    assert reporting.is_alive(), "closing does not wait for ever"
    Hangs.free.set()
    reporting.join(60)
    list(collector.collect())
    assert not [thread for thread in threading.enumerate() if thread.name == "bucketry-usage"], "it asks no more"
    assert caplog.records == []


def test_usage_that_cannot_be_had_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Fails:
        def usage_report(self) -> UsageReport:
            raise RuntimeError("no admin rights")

    collector: Any = UsageCollector(Fails(), interval=3600.0)  # type: ignore[arg-type]
    assert all(not family.samples for family in collector.collect())
    collector.close()
    assert eventually(lambda: "no admin rights" in caplog.text)
