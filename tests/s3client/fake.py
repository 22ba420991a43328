"""A local server that answers as a test says, and a driver's settings and error to ask it with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import bucketry_s3client
from bucketry import BackendError, Classified, Secret
from bucketry_s3client import S3_KINDS, S3Client, S3Settings

BEGUN = b"<?xml version='1.0'?><InitiateMultipartUploadResult><UploadId>up~1</UploadId></InitiateMultipartUploadResult>"
COMPLETED = b"<CompleteMultipartUploadResult><ETag>&quot;whole-etag&quot;</ETag></CompleteMultipartUploadResult>"


class AcmeSettings(S3Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a driver that a stranger writes."""

    scheme: ClassVar[str] = "acme"


def classify(error: Exception) -> Classified:
    return bucketry_s3client.classify(error, S3_KINDS, {}) or Classified(BackendError, type(error).__name__)


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def line(self) -> str:
        return f"{self.method} {self.target}"


@dataclass
class Answer:
    """What the server says. ``cut``: it closes the connection instead, or after so much of the body."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


Respond = Callable[[Request], Answer]


class Fake:
    """Where the server listens, and what it was asked."""

    def __init__(self, location: str) -> None:
        self.location = location
        self.requests: list[Request] = []

    @property
    def lines(self) -> list[str]:
        return [request.line for request in self.requests]

    def settings(self, **more: object) -> AcmeSettings:
        given: dict[str, object] = {"connect_timeout": 2.0, "read_timeout": 2.0, **more}
        keys = {"access_key": "access", "secret_key": Secret("secret")}
        return AcmeSettings(location=self.location, **keys, **given)  # type: ignore[arg-type]

    def client(self, **more: object) -> S3Client:
        return S3Client(self.settings(**more), user_agent="acme-driver")


@contextmanager
def serving(respond: Respond) -> Iterator[Fake]:
    """Serve until the end of the block, each connection in a thread of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, self.path, headers, body)
            fake.requests.append(request)
            answer = respond(request)
            if answer.cut and not answer.body:
                self.close_connection = True
                return
            self.send_response(answer.status)
            promised = len(answer.body) + (1 if answer.cut else 0)
            for name, value in {"content-length": str(promised), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)
            self.close_connection = answer.cut

        def log_message(self, format: str, *args: object) -> None:
            pass

    for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
        setattr(Handler, f"do_{method}", Handler._respond)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Clients that go away are what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    fake = Fake(f"127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def wired(respond: Respond, **settings: object) -> Iterator[tuple[Fake, S3Client]]:
    """Serve, and open a client to it."""
    with serving(respond) as fake, closing(fake.client(**settings)) as client:
        yield fake, client
