"""Requests that nobody takes the responses of: what they cost a server in memory, and who waits meanwhile.

``python -m benchmarks.pipelined`` has many connections send thousands of tiny requests each, and never reads. It prints
the server's memory before, at most and afterwards, and how long health checks took on both ports, and fails where the
memory grew by 64 MiB or stays. It takes half a minute.
"""

from __future__ import annotations

import argparse
import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

import msgspec

from benchmarks.process_memory import resident_bytes

MIB: Final = 1024 * 1024
MOST_GROWTH: Final = 64 * MIB
MOST_LEFT: Final = 16 * MIB
"""The C library keeps up to so much (`bucketry_http.server.process_memory`)."""

WAIT: Final = 30.0
"""For how many seconds memory may take to be given back."""

REQUEST: Final = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What a flood of requests did to a server.

    Attributes:
        growth: By how much its resident memory grew at most, in bytes.
        left: By how much it is larger than before once the connections are closed, in bytes.
        checks: How long each health check took, in seconds.
    """

    growth: int
    left: int
    checks: tuple[float, ...]


@contextmanager
def served() -> Iterator[tuple[int, int, int]]:
    """Serves a store in memory in a process of its own; yields its id and the ports of REST and S3."""
    command = [sys.executable, "-m", "benchmarks.bucketry_server.server", "memory", "0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        urls = msgspec.json.decode(process.stdout.readline(), type=list[str])
        yield process.pid, urlsplit(urls[0]).port or 0, urlsplit(urls[3]).port or 0
        process.stdin.close()


def measure(name: str, *, connections: int, requests: int, seconds: float) -> Load:
    """Sends requests to a server of its own without reading a response, and checks its health meanwhile.

    Args:
        name: The port that the requests go to: ``REST`` or ``S3``.
        connections: How many connections send.
        requests: How many requests each of them sends.
        seconds: For how long the connections stay open.
    """
    with served() as (pid, *ports):
        for port in ports:
            check(port)
        before = peak = resident_bytes(pid)
        checks: list[float] = []
        with ExitStack() as stack:
            clients = [stack.enter_context(_narrow(ports[name == "S3"])) for _ in range(connections)]
            for client in clients:
                # What the server does not read does not all fit.
                with suppress(BlockingIOError):
                    client.sendall(REQUEST * requests)
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                checks += map(check, ports)
                peak = max(peak, resident_bytes(pid))
        until = time.monotonic() + WAIT
        while (left := resident_bytes(pid) - before) > MOST_LEFT and time.monotonic() < until:
            time.sleep(0.1)
        return Load(growth=peak - before, left=left, checks=tuple(checks))


def check(port: int) -> float:
    """Asks whether the server lives, and returns how long the response took; on S3 anything is good for it."""
    begun = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/health/live")
    connection.getresponse().read()
    connection.close()
    return time.perf_counter() - begun


def _narrow(port: int) -> socket.socket:
    """Returns a connection with little room for responses, and none for waiting."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.setblocking(False)
    return client


def main() -> None:
    """Floods both ports, one after the other."""
    parser = argparse.ArgumentParser(description="Memory and health checks under pipelined requests.")
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--seconds", type=float, default=10.0)
    asked = parser.parse_args()
    bad = False
    for name in ("REST", "S3"):
        load = measure(name, connections=asked.connections, requests=asked.requests, seconds=asked.seconds)
        checks = sorted(load.checks)
        bad |= load.growth > MOST_GROWTH or load.left > MOST_LEFT
        print(
            f"{name}: {asked.connections} connections with {asked.requests} requests each: memory grows by "
            f"{load.growth / MIB:.1f} MiB, {load.left / MIB:.1f} MiB stay; {len(checks)} health checks, "
            f"median {checks[len(checks) // 2] * 1000:.0f} ms, slowest {checks[-1] * 1000:.0f} ms"
        )
    sys.exit(bad)


if __name__ == "__main__":
    main()
