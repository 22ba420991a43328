"""What a connection may hold, and for how long: queued requests, bytes without meaning, answers that nobody takes."""

from __future__ import annotations

import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from bucketry import Store
from bucketry_http import ServerSettings
from bucketry_http.server import draining
from bucketry_http.server.protocol import BoundedProtocol

from tests.http.conftest import memory_driver
from tests.http.raw_requests import LAST, MIB, OBJECTS, answers, request
from tests.http.serving import API, WAIT, connect, eventually, running

STATUS = request("GET", f"{API}/status")
CHUNKED = request("GET", f"{API}/status", b"", **{"Transfer-Encoding": "chunked"})
REFUSED = request("PUT", f"{API}/buckets/none/objects/a", b"", **{"Content-Length": "3000000"}) + bytes(1_500_000)
"""Enough of a body for the store to be asked for the bucket."""

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no such option of a socket")


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


def narrow(port: int, size: int) -> socket.socket:
    """Returns a connection whose client has little room for what comes."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
    client.settimeout(WAIT)
    client.connect(("127.0.0.1", port))
    return client


def take_answer(client: socket.socket) -> bytes:
    """Takes an answer with a content length whole."""
    said = b""
    while b"\r\n\r\n" not in said:
        said += client.recv(65536)
    head, _, body = said.partition(b"\r\n\r\n")
    missing = int(re.findall(rb"(?i)content-length: (\d+)", head)[0]) - len(body)
    while missing:
        missing -= len(client.recv(missing))
    return head


@pytest.mark.parametrize(
    ("first", "begun", "more"),
    [(CHUNKED, b"0\r\nX: ", b"a"), (CHUNKED, b"0\r\n", b"a"), (CHUNKED, b"5;x=", b"a"), (STATUS, b"", b"\r\n")],
    ids=["trailer", "trailer-name", "chunk-extension", "blank-lines"],
)
def test_what_goes_nowhere_has_an_end(
    port: int, monkeypatch: pytest.MonkeyPatch, first: bytes, begun: bytes, more: bytes
) -> None:
    monkeypatch.setattr(draining, "MAX_DRAINED_BYTES", MIB)
    with connect(port) as client:
        client.sendall(first)
        take_answer(client)
        client.sendall(begun)
        with suppress(ConnectionError):
            for _ in range(200):
                client.sendall(more * 32768)
                time.sleep(0.005)
            pytest.fail("no end of it was seen")


def test_requests_that_have_an_end_may_go_on(port: int) -> None:
    content = b"7;%b\r\ncontent\r\n0\r\nX: %b\r\n\r\n" % (b"x" * 5000, b"y" * 5000)
    with connect(port) as client:
        for _ in range(20):
            client.sendall(request("PUT", f"{OBJECTS}/a", b"", **{"Transfer-Encoding": "chunked"}) + content)
            assert take_answer(client).startswith(b"HTTP/1.1 201 ")
            client.sendall(b"\r\n" * 2500)


def test_nothing_is_read_while_requests_wait(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting: list[int] = []
    received = BoundedProtocol.data_received

    def data_received(self: BoundedProtocol, data: bytes) -> None:
        waiting.append(self._buffer.left)
        received(self, data)

    monkeypatch.setattr(BoundedProtocol, "data_received", data_received)
    with connect(port) as client:
        sender = threading.Thread(target=client.sendall, args=(STATUS * 3000,))
        sender.start()
        said = b""
        while said.count(b"HTTP/1.1 200 ") < 3000:
            said += client.recv(MIB)
        sender.join()
    assert set(waiting) == {0}


def test_who_leaves_leaves_all_that_was_asked(
    store: Store, held: list[BoundedProtocol], caplog: pytest.LogCaptureFixture
) -> None:
    """The request in progress is told, and not only the last one that waits."""
    store.put_object("my-assets", "large", bytes(32 * MIB))
    with running(store) as port:
        with connect(port) as client:
            client.sendall(request("GET", f"{OBJECTS}/large") * 3)
            client.recv(65536)
        assert eventually(lambda: bool(held) and not held[0].tasks)
    assert not caplog.records


def test_who_has_an_answer_does_not_dribble_for_ever(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused body may come for a while, however lively it is."""
    monkeypatch.setattr(draining, "DRAIN_SECONDS", 1.0)
    with running(store) as port, connect(port) as client:
        client.sendall(REFUSED)
        assert take_answer(client).startswith(b"HTTP/1.1 404 ")
        begun = time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() < begun + WAIT:
                client.sendall(b"x")
                time.sleep(0.05)
            pytest.fail("it may go on")


def test_a_refused_body_has_a_bounded_length(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "MAX_DRAINED_BYTES", 5 * MIB)
    head = request("PUT", f"{API}/buckets/none/objects/a", b"", **{"Content-Length": str(100 * MIB)})
    with running(store) as port, connect(port) as client:
        client.sendall(head + bytes(2 * MIB))
        assert take_answer(client).startswith(b"HTTP/1.1 404 ")
        with suppress(ConnectionError):
            for _ in range(90):
                client.sendall(bytes(MIB))
            pytest.fail("all of it was read")


@pytest.mark.parametrize(
    ("first", "more"),
    [(STATUS, b""), (STATUS, b"\r\n"), (REFUSED, b"x"), (CHUNKED, b"5"), (CHUNKED, b"5\r\nhel")],
    ids=["silence", "blank-line", "refused-body", "chunk-size", "chunk"],
)
def test_a_connection_that_goes_nowhere_is_closed(
    store: Store, monkeypatch: pytest.MonkeyPatch, first: bytes, more: bytes
) -> None:
    with running(store, ServerSettings(keep_alive_seconds=0.5)) as port, connect(port) as client:
        client.sendall(first)
        take_answer(client)
        client.sendall(more)
        assert answers(client) == b""


def test_a_refused_body_may_still_come(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(store, ServerSettings(keep_alive_seconds=2)) as port, connect(port) as client:
        client.sendall(REFUSED)
        assert take_answer(client).startswith(b"HTTP/1.1 404 ")
        for _ in range(15):
            time.sleep(0.2)
            client.sendall(bytes(100_000))
        client.sendall(LAST)
        assert answers(client).startswith(b"HTTP/1.1 200 ")


def test_a_request_that_began_before_the_last_answer_takes_its_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = request("PUT", f"{OBJECTS}/a", b"", **{"Content-Length": "15"})
    with running(store, ServerSettings(keep_alive_seconds=2)) as port, connect(port) as client:
        client.sendall(STATUS + put[:20])
        take_answer(client)
        client.sendall(put[20:])
        for _ in range(15):
            time.sleep(0.2)
            client.sendall(b"x")
        assert take_answer(client).startswith(b"HTTP/1.1 201 ")


def test_a_head_takes_no_time_while_it_is_not_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server itself does not read on while requests wait."""
    store.put_object("my-assets", "large", bytes(32 * MIB))
    with running(store, ServerSettings(head_seconds=1.5)) as port, connect(port) as client:
        large = request("GET", f"{OBJECTS}/large")
        client.sendall(large + STATUS + LAST[:20])
        time.sleep(2.5)
        take_answer(client)
        take_answer(client)
        client.sendall(LAST[20:])
        assert answers(client).startswith(b"HTTP/1.1 200 ")


@LINUX
def test_the_last_of_an_answer_is_not_kept_for_ever(
    store: Store, held: list[BoundedProtocol], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Less than the server's own buffer holds: nothing waits for it but the connection itself."""
    store.put_object("my-assets", "a", bytes(30_000))
    with running(store, ServerSettings(send_seconds=1.5)) as port, narrow(port, 4096) as client:
        client.sendall(STATUS)
        assert eventually(lambda: bool(held))
        while not held[0].transport.get_write_buffer_size():
            client.sendall(request("GET", f"{OBJECTS}/a"))
            time.sleep(0.002)
        assert not held[0].flow.write_paused
        assert eventually(lambda: held[0] not in held[0].server.connections)
    assert not caplog.records


@pytest.mark.parametrize("option", [None, 9999], ids=["no-option", "refused-option"])
def test_where_the_kernel_does_not_watch_the_server_does(
    store: Store, held: list[BoundedProtocol], monkeypatch: pytest.MonkeyPatch, option: int | None
) -> None:
    monkeypatch.setattr(socket, "TCP_USER_TIMEOUT", option, raising=False)
    store.put_object("my-assets", "large", bytes(32 * MIB))
    with running(store, ServerSettings(send_seconds=0.2)) as port, connect(port) as client:
        client.sendall(request("GET", f"{OBJECTS}/large"))
        assert eventually(lambda: bool(held) and held[0] not in held[0].server.connections)


@LINUX
def test_a_client_that_takes_its_answer_slowly_gets_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 24 * MIB
    store.put_object("my-assets", "large", bytes(size))
    with running(store, ServerSettings(send_seconds=2.0)) as port, narrow(port, 65536) as client:
        client.sendall(request("GET", f"{OBJECTS}/large", Connection="close"))
        taken = 0
        for _ in range(80):
            taken += len(client.recv(10_000))
            time.sleep(0.05)
        assert taken + len(answers(client)) > size
