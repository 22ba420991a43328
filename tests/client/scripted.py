"""A server on loopback that answers as a test says, and remembers what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from typing_extensions import override


class Answer(msgspec.Struct, kw_only=True):
    """What the server sends; after `body` it ends the connection."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Asked(msgspec.Struct, kw_only=True):
    """What it was asked."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Scripted(ThreadingHTTPServer):
    """Takes the next answer for each request, the last one again and again."""

    daemon_threads = True

    def __init__(self, *answers: Answer | Callable[[Asked], Answer]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = list(answers)
        self.asked: list[Asked] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Scripted

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(method=self.command, path=self.path, headers=headers, body=self._body(headers))
        self.server.asked.append(asked)
        found = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        answer = found if isinstance(found, Answer) else found(asked)
        self.send_response(answer.status)
        sent = {
            "content-length": str(len(answer.body)),
            **{name.lower(): text for name, text in answer.headers.items()},
        }
        for name, value in sent.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def _body(self, headers: Mapping[str, str]) -> bytes:
        if "content-length" in headers:
            return self.rfile.read(int(headers["content-length"]))
        body = b""
        if headers.get("transfer-encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        return body

    @override
    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def scripted(*answers: Answer | Callable[[Asked], Answer]) -> Iterator[Scripted]:
    """Serves these answers."""
    with Scripted(*answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def json(value: object, status: int = 200, **headers: str) -> Answer:
    """Returns an answer of JSON."""
    return Answer(
        status=status, headers={"content-type": "application/json", **headers}, body=msgspec.json.encode(value)
    )


def problem(status: int, code: str, *, retryable: bool = False, **headers: str) -> Answer:
    """Returns a refusal as the API makes it."""
    body = {"title": "T", "status": status, "code": code, "detail": "why", "retryable": retryable}
    kind = {"content-type": "application/problem+json"}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, headers=kind | names, body=msgspec.json.encode(body))
