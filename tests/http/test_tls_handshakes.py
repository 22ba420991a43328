"""TLS handshakes that fail: each is counted, and logged once a minute for each address."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme
from bucketry import Store
from bucketry_http import (
    Listener,
    S3Settings,
    Server,
    ServerSettings,
    TlsFiles,
    create_app,
    create_s3_app,
)
from bucketry_http.server import handshakes, server
from bucketry_http.server.handshakes import FailureLog, TlsAcceptor, reason_of
from bucketry_http.shared.recorded import Recorder
from bucketry_http.telemetry.metrics import Metrics

from tests.http.conftest import memory_driver
from tests.http.s3.serving import CREDENTIAL
from tests.http.serving import WAIT, connect, eventually

NAME = "bucketry_tls_handshake_failures_total"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(authority: trustme.CA, tmp_path: Path) -> TlsFiles:
    path = tmp_path / "tls.pem"
    path.write_bytes(authority.issue_cert("localhost").private_key_and_cert_chain_pem.bytes())
    return TlsFiles(certificate=str(path), key=str(path))


class Served:
    """Both ports with TLS, and their metrics."""

    def __init__(self, urls: tuple[str, ...], metrics: Metrics) -> None:
        self.rest, self.s3 = (urlsplit(url).port or 0 for url in urls)
        self._metrics = metrics

    def count(self, port: str, reason: str) -> float:
        return self._metrics.registry.get_sample_value(NAME, {"port": port, "reason": reason}) or 0.0


@contextmanager
def served(files: TlsFiles, **settings: Any) -> Iterator[Served]:
    metrics, ready = Metrics("memory"), threading.Event()
    with Store(memory_driver("inline")) as store:
        apps = create_app(store), create_s3_app(store, S3Settings(credentials=(CREDENTIAL,)))
        recorders = Recorder("rest", [metrics]), Recorder("s3", [metrics])
        listeners = [Listener(app, port=0, recorder=recorder) for app, recorder in zip(apps, recorders, strict=True)]
        running = Server(listeners, lambda _: ready.set(), ServerSettings(tls=files, grace_seconds=0.2, **settings))
        thread = threading.Thread(target=running.run)
        thread.start()
        try:
            assert ready.wait(WAIT)
            yield Served(running.urls, metrics)
        finally:
            running.stop()
            thread.join()


def ended(client: socket.socket) -> None:
    with suppress(ConnectionResetError):
        while client.recv(65536):
            pass


@pytest.mark.parametrize("loop", ["as usual", "asyncio"])
def test_each_failure_is_counted_by_port_and_reason(
    files: TlsFiles, loop: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if loop == "asyncio":
        monkeypatch.setattr(server, "new_loop", asyncio.new_event_loop)
    with served(files) as found:
        for _ in range(3):
            with connect(found.s3) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                ended(client)
        with connect(found.rest) as client, pytest.raises(ssl.SSLError):
            ssl.create_default_context().wrap_socket(client, server_hostname="localhost")
        connect(found.rest).close()
        assert eventually(lambda: found.count("s3", "no_tls") == 3)
        assert eventually(lambda: found.count("rest", "certificate") == 1)
        assert eventually(lambda: found.count("rest", "closed") == 1)
        assert found.count("rest", "no_tls") == 0
    said = [entry.getMessage() for entry in caplog.records if entry.levelno >= logging.WARNING]
    assert sorted(said) == [
        "a TLS handshake with 127.0.0.1 failed: http request",
        "a TLS handshake with 127.0.0.1 failed: tlsv1 alert unknown ca",
    ]


def test_a_client_that_is_silent_is_let_go_and_counted(files: TlsFiles) -> None:
    with served(files, head_seconds=0.2) as found, connect(found.rest) as client:
        ended(client)
        assert eventually(lambda: found.count("rest", "timeout") == 1)


def test_a_handshake_in_progress_does_not_hold_up_the_end(files: TlsFiles) -> None:
    with served(files) as found:
        client = connect(found.rest)
    ended(client)
    client.close()


def of_openssl(name: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {name}]")
    error.reason = name
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (of_openssl("UNSUPPORTED_PROTOCOL"), "version"),
        (of_openssl("NO_SHARED_CIPHER"), "cipher"),
        (of_openssl("SSLV3_ALERT_CERTIFICATE_UNKNOWN"), "certificate"),
        (of_openssl("WRONG_VERSION_NUMBER"), "no_tls"),
        (of_openssl("SOMETHING_NEW"), "other"),
        (ssl.SSLError(1, "what has no name"), "other"),
        (ConnectionAbortedError("it takes long"), "timeout"),
        (ConnectionResetError("gone"), "closed"),
        (OSError("something else"), "other"),
    ],
)
def test_there_are_few_reasons(error: OSError, reason: str) -> None:
    assert reason_of(error) == reason


def test_an_address_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    log = FailureLog(lambda: now)
    for second in (0, 1, 59, 60, 61):
        now = float(second)
        log.failed("192.0.2.1", "no_tls", "http request")
        log.failed("192.0.2.2", "closed", "")
    log.failed("192.0.2.3", "cipher", "no shared cipher")
    assert caplog.messages == [
        "a TLS handshake with 192.0.2.1 failed: http request",
        "a TLS handshake with 192.0.2.1 failed: http request (and 2 times more since this was said last)",
        "a TLS handshake with 192.0.2.3 failed: no shared cipher",
    ]


def test_the_addresses_of_one_client_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    log = FailureLog()
    for number in range(100):
        log.failed(f"2001:db8::{number:x}:1", "no_tls", "http request")
    log.failed("2001:db8:0:1::1", "no_tls", "http request")
    assert len(caplog.messages) == 2


def test_few_addresses_are_remembered() -> None:
    log = FailureLog()
    for number in range(5000):
        log.failed(f"address {number}", "no_tls", "")
    assert len(log._said) == 1024


def test_accepting_goes_on_once_there_are_files_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(handshakes, "_PAUSE_SECONDS", 0.01)
    failures = [OSError(errno.EMFILE, "Too many open files"), ConnectionAbortedError()]

    async def run() -> None:
        reached = asyncio.Event()

        async def accept(_: socket.socket) -> Any:
            if failures:
                raise failures.pop(0)
            reached.set()
            await asyncio.sleep(WAIT)

        monkeypatch.setattr(asyncio.get_running_loop(), "sock_accept", accept)
        nothing: Any = None
        acceptor = TlsAcceptor(nothing, nothing, nothing, nothing)
        acceptor.start()
        await asyncio.wait_for(reached.wait(), WAIT)
        await acceptor.close()
        await acceptor.end()

    asyncio.run(run())
    assert caplog.messages == ["no connection can be accepted now: Too many open files"]
