"""Many objects' headers at once: what is found, and whatever goes wrong."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest
from bucketry import Secret
from bucketry.sigv4 import Verifier
from bucketry_s3client import S3Client, head_objects

from tests.s3client.fake import Answer, Fake, Request, serving, wired

KEYS = [f"a//b c/{number}é" for number in range(100)]


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as executor:
        yield executor


def found(request: Request) -> Answer:
    return Answer(headers={"ETag": '"e"', "x-amz-meta-key": request.target, "X-Twice": "1"})


def test_every_object_is_asked_for_once_and_found(threads: ThreadPoolExecutor) -> None:
    with wired(found) as (fake, client):
        headers = head_objects(client, "bucket", KEYS, threads, 4)
    assert sorted(headers) == sorted(KEYS)
    assert all(unquote(headers[key]["x-amz-meta-key"]) == f"/bucket/{key}" for key in KEYS)
    assert headers[KEYS[0]]["etag"] == '"e"'
    assert len(fake.requests) == len(KEYS)


def test_each_request_is_signed(threads: ThreadPoolExecutor) -> None:
    with wired(found) as (fake, client):
        head_objects(client, "bucket", KEYS[:20], threads, 2)
        verifier = Verifier({"access": fake.settings().secret_key}.get)
        for request in fake.requests:
            pairs = [(name.encode(), value.encode()) for name, value in request.headers.items()]
            verified = verifier.verify("HEAD", request.target.encode(), b"", pairs, now=datetime.now(UTC))
            assert verified.access_key == "access"


@pytest.mark.parametrize(
    ("location", "secure"),
    [
        ("gateway.svc:80", False),
        ("gateway.svc:443", False),
        ("gateway.svc:443", True),
        ("Gateway.svc:7480", False),
        ("gateway.svc", True),
        ("[::1]:80", False),
        ("[::1]:7480", False),
    ],
)
def test_the_host_that_is_signed_is_the_host_that_is_sent(location: str, secure: bool) -> None:
    client = S3Client(Fake(location).settings(secure=secure), user_agent="acme")
    lines = client.raw_request("HEAD", "bucket", "key").decode().split("\r\n")[1:-2]
    headers = dict(line.split(": ", 1) for line in lines)
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    verifier = Verifier({"access": Secret("secret")}.get)
    assert verifier.verify("HEAD", b"/bucket/key", b"", pairs, now=datetime.now(UTC)).access_key == "access"
    # And it is the one that goes with all other requests (RFC 9110, 4.2.3).
    assert headers["host"] == location.lower().removesuffix(":443" if secure else ":80")


def test_what_is_refused_is_left_out(threads: ThreadPoolExecutor) -> None:
    def respond(request: Request) -> Answer:
        return Answer(404) if request.target.endswith("7%C3%A9") else found(request)

    with wired(respond) as (_, client):
        headers = head_objects(client, "bucket", KEYS, threads, 4)
    assert sorted(headers) == sorted(key for key in KEYS if not key.endswith("7é"))


def test_what_is_not_answered_is_left_out(threads: ThreadPoolExecutor) -> None:
    def respond(request: Request) -> Answer:
        return Answer(cut=True) if "/50" in request.target else found(request)

    with wired(respond) as (_, client):
        headers = head_objects(client, "bucket", KEYS, threads, 4)
    assert KEYS[50] not in headers
    assert len(headers) >= 75


def test_nothing_is_found_where_nobody_listens(threads: ThreadPoolExecutor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        location = f"127.0.0.1:{unused.getsockname()[1]}"
    assert head_objects(_wire_to(location), "bucket", KEYS, threads, 4) == {}


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 200 OK\r\nno header\r\n\r\n", b"x" * 200_000, b"\r\n\r\n", b"HTTP/1.1 200 OK\r\n"]
)
def test_garbage_is_no_answer(threads: ThreadPoolExecutor, answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving_it = threading.Thread(target=_say, args=(listening, answer))
        serving_it.start()
        location = f"127.0.0.1:{listening.getsockname()[1]}"
        assert head_objects(_wire_to(location), "bucket", KEYS[:1], threads, 1) == {}
        serving_it.join()


def test_no_keys_need_no_connection(threads: ThreadPoolExecutor) -> None:
    with serving(found) as fake:
        assert head_objects(fake.client(), "bucket", [], threads, 4) == {}
        assert not fake.requests


def _wire_to(location: str) -> S3Client:
    return Fake(location).client(read_timeout=0.5)


def _say(listening: socket.socket, answer: bytes) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(answer)
