"""Metrics for Prometheus. The names and what they mean are listed in ``docs/monitoring.md``, and a test compares.

With several processes, prometheus-client keeps the figures of each in files of one folder, and adds them up
(``PROMETHEUS_MULTIPROC_DIR`` in the environment, before this module is imported).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, Literal

from bucketry.layers import Breaker, CallEvent
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from bucketry_http.shared.record import Port, RequestRecord
from bucketry_http.telemetry.tally import Handover, Tallies, Tally, observe_all

Outcome = Literal["ok", "refused", "throttled", "client_error", "server_error", "aborted"]

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Upper bounds of the histograms' buckets."""

MOST_VALUES: Final = 1000
"""Most values of a label that is not bounded by its nature. All others together are `OTHER`."""

OTHER: Final = "other"
NO_OPERATION: Final = "none"
"""Stands for requests that are no operation, such as those for a path that does not exist."""

HANDOVER_SECONDS: Final = 1.0
"""How late the figures of one of several processes may be."""

_MOST_EVENTS: Final = 1000
"""Most calls that wait to be counted. It takes half the time to count many at once."""

_NO_CALL: Final = "get_object_content"
"""Stands for content that breaks off after its call."""


class Metrics:
    """Counts requests, calls of the driver and the use of threads.

    Attributes:
        registry: Holds the metrics of this process.
    """

    def __init__(self, driver: str, *, registry: CollectorRegistry | None = None) -> None:
        """Begins at zero.

        Args:
            driver: The driver's name, which is a label.
            registry: Where the metrics are registered; ``None``: in one of their own.
        """
        self.registry = registry = registry or CollectorRegistry()
        self._driver = driver
        self._handover = Handover(self._hand_over)
        registry.register(self._handover)  # Before all metrics, as it has to be.
        self._requests = Counter(
            "bucketry_requests", "Requests that ended.", ["port", "operation", "driver", "outcome"], registry=registry
        )
        self._seconds = Histogram(
            "bucketry_request_seconds",
            "How long requests took, from their head to the end of the response.",
            ["port", "operation"],
            buckets=SECONDS,
            registry=registry,
        )
        self._errors = Counter("bucketry_errors", "Error responses by their code.", ["port", "code"], registry=registry)
        self._received = Counter(
            "bucketry_received_bytes", "Bytes of bodies of requests.", ["port", "operation"], registry=registry
        )
        self._sent = Counter(
            "bucketry_sent_bytes", "Bytes of bodies of responses.", ["port", "operation"], registry=registry
        )
        self._handshakes = Counter(
            "bucketry_tls_handshake_failures", "TLS handshakes that failed.", ["port", "reason"], registry=registry
        )
        self._in_flight = _gauge("bucketry_requests_in_flight", "Requests in progress.", ["port"], registry)
        self._queue = Histogram(
            "bucketry_queue_seconds",
            "How long requests waited for a thread, of those that had to.",
            ["port"],
            buckets=SECONDS,
            registry=registry,
        )
        self._threads = _gauge("bucketry_threads_in_use", "Threads that call the store.", ["port", "kind"], registry)
        self._thread_limit = _gauge("bucketry_threads_limit", "Most such threads.", ["port", "kind"], registry)
        self._calls = Counter(
            "bucketry_backend_calls", "Calls of the driver.", ["driver", "operation", "outcome"], registry=registry
        )
        self._call_seconds = Histogram(
            "bucketry_backend_seconds",
            "How long calls of the driver took. For get_object: until the object was open.",
            ["driver", "operation"],
            buckets=SECONDS,
            registry=registry,
        )
        self._call_bytes = Counter(
            "bucketry_backend_bytes",
            "Bytes written to and read from the driver.",
            ["driver", "direction"],
            registry=registry,
        )
        self._retries = Counter(
            "bucketry_backend_retries", "Requests that were sent to the backend again.", ["driver"], registry=registry
        )
        self._circuits = _gauge(
            "bucketry_circuits_open", "Processes that refuse calls of a store.", ["store", "calls"], registry
        )
        self._breakers: list[Breaker] = []
        self._last_use = Gauge(
            "bucketry_credential_last_used_timestamp_seconds",
            "When a key or token was last used, by its id.",
            ["credential"],
            multiprocess_mode="max",
            registry=registry,
        )
        self._audit_entries = Counter(
            "bucketry_audit_entries", "Entries of the audit stream.", ["outcome"], registry=registry
        )
        self._audit_waiting = Gauge(
            "bucketry_audit_waiting",
            "Entries of the audit stream that are not written yet.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._credential = _Bounded(self._last_use)
        self._code = _Bounded(self._errors)
        self._flying: dict[Port, int] = {"rest": 0, "s3": 0}
        self._lock = threading.Lock()
        self._used: dict[str, float] = {}
        self._ended: Tallies[tuple[Port, str, Outcome]] = Tallies(SECONDS)
        self._called: Tallies[tuple[str, str]] = Tallies(SECONDS)
        self._events: deque[CallEvent] = deque()

    def begin(self, record: RequestRecord) -> None:
        """Counts a request in progress."""
        self._flying[record.port] += 1

    def end(self, records: Sequence[RequestRecord]) -> None:
        """Counts requests that ended."""
        self._ended.add(
            [
                ((record.port, record.operation, outcome_of(record)), record.seconds, record.bytes_in, record.bytes_out)
                for record in records
            ]
        )
        used = {}
        for record in records:
            self._flying[record.port] -= 1
            if record.credential:
                used[record.credential] = record.time
            if record.code:
                self._code(record.port, record.code).inc()
            if record.queue_seconds:
                self._queue.labels(record.port).observe(record.queue_seconds)
            if record.backend_retries:
                self._retries.labels(self._driver).inc(record.backend_retries)
        with self._lock:
            self._used |= used
        if len(self._used) > MOST_VALUES:
            self._hand_over_used()

    def handshake_failed(self, port: Port, reason: str) -> None:
        """Counts a TLS handshake that failed. There are few reasons (`bucketry_http.server.handshakes.Reason`)."""
        self._handshakes.labels(port, reason).inc()

    def report(self, event: CallEvent) -> None:
        """Takes a call of the driver, or content that was read later. Safe to call from any thread."""
        self._events.append(event)
        if len(self._events) > _MOST_EVENTS:
            self._count_events()

    def start(self) -> None:
        """Hands all figures over once a second from now on, for another process that is scraped. `close` ends it."""
        self._handover.start(HANDOVER_SECONDS)

    def close(self) -> None:
        """Hands over what is left."""
        self._handover.close()

    def thread_meter(self, port: Port, limits: dict[str, int]) -> ThreadMetrics:
        """Returns what counts the threads of a port.

        Args:
            port: The port.
            limits: Most threads of each kind.
        """
        for kind, limit in limits.items():
            self._thread_limit.labels(port, kind).set(limit)
        return ThreadMetrics({kind: self._threads.labels(port, kind) for kind in limits})

    def watch_breaker(self, breaker: Breaker) -> None:
        """Shows from now on whether a breaker refuses reads or writes."""
        self._breakers.append(breaker)

    def audit_meter(self) -> AuditMetrics:
        """Returns what counts entries of the audit stream."""
        return AuditMetrics(self._audit_entries, self._audit_waiting)

    def _count_events(self) -> None:
        events: list[tuple[tuple[str, str], float, int, int]] = []
        with suppress(IndexError):  # Another thread may take the last one.
            while True:
                event = self._events.popleft()
                # Content that was read later is no call. It may have broken off.
                operation = event.operation if event.calls else _NO_CALL
                events.append(((operation, event.code), event.seconds, event.bytes_in, event.bytes_out))
        self._called.add(events)

    def _hand_over(self) -> None:
        self._count_events()
        for breaker in self._breakers:
            for calls, circuit in breaker.circuits().items():
                self._circuits.labels(breaker.store or self._driver, calls).set(int(circuit.is_open))
        for port, count in self._flying.items():
            self._in_flight.labels(port).set(count)
        for (request_port, operation, outcome), tally in self._ended.take().items():
            self._add_requests(request_port, operation or NO_OPERATION, outcome, tally)
        for (operation, code), tally in self._called.take().items():
            self._add_calls(operation, code, tally)
        self._hand_over_used()

    def _hand_over_used(self) -> None:
        with self._lock:
            used, self._used = self._used, {}
        for credential, when in used.items():
            self._credential(credential).set(when)

    def _add_requests(self, port: Port, operation: str, outcome: Outcome, tally: Tally) -> None:
        # The operations are those of tables, and so are the outcomes.
        self._requests.labels(port, operation, self._driver, outcome).inc(tally.count)
        observe_all(self._seconds.labels(port, operation), tally)
        self._received.labels(port, operation).inc(tally.bytes_in)
        self._sent.labels(port, operation).inc(tally.bytes_out)

    def _add_calls(self, operation: str, code: str, tally: Tally) -> None:
        if operation != _NO_CALL:
            self._calls.labels(self._driver, operation, code or "ok").inc(tally.count)
            observe_all(self._call_seconds.labels(self._driver, operation), tally)
        elif code:
            self._calls.labels(self._driver, operation, code).inc(tally.count)
        self._call_bytes.labels(self._driver, "written").inc(tally.bytes_in)
        self._call_bytes.labels(self._driver, "read").inc(tally.bytes_out)


class ThreadMetrics:
    """Counts the threads of one port, by kind."""

    def __init__(self, gauges: dict[str, Any]) -> None:
        """Takes a gauge for each kind."""
        self._gauges = gauges

    def begin(self, kind: str) -> None:
        """Counts a thread."""
        self._gauges[kind].inc()

    def end(self, kind: str) -> None:
        """Counts it no more."""
        self._gauges[kind].dec()


class AuditMetrics:
    """Counts entries of the audit stream."""

    def __init__(self, entries: Counter, waiting: Gauge) -> None:
        """Takes the metrics."""
        self._written = entries.labels("written")
        self._dropped = entries.labels("dropped")
        self._waiting = waiting

    def written(self, count: int) -> None:
        """Counts entries that were written."""
        self._written.inc(count)

    def dropped(self, count: int) -> None:
        """Counts entries that were lost."""
        self._dropped.inc(count)

    def waiting(self, count: int) -> None:
        """Says how many wait."""
        self._waiting.set(count)


def outcome_of(record: RequestRecord) -> Outcome:
    """Returns what became of a request, in one word."""
    status = record.status
    if status < 400:
        return "aborted" if record.aborted else "ok"
    if status in {429, 503} and record.code in _THROTTLED:
        return "throttled"
    if status in {401, 403}:
        return "refused"
    if status >= 500:
        return "server_error"
    return "aborted" if record.aborted else "client_error"


_THROTTLED: Final = frozenset({"SlowDown", "throttled", "too_many_requests"})


def about_this_process(registry: CollectorRegistry) -> None:
    """Adds memory, processor time, open files and the versions of this process."""
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)


def _gauge(
    name: str,
    what: str,
    labels: list[str],
    registry: CollectorRegistry,
) -> Gauge:
    return Gauge(name, what, labels, multiprocess_mode="livesum", registry=registry)


class _Bounded:
    """Metrics by their labels, of which the last one is not bounded by its nature."""

    def __init__(self, metric: Counter | Gauge) -> None:
        self._metric = metric
        self._known: dict[tuple[str, ...], Any] = {}

    def __call__(self, *values: str) -> Any:
        """Returns the metric of these labels, with `OTHER` for the last one once there are `MOST_VALUES` of them."""
        found = self._known.get(values)
        if found is not None:
            return found
        if len(self._known) >= MOST_VALUES:
            return self._metric.labels(*values[:-1], OTHER)
        found = self._known[values] = self._metric.labels(*values)
        return found
