"""Clients that hold a thread and send almost nothing, and clients that wait for a thread, on both ports."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import pytest
from bucketry import Store
from bucketry_http import Listener, RestSettings, S3Rights, S3Settings, Server, create_app, create_s3_app
from bucketry_http.shared.errors import SlowBody
from bucketry_http.shared.request_body import MIN_BYTES_A_SECOND, RequestBody

from tests.http.conftest import memory_driver
from tests.http.raw_requests import answers
from tests.http.serving import API, WAIT, connect

MIB = 1024 * 1024


@pytest.fixture(params=["inline", "threads"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with Store(memory_driver(request.param)) as opened:
        opened.create_bucket("my-assets")
        yield opened


@contextmanager
def served(store: Store, name: str, **settings: float) -> Iterator[int]:
    """Serves one of the ports with a single thread for large bodies; yields its number."""
    app = (
        create_app(store, RestSettings(transfer_threads=1, **settings))  # type: ignore[arg-type]
        if name == "rest"
        else create_s3_app(store, S3Settings(transfer_threads=1, anonymous=S3Rights(), **settings))  # type: ignore[arg-type]
    )
    ready = threading.Event()
    server = Server([Listener(app, port=0)], lambda _: ready.set())
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(WAIT)
        yield urlsplit(server.urls[0]).port or 0
    finally:
        server.stop()
        thread.join()


def head(name: str, key: str, length: int) -> bytes:
    target = f"{API}/buckets/my-assets/objects/{key}" if name == "rest" else f"/my-assets/{key}"
    return f"PUT {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n".encode()


def dribble(client: socket.socket) -> bytes:
    """Sends a byte now and then until there is a response; returns it."""
    client.settimeout(0.05)
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        with suppress(ConnectionError):
            client.sendall(b"x")
        with suppress(TimeoutError):
            return client.recv(65536)
    raise AssertionError("it may dribble for ever")


NAMES = pytest.mark.parametrize("name", ["rest", "s3"])
SLOW = {"rest": (b"408", b"request_timeout"), "s3": (b"400", b"<Code>RequestTimeout</Code>")}
BUSY = {"rest": b"throttled", "s3": b"<Code>SlowDown</Code>"}


@NAMES
def test_what_was_sent_at_first_does_not_count_for_ever(store: Store, name: str) -> None:
    status, code = SLOW[name]
    with served(store, name, idle_seconds=0.6) as port:
        with connect(port) as client:
            client.sendall(head(name, "slow", 100 * MIB) + bytes(3 * MIB))
            said = dribble(client)
            assert said.startswith(b"HTTP/1.1 %b " % status)
            assert code in said
        # Its thread is free again.
        with connect(port) as client:
            client.sendall(head(name, "next", 3 * MIB) + bytes(3 * MIB))
            assert re.match(rb"HTTP/1\.1 20[01] ", answers(client))
    assert [info.key for info in store.iter_objects("my-assets")] == ["next"]


@NAMES
def test_who_finds_no_thread_is_asked_to_come_back(store: Store, name: str) -> None:
    with served(store, name, wait_seconds=0.2) as port, connect(port) as first, connect(port) as second:
        first.sendall(head(name, "first", 3 * MIB) + bytes(2 * MIB))
        time.sleep(0.3)
        second.sendall(head(name, "second", 2 * MIB) + bytes(2 * MIB))
        said = answers(second)
        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: " in said.lower()
        assert BUSY[name] in said
        # Small ones need no such thread.
        with connect(port) as client:
            client.sendall(head(name, "small", 5) + b"small")
            assert re.match(rb"HTTP/1\.1 20[01] ", answers(client))
        first.sendall(bytes(MIB))
        assert re.match(rb"HTTP/1\.1 20[01] ", answers(first))
    assert [info.key for info in store.iter_objects("my-assets")] == ["first", "small"]


@NAMES
def test_who_waits_for_a_thread_gets_it(store: Store, name: str) -> None:
    with served(store, name) as port, connect(port) as first, connect(port) as second:
        first.sendall(head(name, "first", 3 * MIB) + bytes(2 * MIB))
        time.sleep(0.2)
        second.sendall(head(name, "second", 2 * MIB) + bytes(2 * MIB))
        time.sleep(0.2)
        first.sendall(bytes(MIB))
        for client in (first, second):
            assert re.match(rb"HTTP/1\.1 20[01] ", answers(client))


@NAMES
def test_declared_bytes_that_do_not_come_fail_nobody_else(name: str) -> None:
    with Store(memory_driver("inline")) as store:
        store.create_bucket("my-assets")
        with served(store, name) as port, connect(port) as first:
            first.sendall(head(name, "slow", 900 * MIB) + bytes(2 * MIB))
            time.sleep(0.3)
            store.put_object("my-assets", "other", bytes(200 * MIB))


def test_a_client_may_pause_and_must_not_dawdle() -> None:
    async def run(pieces: list[tuple[float, int]]) -> int:
        async def receive() -> dict[str, object]:
            seconds, size = coming.pop(0) if coming else (0.0, 0)
            await asyncio.sleep(seconds)
            return {"type": "http.request", "body": bytes(size), "more_body": bool(coming)}

        coming = list(pieces)
        content = RequestBody(receive, 0.4)  # type: ignore[arg-type]
        return sum([len(piece) async for piece in _all(content)])

    enough = MIN_BYTES_A_SECOND
    assert asyncio.run(run([(0.3, enough)] * 4)) == 4 * enough
    assert asyncio.run(run([(0.0, 10)] * 1000)) == 10_000
    with pytest.raises(SlowBody):
        asyncio.run(run([(0.0, 3 * MIB), *[(0.05, 1)] * 40]))
    with pytest.raises(SlowBody):
        asyncio.run(run([(0.05, 1)] * 40))
    with pytest.raises(SlowBody):
        asyncio.run(run([(0.6, enough)]))


async def _all(content: RequestBody) -> AsyncIterator[bytes]:
    while piece := await content.next():
        yield piece
