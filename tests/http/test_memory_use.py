"""A body of 5 GiB passes through in a few MiB of memory, and without a temporary file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.http.serving import API, connect

GIB = 1024**3
SIZE = 5 * GIB
MOST_GROWTH = 32 * 1024**2

SERVER = """
from bucketry import Store
from bucketry_http import create_app, serve
from tests.http.drivers import DiscardDriver
serve(create_app(Store(DiscardDriver())), port=0, on_ready=lambda urls: print(urls[0], flush=True))
"""


@pytest.fixture
def server() -> Iterator[subprocess.Popen[str]]:
    root = Path(__file__).parent.parent.parent
    with subprocess.Popen([sys.executable, "-c", SERVER], cwd=root, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.terminate()


def upload(port: int, size: int) -> object:
    start = b'--XX\r\nContent-Disposition: form-data; name="file"; filename="big"\r\n\r\n'
    end = b"\r\n--XX--\r\n"
    head = (
        f"POST {API}/buckets/sink/objects HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Type: multipart/form-data; boundary=XX\r\n"
        f"Content-Length: {len(start) + size + len(end)}\r\nConnection: close\r\n\r\n"
    )
    block = bytes(range(256)) * 4096
    with connect(port) as client:
        client.sendall(head.encode() + start)
        for _ in range(size // len(block)):
            client.sendall(block)
        client.sendall(end)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 201 "), answer
    return json.loads(answer.partition(b"\r\n\r\n")[2])


def memory(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    raise AssertionError(field)


def open_files(pid: int) -> list[str]:
    """What the process has open besides sockets, which come and go with connections."""
    links: list[str] = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # It was closed since the folder was read.
            links.append(os.readlink(link))
    return sorted(link for link in links if not link.startswith("socket:"))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_upload_of_5_gib_needs_a_few_mib(server: subprocess.Popen[str]) -> None:
    assert server.stdout is not None
    port = int(server.stdout.readline().rsplit(":", 1)[1])
    # What the first upload loads and allocates once is no growth.
    upload(port, 0)
    before = memory(server.pid, "VmRSS")
    files = open_files(server.pid)
    views = upload(port, SIZE)
    assert views[0]["size_bytes"] == SIZE  # type: ignore[index]
    # The peak since the process began, so nothing in between is missed.
    assert memory(server.pid, "VmHWM") - before < MOST_GROWTH
    assert open_files(server.pid) == files
