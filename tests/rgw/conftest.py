"""What the tests on a real Ceph RGW share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bucketry import Store

from tests.rgw.backend import RgwBackend, store_on
from tests.servers.handles import RgwServer
from tests.servers.looking import bucket_on, requests_seen


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
    yield from bucket_on(store, "bucketry-rgw")


@pytest.fixture
def plain_bucket(plain_store: Store) -> Iterator[str]:
    """A bucket of the user without any capability."""
    yield from bucket_on(plain_store, "bucketry-rgw")


@pytest.fixture
def requests_made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requests from now on; see `requests_seen`."""
    return requests_seen(monkeypatch)
