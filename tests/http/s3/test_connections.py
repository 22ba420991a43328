"""What only a raw socket shows: when a body is asked for, what a connection is good for after, and what is left."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse

import pytest
from bucketry import Store

from tests.http.s3.client import Client, Reply
from tests.http.s3.serving import READER, WAIT
from tests.http.s3.signing import NOTHING, OWNER, UNSIGNED, Signing, signing_as
from tests.http.serving import eventually

MIB = 1024**2
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection:
    """One connection, on which a test says what is sent when."""

    def __init__(self, s3: Client, client: socket.socket) -> None:
        self._host = s3.host
        self.socket = client

    def send_head(
        self, method: str, target: str, length: int | None, headers: dict[str, str] | None = None, by: Signing = OWNER
    ) -> None:
        signed = by.headers(method, target, self._host, payload=UNSIGNED) | (headers or {})
        if length is not None:
            signed["content-length"] = str(length)
        lines = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
        self.socket.sendall(f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode())

    def answer(self, method: str = "PUT") -> Reply:
        response = HTTPResponse(self.socket, method=method)
        response.begin()
        return Reply(response, response.read())

    def is_closed(self) -> bool:
        return self.socket.recv(1) == b""


@contextmanager
def connected(s3: Client) -> Iterator[Connection]:
    host, _, port = s3.host.partition(":")
    with socket.create_connection((host, int(port)), timeout=WAIT) as client:
        yield Connection(s3, client)


@pytest.fixture
def connection(s3: Client) -> Iterator[Connection]:
    with connected(s3) as opened:
        yield opened


EXPECTING = {"expect": "100-continue"}


@pytest.mark.parametrize("size", [1, 100_000], ids=["held", "streamed"])
def test_a_body_is_asked_for_once_the_request_is_allowed(connection: Connection, store: Store, size: int) -> None:
    connection.send_head("PUT", "/things/a", size, EXPECTING)
    assert connection.socket.recv(len(CONTINUE)) == CONTINUE
    connection.socket.sendall(b"x" * size)
    assert connection.answer().status == 200
    assert store.head_object("things", "a").size_bytes == size


REFUSED = {
    "signature": (Signing(secret_key="wrong"), "/things/a", NOTHING, (403, "SignatureDoesNotMatch")),
    "right": (signing_as(READER), "/things/a", NOTHING, (403, "AccessDenied")),
    "parameter": (OWNER, "/things/a?nonsense", NOTHING, (501, "NotImplemented")),
    "key": (OWNER, f"/things/{'k' * 1025}", NOTHING, (400, "KeyTooLongError")),
    "digest": (OWNER, "/things/a", {"content-md5": "AAAA"}, (400, "InvalidDigest")),
}


@pytest.mark.parametrize(("by", "target", "headers", "error"), REFUSED.values(), ids=REFUSED)
def test_no_body_is_asked_for_in_vain(
    connection: Connection, by: Signing, target: str, headers: dict[str, str], error: tuple[int, str]
) -> None:
    connection.send_head("PUT", target, 10 * MIB, EXPECTING | headers, by)
    reply = connection.answer()
    assert reply.error == error
    assert reply.headers["connection"] == "close"
    assert connection.is_closed()


def test_a_bucket_that_is_not_there_needs_no_body(connection: Connection) -> None:
    connection.send_head("PUT", "/none-such/a", 10 * MIB, EXPECTING)
    first = connection.socket.recv(len(CONTINUE), socket.MSG_PEEK)
    if first == CONTINUE:
        # Whether a bucket is there is the store's to say, and it is asked with the body.
        connection.socket.recv(len(CONTINUE))
        connection.socket.sendall(bytes(10 * MIB))
    assert connection.answer().error == (404, "NoSuchBucket")


def test_a_connection_serves_one_request_after_another(connection: Connection) -> None:
    for number in range(3):
        body = bytes([number]) * 5000
        connection.send_head("PUT", f"/things/{number}", len(body))
        connection.socket.sendall(body)
        assert connection.answer().status == 200
        for method, expected in [("GET", body), ("HEAD", b"")]:
            connection.send_head(method, f"/things/{number}", None)
            reply = connection.answer(method)
            assert (reply.status, reply.body, reply.headers["content-length"]) == (200, expected, "5000")
    connection.send_head("DELETE", "/things/0", None)
    assert connection.answer("DELETE").status == 204


@pytest.mark.parametrize("target", ["/none-such/a", "/things/a?nonsense", "/things?delete"])
def test_a_connection_lives_on_after_a_refused_body(connection: Connection, target: str) -> None:
    connection.send_head("POST" if "delete" in target else "PUT", target, 4 * MIB)
    connection.socket.sendall(bytes(4 * MIB))
    assert connection.answer().status in {400, 404, 501}
    connection.send_head("GET", "/", None)
    assert connection.answer("GET").status == 200


def test_head_has_no_body_also_where_it_fails(connection: Connection) -> None:
    for target, status in [("/things/none", 404), ("/none-such", 404), ("/things?nonsense", 501), ("/things", 200)]:
        connection.send_head("HEAD", target, None)
        reply = connection.answer("HEAD")
        assert (reply.status, reply.body) == (status, b"")


@pytest.mark.parametrize("sent", [10, 100_000], ids=["held", "streamed"])
def test_an_upload_that_breaks_off_leaves_nothing(s3: Client, store: Store, sent: int) -> None:
    upload = store.create_multipart_upload("things", "big").upload_id
    for target in ("/things/a", f"/things/big?partNumber=1&uploadId={upload}"):
        with connected(s3) as connection:
            connection.send_head("PUT", target, 10 * MIB, EXPECTING)
            assert connection.socket.recv(len(CONTINUE)) == CONTINUE
            connection.socket.sendall(b"x" * sent)
    assert s3.ask("PUT", "/things/b", b"after").status == 200
    assert [info.key for info in store.iter_objects("things")] == ["b"]
    assert store.list_parts("things", "big", upload).parts == ()


def test_a_download_that_breaks_off_ends_it(s3: Client, store: Store) -> None:
    store.put_object("things", "a", bytes(32 * MIB))
    for _ in range(3):
        with connected(s3) as connection:
            connection.send_head("GET", "/things/a", None)
            assert connection.socket.recv(100).startswith(b"HTTP/1.1 200 ")
    assert eventually(lambda: s3.ask("GET", "/things/a").status == 200)


CHUNKED = {"transfer-encoding": "chunked"}


@pytest.mark.parametrize("size", [0, 3, 3 * MIB])
def test_a_body_in_chunks_of_http_needs_no_length(s3: Client, store: Store, size: int) -> None:
    content = b"x" * size
    upload = store.create_multipart_upload("things", "b").upload_id
    for target in ("/things/a", f"/things/b?partNumber=1&uploadId={upload}"):
        with connected(s3) as connection:
            connection.send_head("PUT", target, None, CHUNKED)
            connection.socket.sendall(b"%x\r\n%s\r\n" % (size, content) if size else b"")
            connection.socket.sendall(b"0\r\n\r\n")
            assert connection.answer().status == 200
    assert store.get_object("things", "a").read() == content
    assert [part.size_bytes for part in store.list_parts("things", "b", upload).parts] == [size]


def test_a_body_in_chunks_that_breaks_off_is_not_stored(s3: Client, store: Store) -> None:
    with connected(s3) as connection:
        connection.send_head("PUT", "/things/a", None, CHUNKED)
        connection.socket.sendall(b"5\r\nabc")
    assert s3.ask("PUT", "/things/b", b"after").status == 200
    assert [info.key for info in store.iter_objects("things")] == ["b"]


@pytest.mark.parametrize("target", ["/things/a", "/things/a?partNumber=1&uploadId=0"])
def test_a_body_says_how_long_it_is(s3: Client, store: Store, target: str) -> None:
    with connected(s3) as connection:
        connection.send_head("PUT", target, None)
        assert connection.answer().error == (411, "MissingContentLength")
    assert list(store.iter_objects("things")) == []


@pytest.mark.parametrize("length", [5 * 1024**4 + 1, 2**62])
def test_what_is_too_large_is_refused_before_it_comes(connection: Connection, length: int) -> None:
    connection.send_head("PUT", "/things/a", length, EXPECTING)
    first = connection.socket.recv(len(CONTINUE), socket.MSG_PEEK)
    assert first != CONTINUE
    assert connection.answer().error == (400, "EntityTooLarge")


@pytest.mark.parametrize("value", ["-1", "1.5", "0x10", "many", "1, 2", "9" * 30])
def test_a_length_that_is_none_is_refused(connection: Connection, value: str) -> None:
    connection.send_head("PUT", "/things/a", None, {"content-length": value})
    assert connection.answer().status == 400


def test_what_is_no_http_is_answered_in_xml(connection: Connection) -> None:
    connection.socket.sendall(b"What is this?\r\n\r\n")
    reply = connection.answer()
    assert (reply.status, reply.xml.tag) == (400, "Error")


def test_headers_without_end_are_refused(connection: Connection) -> None:
    connection.send_head("GET", "/", None, {"x-more": "x" * 70_000})
    assert connection.answer().error == (431, "RequestHeaderSectionTooLarge")


def test_a_uri_without_end_is_refused(connection: Connection) -> None:
    connection.send_head("GET", f"/things?prefix={'x' * 20_000}", None)
    assert connection.answer().error == (414, "InvalidURI")


def test_every_answer_has_an_id_of_its_own(s3: Client) -> None:
    replies = [s3.ask("GET", "/things"), s3.ask("GET", "/none-such"), s3.send("GET", "/things"), s3.ask("HEAD", "/x")]
    assert len({reply.headers["x-amz-request-id"] for reply in replies}) == len(replies)
    assert replies[1].text("RequestId") == replies[1].headers["x-amz-request-id"]
    # Clients learn from it how far their clock is off.
    assert all(reply.headers["date"].endswith(" GMT") for reply in replies)


def test_a_client_that_does_not_wait_for_its_answer_is_no_failure(s3: Client, caplog: pytest.LogCaptureFixture) -> None:
    for target in ("/none-such/a", "/things/a?nonsense"):
        with connected(s3) as connection:
            connection.send_head("PUT", target, 10 * MIB)
            connection.socket.sendall(bytes(MIB + 1))
            assert connection.answer().status in {404, 501}
    assert s3.ask("GET", "/").status == 200
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_only_so_much_of_a_refused_body_is_read(connection: Connection) -> None:
    connection.send_head("PUT", "/things/a?nonsense", 1024 * MIB)
    reply = connection.answer()
    assert (reply.code, reply.headers["connection"]) == ("NotImplemented", "close")
    with pytest.raises(OSError, match=r"reset|pipe"):
        connection.socket.sendall(bytes(200 * MIB))
