"""Content of any size passes in little memory, both ways."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from bucketry.features import MIB
from typing_extensions import override

from tests.client.facade import Facade

SIZE = 64 * MIB
MOST = 8 * MIB
STORED = b'{"key":"k","size_bytes":1,"content_type":"a/b","last_modified":"2024-01-15T10:30:00Z"}'


class Handler(BaseHTTPRequestHandler):
    """Forgets what comes, and sends zeros."""

    def do_PUT(self) -> None:
        while size := int(self.rfile.readline(), 16):
            while size:
                size -= len(self.rfile.read(min(size, 64 * 1024)))
            self.rfile.readline()
        self.rfile.readline()
        self._head(201, len(STORED))
        self.wfile.write(STORED)

    def do_GET(self) -> None:
        self._head(200, SIZE)
        piece = bytes(64 * 1024)
        for _ in range(SIZE // len(piece)):
            self.wfile.write(piece)

    def _head(self, status: int, length: int) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(length))
        self.end_headers()

    @override
    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def pieces() -> Iterator[bytes]:
    for _ in range(SIZE // MIB):
        yield bytes(MIB)


def test_memory_does_not_grow_with_the_content(make: Facade, url: str) -> None:
    client = make(url)
    tracemalloc.start()
    try:
        client.put_object("bucket", "key", pieces())
        assert sum(map(len, client.get_object("bucket", "key"))) == SIZE
        assert tracemalloc.get_traced_memory()[1] < MOST
    finally:
        tracemalloc.stop()
