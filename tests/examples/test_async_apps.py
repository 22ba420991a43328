"""The examples for FastAPI, Litestar and Starlette: upload, download with ranges, links; on asyncio and on trio."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AsyncExitStack, closing, suppress
from typing import Any

import httpx
import pytest
from bucketry import OpenedObject, Store
from bucketry.aio import AsyncStore, Opening
from bucketry.hookspecs import hookimpl
from bucketry_memory import MemoryDriver, MemorySettings
from bucketry_testing import S3Endpoint
from bucketry_testing.fresh_store import reserve_port, url_of
from litestar.testing import TestClient

from examples.async_apps import fastapi_app, litestar_app, starlette_app
from examples.async_apps.files import files_in

LARGE = bytes(range(256)) * 4096 * 3  # 3 MiB

Client = TestClient[Any]

APPS: dict[str, Callable[..., Any]] = {
    "FastAPI": fastapi_app.create_app,
    "Litestar": litestar_app.create_app,
    "Starlette": starlette_app.create_app,
}


class Blocks:
    """A layer that has its driver called in threads, as one of a real backend."""

    blocks = True


class Watches:
    """A layer that notes which objects are opened and closed."""

    def __init__(self, reads: list[str]) -> None:
        self._reads = reads

    @hookimpl(wrapper=True)
    def get_object(self) -> Generator[None, OpenedObject, OpenedObject]:
        opened = yield
        self._reads.append("opened")
        return opened.on_close(lambda: self._reads.append("closed"))


@pytest.fixture
def reads() -> list[str]:
    return []


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["asyncio", "trio"])
def loop(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=["in the event loop", "in threads"])
def store(request: pytest.FixtureRequest, reads: list[str]) -> Iterator[Store]:
    """A store with an S3 port, for its presigned URLs."""
    port = reserve_port()
    settings = MemorySettings(endpoint=url_of(port))
    layers = [] if request.param == "in the event loop" else [Blocks()]
    store = Store(MemoryDriver(settings), [*layers, Watches(reads)])
    with closing(S3Endpoint(store, settings, port)):
        yield store


@pytest.fixture(params=APPS)
def client(request: pytest.FixtureRequest, loop: Any, store: Store) -> Iterator[Client]:
    async def open_it() -> AsyncStore:
        return AsyncStore(store)

    app = APPS[request.param](Opening(open_it))
    with TestClient(app, backend=loop, raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize("content", [b"", b"hello", LARGE], ids=["empty", "small", "large"])
def test_what_is_uploaded_is_downloaded(client: Client, content: bytes) -> None:
    stored = client.put("/files/images/a b.jpg", content=content, headers={"content-type": "image/jpeg"})
    assert (stored.status_code, stored.json()["size_bytes"]) == (201, len(content))
    got = client.get("/files/images/a b.jpg")
    assert (got.status_code, got.content) == (200, content)
    assert got.headers["content-type"].startswith("image/jpeg")
    assert (got.headers["content-length"], got.headers["etag"]) == (str(len(content)), f'"{stored.json()["etag"]}"')


def test_a_body_of_unknown_length_is_uploaded(client: Client) -> None:
    pieces = iter([LARGE[:1000], LARGE[1000:]])
    assert client.put("/files/key", content=pieces).json()["size_bytes"] == len(LARGE)


def test_a_range_is_downloaded(client: Client) -> None:
    client.put("/files/key", content=LARGE)
    for header, start, stop in (("bytes=10-19", 10, 20), ("bytes=-5", len(LARGE) - 5, len(LARGE))):
        got = client.get("/files/key", headers={"range": header})
        assert (got.status_code, got.content) == (206, LARGE[start:stop])
        assert got.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(LARGE)}"


def test_a_range_beyond_the_end_is_refused(client: Client) -> None:
    client.put("/files/key", content=b"hello")
    got = client.get("/files/key", headers={"range": "bytes=5-"})
    assert (got.status_code, got.json()["code"]) == (416, "invalid_range")
    assert got.headers["content-range"] == "bytes */5"
    assert client.get("/files/key", headers={"range": "lines=1-2"}).status_code == 400


def test_head_has_the_headers_and_reads_no_content(client: Client, reads: list[str]) -> None:
    client.put("/files/key", content=LARGE, headers={"content-type": "image/jpeg"})
    got = client.head("/files/key", headers={"range": "bytes=0-9"})
    assert (got.status_code, got.content) == (200, b"")
    assert got.headers["content-length"] == str(len(LARGE))
    assert got.headers["content-type"].startswith("image/jpeg")
    assert client.head("/files/missing").status_code == 404
    assert reads == []


@pytest.mark.parametrize("name", APPS)
async def test_a_client_that_has_left_already_leaves_nothing_open(
    name: str, anyio_backend: str, store: Store, reads: list[str]
) -> None:
    store.create_bucket("files")
    store.put_object("files", "key", iter([LARGE]))

    async def open_it() -> AsyncStore:
        return AsyncStore(store)

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        raise OSError("the client has left")

    app = APPS[name](Opening(open_it))
    scope = {"type": "http", "method": "GET", "path": "/files/key", "raw_path": b"/files/key", "query_string": b""}
    more = {"headers": [], "root_path": "", "app": app, "http_version": "1.1", "scheme": "http", "state": {}}
    async with AsyncExitStack() as stack:
        app.state.files = await stack.enter_async_context(files_in(Opening(open_it)))
        with suppress(Exception):  # As the framework tells its server of it.
            await app({**scope, **more, "asgi": {"version": "3.0", "spec_version": "2.4"}}, receive, send)
        assert reads == ["opened", "closed"]


def test_what_does_not_exist_is_not_found(client: Client) -> None:
    for response in (client.get("/files/missing"), client.post("/links/missing")):
        assert (response.status_code, response.json()["code"]) == (404, "no_such_key")


def test_a_link_downloads_from_the_storage_itself(client: Client) -> None:
    client.put("/files/images/photo.jpg", content=b"hello")
    made = client.post("/links/images/photo.jpg")
    assert made.status_code == 201
    assert httpx.get(made.json()["url"], trust_env=False).content == b"hello"


@pytest.mark.parametrize("name", APPS)
def test_without_a_store_the_environment_names_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE", "memory://")
    with TestClient(APPS[name]()) as client:
        assert client.put("/files/key", content=b"hello").status_code == 201
