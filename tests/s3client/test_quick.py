"""Small requests over quick connections: only a response that is whole beyond doubt counts."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from hashlib import sha256

import pytest
from bucketry_s3client import S3Client

from tests.s3client.fake import Answer, Fake, wired

WHOLE = b'HTTP/1.1 200 OK\r\nETag: "e"\r\nx-amz-meta-a: 1\r\nX-Amz-Meta-A: 2\r\nContent-Length: 4\r\n\r\nbody'


@contextmanager
def answering(response: bytes) -> Iterator[tuple[S3Client, list[bytes]]]:
    """Give this response to each request; the connection stays open unless the response is cut."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while received := connection.recv(65536):
                seen.append(received)
                connection.sendall(response)
                if len(response) < len(WHOLE):
                    return

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    fake = Fake(f"127.0.0.1:{listener.getsockname()[1]}")
    with closing(fake.client(read_timeout=0.3)) as client, closing(listener):
        yield client, seen


def test_a_whole_response_is_given_and_the_connection_is_used_again() -> None:
    with answering(WHOLE) as (client, seen):
        for _ in range(3):
            found = client.quick("GET", "bucket", query={"prefix": "a/"})
            assert found == ({"etag": '"e"', "x-amz-meta-a": "1, 2", "content-length": "4"}, b"body")
        assert len(client._quick) == 1
    assert all(request.startswith(b"GET /bucket?prefix=a%2F HTTP/1.1\r\n") for request in seen)
    assert not client._quick


@pytest.mark.parametrize("cut", range(0, len(WHOLE), 3))
def test_a_response_that_breaks_off_does_not_count(cut: int) -> None:
    with answering(WHOLE[:cut]) as (client, _):
        assert client.quick("GET", "bucket") is None
        assert not client._quick


@pytest.mark.parametrize(
    "response",
    [
        WHOLE.replace(b"200 OK", b"206 Partial Content"),
        WHOLE.replace(b"200 OK", b"404 Not Found and more"),
        WHOLE.replace(b"Content-Length: 4\r\n", b"X-Padding-Padding: 4\r\n"),
        WHOLE.replace(b"Content-Length: 4", b"Content-Length: 40"),
        WHOLE.replace(b"Content-Length: 4", b"Content-Length: 4\r\nContent-Length: 4"),
        WHOLE.replace(b"Content-Length: 4", b"Content-Length: 99999999"),
        WHOLE.replace(b"Content-Length: 4", b"Content-Length: -4"),
        WHOLE.replace(b'ETag: "e"', b"that is not a header"),
        WHOLE.replace(b'ETag: "e"', b"Connection: close"),
        WHOLE + b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE,
    ],
    ids=["206", "404", "no length", "long", "twice", "huge", "negative", "no header", "close", "more", "continue"],
)
def test_any_other_response_does_not_count_and_its_connection_is_closed(response: bytes) -> None:
    with answering(response) as (client, _):
        assert client.quick("GET", "bucket") is None
        assert not client._quick


def test_without_a_server_there_is_no_response() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with closing(Fake(f"127.0.0.1:{port}").client()) as client:
        assert client.quick("GET", "bucket") is None


def test_a_connection_that_the_server_closed_meanwhile_is_not_used_again() -> None:
    with wired(lambda _: Answer(200, b"body", headers={"connection": "keep-alive"})) as (fake, client):
        assert client.quick("GET", "bucket") is not None
        (kept,) = client._quick._kept
        kept.shutdown(socket.SHUT_RDWR)
        assert client.quick("GET", "bucket") is not None
    assert len(fake.requests) == 2


def test_a_body_is_signed_and_sent() -> None:
    with wired(lambda _: Answer(200, headers={"etag": '"e"'})) as (fake, client):
        found = client.quick("PUT", "bucket", "a key", headers={"content-type": "text/x"}, content=b"content")
    assert found is not None
    assert found[0]["etag"] == '"e"'
    (request,) = fake.requests
    assert (request.line, request.body) == ("PUT /bucket/a%20key", b"content")
    assert request.headers["x-amz-content-sha256"] == sha256(b"content").hexdigest()
    assert request.headers["content-type"] == "text/x"
    assert "content-type" in request.headers["authorization"]
