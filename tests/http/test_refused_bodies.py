"""Clients that send a whole body before they read, although it was refused long before: each gets its response."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
import trustme
from bucketry import Store
from bucketry.layers import MaxObjectSize, Quota
from bucketry.quotas import QuotaRule
from bucketry_http import Listener, RestSettings, S3Settings, Server, ServerSettings, create_app, create_s3_app
from bucketry_http.server import draining, protocol
from bucketry_memory import MemoryDriver, MemorySettings

from tests.http.raw_requests import MIB, OBJECTS, answers
from tests.http.s3.serving import CREDENTIAL
from tests.http.s3.signing import Signing
from tests.http.serving import API, WAIT, connect, eventually, running
from tests.http.test_tls import trusting, write

SIZES = [9 * MIB, 64 * MIB]
LONG_HEADER = {"x-long": "x" * 40_000, "x-longer": "x" * 40_000}


class Served(NamedTuple):
    """Both ports over a store that takes small objects, and few of them."""

    rest: int
    s3: int
    context: ssl.SSLContext | None

    def put(self, port: str, reason: str, size: int, headers: dict[str, str]) -> tuple[int, bytes]:
        """Sends all of a put before it reads anything of the response."""
        number = self.rest if port == "rest" else self.s3
        bucket = "full" if reason == "quota" else "none-such" if reason == "bucket" else "my-assets"
        if port == "rest":
            target = OBJECTS.replace("my-assets", bucket) + "/key"
        else:
            target = f"/{bucket}/key"
            if reason != "access":
                headers = Signing().headers("PUT", target, f"localhost:{number}", headers)
        if reason == "head":
            headers = headers | LONG_HEADER
        with closing(self._connection(number)) as connection:
            connection.putrequest("PUT", target)
            for name, value in headers.items():
                if name != "host":
                    connection.putheader(name, value)
            if "transfer-encoding" not in headers:
                connection.putheader("content-length", str(size))
            connection.endheaders(bytes(size), encode_chunked="transfer-encoding" in headers)
            response = connection.getresponse()
            return response.status, response.read()

    def _connection(self, port: int) -> http.client.HTTPConnection:
        if self.context is None:
            return http.client.HTTPConnection("localhost", port, timeout=WAIT)
        return http.client.HTTPSConnection("localhost", port, timeout=WAIT, context=self.context)


@pytest.fixture(scope="module", params=["plain", "tls"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    if request.param == "plain":
        with serving(ServerSettings(), None) as found:
            yield found
        return
    authority = trustme.CA()
    files = write(authority.issue_cert("localhost"), tmp_path_factory.mktemp("tls"))
    with serving(ServerSettings(tls=files), trusting(authority)) as found:
        yield found


@contextmanager
def serving(settings: ServerSettings, context: ssl.SSLContext | None) -> Iterator[Served]:
    layers = [MaxObjectSize(8 * MIB), Quota(QuotaRule(buckets="full", max_size_bytes=1))]
    with Store(MemoryDriver(MemorySettings()), layers) as store:
        for bucket in ("my-assets", "full"):
            store.create_bucket(bucket)
        ready = threading.Event()
        apps = [create_app(store, RestSettings()), create_s3_app(store, S3Settings(credentials=(CREDENTIAL,)))]
        server = Server([Listener(app, port=0) for app in apps], lambda _: ready.set(), settings)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            assert ready.wait(WAIT)
            rest, s3 = (urlsplit(url).port or 0 for url in server.urls)
            yield Served(rest, s3, context)
        finally:
            server.stop()
            thread.join()


KEPT: dict[str, str] = {}
CLOSED, EXPECTING = {"connection": "close"}, {"expect": "100-continue"}
CHUNKED = {"connection": "close", "transfer-encoding": "chunked"}


@pytest.mark.parametrize("headers", [KEPT, CLOSED, EXPECTING], ids=["kept", "closed", "expecting"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("port", ["rest", "s3"])
def test_a_body_that_is_too_large(served: Served, port: str, size: int, headers: dict[str, str]) -> None:
    status, body = served.put(port, "size", size, headers)
    assert (status, b"too_large" in body or b"EntityTooLarge" in body) == (413 if port == "rest" else 400, True)


@pytest.mark.parametrize("headers", [CLOSED, CHUNKED], ids=["closed", "chunked"])
@pytest.mark.parametrize(
    ("port", "reason", "status"),
    [
        ("rest", "quota", 507),
        ("s3", "quota", 403),
        ("s3", "access", 403),
        ("rest", "bucket", 404),
        ("s3", "bucket", 404),
        ("rest", "head", 431),
        ("s3", "head", 431),
    ],
)
def test_other_reasons(served: Served, port: str, reason: str, status: int, headers: dict[str, str]) -> None:
    assert served.put(port, reason, 8 * MIB, headers)[0] == status


def test_a_client_that_sends_slowly_gets_its_response(served: Served) -> None:
    with socket.create_connection(("localhost", served.rest), timeout=WAIT) as plain, ExitStack() as stack:
        client: socket.socket = plain
        if served.context is not None:
            client = stack.enter_context(served.context.wrap_socket(plain, server_hostname="localhost"))
        client.sendall(refused_head(9 * MIB, "Connection: close"))
        for _ in range(9):
            client.sendall(bytes(MIB))
            time.sleep(0.25)  # Together longer than TLS has for its end.
        said = client.recv(65536)
    assert said.startswith(b"HTTP/1.1 413 ")


@pytest.fixture
def limited() -> Iterator[Store]:
    with Store(MemoryDriver(MemorySettings()), [MaxObjectSize(MIB)]) as store:
        store.create_bucket("my-assets")
        yield store


def refused_head(size: int, *more: str) -> bytes:
    lines = [f"PUT {OBJECTS}/key HTTP/1.1", "Host: localhost", f"Content-Length: {size}", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def test_only_so_much_is_dropped(limited: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "MAX_DRAINED_BYTES", 4 * MIB)
    with running(limited) as port, connect(port) as client:
        client.sendall(refused_head(1024 * MIB, "Connection: close"))
        assert b"413" in answers(client)
        with pytest.raises(OSError, match=r"reset|pipe"):
            client.sendall(bytes(200 * MIB))


@pytest.mark.parametrize("name", ["STILL_SECONDS", "DRAIN_SECONDS"])
def test_only_so_long_is_it_dropped(limited: Store, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(protocol if name == "STILL_SECONDS" else draining, name, 0.2)
    with running(limited) as port, connect(port) as client:
        client.sendall(refused_head(1024 * MIB, "Connection: close"))
        assert b"413" in answers(client), "the server sends no more, and still reads"
        if name == "STILL_SECONDS":
            time.sleep(0.5)

        def is_closed() -> bool:
            try:
                client.sendall(b"x")
            except OSError:
                return True
            return False

        assert eventually(is_closed)


def test_a_server_that_stops_lets_a_refused_body_come(limited: Store) -> None:
    with ExitStack() as stack:
        port = stack.enter_context(running(limited))
        with connect(port) as client:
            client.sendall(refused_head(9 * MIB))
            assert b"413" in client.recv(65536)
            stopping = threading.Thread(target=stack.close)
            stopping.start()
            time.sleep(0.2)
            client.sendall(bytes(9 * MIB))
            assert client.recv(1) == b"", "closed, and not reset"
        stopping.join(WAIT)
        assert not stopping.is_alive()


def test_nothing_after_a_malformed_request_is_served(limited: Store) -> None:
    with running(limited) as port, connect(port) as client:
        client.sendall(b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n" + bytes(9 * MIB))
        client.sendall(f"PUT {API}/buckets/other HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        said = answers(client)
    assert said.count(b"HTTP/1.1 ") == 1
    assert said.startswith(b"HTTP/1.1 400 ")
