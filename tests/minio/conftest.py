"""What the tests on a real MinIO server share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bucketry import Store

from tests.minio.backend import MinioBackend, store_on
from tests.servers.handles import MinioServer
from tests.servers.looking import bucket_on, requests_seen


@pytest.fixture
def store(minio_server: MinioServer) -> Iterator[Store]:
    """A store on the run's MinIO server."""
    with store_on(minio_server) as opened:
        yield opened


@pytest.fixture
def backend(minio_server: MinioServer) -> Iterator[MinioBackend]:
    """A look at the server behind the driver's back."""
    opened = MinioBackend(minio_server)
    yield opened
    opened.cleanup()


@pytest.fixture
def bucket(store: Store) -> Iterator[str]:
    """A bucket of the test's own."""
    yield from bucket_on(store, "bucketry-minio")


@pytest.fixture
def requests_made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requests from now on; see `requests_seen`."""
    return requests_seen(monkeypatch)
