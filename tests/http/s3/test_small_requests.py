"""The way of a small request: which of our files it passes, and how many calls of all kinds it makes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.s3_servers.small_request import SmallRequests

MOST_FILES = 20
MOST_CALLS = 150


@pytest.fixture(scope="module")
def requests() -> Iterator[SmallRequests]:
    small = SmallRequests()
    yield small
    small.close()


@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_a_small_request_takes_a_short_way(requests: SmallRequests, method: str) -> None:
    # A new second, or a collection of garbage, may fall into one count; not into three.
    passed = min((requests.count(method) for _ in range(3)), key=lambda found: (len(found.files), found.calls))
    assert len(passed.files) <= MOST_FILES, passed.files
    assert passed.calls <= MOST_CALLS
