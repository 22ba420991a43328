"""Objects are read without an HTTP library where their response is a plain one, and in the usual way otherwise."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping

import pytest
from bucketry import ByteRange
from bucketry_s3client import S3Client, S3ResponseError, opened_object
from bucketry_s3client.quick import QuickResponse, headers_in
from urllib3.exceptions import IncompleteRead, ProtocolError

from tests.s3client.fake import Answer, Request, wired

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


@pytest.mark.parametrize(
    "first",
    [Answer(cut=True), Answer(200, b"a", FIELDS, cut=True), Answer(503), Answer(500, b"<Error/>" * 10_000)],
    ids=["no response", "broken off", "503", "long 500"],
)
def test_what_a_second_try_may_mend_is_tried_again(first: Answer) -> None:
    with wired(first_then(first, plain(b"abc")), retries=0) as (fake, client):
        assert read(client) == b"abc"
    assert len(fake.requests) == 2


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


@pytest.mark.parametrize("fields", [{"connection": "close"}, {"x-folded": "1\r\n 2"}], ids=["close", "folded"])
def test_a_server_whose_responses_are_unusual_is_not_asked_twice_each_time(fields: dict[str, str]) -> None:
    with wired(lambda _: plain(b"abc", more=fields)) as (fake, client):
        assert [read(client) for _ in range(3)] == [b"abc"] * 3
    assert len(fake.requests) == 4


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


@pytest.mark.parametrize("line", ["no colon", " folded: 1", "a: 1\n: 2", "a: 1\rb: 2"])
def test_a_line_that_is_no_header_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match="not a header"):
        headers_in(f"HTTP/1.1 200 OK\r\n{line}".encode())
