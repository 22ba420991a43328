"""A receiver of webhooks on the loopback interface, which fails on request."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Taken(NamedTuple):
    """A request: its headers by lower-case name, its body, and the status of the response."""

    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def name(self) -> str:
        message = json.loads(self.body)
        return str(message.get("Event") or self.record["eventName"])

    @property
    def key(self) -> str:
        return "" if b'"s3:TestEvent"' in self.body else str(self.record["s3"]["object"]["key"])

    @property
    def record(self) -> dict[str, Any]:
        record: dict[str, Any] = json.loads(self.body)["Records"][0]
        return record


class Receiver:
    """What came, in the order in which it came; and the response to each request."""

    def __init__(self) -> None:
        self.requests: list[Taken] = []
        self.respond: Callable[[Taken], int] = lambda _: 204
        self.headers: dict[str, str] = {}
        self.content = b""
        self.url = ""
        self.connections = 0
        self.changed = threading.Condition()

    def add(self, headers: dict[str, str], body: bytes) -> int:
        status = self.respond(Taken(headers, body, 0))
        with self.changed:
            self.requests.append(Taken(headers, body, status))
            self.changed.notify_all()
        return status

    def wait(self, count: int, timeout: float = 30) -> list[Taken]:
        """Waits for so many requests."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.requests) >= count, timeout), self.requests
            return list(self.requests)

    @property
    def accepted(self) -> list[Taken]:
        with self.changed:
            return [taken for taken in self.requests if 200 <= taken.status < 300]


@contextmanager
def receiving(tls: ssl.SSLContext | None = None, *, host: str = "127.0.0.1") -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            receiver.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = receiver.add({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("content-length", str(len(receiver.content)))
            self.end_headers()
            if status != 204:
                self.wfile.write(receiver.content)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass

    server = Server((host, 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver.url = f"{'http' if tls is None else 'https'}://{host}:{server.server_address[1]}/hook?token=abc"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
