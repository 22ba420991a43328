"""Requests that real clients send over a real connection verify."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from bucketry.secret import Secret
from bucketry.sigv4 import Credentials, Presigner, SignatureError, Verified, Verifier, payload_hash
from minio import Minio
from urllib3 import HTTPResponse

from .strategies import WEIRD_KEYS
from .wire import to_wire

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

CREDENTIALS = Credentials("AKIAIOSFODNN7EXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))
VERIFIER = Verifier({CREDENTIALS.access_key: CREDENTIALS.secret_key}.get, region="eu-west-1")
LISTING = b"<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated></ListBucketResult>"


class Server(ThreadingHTTPServer):
    """Verifies every request, and answers with the code of what is wrong."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[bytes, Verified, bytes]] = []
        self.refused: list[SignatureError] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        path, _, query = self.path.partition("?")
        headers = [(name.encode(), value.encode("latin-1")) for name, value in self.headers.items()]
        try:
            verified = VERIFIER.verify(self.command, path.encode("latin-1"), query.encode("latin-1"), headers)
            verified.check_payload(payload_hash(body))
        except SignatureError as error:
            self.server.refused.append(error)
            self.reply(error.status, f"<Error><Code>{error.code}</Code></Error>".encode())
            return
        self.server.seen.append((path.encode("latin-1"), verified, body))
        self.reply(200, LISTING if "list-type" in query else b"")

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("ETag", '"d41d8cd98f00b204e9800998ecf8427e"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = answer  # noqa: N815 - the standard library's names

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def boto3_client(endpoint: str) -> S3Client:
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=CREDENTIALS.access_key,
        aws_secret_access_key=CREDENTIALS.secret_key.reveal(),
        region_name="eu-west-1",
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 0}),
    )


def minio_client(server: Server) -> Minio:
    return Minio(
        endpoint=server.address,
        access_key=CREDENTIALS.access_key,
        secret_key=CREDENTIALS.secret_key.reveal(),
        region="eu-west-1",
        secure=False,
    )


def last(server: Server) -> tuple[bytes, Verified, bytes]:
    assert [str(error) for error in server.refused] == []
    return server.seen[-1]


def fetch(server: Server, method: str, url: str, body: bytes = b"", **headers: str) -> int:
    """Sends a URL as it is. Most HTTP clients rewrite some paths first."""
    connection = HTTPConnection(server.address)
    try:
        target = url.removeprefix(f"http://{server.address}")
        connection.request(method, target, body, headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


@pytest.mark.parametrize("key", WEIRD_KEYS)
def test_boto3(server: Server, key: str) -> None:
    client = boto3_client(f"http://{server.address}")
    client.put_object(Bucket="b", Key=key, Body=b"data", ContentType="text/plain", Metadata={"colour": "a  b"})
    path, verified, body = last(server)
    assert (unquote_to_bytes(path), body) == (b"/b/" + key.encode(), b"data")
    assert "x-amz-meta-colour" in verified.signed_headers
    client.list_objects_v2(Bucket="b", Prefix=key, Delimiter="+ ")
    assert last(server)[0] == b"/b"
    assert fetch(server, "GET", client.generate_presigned_url("get_object", {"Bucket": "b", "Key": key})) == 200
    assert last(server)[1].kind == "query"


@pytest.mark.parametrize("key", [key for key in WEIRD_KEYS if "." not in key and key.strip()])
def test_minio(server: Server, key: str) -> None:
    # minio-py refuses keys of white space alone, and rewrites dot segments before it sends them.
    client = minio_client(server)
    client.put_object(
        bucket_name="bucket", object_name=key, data=io.BytesIO(b"data"), length=4, metadata={"colour": "a  b"}
    )
    path, _, body = last(server)
    assert (unquote_to_bytes(path), body) == (b"/bucket/" + key.encode(), b"data")
    assert list(client.list_objects(bucket_name="bucket", prefix=key, recursive=True)) == []
    assert last(server)[0] == b"/bucket"
    url = client.presigned_put_object(bucket_name="bucket", object_name=key, expires=timedelta(minutes=1))
    assert fetch(server, "PUT", url, b"data") == 200
    assert last(server)[1].kind == "query"


@pytest.mark.parametrize("key", WEIRD_KEYS)
def test_our_presigned_urls(server: Server, key: str) -> None:
    presigner = Presigner(CREDENTIALS, endpoint=f"http://{server.address}", region="eu-west-1")
    url = presigner.presign_url("PUT", "b", key, expires_in=60, headers={"Content-Type": "text/plain"})
    assert fetch(server, "PUT", url, b"data", **{"Content-Type": "text/plain"}) == 200
    assert unquote_to_bytes(last(server)[0]) == b"/b/" + key.encode()


def test_a_client_with_another_secret_is_told_so(server: Server) -> None:
    other = Credentials(CREDENTIALS.access_key, Secret("another"))
    url = Presigner(other, endpoint=f"http://{server.address}", region="eu-west-1").presign_url(
        "GET", "b", "key", expires_in=60
    )
    assert fetch(server, "GET", url) == 403
    assert server.refused.pop().code == "SignatureDoesNotMatch"


def test_boto3_over_https_sends_an_unsigned_trailer() -> None:
    sent: list[AWSPreparedRequest] = []

    def keep(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 200, HTTPHeaders(), HTTPResponse(io.BytesIO(), preload_content=False))

    client = boto3_client("https://storage.example")
    client.meta.events.register("before-send.s3", keep)  # type: ignore[arg-type] # its stubs know no answer
    client.put_object(Bucket="b", Key="a//b c", Body=b"data" * 100_000)
    (request,) = sent
    sent_headers: dict[str, Any] = dict(request.headers.items())
    headers = {name: value if isinstance(value, str) else value.decode() for name, value in sent_headers.items()}
    wire = to_wire("PUT", request.url, headers)
    verified = VERIFIER.verify(wire.method, wire.path, wire.query, wire.headers)
    assert verified.payload == "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    decoder = verified.chunk_decoder(int(wire.header("x-amz-decoded-content-length")), [wire.header("x-amz-trailer")])
    body: Any = request.body
    data = b"".join(part for piece in iter(lambda: body.read(1_000), b"") for part in decoder.feed(piece))
    assert data == b"data" * 100_000
    assert decoder.finish().keys() == {"x-amz-checksum-crc32"}
