"""Figures that are counted first, and handed to prometheus-client later."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from bucketry.layers import CallEvent
from bucketry_http.shared.record import RequestRecord
from bucketry_http.telemetry.metrics import SECONDS, Metrics
from bucketry_http.telemetry.tally import Handover, Tallies, observe_all
from prometheus_client import CollectorRegistry, Histogram

from tests.http.serving import eventually

TIMES = (0.0, 0.0005, *SECONDS, 0.0011, 299.9, 300.1, 4000.0)


def test_a_tally_is_observed_as_its_events_are() -> None:
    registries = CollectorRegistry(), CollectorRegistry()
    single, together = (Histogram("seconds", "Time.", buckets=SECONDS, registry=one) for one in registries)
    tallies: Tallies[str] = Tallies(SECONDS)
    for _ in range(2):
        for seconds in TIMES:
            single.observe(seconds)
            tallies.add([("a", seconds, 0, 0)])
        observe_all(together, tallies.take()["a"])

    def samples(registry: CollectorRegistry) -> list[tuple[str, str, float]]:
        found = (sample for family in registry.collect() for sample in family.samples)
        return [
            (one.name, one.labels.get("le", ""), round(one.value, 6))
            for one in found
            if not one.name.endswith("_created")
        ]

    assert samples(registries[0]) == samples(registries[1])


def test_nothing_is_counted_twice_or_lost_while_it_is_taken() -> None:
    tallies: Tallies[int] = Tallies(SECONDS)
    counted, stop = [0], threading.Event()

    def take() -> None:
        while not stop.is_set():
            counted[0] += sum(tally.count for tally in tallies.take().values())

    def add(number: int) -> None:
        for _ in range(5000):
            tallies.add([(number % 2, 0.01, 1, 2)])

    taking = threading.Thread(target=take)
    taking.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(4)))
    stop.set()
    taking.join()
    assert counted[0] + sum(tally.count for tally in tallies.take().values()) == 4 * 5000


def test_calls_of_many_threads_are_all_counted() -> None:
    metrics = Metrics("memory")

    def report(_: int) -> None:
        for _ in range(3000):
            metrics.report(CallEvent("put_object", 1, 0.01, bytes_in=2))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(report, range(4)))
    labels = {"driver": "memory", "operation": "put_object", "outcome": "ok"}
    assert metrics.registry.get_sample_value("bucketry_backend_calls_total", labels) == 4 * 3000
    written = {"driver": "memory", "direction": "written"}
    assert metrics.registry.get_sample_value("bucketry_backend_bytes_total", written) == 4 * 3000 * 2


def test_a_process_that_is_not_scraped_hands_over_by_itself_and_at_its_end() -> None:
    handed: list[str] = []
    handover = Handover(lambda: handed.append(threading.current_thread().name))
    handover.start(0.001)
    assert eventually(lambda: handed.count("bucketry-metrics") >= 2)
    handover.close()
    assert handed[-1] == threading.current_thread().name
    count = len(handed)
    assert list(handover.collect()) == []
    assert len(handed) == count + 1


def test_what_is_left_at_the_end_is_handed_over() -> None:
    registry = CollectorRegistry()
    metrics = Metrics("memory", registry=registry)
    record = RequestRecord(port="s3", id="a", method="GET", time=1.0, started=1.0, operation="GetObject", status=200)
    metrics.begin(record)
    metrics.end([record])
    metrics.close()
    labels = {"port": "s3", "operation": "GetObject", "driver": "memory", "outcome": "ok"}
    # Not through the registry, which would hand it over too.
    assert metrics._requests.labels(**labels)._value.get() == 1
