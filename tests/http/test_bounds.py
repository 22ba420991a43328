"""Each bound of docs/limits.md is exceeded, on each port that it is about."""

from __future__ import annotations

import http.client
import re
import socket
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from bucketry import ObjectInfo, ObjectPage, Store
from bucketry.hookspecs import hookimpl
from bucketry.layers import MaxObjectSize, Quota
from bucketry.quotas import QuotaRule
from bucketry_access import Accounts, Directory, User, create_token
from bucketry_http import (
    Limited,
    Limiter,
    Listener,
    RateLimits,
    RestSettings,
    S3Settings,
    Server,
    ServerSettings,
    create_app,
    create_s3_app,
)
from bucketry_http.rest.app import _MAX_JSON_BYTES, StorageApp
from bucketry_http.s3.xml_reading import MAX_DEPTH, MAX_DOCUMENT_BYTES
from bucketry_http.shared.forms import MAX_FIELD_BYTES
from bucketry_http.shared.limits import LEAST_BYTES, Who
from bucketry_memory import MemoryDriver, MemorySettings

from tests.http.s3.serving import ACCESS_KEY, CREDENTIAL, SECRET_KEY, WAIT
from tools.bounds import BOUNDS, Bound, Refusal

BUCKET = "my-assets"
OBJECTS = f"/api/v1/storage/buckets/{BUCKET}/objects"
KIB = 1024
MIB = 1024 * KIB


class Gate:
    """Holds up listings, and puts of one key, until it is opened."""

    blocks = True

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    @hookimpl(wrapper=True)
    def list_objects(self) -> Generator[None, ObjectPage, ObjectPage]:
        self._wait()
        return (yield)

    @hookimpl(wrapper=True)
    def put_object(self, key: str) -> Generator[None, ObjectInfo, ObjectInfo]:
        if key == "held":
            self._wait()
        return (yield)

    def _wait(self) -> None:
        self.entered.set()
        self.opened.wait(WAIT)


class Served:
    """Both ports over one store, with bounds that a test can reach."""

    def __init__(self, rest: str, s3: str, limiter: Limiter, gate: Gate) -> None:
        self.urls = {"rest": rest, "s3": s3}
        self.limiter = limiter
        self.gate = gate
        self.token = ""

    def send(self, port: str, method: str, path: str, body: bytes = b"", **headers: str) -> Refusal:
        """Sends a request, signed or with a token, and returns status and code of the response."""
        with self.sending(port, method, path, body, **headers) as response:
            return told(response.status, response.read())

    @contextmanager
    def sending(
        self, port: str, method: str, path: str, body: bytes = b"", **headers: str
    ) -> Iterator[http.client.HTTPResponse]:
        url = self.urls[port]
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if port == "rest" and self.token:
            named["Authorization"] = f"Bearer {self.token}"
        if port == "s3":
            signed = AWSRequest(method, url + path, data=body, headers=named)
            S3SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", "us-east-1").add_auth(signed)
            named = dict(signed.headers)
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=WAIT)
        try:
            connection.request(method, path, body, named)
            yield connection.getresponse()
        finally:
            connection.close()

    def raw(self, port: str, content: bytes) -> Refusal:
        """Sends bytes, and returns what the response says."""
        place = urlsplit(self.urls[port])
        with socket.create_connection((place.hostname or "", place.port or 0), timeout=WAIT) as client:
            client.sendall(content)
            said = bytearray()
            with suppress(ConnectionResetError):
                while piece := client.recv(65536):
                    said += piece
        return told(int(said.split(b" ", 2)[1]), bytes(said))


def told(status: int, body: bytes) -> Refusal:
    found = re.search(rb'<Code>(\w+)</Code>|"code":"(\w+)"', body)
    return Refusal(status, (found[1] or found[2]).decode() if found else "")


ALICE = create_token()


@cache
def base_app(*, with_users: bool) -> StorageApp:
    """An application, which takes long to make."""
    users = Directory(Accounts((User(id="alice", is_root=True, tokens=(ALICE.token,)),), ()))
    return create_app(Store(MemoryDriver(MemorySettings())), directory=users if with_users else None)


@contextmanager
def serving(
    bound: str, *layers: object, server: ServerSettings | None = None, limits: RateLimits | None = None, **settings: Any
) -> Iterator[Served]:
    limiter, gate = Limiter(limits or RateLimits()), Gate()
    ready = threading.Event()
    driver = MemoryDriver(MemorySettings())
    driver.features = msgspec.structs.replace(driver.features, non_blocking="threads" not in bound)
    with_users = bound.startswith("--principal")
    with Store(driver, [*layers, *([gate] if "threads" in bound else [])]) as store:
        store.create_bucket(BUCKET)
        rest = {name: value for name, value in settings.items() if name in RestSettings.__struct_fields__}
        s3 = {name: value for name, value in settings.items() if name in S3Settings.__struct_fields__}
        apps: list[Any] = [
            base_app(with_users=with_users).over(store, RestSettings(**rest)),
            create_s3_app(store, S3Settings(credentials=(CREDENTIAL,), **s3)),
        ]
        how = server or ServerSettings(grace_seconds=0.2)
        running = Server([Listener(Limited(app, limiter), port=0) for app in apps], lambda _: ready.set(), how)
        thread = threading.Thread(target=running.run)
        thread.start()
        try:
            assert ready.wait(WAIT)
            served = Served(running.urls[0], running.urls[1], limiter, gate)
            served.token = ALICE.text.reveal() if with_users else ""
            yield served
        finally:
            gate.opened.set()
            running.stop()
            thread.join()


Ways = dict[str, Callable[[str], Refusal]]


def path_of(port: str, key: str = "key") -> str:
    return f"{OBJECTS}/{key}" if port == "rest" else f"/{BUCKET}/{key}"


def put(served: Served, port: str, size: int) -> Refusal:
    return served.send(port, "PUT", path_of(port), b"x" * size)


def name_of(who: Who, port: str) -> str:
    if who == "address":
        return "127.0.0.1"
    return "alice" if port == "rest" else f"key {ACCESS_KEY}"


def requests_of(who: Who) -> Callable[[str], Refusal]:
    def exceed(port: str) -> Refusal:
        limits = RateLimits(principal_requests=0.01) if who == "principal" else RateLimits(address_requests=0.01)
        with serving(f"--{who}", limits=limits) as served:
            assert put(served, port, 1).status in {200, 201}
            return put(served, port, 1)

    return exceed


def bytes_of(who: Who) -> Callable[[str], Refusal]:
    def exceed(port: str) -> Refusal:
        limits = RateLimits(**{f"{who}_bytes": LEAST_BYTES})
        with serving(f"--{who}", limits=limits) as served:
            assert put(served, port, 1).status in {200, 201}
            name = name_of(who, port)
            served.limiter._table.take(f"bytes {who} {name}", 3600, 0, force=True)  # As after many bodies.
            return put(served, port, 1)

    return exceed


def concurrency_of(who: Who) -> Callable[[str], Refusal]:
    def exceed(port: str) -> Refusal:
        limits = RateLimits(**{f"{who}_concurrency": 1})
        with serving(f"--{who}", limits=limits) as served:
            place = served.limiter.enter(who, name_of(who, port))
            refused = put(served, port, 1)
            served.limiter.leave(place)
            assert put(served, port, 1).status in {200, 201}
        return refused

    return exceed


def call_threads(port: str) -> Refusal:
    with serving("--call-threads", call_threads=1, wait_seconds=0.1) as served:
        listing = OBJECTS if port == "rest" else f"/{BUCKET}"
        held = threading.Thread(target=served.send, args=[port, "GET", listing])
        held.start()
        assert served.gate.entered.wait(WAIT)
        refused = served.send(port, "GET", listing)
        served.gate.opened.set()
        held.join()
        return refused


def transfer_threads(port: str) -> Refusal:
    settings: dict[str, Any] = {"transfer_threads": 1, "wait_seconds": 0.1, "inline_body_bytes": 1000}
    with serving("--transfer-threads", **settings) as served:
        body = b"x" * 200_000
        held = threading.Thread(target=served.send, args=[port, "PUT", path_of(port, "held"), body])
        held.start()
        assert served.gate.entered.wait(WAIT)
        refused = put(served, port, len(body))
        served.gate.opened.set()
        held.join()
        return refused


def send_a_part(served: Served) -> Refusal:
    """Sends a part of a body to the S3 port, and waits."""
    signed = AWSRequest("PUT", f"{served.urls['s3']}/{BUCKET}/held", data=b"x" * 5000)
    S3SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", "us-east-1").add_auth(signed)
    connection = http.client.HTTPConnection(urlsplit(served.urls["s3"]).netloc, timeout=WAIT)
    connection.putrequest("PUT", f"/{BUCKET}/held")
    for name, value in {**dict(signed.headers), "Content-Length": "5000"}.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(b"x" * 2000)
    response = connection.getresponse()
    refused = told(response.status, response.read())
    connection.close()
    return refused


def quotas(port: str) -> Refusal:
    with serving("[[quotas]]", Quota(QuotaRule(buckets="*", max_size_bytes=10))) as served:
        return put(served, port, 11)


def object_size(port: str) -> Refusal:
    with serving("--max-object-size", MaxObjectSize(10)) as served:
        return put(served, port, 11)


def head_bytes(port: str) -> Refusal:
    with serving("--max-head-bytes", server=ServerSettings(max_head_bytes=4096)) as served:
        return served.raw(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"x" * 5000 + b"\r\n\r\n")


def headers(port: str) -> Refusal:
    with serving("--max-headers", server=ServerSettings(max_headers=16)) as served:
        return served.raw(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: x\r\n" * 17 + b"\r\n")


def url_bytes(port: str) -> Refusal:
    with serving("--max-url-bytes", server=ServerSettings(max_url_bytes=1024)) as served:
        return served.raw(port, b"GET /" + b"x" * 1025 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")


def idle_seconds(port: str) -> Refusal:
    with serving("--idle-seconds", idle_seconds=0.1) as served:
        if port == "rest":
            return served.raw(
                port, f"PUT {path_of(port)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nx".encode()
            )
        return send_a_part(served)


def head_seconds(port: str) -> Refusal:
    with serving("--head-seconds", server=ServerSettings(head_seconds=0.1)) as served:
        return served.raw(port, b"GET / HTTP/1.1\r\nHost: ")


def form(*fields: tuple[str, bytes], files: int = 1) -> tuple[bytes, str]:
    parts = [b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (name.encode(), value)
             for name, value in fields]  # fmt: skip
    parts += [b'--b\r\nContent-Disposition: form-data; name="file"; filename="%d"\r\n\r\nx\r\n' % number
              for number in range(files)]  # fmt: skip
    return b"".join(parts) + b"--b--\r\n", "multipart/form-data; boundary=b"


def form_files(port: str) -> Refusal:
    with serving("--max-form-files", max_form_files=2) as served:
        body, kind = form(files=6)
        return served.send(port, "POST", OBJECTS, body, Content_Type=kind)


def form_field(port: str) -> Refusal:
    with serving("field of a form") as served:
        body, kind = form(("prefix", b"x" * (MAX_FIELD_BYTES + 1)))
        return served.send(port, "POST", OBJECTS, body, Content_Type=kind)


def policy_bytes(port: str) -> Refusal:
    with serving("--max-policy-bytes", max_policy_bytes=1024) as served:
        body, kind = form(("key", b"key"), ("policy", b"x" * 1025))
        place = urlsplit(served.urls[port]).netloc
        head = f"POST /{BUCKET} HTTP/1.1\r\nHost: {place}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        return served.raw(port, f"{head}Connection: close\r\n\r\n".encode() + body)


def xml_bytes(port: str) -> Refusal:
    with serving("--max-xml-bytes", max_xml_bytes=1024) as served:
        keys = "".join(f"<Object><Key>{number}</Key></Object>" for number in range(100))
        body = f"<Delete>{keys}</Delete>".encode()
        return served.send(port, "POST", f"/{BUCKET}?delete", body, x_amz_checksum_crc32="AAAAAA==")


def other_xml(port: str) -> Refusal:
    with serving("other XML") as served:
        body = b"<Tagging><TagSet>" + b" " * MAX_DOCUMENT_BYTES + b"</TagSet></Tagging>"
        return served.send(port, "PUT", f"/{BUCKET}/key?tagging", body)


def xml_depth(port: str) -> Refusal:
    with serving("depth of XML") as served:
        body = b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1)
        return served.send(port, "PUT", f"/{BUCKET}?versioning", body)


def xml_elements(port: str) -> Refusal:
    with serving("elements of XML") as served:
        upload = "<Part><PartNumber>1</PartNumber><ETag>x</ETag></Part>" * 20_000
        body = f"<CompleteMultipartUpload>{upload}</CompleteMultipartUpload>".encode()
        return served.send(port, "POST", f"/{BUCKET}/key?uploadId=x", body)


def json_bytes(port: str) -> Refusal:
    with serving("JSON") as served:
        body = b'{"name": "' + b"x" * _MAX_JSON_BYTES + b'"}'
        return served.send(port, "POST", "/api/v1/storage/buckets", body, Content_Type="application/json")


WAYS: Ways = {
    "--principal-requests": requests_of("principal"),
    "--principal-bytes": bytes_of("principal"),
    "--principal-concurrency": concurrency_of("principal"),
    "--address-requests": requests_of("address"),
    "--address-bytes": bytes_of("address"),
    "--address-concurrency": concurrency_of("address"),
    "--call-threads": call_threads,
    "--transfer-threads": transfer_threads,
    "[[quotas]]": quotas,
    "--max-object-size": object_size,
    "--max-head-bytes": head_bytes,
    "--max-headers": headers,
    "--max-url-bytes": url_bytes,
    "--idle-seconds": idle_seconds,
    "--head-seconds": head_seconds,
    "--max-form-files": form_files,
    "field of a form": form_field,
    "--max-policy-bytes": policy_bytes,
    "--max-xml-bytes": xml_bytes,
    "other XML": other_xml,
    "depth of XML": xml_depth,
    "elements of XML": xml_elements,
    "JSON": json_bytes,
}
"""How each bound is exceeded."""

PLACES = [
    pytest.param(bound, port, id=f"{bound.name} {port}")
    for bound in BOUNDS
    for port in ("rest", "s3")
    if getattr(bound, port) is not None
]


@pytest.mark.parametrize(("bound", "port"), PLACES)
def test_beyond_each_bound_is_the_refusal_that_the_docs_name(bound: Bound, port: str) -> None:
    assert WAYS[bound.name](port) == getattr(bound, port)


def test_each_bound_is_exceeded() -> None:
    assert set(WAYS) == {bound.name for bound in BOUNDS}
