"""How much of each quota is used, as a metric."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bucketry import BucketryError
from bucketry.layers import Quota
from bucketry.quotas import QuotaUse
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

MOST_QUOTAS: Final = 1000
"""Most quotas that are shown: those that are used most."""

_LABELS: Final = ("scope", "name", "unit")


class QuotaCollector(Collector):
    """Gives the figures that quotas have anyway. Nothing is counted for it."""

    def __init__(self, quotas: Sequence[Quota]) -> None:
        """Takes the layers."""
        self._quotas = quotas

    def describe(self) -> Iterator[Metric]:
        """Yields the metrics without figures: the store may not be open yet."""
        return iter(_families())

    def collect(self) -> Iterator[Metric]:
        """Yields what is used and what is allowed."""
        used, limit = _families()
        for scope, name, unit, count, most in self._largest():
            used.add_metric([scope, name, unit], count)
            limit.add_metric([scope, name, unit], most)
        yield from (used, limit)

    def _largest(self) -> list[tuple[str, str, str, int, int]]:
        found = [line for quota in self._quotas for use in _uses_of(quota) for line in _lines(use)]
        found.sort(key=lambda line: line[3] / max(line[4], 1), reverse=True)
        return found[:MOST_QUOTAS]


def _uses_of(quota: Quota) -> tuple[QuotaUse, ...]:
    try:
        return quota.uses()
    except BucketryError:
        return ()  # The store is closed. Other metrics are still wanted.


def _lines(use: QuotaUse) -> Iterator[tuple[str, str, str, int, int]]:
    if use.max_size_bytes is not None:
        yield use.scope, use.name, "bytes", use.size_bytes, use.max_size_bytes
    if use.max_objects is not None:
        yield use.scope, use.name, "objects", use.objects, use.max_objects


def _families() -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
    return (
        GaugeMetricFamily("bucketry_quota_used", "Bytes or objects that count for a quota.", labels=_LABELS),
        GaugeMetricFamily("bucketry_quota_limit", "Most bytes or objects that a quota allows.", labels=_LABELS),
    )
