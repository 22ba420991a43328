"""No response shows the text of a parser or of Python: the API says in its own words what is wrong."""

from __future__ import annotations

import base64
import re
from collections.abc import Generator, Iterator, Mapping

import httpx
import pytest
from bucketry import BackendError, DeleteFailure, DeleteResult, ObjectToDelete, Store
from bucketry.hookspecs import DriverSpec, hookimpl

from tests.http.conftest import MakeClient
from tests.http.layers import Raises
from tests.http.s3.client import Client
from tests.http.s3.serving import memory_store, serving
from tests.http.s3.signing import OWNER

FOREIGN = re.compile(
    r"[A-Z]\w*(Error|Exception)\b|codec|Traceback|msgspec|litestar|expat|Expected `|got `|Object (missing|contains)"
    r"|Validation failed|Length must|Segment|segment|[Ll]ine \d+, column|not well-formed \(|byte 0x|surrogate|literal"
    r"|has no attribute|<class|object at 0x"
)
"""What such texts look like; the codes of S3 are not part of a message."""

JSON = {"content-type": "application/json"}
FORM = {"content-type": "multipart/form-data; boundary=B"}
DEEP = b"[" * 60_000


def part(head: bytes, body: bytes = b"x") -> bytes:
    return b"--B\r\n" + head + b"\r\n\r\n" + body + b"\r\n--B--\r\n"


FORMS = [
    b"", b"--B", b"--B\r\n", b"--Bx\r\n", b"x--B\r\n", b"--B\n", b"--B\r\n\r\n\r\n--B--", part(b"no colon"),
    part(b"Content-Disposition: form-data; name=\xff"), part(b"Content-Disposition: form-data"), part(b"A\xff: b"),
    part(b"Content-Disposition: attachment; name=f"), part(b"Content-Disposition: form-data; name=\"f"),
    part(b"Content-Disposition: form-data; name=f; name=g"), part(b"Content-Type: a/b"), part(b"X: " + b"y" * 20_000),
    part(b"Content-Disposition: form-data; name=f; filename*=latin-1''%e4"), part(b"X: y\r\n" * 40 + b"Z: z"),
    part(b"Content-Disposition: form-data; name=f; filename*=utf-8''%ff"), part(b"Content-Disposition:"),
]  # fmt: skip

BODIES = [
    b"{", b"nonsense", b"\xff", b'{"name": "\xff"}', b'{"name": "\\ud800"}', b"[]", b"5", b"null", b'"a"', b"{}", DEEP,
    b'{"name": 5}', b'{"name": null}', b'{"name": "a", "b": 1}', b'{"name": "a", "name": "b"}', b'{"name": {}}',
    b'{"name": ' + DEEP, b'{"name": ' + b"9" * 5000 + b"}", b'{"name": 1e999}', b'{"key": "a", "expires_in": 1.5}',
    b'{"key": "a", "expires_in": "1"}', b'{"key": "a", "method": "x"}', b'{"keys": []}', b'{"keys": [1]}',
]  # fmt: skip

QUERIES = [
    "limit=", "limit=x", "limit=0", f"limit={'9' * 5000}", "limit=1.5", "cursor=nonsense", f"cursor={'x' * 5000}",
    "prefix=%FF", f"prefix={'p' * 2000}", "other=1", "limit=1&limit=2", "inline=maybe", "key=%FF",
]  # fmt: skip


def check_problem(response: httpx.Response) -> None:
    assert 400 <= response.status_code < 500
    detail = response.json()["detail"]
    assert len(detail) > 10
    assert not FOREIGN.search(detail), detail


@pytest.mark.parametrize("path", ["buckets", "buckets/my-assets/objects/presign", "buckets/my-assets/objects/delete"])
@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:40]))
def test_json(client: httpx.Client, path: str, body: bytes) -> None:
    response = client.post(path, content=body, headers=JSON)
    if response.status_code != 200:
        check_problem(response)


@pytest.mark.parametrize("query", QUERIES)
def test_queries(client: httpx.Client, query: str) -> None:
    for target in ("buckets/my-assets/objects", "buckets/my-assets/objects/k", "buckets"):
        check_problem(client.get(f"{target}?{query}"))


@pytest.mark.parametrize("target", ["nothing", "buckets/x/y/z", "../../etc", "buckets/my-assets/objects/%FF"])
def test_paths(client: httpx.Client, target: str) -> None:
    for method in ("GET", "PATCH", "POST", "PUT", "DELETE"):
        check_problem(client.request(method, target))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: repr(form[:60]))
def test_forms(client: httpx.Client, form: bytes) -> None:
    check_problem(client.post("buckets/my-assets/objects", content=form, headers=FORM))


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"", "text/plain", "\xff",
     "multipart/form-data; boundary=a; boundary=b", "multipart/form-data; boundary=\xff", "", "multipart/form-data; x"],
)  # fmt: skip
def test_types_of_forms(client: httpx.Client, content_type: str) -> None:
    headers = [(b"content-type", content_type.encode("latin-1"))]
    check_problem(client.post("buckets/my-assets/objects", content=b"x", headers=headers))


def test_an_error_that_no_driver_knows_is_for_the_log(make_client: MakeClient, driver: DriverSpec) -> None:
    secret = "KeyError: 'secret of the backend'"
    with Store(driver, [Raises(BackendError(secret))]) as store:
        response = make_client(store).get("buckets")
    assert response.status_code == 502
    assert "secret" not in response.text
    assert "log" in response.json()["detail"]


class FailsToDelete:
    """Says of each key of a batch that it failed, in words of Python."""

    @hookimpl(wrapper=True)
    def delete_objects(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: object
    ) -> Generator[None, DeleteResult, DeleteResult]:
        yield
        return DeleteResult(
            (), tuple(DeleteFailure(entry.key, BackendError.code, "KeyError: 'secret'") for entry in objects)
        )


def test_a_key_that_the_backend_fails_to_delete(make_client: MakeClient, driver: DriverSpec) -> None:
    with Store(driver, [FailsToDelete()]) as store, serving(store) as url:
        store.create_bucket("my-assets")
        response = make_client(store).post("buckets/my-assets/objects/delete", json={"keys": ["a"]})
        assert [failure["code"] for failure in response.json()["failed"]] == ["backend_error"]
        document = b"<Delete><Object><Key>a</Key></Object></Delete>"
        reply = Client(url).ask("POST", "/my-assets?delete", document)
        assert reply.texts("{*}Error/{*}Code") == ["InternalError"]
    assert "secret" not in response.text + reply.body.decode()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Client]:
    with memory_store() as store, serving(store, domains=("s3.localhost",)) as url:
        store.create_bucket("things")
        store.put_object("things", "a", b"a")
        yield Client(url)


XML = [
    b"", b"nonsense", b"<", b"<a>", b"<a></b>", b"\xff", b"<a>&b;</a>", b"<Delete/>", b"<a xmlns:x=''/>",
    b"<a b='1' b='2'/>",
    b"<?xml version='1.0' encoding='nonsense'?><a/>", b"<!DOCTYPE a><a/>", b"<a>\x00</a>", b"<a>&#99999999;</a>",
    b"<Delete><Object><Key>a</Key></Object></Delete><", b"<a>" * 100, b"<a " + b"b" * 9000,
]  # fmt: skip

HEADERS: list[Mapping[str, str]] = [
    {"x-amz-tagging": "%ff"}, {"x-amz-tagging": "\xff"}, {"x-amz-tagging": "a=1&a=2"}, {"content-md5": "nonsense"},
    {"x-amz-checksum-crc32": "\xff"}, {"x-amz-copy-source": "%ff/%ff"}, {"expires": "nonsense"}, {"if-match": '"'},
    {"x-amz-copy-source": "things/a", "x-amz-copy-source-if-match": '"'}, {"content-type": "\xff"},
    {"x-amz-meta-a": "\xff"}, {"x-amz-decoded-content-length": "9" * 30}, {"date": "nonsense", "x-amz-date": "9" * 9},
]  # fmt: skip


def check_error(body: bytes) -> None:
    message = re.search(rb"<Message>(.*?)</Message>", body, re.DOTALL)
    assert message is not None, body
    assert len(message[1]) > 5
    assert not FOREIGN.search(message[1].decode()), message[1]


@pytest.mark.parametrize("document", XML, ids=lambda document: repr(document[:40]))
@pytest.mark.parametrize(
    "operation", ["POST /things?delete", "PUT /things?cors", "PUT /things/a?tagging", "PUT /things?acl", "PUT /new",
                  "PUT /things?notification", "POST /things/a?uploadId=x"]
)  # fmt: skip
def test_documents(endpoint: Client, operation: str, document: bytes) -> None:
    method, target = operation.split()
    reply = endpoint.ask(method, target, document)
    assert reply.status == 200 or 400 <= reply.status < 500 or reply.code == "NotImplemented"
    if reply.status != 200:
        check_error(reply.body)


@pytest.mark.parametrize("headers", HEADERS, ids=repr)
def test_headers(endpoint: Client, headers: Mapping[str, str]) -> None:
    reply = endpoint.ask("PUT", "/things/b", b"", headers)
    if reply.status != 200:
        assert 400 <= reply.status < 500
        check_error(reply.body)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: repr(form[:60]))
def test_forms_of_s3(endpoint: Client, form: bytes) -> None:
    reply = endpoint.send("POST", "/things", FORM, form)
    assert 400 <= reply.status < 500
    check_error(reply.body)


@pytest.mark.parametrize("policy", [b"", *BODIES], ids=lambda policy: repr(policy[:40]))
def test_policies(endpoint: Client, policy: bytes) -> None:
    fields = OWNER.policy_fields(base64.b64encode(policy).decode()) | {"key": "k"}
    parts = b"".join(
        f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    )
    file = part(b'Content-Disposition: form-data; name="file"; filename="f"')
    reply = endpoint.send("POST", "/things", FORM, parts + file)
    assert 400 <= reply.status < 500
    check_error(reply.body)


@pytest.mark.parametrize(
    "target", ["/%ff", "/things/%ff", "/things?prefix=%ff", "/things?max-keys=x", "/things?x=1&x=2"]
)
def test_targets(endpoint: Client, target: str) -> None:
    reply = endpoint.ask("GET", target)
    assert 400 <= reply.status < 500
    check_error(reply.body)
