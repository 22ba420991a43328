"""Figures that are counted here first, and handed to prometheus-client from time to time.

Its metrics take a lock and some calls for each figure, and a small request has a dozen figures. That would take longer
than the request's other logs and metrics together.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Generic, TypeVar

import msgspec
from prometheus_client import Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

K = TypeVar("K", bound=Hashable)


class Tally(msgspec.Struct):
    """What happened with the same labels.

    Attributes:
        count: How often.
        seconds: How long it took together.
        bytes_in: Bytes that came.
        bytes_out: Bytes that went.
        spread: How often it took how long: a count for each bucket of a histogram.
    """

    spread: list[int]
    count: int = 0
    seconds: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0


class Tallies(Generic[K]):
    """Tallies by their labels. Safe to use from any thread."""

    def __init__(self, bounds: Sequence[float]) -> None:
        """Begins at zero.

        Args:
            bounds: Upper bounds of the buckets of a histogram, in seconds. There is one more bucket, without a bound.
        """
        self._bounds = bounds
        self._lock = threading.Lock()
        self._tallies: dict[K, Tally] = {}

    def add(self, events: Iterable[tuple[K, float, int, int]]) -> None:
        """Counts events: the labels of each, how long it took, and bytes that came and went."""
        bounds = self._bounds
        with self._lock:
            tallies = self._tallies
            for labels, seconds, bytes_in, bytes_out in events:
                tally = tallies.get(labels)
                if tally is None:
                    tally = tallies[labels] = Tally([0] * (len(bounds) + 1))
                tally.count += 1
                tally.seconds += seconds
                tally.bytes_in += bytes_in
                tally.bytes_out += bytes_out
                tally.spread[bisect_left(bounds, seconds)] += 1

    def take(self) -> dict[K, Tally]:
        """Returns what was counted since the last time."""
        with self._lock:
            taken, self._tallies = self._tallies, {}
        return taken


def observe_all(histogram: Histogram, tally: Tally) -> None:
    """Adds all events of a tally to a histogram with the same bounds.

    prometheus-client can do this for one event at a time alone. So this reaches into its internals, as nothing else
    does; a test compares the result with that of single events.
    """
    histogram._sum.inc(tally.seconds)
    for bucket, count in zip(histogram._buckets, tally.spread, strict=True):
        if count:
            bucket.inc(count)


class Handover(Collector):
    """Hands tallies over when the registry is collected, and in a process that is not scraped itself, once a second."""

    def __init__(self, hand_over: Callable[[], None]) -> None:
        """Hands nothing over yet.

        Args:
            hand_over: Adds what was counted since the last time to metrics. It is called in any thread.
        """
        self._hand_over = hand_over
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def collect(self) -> tuple[Metric, ...]:
        """Hands over before the registry collects the metrics, which are registered later. Returns none itself."""
        self._hand_over()
        return ()

    def start(self, seconds: float) -> None:
        """Hands over in a thread from now on, each time after so many seconds."""
        self._thread = threading.Thread(target=self._run, args=(seconds,), name="bucketry-metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hands over for the last time."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._hand_over()

    def _run(self, seconds: float) -> None:
        while not self._stop.wait(seconds):
            self._hand_over()
