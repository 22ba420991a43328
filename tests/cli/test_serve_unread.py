"""``bucketry serve`` when nobody reads what it writes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

from tests.cli.test_serve import PATIENCE


def test_it_serves_even_if_nobody_reads_where() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    reading, writing = os.pipe()
    os.close(reading)
    options = ["--store", "memory://", "--no-s3", "--port", str(port)]
    command = [sys.executable, "-m", "bucketry_cli", "serve", *options]
    with subprocess.Popen(command, stdout=writing, stderr=subprocess.PIPE) as process:
        os.close(writing)
        assert serves(port)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, b"")


def serves(port: int) -> bool:
    """Whether a server sends a response; one that is about to fail may accept a connection, but closes it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
                client.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return client.recv(9) == b"HTTP/1.1 "
        except ConnectionError:
            time.sleep(0.02)
    return False
