"""Signed requests: retries, bounds, refusals, and what goes over the client to the byte."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial
from hashlib import sha256
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from bucketry import InvalidSettings, ObjectToDelete, Secret, Unavailable
from bucketry.features import MIB
from bucketry_s3client import Feed, S3Client, S3ResponseError, delete_versions, read_body, request_target
from urllib3.exceptions import HTTPError, IncompleteRead, ProtocolError

from tests.s3client.fake import AcmeSettings, Answer, Fake, Request, serving, wired

ERROR = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>a &lt;b&gt;</Message></Error>'


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_busy_server_is_asked_again_so_often_and_then_refuses(status: int) -> None:
    with wired(lambda _: Answer(status), retries=2) as (fake, client), pytest.raises(S3ResponseError):
        client.request("GET", "bucket")
    assert len(fake.requests) == 3


def test_what_may_not_be_done_twice_is_asked_once() -> None:
    with wired(lambda _: Answer(503), retries=2) as (fake, client):
        for more in ({"repeatable": False}, {"once": True}):
            with pytest.raises(S3ResponseError):
                client.request("POST", "bucket", **more)  # type: ignore[arg-type]
        with pytest.raises(S3ResponseError):
            client.request("PUT", "bucket", "key", content=Feed(iter([b"abc"]), 3))
    assert len(fake.requests) == 3


@pytest.mark.parametrize(("more", "times"), [({}, 3), ({"repeatable": False}, 1), ({"once": True}, 1)])
def test_a_connection_that_breaks_off_is_tried_again_only_where_that_does_no_harm(
    more: dict[str, bool], times: int
) -> None:
    with wired(lambda _: Answer(cut=True), retries=2) as (fake, client), pytest.raises(HTTPError):
        client.request("GET", "bucket", **more)  # type: ignore[arg-type]
    assert len(fake.requests) == times


def test_a_request_that_succeeds_the_second_time_succeeds() -> None:
    answers = [Answer(cut=True), Answer(503), Answer(200, b"done")]
    with wired(lambda _: answers.pop(0), retries=2) as (fake, client):
        assert client.request("PUT", "bucket", "key", content=[b"ab", b"c"])[1] == b"done"
    assert [request.body for request in fake.requests] == [b"abc"] * 3


def test_redirects_are_not_followed() -> None:
    with (
        serving(lambda _: Answer(307, headers={"location": "http://elsewhere.invalid/"})) as fake,
        closing(fake.client()) as client,
        pytest.raises(S3ResponseError, match="HTTP307"),
    ):
        client.request("GET", "bucket")
    assert len(fake.requests) == 1


def test_without_patience_a_silent_server_is_given_up_after_both_timeouts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = AcmeSettings(
            location=f"127.0.0.1:{silent.getsockname()[1]}",
            access_key="a",
            secret_key=Secret("b"),
            connect_timeout=0.2,
            read_timeout=0.2,
            retries=5,
        )
        begun = time.monotonic()
        with closing(S3Client(settings, user_agent="")) as client, pytest.raises(HTTPError):
            client.request("GET", once=True)
        assert time.monotonic() - begun < 2


@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n"], ids=["head", "body"])
def test_without_patience_a_server_that_drips_is_given_up(begin: bytes) -> None:
    """Each byte comes within ``read_timeout``; the whole response does not come within both timeouts."""
    is_over = threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(begin or b"HTTP/1.1 200 OK\r\nx-slow: ")
            while not is_over.wait(0.05):
                connection.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=lambda: drip(listener.accept()[0]))
        thread.start()
        settings = AcmeSettings(
            location=f"127.0.0.1:{listener.getsockname()[1]}",
            access_key="a",
            secret_key=Secret("b"),
            connect_timeout=0.3,
            read_timeout=0.3,
        )
        with closing(S3Client(settings, user_agent="")) as client, pytest.raises(HTTPError):
            client.request("GET", once=True)
        is_over.set()
        thread.join()


def test_an_answer_that_is_too_long_is_not_read() -> None:
    with wired(lambda _: Answer(200, b"x" * 1001)) as (_fake, client):
        with pytest.raises(ProtocolError, match="too long"):
            read_body(client.open("GET", "bucket"), 1000)
        assert read_body(client.open("GET", "bucket"), 1001) == b"x" * 1001


def test_a_refusal_that_is_too_long_is_not_read() -> None:
    with (
        wired(lambda _: Answer(403, b"x" * (1024**2 + 1))) as (_fake, client),
        pytest.raises(ProtocolError, match="too long"),
    ):
        client.request("GET", "bucket")


def test_an_answer_that_breaks_off_is_an_error() -> None:
    with wired(lambda _: Answer(200, b"half", cut=True)) as (_fake, client), pytest.raises(IncompleteRead):
        client.request("GET", "bucket")


def test_a_connection_is_used_again_after_answers_and_refusals() -> None:
    def respond(request: Request) -> Answer:
        return Answer(404, ERROR) if "missing" in request.target else Answer(200, b"x" * 100_000)

    with wired(respond) as (_fake, client):
        pool = client.pools.connection_from_url(client.endpoint)
        for _ in range(5):
            client.request("GET", "bucket", "key")
            with pytest.raises(S3ResponseError):
                client.request("GET", "bucket", "missing")
        assert pool.num_connections == 1


def test_a_refusal_says_what_was_asked_and_what_the_server_said() -> None:
    with (
        wired(lambda _: Answer(404, ERROR, {"x-amz-request-id": "7"})) as (_fake, client),
        pytest.raises(S3ResponseError) as caught,
    ):
        client.request("GET", "bucket", "a//b")
    refusal = caught.value
    assert (refusal.method, refusal.bucket, refusal.key, refusal.status) == ("GET", "bucket", "a//b", 404)
    assert (refusal.code, refusal.message, refusal.headers["X-Amz-Request-Id"]) == ("NoSuchKey", "a <b>", "7")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"Code":"AccessDenied","RequestId":"x"}', "AccessDenied"),
        (b'{"Code": "AccessDenied"}', "AccessDenied"),
        (b"<html>a proxy's page</html>", "NoSuchBucket"),
        (b"\xff\x00", "NoSuchBucket"),
        (b"", "NoSuchBucket"),
    ],
)
def test_a_refusal_of_any_form_has_a_code(body: bytes, code: str) -> None:
    with wired(lambda _: Answer(404, body)) as (_fake, client), pytest.raises(S3ResponseError) as caught:
        client.request("GET", "bucket")
    assert caught.value.code == code


def test_a_response_to_head_has_its_code_in_a_header_or_only_a_status() -> None:
    answers = [Answer(404, headers={"x-acme-code": "NoSuchBucket"}), Answer(404), Answer(418)]
    with serving(lambda _: answers.pop(0)) as fake:
        client = S3Client(fake.settings(), user_agent="acme", code_header="x-acme-code")
        with closing(client):
            for code in ("NoSuchBucket", "NoSuchKey", "HTTP418"):
                with pytest.raises(S3ResponseError) as caught:
                    client.request("HEAD", "bucket", "key")
                assert caught.value.code == code


@pytest.mark.parametrize("blanks", [b"", b"  \n   ", b" " * 5000])
def test_an_error_after_a_good_status_is_a_refusal(blanks: bytes) -> None:
    with wired(lambda _: Answer(200, blanks + ERROR)) as (_fake, client):
        for ask in (client.request, partial(client.request_xml, root="CopyObjectResult")):
            with pytest.raises(S3ResponseError) as caught:
                ask("POST", "bucket", "key")
            assert (caught.value.code, caught.value.status) == ("NoSuchKey", 200)


def test_an_answer_that_only_mentions_an_error_is_none() -> None:
    answer = b"<DeleteResult><Error><Code>AccessDenied</Code></Error></DeleteResult>"
    with wired(lambda _: Answer(200, answer)) as (_fake, client):
        _, document = client.request_xml("POST", "bucket", root="DeleteResult", content=b"<Delete/>")
    assert document.all("Error")[0].text("Code") == "AccessDenied"


def test_a_marker_that_was_removed_may_be_named_as_if_it_were_made() -> None:
    """As SeaweedFS does."""
    answer = b"""<DeleteResult><Deleted><Key>a</Key><DeleteMarker>true</DeleteMarker>
    <DeleteMarkerVersionId>one</DeleteMarkerVersionId></Deleted></DeleteResult>"""
    with wired(lambda _: Answer(200, answer)) as (_fake, client):
        (found,) = delete_versions(client, "bucket", [ObjectToDelete("a", "one")], bypass_governance=False).deleted
        assert (found.version_id, found.delete_marker) == ("one", True)
        with pytest.raises(Unavailable, match="1 objects"):
            delete_versions(client, "bucket", [ObjectToDelete("a", "two")], bypass_governance=False)


@pytest.mark.parametrize("body", [b"<html>", b"<html/>", b"", b"{}", b"<!DOCTYPE a><a/>", b"<a><b></a>"])
@pytest.mark.parametrize("status", [200, 204])
def test_an_answer_without_the_document_that_was_asked_for_is_not_whole(body: bytes, status: int) -> None:
    with (
        wired(lambda _: Answer(status, body)) as (_fake, client),
        pytest.raises(Unavailable, match="location and secure") as caught,
    ):
        client.request_xml("GET", "bucket", root="a")
    assert caught.value.retryable


def test_a_part_is_not_taken_for_the_whole() -> None:
    with wired(lambda _: Answer(206, b"ab", {"content-range": "bytes 0-1/9"})) as (_fake, client):
        with pytest.raises(ProtocolError, match="a part"):
            client.request("GET", "bucket", "key")
        assert client.request("GET", "bucket", "key", headers={"range": "bytes=0-1"})[1] == b"ab"


def test_what_is_not_quite_xml_can_be_mended() -> None:
    with serving(lambda _: Answer(200, b"<a><b>\x07</b></a>")) as fake:
        client = S3Client(fake.settings(), user_agent="", clean=lambda answer: answer.replace(b"\x07", b""))
        with closing(client):
            assert client.request_xml("GET", "bucket", root="a")[1].text("b") == ""


@pytest.mark.parametrize("content", [b"abc", [b"a", b"bc"], b"", []], ids=repr)
def test_a_body_is_hashed_over_plain_http_and_has_a_length(content: bytes | list[bytes]) -> None:
    whole = content if isinstance(content, bytes) else b"".join(content)
    with wired(lambda _: Answer()) as (fake, client):
        client.request("PUT", "bucket", "key", content=content)
    (request,) = fake.requests
    assert request.body == whole
    assert request.headers["content-length"] == str(len(whole))
    assert request.headers["x-amz-content-sha256"] == sha256(whole).hexdigest()
    assert "transfer-encoding" not in request.headers
    assert request.headers["user-agent"] == "acme-driver"


def test_a_feed_is_sent_as_it_comes_and_not_hashed() -> None:
    with wired(lambda _: Answer()) as (fake, client):
        client.request("PUT", "bucket", "key", content=Feed(iter([b"ab", b"c"]), 3))
    (request,) = fake.requests
    assert (request.body, request.headers["content-length"]) == (b"abc", "3")
    assert request.headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"


@pytest.mark.parametrize(
    "error", [ConnectionResetError("mine"), BrokenPipeError("mine"), OSError("mine"), ValueError()]
)
def test_what_a_feed_fails_with_is_raised_as_it_is(error: Exception) -> None:
    def broken() -> Iterator[bytes]:
        yield b"abc"
        raise error

    with wired(lambda _: Answer()) as (_fake, client), pytest.raises(type(error)) as caught:
        client.request("PUT", "bucket", "key", content=Feed(broken(), 1000))
    assert caught.value is error


def test_a_connection_that_is_cut_while_a_feed_is_sent_is_the_connections_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        cutting = threading.Thread(target=_cut, args=(listening,))
        cutting.start()
        with closing(Fake(f"127.0.0.1:{listening.getsockname()[1]}").client()) as client, pytest.raises(HTTPError):
            # More than the buffers of both ends take.
            client.request("PUT", "bucket", "key", content=Feed(itertools.repeat(bytes(MIB), 32), 32 * MIB))
        cutting.join()


@pytest.mark.parametrize(
    "key", ["a", "a//b", "/a", "a/", "../a", "%2F", "+", "a b", "é😀", "a?b=c&d#e", "~-._", "\n\x7f"]
)
def test_a_key_arrives_to_the_byte(key: str) -> None:
    target = request_target("bucket", key, {"prefix": key, "plain": ""})
    parts = urlsplit(target)
    assert target.isascii()
    assert unquote(parts.path) == f"/bucket/{key}"
    assert parse_qsl(parts.query, keep_blank_values=True) == [("prefix", key), ("plain", "")]
    with wired(lambda _: Answer()) as (fake, client):
        client.request("GET", "bucket", key)
    assert fake.lines == [f"GET {request_target('bucket', key)}"]


def test_the_server_and_a_bucket_have_targets_of_their_own() -> None:
    assert (request_target(""), request_target("bucket")) == ("/", "/bucket")
    assert request_target("bucket", "", {"uploads": ""}) == "/bucket?uploads="


def test_over_tls_nothing_is_hashed_and_the_authorities_are_read_at_once() -> None:
    settings = AcmeSettings(
        location="host", secure=True, ca_file="/no/such.pem", access_key="a", secret_key=Secret("b")
    )
    with pytest.raises(InvalidSettings, match="ca_file cannot be used"):
        S3Client(settings, user_agent="")


def test_the_session_token_goes_with_each_request_and_no_repr_shows_it() -> None:
    with wired(lambda _: Answer(), session_token=Secret("the-token")) as (fake, client):
        client.request("GET", "bucket")
        assert "the-token" not in f"{client!r} {vars(client)!r}"
    assert fake.requests[0].headers["x-amz-security-token"] == "the-token"


def _cut(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    connection.close()
