"""A collector of traces on loopback: it takes OTLP over HTTP, as collectors do, and keeps the spans."""

from __future__ import annotations

import gzip
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.http.serving import eventually

SERVER, CLIENT, INTERNAL = 2, 3, 1
"""Kinds of spans in OTLP."""

ERROR = 2
"""A status in OTLP."""


class Exported(msgspec.Struct):
    """A span as the collector got it."""

    name: str
    kind: int
    trace: str
    id: str
    parent: str
    status: int
    about: dict[str, Any]
    resource: dict[str, Any]


class Collector:
    """What was sent, and where to.

    Attributes:
        url: Its URL, without a path.
        paths: The path of each request.
        headers: The headers of each request, with names in lower case.
        bodies: The bodies, uncompressed.
        status: What it responds.
        location: Where it redirects to; empty: nowhere.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.status = 200
        self.location = ""
        self._lock = threading.Lock()

    def take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        with self._lock:
            self.paths.append(path)
            self.headers.append(headers)
            self.bodies.append(gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body)

    @property
    def spans(self) -> list[Exported]:
        with self._lock:
            return [span for body in self.bodies for span in _spans(body)]

    def wait_for(self, count: int, kind: int = SERVER) -> list[Exported]:
        """Waits for so many spans of a kind, and returns all of that kind."""
        assert eventually(lambda: len(self.of(kind)) >= count), self.spans
        return self.of(kind)

    def of(self, kind: int) -> list[Exported]:
        return [span for span in self.spans if span.kind == kind]


def _spans(body: bytes) -> Iterator[Exported]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Exported(
                    name=span.name,
                    kind=span.kind,
                    trace=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    status=span.status.code,
                    about=_values(span.attributes),
                    resource=_values(resource.resource.attributes),
                )


def _values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


@contextmanager
def collecting(tls: ssl.SSLContext | None = None) -> Iterator[Collector]:
    """Takes spans until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            collector.take(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(collector.status)
            self.send_header("content-length", "0")
            if collector.location:
                self.send_header("location", collector.location)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    collector = Collector(f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
