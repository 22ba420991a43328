"""Objects are read without an HTTP library where their response is a plain one, and in the usual way otherwise."""

from __future__ import annotations

import contextvars
import os
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from time import monotonic, sleep

import pytest
from bucketry import ByteRange
from bucketry.backend_requests import set_watcher
from bucketry_s3client import S3Client, S3ResponseError, explain_no_response, opened_object
from bucketry_s3client.kept import KeptConnections
from bucketry_s3client.quick import QuickResponse, headers_in
from urllib3.exceptions import (
    HTTPError,
    IncompleteRead,
    MaxRetryError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)

from tests.s3client.fake import Answer, Fake, Request, wired
from tests.s3client.test_request_headers import Watches

DATE = "Mon, 15 Jan 2024 10:30:00 GMT"
FIELDS = {"etag": '"e"', "last-modified": DATE}
LARGE = bytes(range(256)) * 2500  # Two chunks and a half.


def plain(body: bytes, status: int = 200, more: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, body, {**FIELDS, "connection": "keep-alive", **(more or {})})


def read(client: S3Client) -> bytes:
    return opened_object("key", client.open_object("bucket", "key"), None).read()


@pytest.mark.parametrize("body", [b"", b"abc", LARGE[:65_536], LARGE[:65_537], LARGE])
def test_an_object_is_read_and_its_connection_is_used_again(body: bytes) -> None:
    with wired(lambda _: plain(body)) as (fake, client):
        for _ in range(3):
            opened = opened_object("key", client.open_object("bucket", "key"), None)
            assert opened.is_held == (len(body) <= 65_536)
            assert opened.read() == body
            assert len(client._quick) == 1
        assert client._pool.num_connections == 0
    assert len(fake.requests) == 3


def test_a_large_object_comes_in_chunks() -> None:
    with wired(lambda _: plain(LARGE)) as (_, client):
        opened = opened_object("key", client.open_object("bucket", "key"), None)
        assert [len(chunk) for chunk in opened] == [262_144, 262_144, 115_712]


def test_a_range_is_read() -> None:
    with wired(lambda _: plain(b"bc", 206, {"content-range": "bytes 1-2/5"})) as (_, client):
        response = client.open_object("bucket", "key", headers={"range": "bytes=1-2"})
        assert opened_object("key", response, ByteRange(1, 2)).read() == b"bc"


@pytest.mark.parametrize("read_first", [True, False])
def test_what_is_closed_before_its_end_closes_its_connection(read_first: bool) -> None:
    with wired(lambda _: plain(LARGE)) as (_, client):
        response = client.open_object("bucket", "key")
        assert isinstance(response, QuickResponse)
        connection = response._connection
        assert connection is not None
        opened = opened_object("key", response, None)
        if read_first:
            next(iter(opened))
        opened.close()
        assert not client._quick
        assert connection.fileno() == -1


def test_a_large_object_that_breaks_off_is_an_error() -> None:
    with wired(lambda _: Answer(200, LARGE, FIELDS, cut=True)) as (fake, client):
        opened = opened_object("key", client.open_object("bucket", "key"), None)
        with pytest.raises(IncompleteRead):
            opened.read()
        assert not client._quick
    assert len(fake.requests) == 1


def first_then(first: Answer, then: Answer) -> Callable[[Request], Answer]:
    answers = iter([first])
    return lambda _: next(answers, then)


FAILURES = pytest.mark.parametrize(
    "first",
    [Answer(cut=True), Answer(200, b"a", FIELDS, cut=True), Answer(503), Answer(500, b"<Error/>" * 10_000)],
    ids=["no response", "broken off", "503", "long 500"],
)


@FAILURES
def test_what_a_second_try_may_mend_is_tried_again(first: Answer) -> None:
    with wired(first_then(first, plain(b"abc")), retries=1) as (fake, client):
        assert read(client) == b"abc"
    assert len(fake.requests) == 2


@pytest.mark.parametrize("retries", [0, 2])
@pytest.mark.parametrize(
    "first", [Answer(cut=True), Answer(503), Answer(500, b"<Error/>" * 10_000)], ids=["no response", "503", "long 500"]
)
def test_the_first_try_counts_and_the_error_is_the_usual_one(first: Answer, retries: int) -> None:
    with wired(lambda _: first, retries=retries) as (fake, client):
        with pytest.raises((S3ResponseError, HTTPError)) as caught:
            read(client)
        assert len(fake.requests) == retries + 1
        with pytest.raises((S3ResponseError, HTTPError)) as usual:
            client.open("GET", "bucket", "key")
    assert type(caught.value) is type(usual.value)
    assert explain_no_response(caught.value) == explain_no_response(usual.value)


def test_a_body_that_breaks_off_is_asked_for_once_without_retries() -> None:
    broken = Answer(200, b"a", FIELDS, cut=True)
    with wired(lambda _: broken, retries=0) as (fake, client), pytest.raises(MaxRetryError):
        read(client)
    assert len(fake.requests) == 1


def test_a_server_that_is_not_there_is_asked_once_without_retries() -> None:
    client = Fake("127.0.0.1:1").client(retries=0)
    with pytest.raises(MaxRetryError) as caught:
        client.open_object("bucket", "key")
    assert isinstance(caught.value.reason, NewConnectionError)


def test_a_server_that_does_not_answer_is_waited_for_once_without_retries() -> None:
    def late(_: Request) -> Answer:
        sleep(0.6)
        return Answer(cut=True)

    with wired(late, retries=0, read_timeout=0.3) as (fake, client):
        with pytest.raises(MaxRetryError) as caught:
            client.open_object("bucket", "key")
        assert isinstance(caught.value.reason, ReadTimeoutError)
        assert len(fake.requests) == 1


def test_a_kept_connection_that_ends_before_the_response_costs_no_retry() -> None:
    answers = [plain(b"abc"), Answer(cut=True), plain(b"abc")]
    with wired(lambda _: answers.pop(0), retries=0) as (fake, client):
        assert [read(client), read(client)] == [b"abc", b"abc"]
    assert len(fake.requests) == 3


def test_a_second_try_is_counted_and_says_so() -> None:
    watches = Watches()
    context = contextvars.copy_context()
    context.run(set_watcher, watches)
    with wired(first_then(Answer(503), plain(b"abc")), retries=1) as (_, client):
        assert context.run(read, client) == b"abc"
    assert watches.retries == 1


@contextmanager
def sending_raw(*responses: bytes) -> Iterator[tuple[S3Client, list[bytes]]]:
    """Answers each request with one of these as it is, the last one again and again."""
    listener = socket.create_server(("127.0.0.1", 0))
    heads: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while head := connection.recv(65_536):
                heads.append(head)
                response = responses[min(len(heads), len(responses)) - 1]
                connection.sendall(response)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    location = f"127.0.0.1:{listener.getsockname()[1]}"
    with closing(listener), closing(Fake(location).client(retries=0, read_timeout=0.5)) as client:
        yield client, heads
        listener.shutdown(socket.SHUT_RDWR)


HEAD = f'HTTP/1.1 200 OK\r\netag: "e"\r\nlast-modified: {DATE}\r\n'.encode()
ABC = HEAD + b"content-length: 3\r\n\r\nabc"


@pytest.mark.parametrize(
    "response", [ABC.replace(b"\r\n", b"\n"), ABC.replace(b"\r\n\r\n", b"\r\n\n")], ids=["all", "the last"]
)
def test_a_bare_line_feed_takes_no_timeout(response: bytes) -> None:
    with sending_raw(response) as (client, _):
        begin = monotonic()
        assert read(client) == b"abc"
        assert monotonic() - begin < 0.4
        assert client._usual_until > begin


def test_after_a_head_that_does_not_end_objects_are_read_in_the_usual_way() -> None:
    with sending_raw(HEAD[:-2], ABC) as (client, _):
        with pytest.raises(MaxRetryError):
            read(client)
        assert not isinstance(client.open_object("bucket", "key"), QuickResponse)


def test_surplus_bytes_stay_on_the_connection_which_is_not_used_again() -> None:
    body = b"x" * 100_000
    with sending_raw(HEAD + b"content-length: 100000\r\n\r\n" + body + b"surplus") as (client, _):
        assert read(client) == body
        assert client._quick.take() is None


def test_what_tls_has_read_ahead_counts_too() -> None:
    class Ahead(ssl.SSLSocket):
        def __init__(self) -> None:
            pass

        def pending(self) -> int:
            return 1

        def close(self) -> None:
            closed.append(True)

    closed: list[bool] = []
    kept = KeptConnections(1)
    kept.give_back(Ahead.__new__(Ahead))
    assert kept.take() is None
    assert closed == [True]


def test_a_connection_that_comes_back_while_all_are_closed_is_closed() -> None:
    class Slow(deque[socket.socket]):
        def append(self, connection: socket.socket) -> None:
            kept.close()
            super().append(connection)

    kept = KeptConnections(1)
    kept._kept = Slow()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        kept.give_back(ours)
        assert ours.fileno() == -1
        assert not kept


def test_what_is_closed_while_its_iterator_is_held_closes_its_connection() -> None:
    with wired(lambda _: plain(LARGE)) as (_, client):
        response = client.open_object("bucket", "key")
        assert isinstance(response, QuickResponse)
        connection = response._connection
        assert connection is not None
        chunks = response.stream(1000)
        next(chunks)
        held = connection.fileno()
        response.close()
        with pytest.raises(OSError, match="Bad file"):
            os.fstat(held)
        del chunks


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (plain(b"<Error><Code>NoSuchKey</Code></Error>", 404), "NoSuchKey"),
        (plain(b"<Error><Code>PreconditionFailed</Code></Error>", 412), "PreconditionFailed"),
        (plain(b"", 304), "NotModified"),
    ],
)
def test_a_refusal_is_one_request_and_keeps_its_connection(answer: Answer, code: str) -> None:
    with wired(lambda _: answer) as (fake, client):
        with pytest.raises(S3ResponseError) as caught:
            client.open_object("bucket", "key", query={"versionId": "v"})
        assert (caught.value.code, caught.value.status, caught.value.names_version) == (code, answer.status, True)
        assert len(client._quick) == 1
    assert len(fake.requests) == 1


def test_a_part_where_the_whole_was_asked_for_is_an_error() -> None:
    with wired(lambda _: plain(b"bc", 206)) as (_, client), pytest.raises(ProtocolError, match="a part"):
        client.open_object("bucket", "key")


def test_a_server_whose_responses_are_unusual_is_not_asked_twice_each_time() -> None:
    with wired(lambda _: plain(b"abc", more={"x-folded": "1\r\n 2"})) as (fake, client):
        assert [read(client) for _ in range(3)] == [b"abc"] * 3
    assert len(fake.requests) == 4


@pytest.mark.parametrize("value", ["close", "x, Close"])
@pytest.mark.parametrize("content", [b"abc", LARGE], ids=["small", "large"])
def test_a_connection_that_the_server_closes_after_a_response_is_not_kept(value: str, content: bytes) -> None:
    """Servers do so now and then, such as nginx after 1,000 requests."""
    with wired(lambda _: plain(content, more={"connection": value})) as (fake, client):
        assert [read(client) for _ in range(3)] == [content] * 3
        assert not client._quick
    assert len(fake.requests) == 3


def test_chunks_are_left_to_the_http_library() -> None:
    answer = Answer(200, b"3\r\nabc\r\n0\r\n\r\n", {**FIELDS, "transfer-encoding": "chunked"})
    with wired(lambda _: answer) as (_, client):
        response = client.open_object("bucket", "key")
        assert not isinstance(response, QuickResponse)
        response.close()


def test_a_read_that_ends_after_the_client_was_closed_keeps_no_connection() -> None:
    with wired(lambda _: plain(LARGE)) as (_, client):
        response = client.open_object("bucket", "key")
        assert isinstance(response, QuickResponse)
        connection = response._connection
        assert isinstance(connection, socket.socket)
        client.close()
        assert opened_object("key", response, None).read() == LARGE
        assert not client._quick
        assert connection.fileno() == -1


def test_only_blanks_are_stripped_from_a_header() -> None:
    # In Latin-1 the last byte of "à" is a space to Python.
    assert headers_in("HTTP/1.1 200 OK\r\na: \t voilà ".encode()) == {"a": "voilà".encode().decode("latin-1")}


@pytest.mark.parametrize("line", ["no colon", " folded: 1", "a: 1\n: 2", "a: 1\rb: 2", "a : 1", "a\t: 1"])
def test_a_line_that_is_no_header_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match="not a header"):
        headers_in(f"HTTP/1.1 200 OK\r\n{line}".encode())
