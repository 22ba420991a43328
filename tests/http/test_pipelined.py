"""A smaller flood than that of `benchmarks.pipelined`, with its limits."""

from __future__ import annotations

import sys

import pytest

from benchmarks.pipelined import MIB, MOST_LEFT, measure


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("name", ["REST", "S3"])
def test_requests_whose_responses_nobody_takes_cost_little(name: str) -> None:
    """100,000 requests that waited as requests would take 270 MiB."""
    load = measure(name, connections=50, requests=2000, seconds=2)
    assert load.growth < 32 * MIB
    assert load.left < MOST_LEFT
    assert len(load.checks) >= 4
