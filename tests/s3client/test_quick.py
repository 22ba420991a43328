"""Small requests over quick connections: only a response that is whole beyond doubt counts."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from hashlib import sha256

import pytest
from bucketry_s3client import S3Client, S3ResponseError
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError, MaxRetryError, ProtocolError

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
    with closing(fake.client(read_timeout=0.3, retries=0)) as client, closing(listener):
        yield client, seen


def test_a_whole_response_is_given_and_the_connection_is_used_again() -> None:
    with answering(WHOLE) as (client, seen):
        for _ in range(3):
            found = client.request_small("GET", "bucket", query={"prefix": "a/"})
            assert found == ({"etag": '"e"', "x-amz-meta-a": "1, 2", "content-length": "4"}, b"body")
        assert len(client._quick) == 1
    assert all(request.startswith(b"GET /bucket?prefix=a%2F HTTP/1.1\r\n") for request in seen)
    assert not client._quick


@pytest.mark.parametrize("cut", range(0, len(WHOLE), 3))
def test_a_response_that_breaks_off_does_not_count(cut: int) -> None:
    with answering(WHOLE[:cut]) as (client, seen):
        with pytest.raises(HTTPError):
            client.request_small("GET", "bucket")
        assert not client._quick
    assert len(seen) == 1, "a try counts"


@pytest.mark.parametrize(
    "response",
    [
        WHOLE.replace(b"Content-Length: 4\r\n", b"X-Padding-Padding: 4\r\n"),
        WHOLE.replace(b"Content-Length: 4", b"Content-Length: 4\r\nContent-Length: 4"),
        WHOLE.replace(b"Content-Length: 4", b"Content-Length: -4"),
        WHOLE.replace(b'ETag: "e"', b"that is not a header"),
        WHOLE + b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE,
    ],
    ids=["no length", "twice", "negative", "no header", "more", "continue"],
)
def test_an_unusual_response_is_left_to_the_usual_way_and_its_connection_is_closed(response: bytes) -> None:
    def usual(*_: object, retries: object, **__: object) -> HTTPResponse:
        assert retries is None, "the first try does not count"
        return HTTPResponse(io.BytesIO(b"usual"), headers={"content-length": "5"}, preload_content=False)

    with answering(response) as (client, seen), pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "open", usual)
        for _ in range(2):
            assert client.request_small("GET", "bucket")[1] == b"usual"
        assert not client._quick
    assert len(seen) == 1, "this server is not asked twice each time"


@pytest.mark.parametrize("length", [40, 99999999], ids=["long", "huge"])
def test_a_body_that_does_not_come_does_not_count(length: int) -> None:
    with answering(WHOLE.replace(b"Content-Length: 4", b"Content-Length: %d" % length)) as (client, _):
        with pytest.raises(HTTPError):
            client.request_small("GET", "bucket")
        assert not client._quick


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_refusal_is_an_error_and_only_one_of_a_request_without_a_body_keeps_its_connection(method: str) -> None:
    document = b"<Error><Code>NoSuchBucket</Code></Error>"
    response = b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n%s" % (len(document), document)
    with answering(response) as (
        client,
        seen,
    ):
        with pytest.raises(S3ResponseError) as caught:
            client.request_small(method, "bucket", "key", content=b"content" if method == "PUT" else b"")
        assert (caught.value.status, caught.value.code) == (404, "NoSuchBucket")
        assert len(client._quick) == (method == "GET")
    assert len(seen) == 1


def test_a_part_where_the_whole_was_asked_for_is_an_error() -> None:
    with answering(WHOLE.replace(b"200 OK", b"206 Partial Content")) as (client, _), pytest.raises(ProtocolError):
        client.request_small("GET", "bucket")


def test_an_error_with_a_good_status_is_an_error() -> None:
    document = b"<Error><Code>InternalError</Code></Error>"
    with wired(lambda _: Answer(200, document, headers={"connection": "keep-alive"})) as (_, client):
        with pytest.raises(S3ResponseError) as caught:
            client.request_small("PUT", "bucket", "key", content=b"content")
        assert caught.value.code == "InternalError"


@pytest.mark.parametrize("status", [200, 403])
@pytest.mark.parametrize("error", [BrokenPipeError(), ConnectionResetError()])
def test_a_server_that_refuses_a_body_before_it_has_read_it_is_heard(error: OSError, status: int) -> None:
    """Its refusal may be there although the body cannot be sent to its end."""

    class Refuses:
        def __init__(self, connection: socket.socket) -> None:
            self.recv, self.close = connection.recv, connection.close

        def sendall(self, _: bytes) -> None:
            raise error

    ours, theirs = socket.socketpair()
    theirs.sendall(b"HTTP/1.1 %d Status\r\nContent-Length: 0\r\n\r\n" % status)
    theirs.close()
    with closing(Fake("127.0.0.1:1").client(retries=0)) as client, pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "connect", lambda: Refuses(ours))
        # What was not sent was not stored, whatever the server says.
        with pytest.raises(S3ResponseError if status == 403 else MaxRetryError) as caught:
            client.request_small("PUT", "bucket", "key", content=b"content")
        assert getattr(caught.value, "status", 200) == status


@pytest.mark.parametrize("retries", [0, 2])
def test_there_are_as_many_tries_as_of_any_request(retries: int) -> None:
    with wired(lambda _: Answer(503), retries=retries) as (fake, client):
        with pytest.raises(S3ResponseError):
            client.request_small("PUT", "bucket", "key", content=b"content")
        assert len(fake.requests) == retries + 1


def test_a_second_try_may_succeed() -> None:
    answers = [Answer(503), Answer(200, headers={"etag": '"e"'})]
    with wired(lambda _: answers.pop(0), retries=1) as (_, client):
        headers, _ = client.request_small("PUT", "bucket", "key", content=b"content")
        assert headers["etag"] == '"e"'


def test_a_connection_that_the_server_closed_meanwhile_is_not_used_again() -> None:
    with wired(lambda _: Answer(200, b"body", headers={"connection": "keep-alive"})) as (fake, client):
        client.request_small("GET", "bucket")
        (kept,) = client._quick._kept
        kept.shutdown(socket.SHUT_RDWR)
        client.request_small("GET", "bucket")
    assert len(fake.requests) == 2


def test_a_body_is_signed_and_sent() -> None:
    with wired(lambda _: Answer(200, headers={"etag": '"e"'})) as (fake, client):
        found = client.request_small("PUT", "bucket", "a key", headers={"content-type": "text/x"}, content=b"content")
    assert found[0]["etag"] == '"e"'
    (request,) = fake.requests
    assert (request.line, request.body) == ("PUT /bucket/a%20key", b"content")
    assert request.headers["x-amz-content-sha256"] == sha256(b"content").hexdigest()
    assert request.headers["content-type"] == "text/x"
    assert "content-type" in request.headers["authorization"]
