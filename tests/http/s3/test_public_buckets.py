"""What anybody may do to a bucket whose ACL says so: uploads, forms, presigned URLs and requests that ask first."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.conftest import boto_client
from tests.http.s3.serving import memory_store, serving
from tests.http.s3.signing import OWNER
from tests.http.s3.test_forms import post
from tests.testing.plain import ask

TAGS = "<Tagging><TagSet><Tag><Key>colour</Key><Value>blue</Value></Tag></TagSet></Tagging>"
PUBLIC: Any = {"key": "a.txt", "acl": "public-read", "content-type": "text/plain"}


@pytest.fixture
def url() -> Iterator[str]:
    with memory_store() as store, serving(store) as served:
        store.create_bucket("things")
        yield served


@pytest.fixture
def s3(url: str) -> Client:
    return Client(url)


@pytest.fixture
def boto(url: str) -> S3Client:
    return boto_client(url)


@pytest.fixture
def public(boto: S3Client) -> str:
    boto.put_bucket_acl(Bucket="things", ACL="public-read-write")
    return "/things"


def first_line(s3: Client, target: str) -> bytes:
    """What a client sees that waits with its body."""
    host, port = s3.host.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = f"PUT {target} HTTP/1.1\r\nHost: {s3.host}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        return connection.recv(100).partition(b"\r\n")[0]


def test_whoever_may_write_is_asked_for_the_body(s3: Client, boto: S3Client) -> None:
    assert first_line(s3, "/things/a") == b"HTTP/1.1 403 Forbidden"
    boto.put_bucket_acl(Bucket="things", ACL="public-read-write")
    assert first_line(s3, "/things/a") == b"HTTP/1.1 100 Continue"


@pytest.mark.parametrize(("asked", "status"), [("201", 201), ("200", 200), ("204", 204), ("500", 204), ("", 204)])
def test_an_unsigned_form_gets_the_status_that_it_asks_for(
    s3: Client, boto: S3Client, public: str, asked: str, status: int
) -> None:
    reply = post(s3, {**PUBLIC, "success_action_status": asked}, target=public, file=b"bar")
    assert reply.status == status
    if status == 201:
        assert ET.fromstring(reply.body).findtext("{*}Key") == "a.txt"  # noqa: S314 - our own server wrote it
    assert s3.send("GET", "/things/a.txt", body=None).body == b"bar"


def test_an_unsigned_form_may_bring_tags(s3: Client, public: str) -> None:
    assert post(s3, {**PUBLIC, "tagging": TAGS}, target=public).status == 204
    assert s3.send("GET", "/things/a.txt", body=None).headers["x-amz-tagging-count"] == "1"


def test_an_unsigned_form_to_a_private_bucket_is_refused(s3: Client) -> None:
    assert post(s3, PUBLIC).error == (403, "AccessDenied")


@pytest.mark.parametrize(("expires", "status"), [(100_000, 200), (0, 403), (-7, 403), (609_901, 403)])
def test_a_presigned_url_counts_even_where_none_is_needed(
    s3: Client, boto: S3Client, expires: int, status: int
) -> None:
    boto.put_object(Bucket="things", Key="a", Body=b"x", ACL="public-read")
    target = OWNER.presigned("GET", "/things/a", s3.host, expires=expires)
    assert s3.send("GET", target, body=None).status == status
    assert ask("OPTIONS", s3.url + target).status == 400
    assert s3.send("GET", "/things/a", body=None).status == 200
