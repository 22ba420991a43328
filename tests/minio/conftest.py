"""What the tests on a real MinIO server share."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

import pytest
import urllib3
from bucketry import Store

from tests.minio.backend import MinioBackend, store_on
from tests.servers.handles import MinioServer


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
    name = f"bucketry-minio-{secrets.token_hex(6)}"
    store.create_bucket(name)
    yield name
    store.delete_objects(name, [info.key for info in store.iter_objects(name)])
    store.delete_bucket(name)


@pytest.fixture
def requests_made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requests that go through urllib3's pools from now on, retries included: ``GET /bucket?…``."""
    made: list[str] = []
    send: Callable[..., object] = urllib3.connectionpool.HTTPConnectionPool._make_request

    def counted(pool: object, connection: object, method: str, url: str, *args: object, **kwargs: object) -> object:
        made.append(f"{method} {url}")
        return send(pool, connection, method, url, *args, **kwargs)

    monkeypatch.setattr(urllib3.connectionpool.HTTPConnectionPool, "_make_request", counted)
    return made
