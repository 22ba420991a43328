"""A number of any length in a request has a meaning or is refused. It never makes the server fail."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from bucketry import Store

from tests.http.s3.serving import memory_store, serving
from tests.http.s3.signing import OWNER, sha256
from tests.http.s3.signing_v2 import signed
from tests.http.serving import API, WAIT, running

NUMBERS = {
    "20 digits": "9" * 20,
    "5000 digits": "9" * 5000,
    "zeros": "0" * 5000 + "1",
    "negative": "-" + "9" * 5000,
    "64 bits": str(2**64),
    "63 bits": str(2**63),
    "hexadecimal": "0x" + "f" * 5000,
    "exponent": "1e" + "9" * 20,
}
HOST = "127.0.0.1"

QUERIES = [
    "GET /things?max-keys={}",
    "GET /things?list-type=2&max-keys={}",
    "GET /things?versions&max-keys={}",
    "GET /things?uploads&max-uploads={}",
    "GET /?max-buckets={}",
    "GET /things/a?partNumber={}",
    "HEAD /things/a?partNumber={}",
    "GET /things/a?uploadId=x&max-parts={}",
    "GET /things/a?uploadId=x&part-number-marker={}",
    "PUT /things/a?uploadId=x&partNumber={}",
]
HEADERS = [
    "GET range bytes={}-",
    "GET range bytes=-{}",
    "GET range bytes=0-{}",
    "GET if-modified-since Sun, 06 Nov {} 08:49:37 GMT",
    "GET if-unmodified-since {}",
    "PUT x-amz-decoded-content-length {}",
    "PUT expires Sun, {} Nov 1994 08:49:37 GMT",
    "PUT x-amz-copy-source-range bytes=0-{}",
    "GET x-amz-object-attributes {}",
    "GET x-amz-max-parts {}",
    "GET x-amz-part-number-marker {}",
    "POST x-amz-mp-object-size {}",
]
RULE = "<AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin><MaxAgeSeconds>{}</MaxAgeSeconds>"
PART = "<Part><PartNumber>{}</PartNumber><ETag>e</ETag></Part>"
DOCUMENTS = [
    f"PUT /things?cors <CORSConfiguration><CORSRule>{RULE}</CORSRule></CORSConfiguration>",
    f"POST /things/a?uploadId=x <CompleteMultipartUpload>{PART}</CompleteMultipartUpload>",
]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with memory_store() as opened:
        opened.create_bucket("things")
        opened.put_object("things", "a", b"a")
        yield opened


@pytest.fixture(scope="module")
def s3(store: Store) -> Iterator[int]:
    with serving(store) as url:
        yield urlsplit(url).port or 0


@pytest.fixture(scope="module")
def rest(store: Store) -> Iterator[int]:
    # Some of these lengths are those of a body that never comes.
    with running(store, idle_seconds=0.2) as port:
        yield port


def status(port: int, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> int:
    """Sends a request as it stands; returns the status of the response."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if "content-length" not in headers:
        lines.append(f"content-length: {len(body)}")
    with socket.create_connection((HOST, port), timeout=WAIT) as client:
        client.sendall("\r\n".join([*lines, "connection: close", "", ""]).encode() + body)
        # The connection may stay: the server still waits for the rest of a body.
        answer = client.recv(65536)
    assert answer.startswith(b"HTTP/1.1 "), answer[:100]
    return int(answer[9:12])


def ask(port: int, method: str, target: str, more: dict[str, str] | None = None, body: bytes = b"") -> int:
    """Sends a request that is signed."""
    headers = OWNER.headers(method, target, f"{HOST}:{port}", more or {}, payload=sha256(body))
    return status(port, method, target, headers, body)


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("request_line", QUERIES)
def test_parameters_of_s3(s3: int, request_line: str, number: str) -> None:
    method, target = request_line.format(number).split()
    assert ask(s3, method, target) in {200, 206, 400, 404, 416}


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("header", HEADERS)
def test_headers_of_s3(s3: int, header: str, number: str) -> None:
    method, name, value = header.format(number).split(" ", 2)
    more = {"x-amz-object-attributes": "ObjectParts"} if "part" in name else {}
    target = "/things/a?attributes" if more or "attributes" in name else f"/things/{'a' if method == 'GET' else 'b'}"
    if method == "POST":
        target += "?uploadId=x"
    assert ask(s3, method, target, {**more, name: value}) in {200, 206, 304, 400, 412, 416}


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("document", DOCUMENTS, ids=["cors", "complete"])
def test_documents_of_s3(s3: int, document: str, number: str) -> None:
    method, target, body = document.format(number).split(" ", 2)
    assert ask(s3, method, target, body=body.encode()) in {200, 400, 404}


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
def test_when_a_url_expires(s3: int, number: str) -> None:
    host = {"host": f"{HOST}:{s3}"}
    assert status(s3, "GET", OWNER.presigned("GET", "/things/a", host["host"], expires=number), host) == 400
    assert status(s3, "GET", signed("GET", "/things/a", expires=number), host) in {200, 403}


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
def test_what_stands_before_a_body(s3: int, rest: int, number: str) -> None:
    for port in (s3, rest):
        host = {"host": f"{HOST}:{port}"}
        assert status(port, "GET", "/", {"host": f"{HOST}:{number}"}) in {400, 403, 404, 421}
        assert status(port, "PUT", f"{API}/buckets/things/objects/c", {**host, "content-length": number}, b"c") in {
            201, 400, 403, 404, 408, 413, 422,
        }  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
def test_the_rest_api(rest: int, number: str) -> None:
    host = {"host": f"{HOST}:{rest}"}
    objects = f"{API}/buckets/things/objects"
    assert status(rest, "GET", f"{objects}?limit={number}", host) in {200, 422}
    for header in ("bytes={}-", "bytes=0-{}", "bytes=-{}"):
        assert status(rest, "GET", f"{objects}/a", {**host, "range": header.format(number)}) in {200, 206, 416}
    body = f'{{"key": "a", "expires_in": {number}}}'.encode()
    headers = {**host, "content-type": "application/json"}
    assert status(rest, "POST", f"{objects}/presign", headers, body) in {400, 422, 501}
    body = f'{{"key": "a", "expires_in": {number.lstrip("0")}}}'.encode()
    assert status(rest, "POST", f"{objects}/presign", headers, body) in {200, 400, 422, 501}
