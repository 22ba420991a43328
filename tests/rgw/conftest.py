"""What the tests on a real Ceph RGW share."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

import pytest
import urllib3
from bucketry import Store

from tests.rgw.backend import RgwBackend, store_on
from tests.servers.handles import RgwServer


@pytest.fixture
def store(rgw_server: RgwServer) -> Iterator[Store]:
    """A store on the run's RGW, as the user with all capabilities."""
    with store_on(rgw_server) as opened:
        yield opened


@pytest.fixture
def plain_store(rgw_server: RgwServer) -> Iterator[Store]:
    """A store on the run's RGW, as the user without any capability."""
    with store_on(rgw_server, plain=True) as opened:
        yield opened


@pytest.fixture
def backend(rgw_server: RgwServer) -> Iterator[RgwBackend]:
    """A look at the gateway behind the driver's back."""
    opened = RgwBackend(rgw_server)
    yield opened
    opened.cleanup()


@pytest.fixture
def bucket(store: Store) -> Iterator[str]:
    """A bucket of the test's own."""
    yield from _bucket_on(store)


@pytest.fixture
def plain_bucket(plain_store: Store) -> Iterator[str]:
    """A bucket of the user without any capability."""
    yield from _bucket_on(plain_store)


def _bucket_on(store: Store) -> Iterator[str]:
    name = f"bucketry-rgw-{secrets.token_hex(6)}"
    store.create_bucket(name)
    yield name
    store.delete_objects(name, [info.key for info in store.iter_objects(name)])
    store.delete_bucket(name)


@pytest.fixture
def requests_made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requests that go through urllib3's pools from now on, boto3's and retries included: ``GET /bucket?…``."""
    made: list[str] = []
    send: Callable[..., object] = urllib3.connectionpool.HTTPConnectionPool._make_request

    def counted(pool: object, connection: object, method: str, url: str, *args: object, **kwargs: object) -> object:
        made.append(f"{method} {url}")
        return send(pool, connection, method, url, *args, **kwargs)

    monkeypatch.setattr(urllib3.connectionpool.HTTPConnectionPool, "_make_request", counted)
    return made
