"""How a server stops: readiness first, then new connections, then what is in progress; the same on both ports."""

from __future__ import annotations

import http.client
import logging
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from bucketry import Store, Unavailable
from bucketry.hookspecs import hookimpl
from bucketry_http import (
    Listener,
    RestSettings,
    S3Rights,
    S3Settings,
    Server,
    ServerSettings,
    create_app,
    create_s3_app,
)

from tests.http.conftest import memory_driver
from tests.http.drivers import HangingDriver
from tests.http.raw_requests import MIB, answers
from tests.http.serving import API, WAIT, connect, eventually

LONG = 3600.0
PORTS = pytest.mark.parametrize("name", ["rest", "s3"])
CUT = {"rest": b'"code":"unavailable"', "s3": b"<Code>ServiceUnavailable</Code>"}


class Stoppable:
    """A server with both ports, in a thread."""

    def __init__(self, store: Store, *, grace_seconds: float, shutdown_delay: float) -> None:
        ready = threading.Event()
        apps = (create_app(store, RestSettings()), create_s3_app(store, S3Settings(anonymous=S3Rights())))
        self.server = Server(
            [Listener(app, port=0) for app in apps],
            lambda _: ready.set(),
            ServerSettings(grace_seconds=grace_seconds, shutdown_delay=shutdown_delay),
        )
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        assert ready.wait(WAIT)
        self.ports = {name: urlsplit(url).port or 0 for name, url in zip(("rest", "s3"), self.server.urls, strict=True)}

    def has_ended(self) -> bool:
        self.thread.join(WAIT)
        return not self.thread.is_alive()


@contextmanager
def serving(store: Store, *, grace_seconds: float = 10.0, shutdown_delay: float = 0.0) -> Iterator[Stoppable]:
    stoppable = Stoppable(store, grace_seconds=grace_seconds, shutdown_delay=shutdown_delay)
    try:
        yield stoppable
    finally:
        stoppable.server.stop()
        stoppable.server.stop()
        stoppable.thread.join()


@pytest.fixture(params=["inline", "threads"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with Store(memory_driver(request.param)) as opened:
        opened.create_bucket("my-assets")
        yield opened


def upload(name: str, length: int) -> bytes:
    target = f"{API}/buckets/my-assets/objects/a" if name == "rest" else "/my-assets/a"
    return f"PUT {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode()


def download(name: str) -> bytes:
    target = f"{API}/buckets/my-assets/objects/large" if name == "rest" else "/my-assets/large"
    return f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def readiness(port: int) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT)
    try:
        connection.request("GET", "/health/ready")
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_readiness_ends_before_anything_else(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    with serving(store, shutdown_delay=LONG) as stoppable:
        port = stoppable.ports["rest"]
        assert readiness(port)[0] == 200
        stoppable.server.stop()
        assert eventually(lambda: readiness(port)[0] == 503)
        assert b"about to stop" in readiness(port)[1]
        assert not lines(caplog)
        # Whoever has not noticed yet is served, on both ports.
        for name in ("rest", "s3"):
            with connect(stoppable.ports[name]) as client:
                client.sendall(upload(name, 1) + b"x")
                assert re.match(rb"HTTP/1\.1 20[01] ", client.recv(65536))


def test_after_the_delay_nobody_connects_any_more(store: Store) -> None:
    with serving(store, shutdown_delay=0.3) as stoppable, connect(stoppable.ports["rest"]) as idle:
        stoppable.server.stop()
        assert stoppable.has_ended()
        assert answers(idle) == b""
        for port in stoppable.ports.values():
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), timeout=WAIT)


@PORTS
def test_what_is_in_progress_may_end(store: Store, name: str, caplog: pytest.LogCaptureFixture) -> None:
    with serving(store, grace_seconds=LONG) as stoppable, connect(stoppable.ports[name]) as client:
        client.sendall(upload(name, 3 * MIB) + bytes(2 * MIB))
        time.sleep(0.2)
        stoppable.server.stop()
        time.sleep(0.3)
        client.sendall(bytes(MIB))
        said = answers(client)
        assert re.match(rb"HTTP/1\.1 20[01] ", said)
        assert stoppable.has_ended()
    assert store.head_object("my-assets", "a").size_bytes == 3 * MIB
    assert not lines(caplog)


@PORTS
@pytest.mark.parametrize("sent", [0, 100, 3 * MIB])
def test_an_upload_that_is_cut_off_is_told_so(
    store: Store, name: str, sent: int, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(store, grace_seconds=0.2) as stoppable, connect(stoppable.ports[name]) as client:
        client.sendall(upload(name, 5 * MIB) + bytes(sent))
        time.sleep(0.2)
        stoppable.server.stop()
        said = answers(client)
        assert said.startswith(b"HTTP/1.1 503 ")
        assert CUT[name] in said
        assert b"retry-after: " in said
        assert b"Internal Server Error" not in said
        client.close()
        assert stoppable.has_ended()
    assert not list(store.iter_objects("my-assets"))
    (line,) = lines(caplog)
    assert line.levelname == "WARNING"
    assert line.exc_info is None
    assert re.fullmatch(r"PUT /\S+: cut off, since the server stops", line.getMessage())


@PORTS
def test_a_download_that_is_cut_off_does_not_look_whole(
    store: Store, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    store.put_object("my-assets", "large", bytes(64 * MIB))
    with serving(store, grace_seconds=0.2) as stoppable, connect(stoppable.ports[name]) as client:
        client.sendall(download(name))
        client.recv(1000)
        stoppable.server.stop()
        assert stoppable.has_ended()
        assert len(answers(client)) < 60 * MIB
    (line,) = lines(caplog)
    assert line.exc_info is None
    assert "cut off" in line.getMessage()


def test_a_backend_that_hangs_holds_nobody_up(caplog: pytest.LogCaptureFixture) -> None:
    driver = HangingDriver()
    with Store(driver) as store:
        try:
            with serving(store, grace_seconds=0.2) as stoppable, connect(stoppable.ports["rest"]) as client:
                client.sendall(f"GET {API}/status HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                time.sleep(0.2)
                stoppable.server.stop()
                assert answers(client).startswith(b"HTTP/1.1 503 ")
                driver.go_on.set()
                assert stoppable.has_ended()
        finally:
            driver.go_on.set()
    assert [line.exc_info for line in lines(caplog)] == [None]


@PORTS
def test_a_second_stop_ends_all_at_once(store: Store, name: str, caplog: pytest.LogCaptureFixture) -> None:
    with (
        serving(store, grace_seconds=LONG, shutdown_delay=LONG) as stoppable,
        connect(stoppable.ports[name]) as client,
    ):
        client.sendall(upload(name, 5 * MIB) + bytes(3 * MIB))
        time.sleep(0.2)
        stoppable.server.stop()
        time.sleep(0.1)
        stoppable.server.stop()
        assert stoppable.has_ended()
        assert stoppable.server.was_forced
    assert [line.exc_info for line in lines(caplog)] == [None]


class Down:
    """A backend that nobody reaches."""

    @hookimpl(wrapper=True)
    def head_object(self, bucket: str, key: str, options: object) -> object:
        yield
        raise Unavailable("no connection") from ConnectionRefusedError(
            "http://host/a\nb?X-Amz-Signature=secret refused"
        )


@PORTS
def test_a_backend_that_is_down_costs_one_line_a_request(name: str, caplog: pytest.LogCaptureFixture) -> None:
    with Store(memory_driver("threads"), [Down()]) as store:
        store.create_bucket("my-assets")
        store.put_object("my-assets", "a\nb", b"")
        with serving(store) as stoppable:
            target = f"{API}/buckets/my-assets/objects/a%0Ab" if name == "rest" else "/my-assets/a%0Ab"
            for _ in range(3):
                with connect(stoppable.ports[name]) as client:
                    head = f"HEAD {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                    client.sendall(head.encode())
                    assert answers(client).startswith(b"HTTP/1.1 503 ")
    assert len(lines(caplog)) == 3
    for line in lines(caplog):
        assert line.exc_info is None
        assert "\n" not in line.getMessage()
        assert "ConnectionRefusedError" in line.getMessage()
        assert "secret" not in line.getMessage()
