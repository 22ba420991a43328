"""What is asked of every server: each scenario is a list of requests about one new bucket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tests.differential.requests import Request
from tests.differential.scenarios import locks, objects, settings, versions

Scenario = list[Request]


def _gathered() -> Iterator[tuple[str, Scenario]]:
    for module in (objects, versions, locks, settings):
        for name, requests in module.SCENARIOS.items():
            yield name, [Request(f"{name}: {title}", make) for title, make in requests]


SCENARIOS: Final[Mapping[str, Scenario]] = dict(_gathered())
"""By name."""

LOCKABLE: Final = frozenset(locks.SCENARIOS)
"""The scenarios whose bucket is created with object lock."""
