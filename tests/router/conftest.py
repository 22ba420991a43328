"""Fixtures of these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bucketry import Store
from bucketry_memory import MemoryDriver, MemorySettings

from tests.router.two_stores import Pair, router_over


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A router over two memory stores, with a bucket in each."""
    one, other = MemoryDriver(MemorySettings()), MemoryDriver(MemorySettings())
    with Store(router_over(one, other)) as store:
        store.create_bucket("bucket-2")
        store.create_bucket("bucket-1")
        yield Pair(store, one, other)
