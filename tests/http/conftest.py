from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import msgspec
import pytest
from bucketry import DeleteOptions, HeadOptions, ObjectVersion, Store, VersionOptions
from bucketry.hookspecs import DriverSpec
from bucketry_http import RestSettings, create_app
from bucketry_memory import MemoryDriver, MemorySettings
from litestar.testing import TestClient

from tests.http.documented import check_documented
from tests.http.serving import running

API = "http://testserver.local/api/v1/storage/"
MODES = ["inline", "threads"]

Client = httpx.Client
MakeClient = Callable[..., Client]


def memory_driver(mode: str) -> DriverSpec:
    """The memory driver: as it is, or as if it blocked."""
    driver = MemoryDriver(MemorySettings())
    driver.features = msgspec.structs.replace(driver.features, non_blocking=mode == "inline")
    return driver


def client_of(store: Store, **settings: Any) -> TestClient[Any]:
    """A client of an API over a store; requests are relative to the API's root, responses are those of the document."""
    app = create_app(store, RestSettings(**settings))
    client = TestClient(app, base_url=API, raise_server_exceptions=False)
    client.event_hooks = {"response": [check_response]}
    return client


def check_response(response: httpx.Response) -> None:
    """Checks that the document knows a response's status: generated clients read nothing else."""
    check_documented(response.request.method, response.request.url.raw_path.decode(), response.status_code)


def empty(store: Store) -> None:
    """Leaves nothing in a store but one empty bucket."""
    for bucket in store.list_buckets():
        if store.capabilities.features.bucket_versioning:
            _delete_versions(store, bucket.name)
        else:
            store.delete_objects(bucket.name, [info.key for info in store.iter_objects(bucket.name)])
        store.delete_bucket(bucket.name)
    store.create_bucket("my-assets")


def _delete_versions(store: Store, bucket: str) -> None:
    for version in list(store.iter_object_versions(bucket)):
        version_id = version.version_id
        if isinstance(version, ObjectVersion):
            options = VersionOptions(version_id=version_id)
            if store.head_object(bucket, version.key, HeadOptions(version_id=version_id)).legal_hold:
                store.put_object_legal_hold(bucket, version.key, False, options)
        store.delete_object(bucket, version.key, DeleteOptions(version_id=version_id, bypass_governance=True))


@pytest.fixture(params=MODES)
def driver(request: pytest.FixtureRequest) -> DriverSpec:
    """A driver of the test's own, to put layers around."""
    return memory_driver(request.param)


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    with ExitStack() as stack:
        yield lambda store, **settings: stack.enter_context(client_of(store, **settings))


@pytest.fixture(scope="session", params=MODES)
def shared_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with Store(memory_driver(request.param)) as opened:
        yield opened


@pytest.fixture(scope="session")
def shared_client(shared_store: Store) -> Iterator[Client]:
    # Small enough that most bodies are streamed, as large ones are.
    with client_of(shared_store, inline_body_bytes=1000) as client:
        yield client


@pytest.fixture
def store(shared_store: Store) -> Store:
    """A store with one empty bucket, ``my-assets``."""
    empty(shared_store)
    return shared_store


@pytest.fixture
def port(store: Store) -> Iterator[int]:
    """The port of a server over `store`."""
    with running(store) as port:
        yield port


@pytest.fixture
def client(shared_client: Client, store: Store) -> Client:
    """A client of an API over `store`."""
    return shared_client
