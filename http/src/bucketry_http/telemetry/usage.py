"""How much each bucket holds, as a metric: asked in the background, since it takes the backend some time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from bucketry import BucketReport, BucketryError, Store, UsageReport
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

MOST_BUCKETS: Final = 1000
"""Most buckets with figures of their own: the largest. All others are added up as `OTHERS`."""

OTHERS: Final = "(others)"
"""No bucket can have this name."""

_LAST_SECONDS: Final = 2.0
"""Most seconds that closing waits for a report. One takes minutes where buckets are large, and nobody will see it."""

logger = logging.getLogger("bucketry_http")


class UsageCollector(Collector):
    """Gives the figures of the last report, and asks for a new one if that is too old. Nobody waits for it."""

    def __init__(self, store: Store, interval: float) -> None:
        """Asks nothing yet.

        Args:
            store: The store, which must be able to report its usage.
            interval: Seconds after which a report is too old.
        """
        self._ask: Callable[[], UsageReport] = store.usage_report
        self._interval = interval
        self._report: UsageReport | None = None
        self._next = 0.0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def describe(self) -> Iterator[Metric]:
        """Yields the metrics without figures, so that registering asks nothing."""
        return iter(_families())

    def collect(self) -> Iterator[Metric]:
        """Yields the figures; none before the first report."""
        self._refresh()
        objects, sizes, age = _families()
        report = self._report
        if report is not None:
            age.add_metric([report.source], max((datetime.now(UTC) - report.as_of).total_seconds(), 0.0))
            for name, count, size in _bounded(report):
                objects.add_metric([name], count)
                sizes.add_metric([name], size)
        yield from (objects, sizes, age)

    def close(self) -> None:
        """Asks for no more reports, and waits a moment for one that is being made.

        Close it before the store. A report that takes longer fails then, of which nobody is told.
        """
        with self._lock:
            self._closed = True
        if self._thread is not None:
            self._thread.join(_LAST_SECONDS)

    def _refresh(self) -> None:
        with self._lock:
            if self._closed or monotonic() < self._next or (self._thread is not None and self._thread.is_alive()):
                return
            self._next = monotonic() + self._interval
            thread = threading.Thread(target=self._update, name="bucketry-usage", daemon=True)
            thread.start()
            self._thread = thread

    def _update(self) -> None:
        try:
            self._report = self._asked()
        except Exception as error:  # noqa: BLE001 - the age of the last figures tells it too
            if not self._closed:
                logger.warning("the usage of buckets is not known: %s", error)

    def _asked(self) -> UsageReport:
        """Asks for a report, once more if that may help: one of its requests for each bucket may fail."""
        try:
            return self._ask()
        except BucketryError as error:
            if not error.retryable:
                raise
        return self._ask()


def _families() -> tuple[GaugeMetricFamily, GaugeMetricFamily, GaugeMetricFamily]:
    return (
        GaugeMetricFamily("bucketry_bucket_objects", "Objects in a bucket.", labels=["bucket"]),
        GaugeMetricFamily("bucketry_bucket_size_bytes", "Sizes of a bucket's objects, added up.", labels=["bucket"]),
        GaugeMetricFamily("bucketry_usage_age_seconds", "How old the figures of buckets are.", labels=["source"]),
    )


def _bounded(report: UsageReport) -> Iterator[tuple[str, int, int]]:
    buckets = report.buckets
    rest: list[BucketReport] = []
    if len(buckets) > MOST_BUCKETS:
        by_size = sorted(buckets, key=lambda bucket: bucket.size_bytes, reverse=True)
        buckets, rest = tuple(by_size[:MOST_BUCKETS]), by_size[MOST_BUCKETS:]
    for bucket in buckets:
        yield bucket.name, bucket.object_count, bucket.size_bytes
    if rest:
        yield OTHERS, sum(bucket.object_count for bucket in rest), sum(bucket.size_bytes for bucket in rest)
