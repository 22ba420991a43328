"""Each header that an object keeps goes in and out everywhere: through the store, REST, and all that S3 writes with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from bucketry import CopyOptions, ObjectHeaders, PresignOptions, PutOptions, Store, UploadOptions
from bucketry.headers import METADATA_PREFIX, OBJECT_HEADERS, header_fields, header_pairs
from bucketry_http import RestSettings, create_app
from litestar.testing import TestClient

from tests.http.s3.client import Client, Reply
from tests.http.s3.test_forms import post, signed

SPECIAL = {
    "content-type": "text/csv",
    "content-disposition": 'attachment; filename="b.txt"',
    "expires": "Sun, 06 Nov 1994 08:49:37 GMT",
}
NAMES = [*(header.name for header in OBJECT_HEADERS), f"{METADATA_PREFIX}colour"]
HEADERS = {name: SPECIAL.get(name, "some") for name in NAMES}
BODY = b"content"
OBJECT = "buckets/things/objects/a"
Write = Callable[[Store, Client, httpx.Client, dict[str, str]], object]
Read = Callable[[Store, Client, httpx.Client], dict[str, str]]


def fields(headers: dict[str, str]) -> dict[str, Any]:
    return header_fields(headers)


def store_parts(store: Store, headers: dict[str, str]) -> None:
    upload = store.create_multipart_upload("things", "a", UploadOptions(**fields(headers)))
    part = store.upload_part("things", "a", upload.upload_id, 1, BODY)
    store.complete_multipart_upload("things", "a", upload.upload_id, [part])


def s3_parts(s3: Client, headers: dict[str, str]) -> None:
    upload_id = s3.ask("POST", "/things/a?uploads=", headers=headers).text("{*}UploadId")
    etag = s3.ask("PUT", f"/things/a?partNumber=1&uploadId={upload_id}", BODY).headers["etag"]
    listed = f"<Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part>"
    document = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
    succeed(s3.ask("POST", f"/things/a?uploadId={upload_id}", document))


def s3_copy(store: Store, s3: Client, kept: dict[str, str], sent: dict[str, str]) -> None:
    store.put_object("things", "source", BODY, PutOptions(**fields(kept)))
    succeed(s3.ask("PUT", "/things/a", headers={"x-amz-copy-source": "things/source", **sent}))


def s3_form(s3: Client, headers: dict[str, str]) -> None:
    given = {"key": "a", **headers}
    succeed(post(s3, signed([{name: value} for name, value in given.items()]) | given))


def succeed(reply: Reply) -> None:
    assert reply.status in {200, 204}, reply.body


REPLACE = {"x-amz-metadata-directive": "REPLACE"}
WRITES: dict[str, Write] = {
    "the store's put": lambda store, s3, rest, sent: store.put_object("things", "a", BODY, PutOptions(**fields(sent))),
    "the store's upload": lambda store, s3, rest, sent: store_parts(store, sent),
    "the store's copy": lambda store, s3, rest, sent: [
        store.put_object("things", "source", BODY),
        store.copy_object("things", "source", "things", "a", CopyOptions(headers=ObjectHeaders(**fields(sent)))),
    ],
    "a PUT of REST": lambda store, s3, rest, sent: rest.put(OBJECT, content=BODY, headers=sent).raise_for_status(),
    "PutObject": lambda store, s3, rest, sent: succeed(s3.ask("PUT", "/things/a", BODY, sent)),
    "CopyObject with the source's": lambda store, s3, rest, sent: s3_copy(store, s3, sent, {}),
    "CopyObject with new ones": lambda store, s3, rest, sent: s3_copy(store, s3, {}, sent | REPLACE),
    "an upload of S3": lambda store, s3, rest, sent: s3_parts(s3, sent),
    "a form": lambda store, s3, rest, sent: s3_form(s3, sent),
}
READS: dict[str, Read] = {
    "the store's head": lambda store, s3, rest: dict(header_pairs(store.head_object("things", "a"))),
    "HEAD of REST": lambda store, s3, rest: dict(rest.head(OBJECT).headers),
    "GET of REST": lambda store, s3, rest: dict(rest.request("GET", OBJECT, headers={"range": "bytes=0-0"}).headers),
    "HeadObject": lambda store, s3, rest: lowered(s3.ask("HEAD", "/things/a")),
    "GetObject": lambda store, s3, rest: lowered(s3.ask("GET", "/things/a")),
}


def lowered(reply: Reply) -> dict[str, str]:
    return {name.lower(): value for name, value in reply.headers.items()}


@pytest.fixture
def rest(store: Store) -> Iterator[httpx.Client]:
    with TestClient(create_app(store, RestSettings()), base_url="http://testserver.local/api/v1/storage/") as client:
        yield client


@pytest.mark.parametrize("write", WRITES)
def test_all_headers_come_back(store: Store, s3: Client, rest: httpx.Client, write: str) -> None:
    WRITES[write](store, s3, rest, HEADERS)
    for name, read in READS.items():
        found = read(store, s3, rest)
        assert {header: found.get(header) for header in HEADERS} == HEADERS, name


@pytest.mark.parametrize("missing", NAMES)
def test_a_header_that_is_not_sent_is_not_kept(store: Store, s3: Client, rest: httpx.Client, missing: str) -> None:
    sent = {name: value for name, value in HEADERS.items() if name != missing}
    for name, write in WRITES.items():
        write(store, s3, rest, sent)
        found = dict(header_pairs(store.head_object("things", "a")))
        if missing == "content-type":
            assert found.pop(missing) != HEADERS[missing], name
        assert found == sent, name


@pytest.mark.parametrize("header", OBJECT_HEADERS, ids=[header.name for header in OBJECT_HEADERS])
def test_a_signed_request_may_ask_for_another_value(store: Store, s3: Client, header: Any) -> None:
    store.put_object("things", "a", BODY)
    wanted = HEADERS[header.name]
    query = str(httpx.QueryParams({f"response-{header.name}": wanted})).replace("+", "%20")
    assert s3.ask("GET", f"/things/a?{query}").headers[header.name] == wanted
    field = f"response_{header.field}"
    if field in PresignOptions.__struct_fields__:
        options: dict[str, Any] = {field: wanted}
        url = store.presign("things", "a", PresignOptions(**options)).url
        assert f"response-{header.name}=" in url


@pytest.mark.parametrize(("name", "value"), [("expires", "tomorrow"), ("content-type", "no type")])
def test_a_refused_header_is_named(s3: Client, name: str, value: str) -> None:
    s3.ask("PUT", "/things")
    refused = s3.ask("PUT", "/things/a", BODY, headers={name: value})
    assert refused.error == (400, "InvalidArgument")
    assert refused.text("ArgumentName") == name.title()
