"""A live endpoint, as `bucketry serve` gives it, and the programs that ask it."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from bucketry_testing import S3Endpoint, s3_endpoint

LARGE_BYTES = 20 * 1024**2


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Endpoint]:
    """An endpoint over the memory driver, on a port of its own."""
    with s3_endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def bucket(s3: S3Endpoint) -> str:
    """A bucket of the test's own."""
    name = f"my-assets-{secrets.token_hex(4)}"
    s3.store.create_bucket(name)
    return name


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that clients send in parts."""
    file = tmp_path_factory.mktemp("large") / "large.bin"
    file.write_bytes(random.Random(2026).randbytes(LARGE_BYTES))
    return file
