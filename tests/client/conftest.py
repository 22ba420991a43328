"""A live API, and clients of both faces, which tests use alike."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from anyio.from_thread import start_blocking_portal
from bucketry_client import AsyncClient, Client
from bucketry_testing import RestServer, S3Endpoint, rest_server, s3_endpoint

from tests.client.facade import Facade


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Endpoint]:
    """Where presigned URLs lead."""
    with s3_endpoint() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def rest(s3: S3Endpoint) -> Iterator[RestServer]:
    """The API over the same store."""
    with rest_server(s3.store) as server:
        yield server


@pytest.fixture(params=["sync", "asyncio", "trio"])
def kind(request: pytest.FixtureRequest) -> str:
    """The face of the client, and its event loop."""
    return str(request.param)


@pytest.fixture
def make(kind: str) -> Iterator[Facade]:
    """Makes clients of that face with the methods of `Client`."""
    if kind == "sync":
        with Facade(Client) as facade:
            yield facade
        return
    with start_blocking_portal(kind) as portal, Facade(AsyncClient, portal) as facade:
        yield facade


@pytest.fixture
def client(make: Facade, rest: RestServer) -> Client:
    """A client of the live API."""
    return make(rest.url)


@pytest.fixture
def bucket(rest: RestServer) -> str:
    """A new bucket."""
    name = f"client-{secrets.token_hex(4)}"
    rest.store.create_bucket(name)
    return name
