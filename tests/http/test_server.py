"""What only a real server on a real socket shows."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from bucketry import ListOptions, Store, Unavailable
from bucketry.hookspecs import DriverSpec, hookimpl
from bucketry_http import Listener, Server, ServerSettings, create_app
from bucketry_http.server import draining

from tests.http.conftest import MODES, empty, memory_driver
from tests.http.layers import Counted
from tests.http.serving import API, WAIT, ask, connect, eventually, running

OBJECTS = "buckets/my-assets/objects"
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def counted() -> Counted:
    return Counted()


@pytest.fixture(scope="module", params=MODES)
def served(request: pytest.FixtureRequest, counted: Counted) -> Iterator[tuple[Store, int]]:
    with Store(memory_driver(request.param), [counted]) as opened, running(opened) as port:
        yield opened, port


@pytest.fixture
def counted_store(served: tuple[Store, int], counted: Counted) -> Store:
    empty(served[0])
    counted.forget()
    return served[0]


@pytest.fixture
def port(served: tuple[Store, int], counted_store: Store) -> int:
    return served[1]


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("a//b", "a//b"),
        ("/a", "/a"),
        ("//", "//"),
        ("a/", "a/"),
        ("..", ".."),
        ("a/../b", "a/../b"),
        (".", "."),
        ("%2F", "/"),
        ("%252F", "%2F"),
        ("+", "+"),
        ("%20", " "),
        ("a%3Fb%23c", "a?b#c"),
        ("%F0%9F%98%80", "😀"),
        ("%E2%80%AE", "\u202e"),
        ("%0A", "\n"),
        ("a;b=c&d", "a;b=c&d"),
        ("presign", "presign"),
        ("delete", "delete"),
        ("-", "-"),
        ("objects/objects", "objects/objects"),
        ("k" * 1024, "k" * 1024),
        ("%C3%BC" * 512, "ü" * 512),
    ],
)
def test_keys_are_exact_in_the_path(port: int, counted_store: Store, path: str, key: str) -> None:
    content = key.encode()
    response, body = ask(port, "PUT", f"{OBJECTS}/{path}", content)
    assert (response.status, json.loads(body)["key"]) == (201, key)
    assert [info.key for info in counted_store.iter_objects("my-assets")] == [key]
    response, body = ask(port, "GET", f"{OBJECTS}/{path}")
    assert (response.status, body) == (200, content)
    response, body = ask(port, "HEAD", f"{OBJECTS}/{path}?inline=1")
    assert (response.status, body, response.headers["content-length"]) == (200, b"", str(len(content)))


def test_a_connection_serves_one_request_after_another(port: int) -> None:
    with connect(port) as client:
        for number in range(3):
            content = bytes([number]) * 100_000
            head = f"PUT {API}/{OBJECTS}/{number} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n\r\n"
            client.sendall(head.encode() + content)
            answer = client.recv(65536)
            while not answer.endswith(b"}"):  # The head may come alone.
                piece = client.recv(65536)
                assert piece, answer
                answer += piece
            assert answer.startswith(b"HTTP/1.1 201 ")
            client.sendall(f"HEAD {API}/{OBJECTS}/{number} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            answer = client.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert answer.endswith(b"\r\n\r\n")


def test_a_refused_upload_is_answered_and_the_connection_lives_on(port: int) -> None:
    with connect(port) as client:
        head = f"PUT {API}/buckets/none-such/objects/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: {8 * MIB}\r\n\r\n"
        client.sendall(head.encode())
        client.sendall(bytes(8 * MIB))
        assert client.recv(65536).startswith(b"HTTP/1.1 404 ")
        client.sendall(f"GET {API}/status HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_a_chunked_body_is_stored(port: int, counted_store: Store) -> None:
    with connect(port) as client:
        client.sendall(
            f"PUT {API}/{OBJECTS}/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        for _ in range(40):
            client.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        client.sendall(b"0\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 201 ")
    assert counted_store.head_object("my-assets", "a").size_bytes == 40 * 0x10000


@pytest.mark.parametrize("sent", [0, 100, 3 * MIB, 20 * MIB])
def test_an_upload_that_is_broken_off_leaves_the_old_object(counted_store: Store, sent: int) -> None:
    counted_store.put_object("my-assets", "a", b"old")
    heads = (
        f"PUT {API}/{OBJECTS}/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: {50 * MIB}\r\n\r\n",
        (
            f"POST {API}/{OBJECTS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=XX\r\n"
            f"Content-Length: {50 * MIB}\r\n\r\n"
            '--XX\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n'
        ),
    )
    # The server stops only when it has seen both to their end.
    with running(counted_store) as port:
        for head in heads:
            with connect(port) as client:
                client.sendall(head.encode() + bytes(sent))
    with counted_store.get_object("my-assets", "a") as opened:
        assert opened.read() == b"old"
    assert counted_store.bucket_usage("my-assets").object_count == 1
    assert not list(counted_store.iter_multipart_uploads("my-assets"))


def test_a_silent_upload_is_given_up(counted_store: Store) -> None:
    with running(counted_store, idle_seconds=0.1) as port, connect(port) as client:
        client.sendall(f"PUT {API}/{OBJECTS}/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc".encode())
        answer = client.recv(65536)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"request_timeout"' in answer
    assert counted_store.bucket_usage("my-assets").object_count == 0


def test_a_client_that_leaves_a_download_closes_the_object(port: int, counted_store: Store, counted: Counted) -> None:
    counted_store.put_object("my-assets", "big", bytes(64 * MIB))
    with connect(port) as client:
        client.sendall(f"GET {API}/{OBJECTS}/big HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        client.recv(65536)
        assert (counted.opened, counted.closed) == (["big"], [])
    assert eventually(lambda: counted.closed == ["big"])


def test_a_download_that_ends_closes_the_object(port: int, counted_store: Store, counted: Counted) -> None:
    content = bytes(range(256)) * 20_000
    counted_store.put_object("my-assets", "a", content)
    response, body = ask(port, "GET", f"{OBJECTS}/a")
    assert (response.status, body == content) == (200, True)
    assert eventually(lambda: counted.closed == ["a"])


def test_a_listing_that_breaks_off_does_not_look_whole(driver: DriverSpec, caplog: pytest.LogCaptureFixture) -> None:
    class BreaksOff:
        calls = 0

        @hookimpl(wrapper=True)
        def list_objects(self, bucket: str, options: ListOptions) -> object:
            self.calls += 1
            if self.calls > 1:
                raise Unavailable
            return (yield)

    with Store(driver, [BreaksOff()]) as store:
        store.create_bucket("my-assets")
        for number in range(1001):
            store.put_object("my-assets", f"{number:05}", b"")
        with running(store) as port, connect(port) as client:
            client.sendall(f"GET {API}/{OBJECTS} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert b'[{"key":"00000"' in answer
    assert not answer.endswith(b"]\r\n0\r\n\r\n")
    assert not answer.endswith(b"0\r\n\r\n")
    assert [record.levelname for record in caplog.records if record.levelname != "INFO"] == ["WARNING"]


@pytest.mark.parametrize(
    ("head", "status", "code"),
    [
        (b"GET /x HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n", 431, b"too_large"),
        (b"GET /x HTTP/1.1\r\nHost: localhost\r\n" + b"X-Many: x\r\n" * 20_000 + b"\r\n", 431, b"too_large"),
        (b"GET /x HTTP/1.1\r\nHost: localhost\r\nX-Endless: " + b"x" * 2_000_000, 431, b"too_large"),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414, b"too_large"),
        (b"GARBAGE\r\n\r\n", 400, b"malformed_request"),
        (b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, b"malformed_request"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n", 400, b"malformed_request"),
    ],
)
def test_what_is_no_proper_request_is_refused(port: int, head: bytes, status: int, code: bytes) -> None:
    with connect(port) as client:
        # The server may have answered and closed before the end.
        with contextlib.suppress(OSError):
            client.sendall(head)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := client.recv(65536):
                answer += piece
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"application/problem+json" in answer
    assert b'"code":"%s"' % code in answer
    assert ask(port, "GET", "status")[0].status == 200


def test_endless_trailers_are_refused(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "MAX_DRAINED_BYTES", 1024 * 1024)
    with connect(port) as client:
        client.sendall(
            f"PUT {API}/{OBJECTS}/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        client.sendall(b"1\r\nx\r\n0\r\n")
        trailers = (b"X-Trailer: " + b"x" * 10_000 + b"\r\n" for _ in range(2000))
        with contextlib.suppress(OSError):
            for trailer in trailers:
                client.sendall(trailer)
    assert next(trailers, None) is not None


def test_several_applications_are_served_side_by_side(counted_store: Store) -> None:
    found: list[tuple[str, ...]] = []
    server: Server

    def check(urls: tuple[str, ...]) -> None:
        found.append(urls)
        server.stop()

    server = Server([Listener(create_app(counted_store), port=0) for _ in range(2)], check)
    server.run()
    ((first, second),) = found
    assert first != second
    assert server.urls == (first, second)


def test_a_server_that_stops_ends_a_stalled_upload(counted_store: Store) -> None:
    started = threading.Event()
    server = Server(
        [Listener(create_app(counted_store), port=0)], lambda _: started.set(), ServerSettings(grace_seconds=0)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    assert started.wait(WAIT)
    with connect(int(server.urls[0].rsplit(":", 1)[1])) as client:
        head = f"PUT {API}/{OBJECTS}/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: {50 * MIB}\r\n\r\n"
        client.sendall(head.encode() + bytes(20 * MIB))
        server.stop()
        thread.join(WAIT)
    assert not thread.is_alive()
    assert counted_store.bucket_usage("my-assets").object_count == 0


PROGRAM = """
from bucketry import open_store
from bucketry_http import create_app, serve
with open_store("memory://") as store:
    serve(create_app(store), port=0, on_ready=lambda urls: print(*urls, flush=True))
print("stopped", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_server_in_good_order(number: signal.Signals) -> None:
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert ask(int(url.rsplit(":", 1)[1]), "GET", "status")[0].status == 200
        process.send_signal(number)
        out, errors = process.communicate(timeout=WAIT)
    assert (process.returncode, out, errors) == (0, "stopped\n", "")


def test_a_port_that_is_taken_is_an_error(counted_store: Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            Server([Listener(create_app(counted_store), port=port)]).run()
