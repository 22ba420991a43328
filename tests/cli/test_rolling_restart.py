"""Two instances behind a load balancer, restarted in turn while clients work: no request fails.

One has one process, the other has workers. Both stand in front of the same store.
"""

from __future__ import annotations

import http.client
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from bucketry import Secret
from bucketry.sigv4 import Credentials, Presigner

from tests.cli.balancer import Balancer, Instance
from tests.cli.conftest import Spawn
from tests.cli.test_serve import PATIENCE

API = "/api/v1/storage/buckets/assets/objects"
KEYS = Credentials("tester", Secret("tester's own secret key"))
SERVE = ("serve", "--port", "0", "--s3-port", "0", "--bucket", "assets", "--shutdown-delay", "1.5")
PROCESSES = (1, 2)
"""Of each instance."""

CLIENTS = 3
"""Clients of each kind. Each waits for one response at a time, and keeps its connection."""

SMALL, LARGE = 2_000, 1_500_000


class Client(threading.Thread):
    """Writes, reads, lists and deletes objects of its own, over one port, and checks each response."""

    def __init__(self, port: int, number: int, done: threading.Event) -> None:
        super().__init__()
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self._done = done
        self._number = number
        self.requests = 0
        self.failures: list[str] = []

    def run(self) -> None:
        turn = 0
        while not self._done.is_set():
            turn += 1
            content = bytes([turn % 251]) * (LARGE if turn % 7 == 0 else SMALL)
            key = f"{self.name}-{turn}"
            self._ask("PUT", key, content, {200, 201})
            read = self._ask("GET", key, None, {200})
            if read is not None and read != content:
                self.failures.append(f"GET {key}: {len(read)} other bytes")
            self._ask("DELETE", key, None, {204})
        self._connection.close()

    def target(self, method: str, key: str) -> str:
        raise NotImplementedError

    def _ask(self, method: str, key: str, content: bytes | None, expected: set[int]) -> bytes | None:
        self.requests += 1
        try:
            self._connection.request(method, self.target(method, key), self.body(content))
            response = self._connection.getresponse()
            said = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(f"{method} {key}: {error!r}")
            self._connection.close()
            return None
        if response.status not in expected:
            self.failures.append(f"{method} {key}: {response.status} {said[:300]!r}")
        return said

    def body(self, content: bytes | None) -> Any:
        return content


class RestClient(Client):
    def target(self, method: str, key: str) -> str:
        return f"{API}?key={key}" if method == "DELETE" else f"{API}/{key}"


class S3Client(Client):
    def __init__(self, port: int, number: int, done: threading.Event) -> None:
        super().__init__(port, number, done)
        self._signer = Presigner(KEYS, endpoint=f"http://127.0.0.1:{port}", region="us-east-1")

    def target(self, method: str, key: str) -> str:
        parts = urlsplit(self._signer.presign_url(method, "assets", key, expires_in=600))
        return f"{parts.path}?{parts.query}"


class SlowClient(RestClient):
    """Sends its bodies slowly: when its server stops, one is on its way."""

    def body(self, content: bytes | None) -> Any:
        return None if content is None else self._pieces(content)

    def _pieces(self, content: bytes) -> Iterator[bytes]:
        for start in range(0, len(content), len(content) // 10 + 1):
            time.sleep(0.05)
            yield content[start : start + len(content) // 10 + 1]


def start(spawn: Spawn, store: str, processes: int) -> tuple[subprocess.Popen[bytes], Instance]:
    process = spawn(*SERVE, "--workers", str(processes), store=store)
    places: dict[str, tuple[str, int]] = {}
    assert process.stdout is not None
    while "S3 keys" not in places:
        line = process.stdout.readline().decode()
        assert line, (process.stderr.read() if process.stderr else b"").decode()
        name, _, url = line.partition("  ")
        parts = urlsplit(url.strip())
        places[name] = ("127.0.0.1", parts.port or 0)
    return process, Instance(places["REST API"], places["S3 API"])


def test_a_rolling_restart_loses_no_request(spawn: Spawn, shared: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKETRY_S3_ACCESS_KEY", KEYS.access_key)
    monkeypatch.setenv("BUCKETRY_S3_SECRET_KEY", KEYS.secret_key.reveal())
    balancer, done = Balancer(), threading.Event()
    running = [start(spawn, shared, processes) for processes in PROCESSES]
    balancer.instances = [instance for _, instance in running]
    clients: list[Client] = []
    for kind, port in (
        (RestClient, balancer.rest_port),
        (S3Client, balancer.s3_port),
        (SlowClient, balancer.rest_port),
    ):
        clients += [kind(port, number, done) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    started = list(balancer.instances)
    try:
        for number in (0, 1, 0):
            process, instance = running[number]
            time.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
            assert process.stderr is not None
            assert process.stderr.read() == b""
            _, replacement = running[number] = start(spawn, shared, PROCESSES[number])
            balancer.instances = [other for other in balancer.instances if other is not instance] + [replacement]
            started.append(replacement)
        time.sleep(0.5)
    finally:
        done.set()
        for client in clients:
            client.join()
        balancer.close()
    assert [failure for client in clients for failure in client.failures] == []
    assert all(client.requests >= 10 for client in clients)
    # The last one may get no more: the clients keep their connections.
    assert all(instance.connections for instance in started[:-1])
