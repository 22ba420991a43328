"""The record of each request: what it says, on both ports."""

from __future__ import annotations

import io
import json
import re
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest
from bucketry.backend_requests import REQUEST_ID, request_headers
from bucketry.layers import CallEvent, ReportCalls
from bucketry_http import Listener, Server, ServerSettings
from bucketry_http.shared.lifespan import confirm_lifespan
from bucketry_http.shared.record import RequestRecord, record_of_call
from bucketry_http.shared.recorded import Recorder, Sink
from bucketry_http.telemetry.access_log import AccessLog
from bucketry_http.telemetry.metrics import Metrics
from prometheus_client import generate_latest

from tests.http.recorded import Kept, Ports, recorded_ports
from tests.http.s3.serving import ACCESS_KEY, memory_store
from tests.http.s3.signing import Signing
from tests.http.serving import WAIT, eventually

CONTENT = b"content of an object"
READER = Signing(access_key="reader", secret_key="reader's secret key")
JSON = {"content_type": "application/json"}


class Calls:
    """What a layer around the driver sees of the request that a call is made for."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, RequestRecord | None]] = []
        self.headers: list[str | None] = []
        self.layer = ReportCalls(self._note)

    def _note(self, event: CallEvent) -> None:
        self.seen.append((event.operation, record_of_call()))
        self.headers.append(request_headers().get(REQUEST_ID))


@pytest.fixture(params=["inline", "threads"])
def calls(request: pytest.FixtureRequest) -> Calls:
    calls = Calls()
    calls.inline = request.param == "inline"  # type: ignore[attr-defined]
    return calls


@pytest.fixture
def ports(calls: Any) -> Iterator[Ports]:
    with memory_store([calls.layer], inline=calls.inline) as store:
        store.create_bucket("my-assets")
        calls.seen.clear()
        with recorded_ports(store) as ports:
            yield ports


def said(record: RequestRecord) -> tuple[object, ...]:
    return record.port, record.method, record.operation, record.bucket, record.key, record.status, record.code


S3 = [
    ("PUT", "/my-assets/a%2Fb", CONTENT, ("PutObject", "my-assets", "a/b", 200, "")),
    ("GET", "/my-assets/missing", b"", ("GetObject", "my-assets", "missing", 404, "NoSuchKey")),
    ("HEAD", "/my-assets", b"", ("HeadBucket", "my-assets", "", 200, "")),
    ("GET", "/", b"", ("ListBuckets", "", "", 200, "")),
    ("GET", "/my-assets?list-type=2", b"", ("ListObjectsV2", "my-assets", "", 200, "")),
    ("GET", "/my-assets?torrent", b"", ("", "my-assets", "", 501, "NotImplemented")),
    ("OPTIONS", "/my-assets/a", b"", ("Preflight", "my-assets", "a", 400, "BadRequest")),
]


@pytest.mark.parametrize(("method", "target", "body", "expected"), S3)
def test_the_s3_port_says_what_a_request_was(
    ports: Ports, method: str, target: str, body: bytes, expected: tuple[object, ...]
) -> None:
    reply = ports.s3.ask(method, target, body)
    record = ports.last()
    assert said(record) == ("s3", method, *expected)
    assert reply.status == record.status
    assert record.bytes_in == len(body)
    assert record.bytes_out == len(reply.body)
    assert not record.aborted


def test_the_s3_port_says_who_asked(ports: Ports) -> None:
    ports.s3.ask("GET", "/")
    record = ports.last()
    assert (record.principal != "", record.credential, record.address) == (True, ACCESS_KEY, "127.0.0.1")
    ports.s3.ask("PUT", "/my-assets/a", CONTENT, by=READER)
    record = ports.last()
    assert (record.credential, record.status, record.code) == ("reader", 403, "AccessDenied")
    ports.s3.send("GET", "/my-assets/a")
    record = ports.last()
    assert (record.principal, record.credential, record.code) == ("Anonymous", "", "AccessDenied")


REST = [
    ("PUT", "buckets/my-assets/objects/a%2Fb", CONTENT, {}, ("PutObject", "my-assets", "a/b", 201, "")),
    ("GET", "buckets/my-assets/objects/no", b"", {}, ("GetObject", "my-assets", "no", 404, "no_such_key")),
    ("GET", "buckets/my-assets/objects/%ff", b"", {}, ("GetObject", "my-assets", "", 400, "malformed_url")),
    ("GET", "buckets", b"", {}, ("ListBuckets", "", "", 200, "")),
    ("GET", "buckets?x=1", b"", {}, ("ListBuckets", "", "", 422, "invalid_argument")),
    ("GET", "nowhere", b"", {}, ("", "", "", 404, "no_such_route")),
    ("DELETE", "buckets/my-assets/objects?key=c", b"", {}, ("DeleteObject", "my-assets", "c", 204, "")),
    (
        "POST",
        "buckets/my-assets/objects/presign",
        b'{"key": "p"}',
        JSON,
        ("PresignGetObject", "my-assets", "p", 200, ""),
    ),
    (
        "POST",
        "buckets/my-assets/objects/presign",
        b'{"key": "p", "method": "PUT"}',
        JSON,
        ("PresignPutObject", "my-assets", "p", 200, ""),
    ),
    ("POST", "buckets/my-assets/objects/presign", b"{}", JSON, ("Presign", "my-assets", "", 422, "invalid_argument")),
    (
        "POST",
        "buckets",
        b'{"name": "my-assets"}',
        JSON,
        ("CreateBucket", "my-assets", "", 409, "bucket_already_exists"),
    ),
    ("GET", "buckets/my-assets/tags?key=t", b"", {}, ("GetObjectTagging", "my-assets", "t", 404, "no_such_key")),
    ("DELETE", "buckets/my-assets/tags?key=t", b"", {}, ("DeleteObjectTagging", "my-assets", "t", 404, "no_such_key")),
    (
        "PUT",
        "buckets/my-assets/tags?key=t",
        b'{"tags": {}}',
        JSON,
        ("PutObjectTagging", "my-assets", "t", 404, "no_such_key"),
    ),
    ("GET", "buckets/my-assets/retention?key=r", b"", {}, ("GetObjectRetention", "my-assets", "r", 404, "no_such_key")),
    (
        "PUT",
        "buckets/my-assets/legal-hold?key=h",
        b'{"legal_hold": true}',
        JSON,
        ("PutObjectLegalHold", "my-assets", "h", 409, "invalid_bucket_state"),
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "headers", "expected"), REST)
def test_the_rest_port_says_what_a_request_was(
    ports: Ports, method: str, path: str, body: bytes, headers: dict[str, str], expected: tuple[object, ...]
) -> None:
    reply = ports.rest(method, path, body, **headers)
    record = ports.last()
    assert said(record) == ("rest", method, *expected)
    assert reply.status == record.status
    assert record.bytes_in == len(body)
    assert record.bytes_out == len(reply.body)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "buckets/my-assets/objects/a?version_id=v1", b""),
        ("GET", "buckets/my-assets/retention?key=a&version_id=v1", b""),
        ("DELETE", "buckets/my-assets/objects?key=a&version_id=v1", b""),
        ("DELETE", "buckets/my-assets/objects", b'{"key": "a", "version_id": "v1"}'),
        ("POST", "buckets/my-assets/objects/presign", b'{"key": "a", "version_id": "v1"}'),
    ],
)
def test_the_version_that_a_request_names_is_recorded(ports: Ports, method: str, path: str, body: bytes) -> None:
    ports.rest(method, path, body, **(JSON if body else {}))
    assert (ports.last().key, ports.last().version_id) == ("a", "v1")


def test_the_files_of_a_form_are_recorded_also_if_they_are_refused(ports: Ports) -> None:
    part = '--b\r\nContent-Disposition: form-data; name="f"; filename="{}"\r\n\r\nx\r\n'
    form = {"content-type": "multipart/form-data; boundary=b"}
    ports.rest("POST", "buckets/no-such-bucket/objects", f"{part.format('one')}--b--".encode(), **form)
    assert (ports.last().status, ports.last().key) == (404, "one")
    body = part.format("one") + part.format("k" * 1025) + "--b--"
    ports.rest("POST", "buckets/my-assets/objects", body.encode(), **form)
    assert (ports.last().status, list(ports.last().keys)) == (422, ["one", "k" * 1025])


def test_a_page_that_is_refused_is_recorded(ports: Ports) -> None:
    ports.rest("DELETE", "buckets/my-assets", origin="https://elsewhere.example")
    assert (ports.last().status, ports.last().code) == (403, "foreign_origin")
    ports.rest("GET", "buckets", host="elsewhere.example")
    assert (ports.last().status, ports.last().code) == (421, "host_not_allowed")


def test_several_keys_are_recorded(ports: Ports) -> None:
    ports.rest("POST", "buckets/my-assets/objects/delete", json.dumps({"keys": ["a", "b"]}).encode(), **JSON)
    assert (list(ports.last().keys), ports.last().operation) == (["a", "b"], "DeleteObjects")
    body = b"<Delete><Object><Key>c</Key></Object><Object><Key>d</Key></Object></Delete>"
    ports.s3.ask("POST", "/my-assets?delete", body)
    assert (list(ports.last().keys), ports.last().operation) == (["c", "d"], "DeleteObjects")
    form = b"".join(
        b'--sep\r\nContent-Disposition: form-data; name="file"; filename="%b"\r\n\r\ncontent\r\n' % name
        for name in (b"e", b"f")
    )
    ports.rest(
        "POST", "buckets/my-assets/objects", form + b"--sep--\r\n", content_type="multipart/form-data; boundary=sep"
    )
    assert (list(ports.last().keys), ports.last().operation) == (["e", "f"], "PutObject")


def test_calls_of_the_driver_know_their_request(ports: Ports, calls: Calls) -> None:
    ports.s3.ask("PUT", "/my-assets/a", CONTENT, {"x-request-id": "from-the-client"})
    ports.rest("GET", "buckets", x_request_id="another")
    ports.last()
    puts = [record for name, record in calls.seen if name == "put_object"]
    lists = [record for name, record in calls.seen if name == "list_buckets"]
    for found, request_id in ((puts, "from-the-client"), (lists, "another")):
        assert [record.id for record in found if record] == [request_id]
        assert request_id in calls.headers


FIT = ["a", "A.b_c-9", "x" * 128, "0f8fad5b-d9cb-469f-a165-70867728950e"]
UNFIT = ["", "x" * 129, "a b", "a/b", "a%0Ab", "ä", '"', "a;b", "${jndi}"]


@pytest.mark.parametrize("request_id", FIT)
def test_a_request_keeps_the_id_that_it_came_with(ports: Ports, request_id: str) -> None:
    rest = ports.rest("GET", "buckets", x_request_id=request_id)
    assert rest.headers["x-request-id"] == ports.last().id == request_id
    s3 = ports.s3.ask("GET", "/my-assets/missing", headers={"x-request-id": request_id})
    assert s3.headers["x-request-id"] == s3.headers["x-amz-request-id"] == ports.last().id == request_id
    assert s3.text("RequestId") == request_id


@pytest.mark.parametrize("request_id", UNFIT)
def test_an_id_that_is_not_fit_is_replaced(ports: Ports, request_id: str) -> None:
    sent = request_id.encode("utf-8").decode("latin-1")
    replies = [
        ports.rest("GET", "buckets", x_request_id=sent),
        ports.s3.ask("GET", "/", headers={"x-request-id": sent}),
    ]
    ids = {reply.headers["x-request-id"] for reply in replies}
    assert len(ids) == 2
    for found in ids:
        assert re.fullmatch("[0-9A-F]{16,}", found)


def test_a_client_that_leaves_is_recorded(ports: Ports) -> None:
    parts = urlsplit(ports.rest_url)
    with socket.create_connection((parts.hostname, parts.port or 0), timeout=WAIT) as connection:
        head = f"PUT /api/v1/storage/buckets/my-assets/objects/a HTTP/1.1\r\nhost: {parts.netloc}\r\n"
        connection.sendall(f"{head}content-length: 100000\r\n\r\n".encode() + b"x" * 1000)
    record = ports.last()
    assert (record.aborted, record.operation, record.key) == (True, "PutObject", "a")
    assert record.bytes_in <= 1000


def raw(url: str, *pieces: bytes) -> bytes:
    """Sends bytes, and returns all that comes back until the server closes the connection."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port or 0), timeout=WAIT) as connection:
        for piece in pieces:
            connection.sendall(piece)
        received = b""
        while data := connection.recv(65536):
            received += data
    return received


REFUSED = [
    ((b"GARBAGE\r\n\r\n",), 400, "malformed_request", "BadRequest"),
    ((b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",), 400, "malformed_request", "BadRequest"),
    ((b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nhost: a\r\n\r\n",), 414, "too_large", "InvalidURI"),
    (
        (b"GET / HTTP/1.1\r\nhost: a\r\n" + b"a: b\r\n" * 300 + b"\r\n",),
        431,
        "too_large",
        "RequestHeaderSectionTooLarge",
    ),
    ((b"GET / HTTP/1.1\r\nhost: a\r\n",), 408, "request_timeout", "RequestTimeout"),
]


@pytest.mark.parametrize(("pieces", "status", "code", "s3_code"), REFUSED, ids=lambda value: str(value)[:20])
@pytest.mark.parametrize("port", ["rest", "s3"])
def test_what_is_refused_before_it_is_a_request_is_recorded(
    pieces: tuple[bytes, ...], status: int, code: str, s3_code: str, port: str
) -> None:
    text = io.StringIO()
    log, metrics = AccessLog(text.write, "text"), Metrics("memory")
    settings = ServerSettings(head_seconds=0.5, max_headers=100)
    with memory_store() as store, recorded_ports(store, [metrics, log], server_settings=settings) as ports:
        received = raw(ports.rest_url if port == "rest" else ports.s3_url, *pieces)
        assert received.startswith(f"HTTP/1.1 {status} ".encode())
        record = ports.last()
    expected = code if port == "rest" else s3_code
    assert (record.port, record.status, record.code, record.operation) == (port, status, expected, "")
    assert record.address in {"127.0.0.1", "::1"}
    assert f"x-request-id: {record.id}\r\n".encode() in received
    assert len(ports.kept.ended) == 1
    assert f"status={status} code={expected}" in text.getvalue()
    assert record.id in text.getvalue()
    exposed = generate_latest(metrics.registry).decode()
    counted = f'bucketry_requests_total{{driver="memory",operation="none",outcome="client_error",port="{port}"}} 1.0'
    assert counted in exposed
    assert f'bucketry_requests_in_flight{{port="{port}"}} 0.0' in exposed


def test_what_is_malformed_behind_another_request_is_recorded_and_gets_no_response() -> None:
    with memory_store() as store, recorded_ports(store) as ports:
        good = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n"
        received = raw(ports.rest_url, good + b"GARBAGE\r\n\r\n")
        assert received.count(b"HTTP/1.1 ") == 1
        ports.last()
        assert sorted(record.status for record in ports.kept.ended) == [0, 200]


def head_of_put(ports: Ports, port: str, framing: str) -> bytes:
    """The head of a request whose body nobody refuses before it has come."""
    netloc = urlsplit(ports.rest_url if port == "rest" else ports.s3_url).netloc
    headers = {"host": netloc} if port == "rest" else Signing().headers("PUT", PUT["s3"], netloc, {})
    lines = [f"PUT {PUT[port]} HTTP/1.1", framing, *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


PUT = {"rest": "/api/v1/storage/buckets/my-assets/objects/a", "s3": "/my-assets/a"}
BODIES = [
    ("rest", (b"GARBAGE\r\n",)),
    ("rest", (b"", b"GARBAGE\r\n")),
    ("rest", (b"3\r\nabc\r\n", b"GARBAGE\r\n")),
    ("s3", (b"GARBAGE\r\n",)),
]


@pytest.mark.parametrize(("port", "pieces"), BODIES)
def test_a_malformed_body_is_recorded_once(port: str, pieces: tuple[bytes, ...]) -> None:
    with memory_store() as store, recorded_ports(store) as ports:
        store.create_bucket("my-assets")
        head = head_of_put(ports, port, "transfer-encoding: chunked")
        received = raw(ports.rest_url if port == "rest" else ports.s3_url, head + pieces[0], *pieces[1:])
        record = ports.last()
    assert received.startswith(b"HTTP/1.1 400 ")
    assert f"x-request-id: {record.id}\r\n".encode() in received
    assert (record.method, record.path, record.status, record.aborted) == ("PUT", PUT[port], 400, False)
    assert record.code == ("malformed_request" if port == "rest" else "BadRequest")
    assert len(ports.kept.ended) == 1


@pytest.mark.parametrize("port", ["rest", "s3"])
def test_a_request_that_is_cut_off_is_recorded_as_its_client_sees_it(port: str) -> None:
    received = b""
    with memory_store() as store, ExitStack() as clients:
        store.create_bucket("my-assets")
        with recorded_ports(store, server_settings=ServerSettings(grace_seconds=0.2)) as ports:
            parts = urlsplit(ports.rest_url if port == "rest" else ports.s3_url)
            client = clients.enter_context(socket.create_connection((parts.hostname, parts.port or 0), timeout=WAIT))
            client.sendall(head_of_put(ports, port, "content-length: 9"))
            assert eventually(lambda: len(ports.kept.begun) == 1)
        # The server has told of it when it has ended.
        (record,) = ports.kept.ended
        received = client.recv(65536)
    assert received.startswith(b"HTTP/1.1 503 ")
    assert f"x-request-id: {record.id}\r\n".encode() in received
    assert (record.path, record.status, record.aborted) == (PUT[port], 503, False)
    assert record.code == ("unavailable" if port == "rest" else "ServiceUnavailable")


def test_a_connection_on_which_nothing_comes_is_nobody_s_request() -> None:
    settings = ServerSettings(head_seconds=0.3)
    with memory_store() as store, recorded_ports(store, server_settings=settings) as ports:
        assert raw(ports.rest_url).startswith(b"HTTP/1.1 408 ")
        assert ports.kept.ended == []


def test_records_take_time_and_places(ports: Ports) -> None:
    ports.rest(
        "GET",
        "buckets",
        user_agent="an agent" * 100,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        tracestate="a=b",
    )
    record = ports.last()
    assert record.user_agent == ("an agent" * 100)[:256]
    assert record.traceparent == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert record.tracestate == "a=b"
    assert record.seconds > 0


def test_without_records_nothing_is_added() -> None:
    from tests.http.serving import ask, running

    with memory_store() as store, running(store) as port:
        response, _ = ask(port, "GET", "buckets", X_Request_Id="mine")
        assert "x-request-id" not in response.headers
        assert record_of_call() is None


async def fails(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await confirm_lifespan(receive, send)
        return
    raise ValueError("an application that fails")


async def returns_early(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await confirm_lifespan(receive, send)
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})


async def says_hello(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await confirm_lifespan(receive, send)
        return
    headers = [(b"content-length", b"5"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"hello"})


def asked(app: Any, method: str) -> tuple[RequestRecord, bytes]:
    """Asks an application once, and returns the record of that with the response."""
    kept, ready = Kept(), threading.Event()
    recorder = Recorder("rest", [kept])
    server = Server([Listener(app, port=0, recorder=recorder)], lambda _: ready.set())
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(WAIT)
        received = raw(server.urls[0], f"{method} / HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
        assert eventually(lambda: len(kept.ended) == 1)
    finally:
        server.stop()
        thread.join()
    (record,) = kept.ended
    return record, received


@pytest.mark.parametrize(("method", "size"), [("GET", 5), ("HEAD", 0)])
def test_the_bytes_of_a_body_that_is_not_sent_do_not_count(method: str, size: int) -> None:
    record, received = asked(says_hello, method)
    assert record.bytes_out == size
    assert received.endswith(b"\r\n\r\n" + b"hello"[:size])


@pytest.mark.parametrize(("app", "status", "aborted"), [(fails, 500, False), (returns_early, 200, True)])
def test_an_application_that_fails_is_recorded_as_its_client_sees_it(app: Any, status: int, aborted: bool) -> None:
    record, received = asked(app, "GET")
    assert (record.status, record.aborted) == (status, aborted)
    assert f"HTTP/1.1 {status} ".encode() in received
    assert f"x-request-id: {record.id}\r\n".encode() in received


class Broken(Sink):
    """Fails for each request."""

    def end(self, records: Sequence[RequestRecord]) -> None:
        raise OSError("no room")


def test_a_sink_that_fails_keeps_nothing_from_the_others(caplog: pytest.LogCaptureFixture) -> None:
    last = Kept()
    with memory_store() as store, recorded_ports(store, [Broken(), last]) as ports:
        assert ports.rest("GET", "status").status == 200
        assert ports.last().status == 200
        assert eventually(lambda: [record.status for record in last.ended] == [200])
    assert "Broken lost the records of 1 requests" in caplog.text
