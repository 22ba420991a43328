"""A 412 names its condition, and has S3's message: s3fs makes ``FileExistsError`` or ``FileExpired`` of it."""

from __future__ import annotations

from typing import Any

import pytest
from bucketry import Store

from tests.http.s3.client import Client, Reply
from tests.http.s3.signing import OWNER

MESSAGE = "At least one of the pre-conditions you specified did not hold"
PAST = "Wed, 21 Oct 2015 07:28:00 GMT"
FUTURE = "Wed, 21 Oct 2125 07:28:00 GMT"
WRONG = '"00000000000000000000000000000000"'


def check(reply: Reply, condition: str) -> None:
    assert reply.error == (412, "PreconditionFailed")
    assert reply.text("Message") == MESSAGE
    assert reply.texts("Condition") == [condition]


@pytest.fixture
def etag(store: Store) -> str:
    store.put_object("things", "source", b"source")
    return f'"{store.put_object("things", "a", b"before").etag}"'


@pytest.mark.parametrize(("condition", "value"), [("If-Match", WRONG), ("If-Unmodified-Since", PAST)])
@pytest.mark.parametrize("more", [{}, {"if-none-match": WRONG}, {"if-modified-since": PAST}, {"range": "bytes=0-1"}])
def test_a_read(s3: Client, etag: str, condition: str, value: str, more: dict[str, str]) -> None:
    headers = {condition.lower(): value, **more}
    check(s3.ask("GET", "/things/a", headers=headers), condition)
    assert s3.ask("HEAD", "/things/a", headers=headers).status == 412


def test_the_first_of_two_conditions_is_the_one_that_counts(s3: Client, etag: str) -> None:
    both = {"if-unmodified-since": PAST}
    assert s3.ask("GET", "/things/a", headers={**both, "if-match": etag}).status == 200
    check(s3.ask("GET", "/things/a", headers={**both, "if-match": WRONG}), "If-Match")


@pytest.fixture
def write(s3: Client, store: Store) -> Any:
    def write(how: str, headers: dict[str, str], length: int = 5) -> Reply:
        if how == "delete":
            return s3.ask("DELETE", "/things/a", headers=headers)
        if how == "copy":
            return s3.ask("PUT", "/things/a", headers={**headers, "x-amz-copy-source": "things/source"})
        if how == "presigned":
            return s3.send("PUT", OWNER.presigned("PUT", "/things/a", s3.host, headers), headers, b"after")
        if how == "complete":
            upload = store.create_multipart_upload("things", "a").upload_id
            part = store.upload_part("things", "a", upload, 1, b"after").etag
            body = f"<Part><PartNumber>1</PartNumber><ETag>{part}</ETag></Part>"
            body = f"<CompleteMultipartUpload>{body}</CompleteMultipartUpload>"
            return s3.ask("POST", f"/things/a?uploadId={upload}", body.encode(), headers)
        return s3.ask("PUT", "/things/a", b"x" * length, headers)

    return write


@pytest.mark.parametrize("how", ["put", "presigned", "copy", "complete", "delete"])
@pytest.mark.parametrize(("condition", "value"), [("If-Match", WRONG), ("If-None-Match", "*")])
def test_a_write(store: Store, etag: str, write: Any, how: str, condition: str, value: str) -> None:
    if (how, condition) != ("delete", "If-None-Match"):
        check(write(how, {condition.lower(): value}), condition)
    assert store.head_object("things", "a").etag == etag.strip('"')


@pytest.mark.parametrize("condition", ["If-Match", "If-None-Match"])
def test_a_streamed_write(etag: str, write: Any, condition: str) -> None:
    value = WRONG if condition == "If-Match" else "*"
    check(write("put", {condition.lower(): value}, length=100_000), condition)


@pytest.mark.parametrize(
    ("condition", "value"),
    [("If-Match", WRONG), ("If-Unmodified-Since", PAST), ("If-None-Match", "*"), ("If-Modified-Since", FUTURE)],
)
@pytest.mark.parametrize("target", ["copy", "copy under a condition", "part"])
def test_a_copy_s_source(s3: Client, store: Store, etag: str, condition: str, value: str, target: str) -> None:
    headers = {"x-amz-copy-source": "things/source", f"x-amz-copy-source-{condition.lower()}": value}
    path = "/things/b"
    if target == "part":
        path += f"?partNumber=1&uploadId={store.create_multipart_upload('things', 'b').upload_id}"
    if target == "copy under a condition":
        headers["if-none-match"] = "*"
    check(s3.ask("PUT", path, headers=headers), f"x-amz-copy-source-{condition}")
    assert [info.key for info in store.iter_objects("things")] == ["a", "source"]


def test_the_message_in_a_batch(s3: Client, etag: str) -> None:
    body = f"<Delete><Object><Key>a</Key><ETag>{WRONG}</ETag></Object></Delete>"
    reply = s3.ask("POST", "/things?delete", body.encode())
    assert reply.texts("{*}Error/{*}Code") == ["PreconditionFailed"]
    assert reply.texts("{*}Error/{*}Message") == [MESSAGE]


def test_what_is_posted_and_is_no_form(s3: Client) -> None:
    check(s3.ask("POST", "/things", b"x"), "Bucket POST must be of the enclosure-type multipart/form-data")
