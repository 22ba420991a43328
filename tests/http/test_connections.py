"""What happens to a connection whose client is odd, slow or hostile; the same on both protocols' ports."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from bucketry import Store
from bucketry_http import ServerSettings
from bucketry_http.server import draining

from tests.http.conftest import memory_driver
from tests.http.layers import Counted
from tests.http.raw_requests import LAST, MIB, OBJECTS, answers, request
from tests.http.serving import API, WAIT, connect, eventually, running


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
def store(counted: Counted) -> Iterator[Store]:
    with Store(memory_driver("inline"), [counted]) as opened:
        opened.create_bucket("my-assets")
        yield opened


@pytest.mark.parametrize("connection", ["upgrade", "Upgrade, HTTP2-Settings", "keep-alive, Upgrade"])
@pytest.mark.parametrize("protocol_name", ["h2c", "websocket", "TLS/1.3"])
@pytest.mark.parametrize("pause", [0, 0.05])
def test_an_offer_of_another_protocol_is_declined(
    port: int, store: Store, connection: str, protocol_name: str, pause: float
) -> None:
    content = request("DELETE", f"{OBJECTS}/victim")
    store.put_object("my-assets", "victim", b"here")
    put = request("PUT", f"{OBJECTS}/a", content, Connection=connection, Upgrade=protocol_name)
    with connect(port) as client:
        head, body = put[: -len(content)], put[-len(content) :]
        client.sendall(head[:20])
        time.sleep(pause)
        client.sendall(head[20:])
        time.sleep(pause)
        client.sendall(body + LAST)
        said = answers(client)
    assert re.findall(rb"HTTP/1\.1 (\d+) ", said) == [b"201", b"200"]
    with store.get_object("my-assets", "a") as opened:
        assert opened.read() == content
    assert store.head_object("my-assets", "victim").size_bytes == 4


def test_an_offer_without_a_body_is_answered_and_so_is_what_follows(port: int) -> None:
    offer = request("GET", f"{API}/status", Connection="upgrade", Upgrade="h2c")
    with connect(port) as client:
        client.sendall(offer + offer + LAST)
        assert answers(client).count(b"HTTP/1.1 200 ") == 3


def test_any_number_of_offers_at_once_is_answered(port: int) -> None:
    offer = request("HEAD", f"{API}/none", Connection="upgrade", Upgrade="h2c")
    with connect(port) as client:
        client.sendall(offer * 2000 + LAST)
        assert len(re.findall(rb"HTTP/1\.1 \d+ ", answers(client))) == 2001


def test_an_offer_that_closes_the_connection_closes_it(port: int) -> None:
    with connect(port) as client:
        client.sendall(request("GET", f"{API}/status", Connection="upgrade, close", Upgrade="h2c"))
        assert answers(client).count(b"HTTP/1.1 200 ") == 1


def test_connect_is_refused(port: int) -> None:
    with connect(port) as client:
        client.sendall(b"CONNECT other:80 HTTP/1.1\r\nHost: other:80\r\n\r\n")
        assert answers(client).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("pause", [0, 0.05])
def test_a_trailer_is_no_header(port: int, store: Store, pause: float) -> None:
    with connect(port) as client:
        head = request("PUT", f"{OBJECTS}/a", b"", Connection="close", **{"Transfer-Encoding": "chunked"})
        client.sendall(head)
        time.sleep(pause)
        client.sendall(b"4\r\nbody\r\n0\r\nContent-Type: text/x-trailer\r\n\r\n")
        assert answers(client).startswith(b"HTTP/1.1 201 ")
    assert store.head_object("my-assets", "a").content_type == "application/octet-stream"


def test_trailers_without_end_are_refused(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "MAX_DRAINED_BYTES", MIB // 2)
    with connect(port) as client:
        client.sendall(request("PUT", f"{OBJECTS}/a", b"", **{"Transfer-Encoding": "chunked"}) + b"4\r\nbody\r\n0\r\n")
        with suppress(ConnectionError):
            for _ in range(100):
                client.sendall(b"X-Trailer: %s\r\n" % (b"x" * 8000))
                time.sleep(0.005)
            pytest.fail("no end of them was seen")
        assert b" 201 " not in answers(client)


def test_nothing_comes_between_an_answer_and_its_end(store: Store) -> None:
    """A second request that never gets whole is not answered within the first's content."""
    content = bytes(32 * MIB)
    store.put_object("my-assets", "large", content)
    with running(store, ServerSettings(head_seconds=0.2)) as port, connect(port) as client:
        client.sendall(request("GET", f"{OBJECTS}/large") + b"GET /half HTTP/1.1\r\nHost:")
        time.sleep(0.6)
        head, _, body = answers(client).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert body == content


@pytest.mark.parametrize("nonsense", [b"\x00\x00\r\n\r\n", b"GET / HTTP/1.1\r\n broken\r\n\r\n"])
def test_nonsense_after_a_request_comes_after_its_answer(port: int, store: Store, nonsense: bytes) -> None:
    content = bytes(8 * MIB)
    store.put_object("my-assets", "large", content)
    with connect(port) as client:
        client.sendall(request("GET", f"{OBJECTS}/large") + nonsense)
        head, _, body = answers(client).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert body == content


def test_a_broken_body_is_answered_once(port: int) -> None:
    with connect(port) as client:
        client.sendall(
            request("PUT", f"{OBJECTS}/a", b"", **{"Transfer-Encoding": "chunked"}) + b"4\r\nbody\r\nno number\r\n"
        )
        said = answers(client)
    assert said.startswith(b"HTTP/1.1 400 ")
    assert said.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("sizes", [[1] * 5000, [300_000, 1, 70_000, 1] * 3, [1, 65_536, 65_537]])
def test_chunks_of_any_size_are_the_content(port: int, store: Store, sizes: list[int]) -> None:
    pieces = [bytes([number % 251]) * size for number, size in enumerate(sizes)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    with connect(port) as client:
        client.sendall(request("PUT", f"{OBJECTS}/a", b"", Connection="close", **{"Transfer-Encoding": "chunked"}))
        client.sendall(chunks + b"0\r\n\r\n")
        assert answers(client).startswith(b"HTTP/1.1 201 ")
    with store.get_object("my-assets", "a") as opened:
        assert opened.read() == b"".join(pieces)


def test_a_client_that_takes_nothing_is_let_go(store: Store, counted: Counted) -> None:
    store.put_object("my-assets", "large", bytes(32 * MIB))
    with running(store, ServerSettings(send_seconds=0.2)) as port, connect(port) as client:
        client.sendall(request("GET", f"{OBJECTS}/large"))
        assert eventually(lambda: counted.opened == ["large"])
        assert eventually(lambda: counted.closed == ["large"])


def test_an_upload_that_dawdles_is_given_up(store: Store) -> None:
    with running(store, idle_seconds=0.5) as port, connect(port) as client:
        client.sendall(request("PUT", f"{OBJECTS}/a", b"", **{"Content-Length": "2000000"}))
        client.settimeout(0.1)
        said, deadline = b"", time.monotonic() + WAIT
        while not said and time.monotonic() < deadline:
            client.sendall(b"x")
            try:
                said = client.recv(65536)
            except TimeoutError:
                continue
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"bytes came in" in said
