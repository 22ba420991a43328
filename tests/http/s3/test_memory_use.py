"""Large bodies pass through in a few MiB of memory, and without a temporary file, however they come."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bucketry import Body, GetOptions, ObjectInfo, OpenedObject, PutOptions
from bucketry.hookspecs import hookimpl

from tests.http.drivers import CREATED, DiscardDriver
from tests.http.s3.client import Client
from tests.http.s3.serving import CREDENTIAL
from tests.http.s3.signing import OWNER, UNSIGNED
from tests.http.serving import connect
from tests.http.test_memory_use import memory, open_files

MIB = 1024**2
SIZE = 256 * MIB
MOST_GROWTH = 32 * MIB
BLOCK = bytes(MIB)
SERVER = """
from tests.http.s3.test_memory_use import serve_endlessly
serve_endlessly()
"""
CHUNKED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


class EndlessDriver(DiscardDriver):
    """Drops what is put, later than it comes, and has objects as large as their keys say."""

    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        # Long enough for a client to send most of it, if nothing made it wait.
        time.sleep(0.5)
        return super().put_object(bucket, key, body, options)

    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        size = int(key)
        info = ObjectInfo(key=key, size_bytes=size, etag="0" * 32, last_modified=CREATED, content_type="text/plain")
        return OpenedObject(info, (BLOCK for _ in range(size // MIB)))


def serve_endlessly() -> None:
    """Runs in a process of its own."""
    from bucketry import Store
    from bucketry_http import S3Settings, create_s3_app, serve

    app = create_s3_app(Store(EndlessDriver()), S3Settings(credentials=(CREDENTIAL,)))
    serve(app, port=0, on_ready=lambda urls: print(urls[0], flush=True))


@pytest.fixture
def server() -> Iterator[subprocess.Popen[str]]:
    root = Path(__file__).parents[3]
    with subprocess.Popen([sys.executable, "-c", SERVER], cwd=root, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.terminate()


def framing(kind: str) -> tuple[bytes, bytes, bytes, bytes]:
    """What goes before all, before and after each block, and after all."""
    if kind == CHUNKED:
        return b"", b"%x\r\n" % MIB, b"\r\n", b"0\r\n\r\n"
    return b"", b"", b"", b""


def exchange(s3: Client, method: str, target: str, kind: str, size: int) -> int:
    """Sends zeros; returns how many bytes of content came back."""
    count = size // MIB if method == "PUT" else 0
    _, before, after, end = framing(kind)
    headers = OWNER.headers(
        method, target, s3.host, {"x-amz-decoded-content-length": str(size)} if kind == CHUNKED else {}, payload=kind
    )
    headers |= {"content-length": str(count * (len(before) + MIB + len(after)) + (len(end) if method == "PUT" else 0))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with connect(int(s3.host.partition(":")[2])) as client:
        client.sendall(f"{method} {target} HTTP/1.1\r\n{lines}connection: close\r\n\r\n".encode())
        for _ in range(count):
            client.sendall(before + BLOCK + after)
        client.sendall(end if method == "PUT" else b"")
        first = client.recv(65536)
        assert first.startswith(b"HTTP/1.1 200 "), first
        received = len(first.partition(b"\r\n\r\n")[2])
        while piece := client.recv(MIB):
            received += len(piece)
    return received


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("method", "kind"), [("PUT", UNSIGNED), ("PUT", CHUNKED), ("GET", UNSIGNED)])
def test_a_large_body_needs_a_few_mib(server: subprocess.Popen[str], method: str, kind: str) -> None:
    assert server.stdout is not None
    s3 = Client(server.stdout.readline().strip())
    # What the first body loads and allocates once is no growth.
    exchange(s3, method, f"/sink/{2 * MIB}", kind, 2 * MIB)
    before, files = memory(server.pid, "VmRSS"), open_files(server.pid)
    received = exchange(s3, method, f"/sink/{SIZE}", kind, SIZE)
    assert received == (SIZE if method == "GET" else 0)
    if method == "PUT":
        assert s3.ask("GET", "/sink").texts("{*}Contents/{*}Size") == [str(2 * MIB), str(SIZE)]
    assert memory(server.pid, "VmHWM") - before < MOST_GROWTH
    assert open_files(server.pid) == files
