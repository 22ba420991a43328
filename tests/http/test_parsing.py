"""Requests are parsed one at a time, however they come in pieces."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator

import pytest
from bucketry import Store
from bucketry_http.server.protocol import BoundedProtocol

from tests.http.conftest import memory_driver
from tests.http.raw_requests import LAST, MIB, OBJECTS, answers, request
from tests.http.serving import API, connect, eventually, running

STATUS = request("GET", f"{API}/status")


@pytest.fixture
def store() -> Iterator[Store]:
    with Store(memory_driver("inline")) as opened:
        opened.create_bucket("my-assets")
        yield opened


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> list[BoundedProtocol]:
    """The server's connections, as they come."""
    found: list[BoundedProtocol] = []
    made = BoundedProtocol.connection_made

    def connection_made(self: BoundedProtocol, transport: object) -> None:
        made(self, transport)  # type: ignore[arg-type]
        found.append(self)

    monkeypatch.setattr(BoundedProtocol, "connection_made", connection_made)
    return found


def test_one_request_at_a_time_is_parsed(port: int, store: Store, held: list[BoundedProtocol]) -> None:
    """Those behind a request that waits for its response are bytes, and nothing else."""
    store.put_object("my-assets", "large", bytes(32 * MIB))
    with running(store) as own, connect(own) as client:
        client.sendall(request("GET", f"{OBJECTS}/large") + STATUS * 50 + LAST)
        assert eventually(lambda: bool(held) and held[0].flow.write_paused)
        assert len(held[0].tasks) == 1
        said = answers(client)
    assert said.count(b"HTTP/1.1 200 ") == 52


@pytest.mark.parametrize("body", [b"", b"x", b"\r\n\r\n" * 3000, b"0\r\n\r\n", bytes(200_000), b"0\r\n\r\n" * 60_000])
@pytest.mark.parametrize("chunk", [None, 1, 65536])
@pytest.mark.parametrize("cut", [1, 17, 100_000])
def test_bodies_end_where_they_end(port: int, store: Store, body: bytes, chunk: int | None, cut: int) -> None:
    """However requests come in pieces, each begins behind the one before."""
    if cut < 100 and len(body) > 20_000:
        body = body[:500]
    if chunk is None:
        put = request("PUT", f"{OBJECTS}/a", b"", **{"Content-Length": str(len(body))}) + body
    else:
        pieces = [body[start : start + chunk] for start in range(0, min(len(body), chunk * 2000), chunk)]
        body = b"".join(pieces)
        framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
        put = request("PUT", f"{OBJECTS}/a", b"", **{"Transfer-Encoding": "chunked"}) + framed + b"0\r\nX: y\r\n\r\n"
    sent = put + STATUS + put + LAST
    with connect(port) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(sent), cut):
            client.sendall(sent[start : start + cut])
        said = answers(client)
    assert re.findall(rb"HTTP/1\.1 (\d+) ", said) == [b"201", b"200", b"201", b"200"]
    with store.get_object("my-assets", "a") as opened:
        assert opened.read() == body


@pytest.mark.parametrize("cut", range(1, 90, 2))
def test_a_head_may_be_cut_anywhere(port: int, cut: int) -> None:
    put = request("PUT", f"{OBJECTS}/a", b"", **{"Transfer-Encoding": "chunked"}) + b"1\r\nx\r\n0\r\n\r\n"
    sent = STATUS + put + LAST
    with connect(port) as client:
        client.sendall(sent[:-cut])
        time.sleep(0.005)
        client.sendall(sent[-cut:])
        assert re.findall(rb"HTTP/1\.1 (\d+) ", answers(client)) == [b"200", b"201", b"200"]
