"""Quotas at both ports: a body whose size is declared is refused before it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from bucketry import Store
from bucketry.layers import MaxObjectSize, Quota
from bucketry.quotas import QuotaRule
from bucketry_memory import MemoryDriver, MemorySettings

from tests.http.raw_requests import OBJECTS, answers
from tests.http.s3.serving import ACCESS_KEY, SECRET_KEY, serving
from tests.http.serving import ask, connect, running

LARGE = 2 * 1024 * 1024
BUCKET = "my-assets"


def limited() -> Store:
    store = Store(
        MemoryDriver(MemorySettings()),
        [MaxObjectSize(LARGE * 2), Quota(QuotaRule(buckets="*", max_size_bytes=LARGE, max_objects=1))],
    )
    store.create_bucket(BUCKET)
    return store


@pytest.fixture
def rest() -> Iterator[int]:
    with limited() as store, running(store) as port:
        yield port


@pytest.fixture
def s3() -> Iterator[str]:
    with limited() as store, serving(store) as url:
        yield url


def put_on_rest(port: int, size: int) -> bytes:
    """Sends the head of a put alone, and returns what the server says."""
    with connect(port) as client:
        head = f"PUT {OBJECTS}/key HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\nExpect: 100-continue\r\n"
        client.sendall(f"{head}Connection: close\r\n\r\n".encode())
        return answers(client)


def put_on_s3(url: str, size: int) -> bytes:
    signed = AWSRequest("PUT", f"{url}/{BUCKET}/key", headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})
    S3SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", "us-east-1").add_auth(signed)
    fields = {**dict(signed.headers), "Host": url.partition("//")[2], "Content-Length": str(size)}
    lines = [f"PUT /{BUCKET}/key HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    with connect(int(url.rpartition(":")[2])) as client:
        client.sendall("\r\n".join([*lines, "Expect: 100-continue", "Connection: close", "", ""]).encode())
        return answers(client)


def test_rest_refuses_before_the_body_is_sent(rest: int, caplog: pytest.LogCaptureFixture) -> None:
    said = put_on_rest(rest, LARGE + 1)
    assert said.startswith(b"HTTP/1.1 507 ")
    # Clients could fill the log otherwise.
    assert caplog.text == ""
    assert b'"code":"quota_exceeded"' in said
    assert b"100 Continue" not in said


def test_s3_refuses_before_the_body_is_sent(s3: str) -> None:
    said = put_on_s3(s3, LARGE + 1)
    assert said.startswith(b"HTTP/1.1 403 ")
    assert b"<Code>QuotaExceeded</Code>" in said
    assert b"100 Continue" not in said


def test_rest_refuses_too_large_an_object_before_it_is_sent(rest: int) -> None:
    said = put_on_rest(rest, LARGE * 2 + 1)
    assert said.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"too_large"' in said
    assert b"100 Continue" not in said


def test_s3_refuses_too_large_an_object_before_it_is_sent(s3: str) -> None:
    said = put_on_s3(s3, LARGE * 2 + 1)
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b"<Code>EntityTooLarge</Code>" in said
    assert b"100 Continue" not in said


def test_what_fits_is_stored_and_the_next_is_refused(rest: int) -> None:
    response, _ = ask(rest, "PUT", f"buckets/{BUCKET}/objects/key", b"x" * LARGE)
    assert response.status == HTTPStatus.CREATED
    response, body = ask(rest, "PUT", f"buckets/{BUCKET}/objects/other", b"x")
    assert (response.status, b"quota_exceeded" in body) == (HTTPStatus.INSUFFICIENT_STORAGE, True)
    response, _ = ask(rest, "PUT", f"buckets/{BUCKET}/objects/key", b"y" * LARGE)
    assert response.status == HTTPStatus.CREATED
