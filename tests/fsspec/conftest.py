"""File systems over stores, each with a bucket of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bucketry import Store, open_store
from bucketry.fsspec import BucketryFileSystem


@pytest.fixture
def store() -> Iterator[Store]:
    """A store of the memory driver."""
    with open_store("memory://", environ={}) as opened:
        yield opened


@pytest.fixture
def fs(store: Store) -> BucketryFileSystem:
    """A file system over the store, with a bucket."""
    made = BucketryFileSystem(store)
    made.mkdir("bucket")
    return made
