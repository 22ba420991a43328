"""Objects, through boto3 as it comes."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from bucketry import Store
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client

BODY = b"0123456789"
ETAG = f'"{hashlib.md5(BODY, usedforsecurity=False).hexdigest()}"'
THINGS: dict[str, Any] = {"Bucket": "things", "Key": "a"}
PAST, FUTURE = (datetime.now(UTC) + timedelta(hours=hours) for hours in (-1, 1))

KEYS = ["a b", "a+b", "a%b", "a%20b", "ä/é", "😀", "a//b", "/a", "a/", "./a/../b", "a?b=c&d", "a#b", "a;b:c,d", "a\\b",
        "'\"<>&", "a\nb", "a\r\nb", "a\tb", "\x01\x7f", "\u2028", "\ufffe", "~!*()", "a" * 1024, "ü" * 512]  # fmt: skip


def failing(call: Any, **arguments: Any) -> tuple[int, str]:
    """Status and code of a call that is refused."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


@pytest.mark.parametrize("size", [0, 1, 1000, 1001, 3_000_000])
def test_what_is_put_is_got(boto: S3Client, size: int) -> None:
    body = bytes(range(256)) * (size // 256) + bytes(size % 256)
    put = boto.put_object(**THINGS, Body=body)
    got = boto.get_object(**THINGS)
    assert got["Body"].read() == body
    assert (got["ContentLength"], got["ETag"]) == (size, put["ETag"])
    head = boto.head_object(**THINGS)
    assert (head["ContentLength"], head["ETag"], head["LastModified"]) == (size, put["ETag"], got["LastModified"])
    boto.delete_object(**THINGS)
    assert failing(boto.get_object, **THINGS) == (404, "NoSuchKey")
    assert failing(boto.head_object, **THINGS) == (404, "404")
    boto.delete_object(**THINGS)


@pytest.mark.parametrize("key", KEYS)
def test_keys_are_kept_to_the_byte(boto: S3Client, store: Store, key: str) -> None:
    boto.put_object(Bucket="things", Key=key, Body=BODY)
    assert [info.key for info in store.iter_objects("things")] == [key]
    assert [entry["Key"] for entry in boto.list_objects_v2(Bucket="things")["Contents"]] == [key]
    assert [entry["Key"] for entry in boto.list_objects(Bucket="things")["Contents"]] == [key]
    assert boto.get_object(Bucket="things", Key=key)["Body"].read() == BODY
    boto.copy_object(Bucket="guests", Key=key, CopySource={"Bucket": "things", "Key": key})
    assert [info.key for info in store.iter_objects("guests")] == [key]
    boto.delete_object(Bucket="things", Key=key)
    assert list(store.iter_objects("things")) == []


@pytest.mark.parametrize("key", ["a" * 1025, "ü" * 513])
def test_keys_too_long(boto: S3Client, key: str) -> None:
    assert failing(boto.put_object, Bucket="things", Key=key, Body=b"") == (400, "KeyTooLongError")


def test_headers_and_metadata(boto: S3Client) -> None:
    carried: dict[str, Any] = {
        "ContentType": "text/plain; charset=utf-8",
        "CacheControl": "max-age=60",
        "ContentDisposition": 'attachment; filename="a.txt"',
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "Metadata": {"colour": "blue", "with-dash": "a, b"},
    }
    boto.put_object(**THINGS, Body=BODY, Expires=datetime(2030, 1, 1, tzinfo=UTC), **carried)
    for answer in (boto.get_object(**THINGS), boto.head_object(**THINGS)):
        assert {name: answer[name] for name in carried} == carried  # type: ignore[literal-required]
        assert answer["ExpiresString"] == "Tue, 01 Jan 2030 00:00:00 GMT"  # type: ignore[typeddict-item]
        assert answer["AcceptRanges"] == "bytes"


def test_without_a_content_type_it_is_bytes(boto: S3Client) -> None:
    boto.put_object(**THINGS, Body=BODY)
    assert boto.head_object(**THINGS)["ContentType"] == "binary/octet-stream"


@pytest.mark.parametrize("value", ["\x7f", "\x80", "a\xa0"])
def test_metadata_that_nobody_can_print_is_refused(s3: Client, store: Store, value: str) -> None:
    assert s3.ask("PUT", "/things/a", BODY, {"x-amz-meta-a": value}).status == 400
    assert list(store.iter_objects("things")) == []


def test_too_much_metadata(boto: S3Client) -> None:
    boto.put_object(**THINGS, Body=BODY, Metadata={"a": "x" * 2047})
    assert failing(boto.put_object, **THINGS, Body=BODY, Metadata={"a": "x" * 2048}) == (400, "MetadataTooLarge")


RANGES = [
    ("bytes=0-0", b"0", "bytes 0-0/10"),
    ("bytes=2-4", b"234", "bytes 2-4/10"),
    ("bytes=7-", b"789", "bytes 7-9/10"),
    ("bytes=-3", b"789", "bytes 7-9/10"),
    ("bytes=5-100", b"56789", "bytes 5-9/10"),
    ("bytes=-100", BODY, "bytes 0-9/10"),
]


@pytest.mark.parametrize(("asked", "body", "answered"), RANGES)
def test_ranges(boto: S3Client, asked: str, body: bytes, answered: str) -> None:
    boto.put_object(**THINGS, Body=BODY)
    got = boto.get_object(**THINGS, Range=asked)
    assert (got["Body"].read(), got["ContentRange"], got["ContentLength"]) == (body, answered, len(body))
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    head = boto.head_object(**THINGS, Range=asked)
    assert (head["ContentLength"], head["ResponseMetadata"]["HTTPStatusCode"]) == (len(body), 206)


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=100-200", "bytes=-0"])
def test_ranges_that_cannot_be_satisfied(s3: Client, boto: S3Client, asked: str) -> None:
    boto.put_object(**THINGS, Body=BODY)
    assert failing(boto.get_object, **THINGS, Range=asked) == (416, "InvalidRange")
    assert failing(boto.head_object, **THINGS, Range=asked)[0] == 416
    reply = s3.ask("GET", "/things/a", headers={"range": asked})
    assert (reply.text("ActualObjectSize"), reply.text("RangeRequested")) == ("10", asked)
    assert reply.headers["content-range"] == "bytes */10"


@pytest.mark.parametrize("asked", ["bytes=a-b", "bytes=0-1,3-4", "lines=1-2", "bytes=5-2"])
def test_what_is_no_range_is_ignored(boto: S3Client, asked: str) -> None:
    boto.put_object(**THINGS, Body=BODY)
    got = boto.get_object(**THINGS, Range=asked)
    assert (got["ResponseMetadata"]["HTTPStatusCode"], got["Body"].read()) == (200, BODY)


@pytest.mark.parametrize("asked", ["bytes=-1", "bytes=-8"])
def test_the_last_bytes_of_an_empty_object_are_none(boto: S3Client, asked: str) -> None:
    boto.put_object(**THINGS, Body=b"")
    got = boto.get_object(**THINGS, Range=asked)
    assert (got["ResponseMetadata"]["HTTPStatusCode"], got["Body"].read(), got["ContentLength"]) == (200, b"", 0)
    assert "content-range" not in got["ResponseMetadata"]["HTTPHeaders"]
    head = boto.head_object(**THINGS, Range=asked)
    assert (head["ResponseMetadata"]["HTTPStatusCode"], head["ContentLength"]) == (200, 0)


@pytest.mark.parametrize("asked", ["bytes=0-0", "bytes=0-", "bytes=-0"])
def test_an_empty_object_has_no_other_ranges(boto: S3Client, asked: str) -> None:
    boto.put_object(**THINGS, Body=b"")
    assert failing(boto.get_object, **THINGS, Range=asked) == (416, "InvalidRange")
    assert failing(boto.head_object, **THINGS, Range=asked)[0] == 416


CONDITIONS: list[tuple[dict[str, Any], int]] = [
    ({"IfMatch": ETAG}, 200),
    ({"IfMatch": ETAG.strip('"')}, 200),
    ({"IfMatch": '"another"'}, 412),
    ({"IfMatch": "*"}, 200),
    ({"IfNoneMatch": '"another"'}, 200),
    ({"IfNoneMatch": ETAG}, 304),
    ({"IfNoneMatch": f'"another", {ETAG}'}, 304),
    ({"IfNoneMatch": "*"}, 304),
    ({"IfModifiedSince": PAST}, 200),
    ({"IfModifiedSince": FUTURE}, 304),
    ({"IfUnmodifiedSince": FUTURE}, 200),
    ({"IfUnmodifiedSince": PAST}, 412),
    ({"IfMatch": ETAG, "IfUnmodifiedSince": PAST}, 200),
    ({"IfNoneMatch": ETAG, "IfModifiedSince": PAST}, 304),
]


@pytest.mark.parametrize(("conditions", "status"), CONDITIONS)
def test_conditional_reads(boto: S3Client, conditions: dict[str, Any], status: int) -> None:
    boto.put_object(**THINGS, Body=BODY)
    for call in (boto.get_object, boto.head_object):
        if status == 200:
            assert call(**THINGS, **conditions)["ETag"] == ETAG
        else:
            assert failing(call, **THINGS, **conditions)[0] == status


def test_a_304_says_which_version_it_is_about(s3: Client, boto: S3Client) -> None:
    boto.put_object(**THINGS, Body=BODY, CacheControl="max-age=60")
    for method in ("GET", "HEAD"):
        reply = s3.ask(method, "/things/a", headers={"if-none-match": ETAG})
        assert (reply.status, reply.body) == (304, b"")
        assert (reply.headers["etag"], reply.headers["cache-control"]) == (ETAG, "max-age=60")


def test_conditional_writes(boto: S3Client) -> None:
    boto.put_object(**THINGS, Body=BODY, IfNoneMatch="*")
    assert failing(boto.put_object, **THINGS, Body=b"new", IfNoneMatch="*") == (412, "PreconditionFailed")
    assert failing(boto.put_object, **THINGS, Body=b"new", IfMatch='"another"') == (412, "PreconditionFailed")
    assert failing(boto.delete_object, **THINGS, IfMatch='"another"') == (412, "PreconditionFailed")
    assert boto.get_object(**THINGS)["Body"].read() == BODY
    boto.put_object(**THINGS, Body=b"new", IfMatch=ETAG)
    assert failing(boto.put_object, Bucket="things", Key="none", Body=b"", IfMatch=ETAG) == (404, "NoSuchKey")
    boto.delete_object(**THINGS, IfMatch=boto.head_object(**THINGS)["ETag"])
    assert failing(boto.head_object, **THINGS)[0] == 404


def test_headers_of_the_answer_can_be_asked_for(boto: S3Client) -> None:
    boto.put_object(**THINGS, Body=BODY, ContentType="text/plain", CacheControl="no-store")
    wanted = {"ResponseContentType": "text/html", "ResponseContentLanguage": "de", "ResponseCacheControl": "no-cache",
              "ResponseContentDisposition": "attachment", "ResponseContentEncoding": "gzip"}  # fmt: skip
    got = boto.get_object(**THINGS, **wanted)  # type: ignore[arg-type]
    assert {f"Response{name.removeprefix('Response')}": got[name.removeprefix("Response")] for name in wanted} == wanted  # type: ignore[literal-required]
    assert boto.head_object(**THINGS)["ContentType"] == "text/plain"


def test_no_header_is_smuggled_into_an_answer(s3: Client, boto: S3Client) -> None:
    boto.put_object(**THINGS, Body=BODY)
    reply = s3.ask("GET", "/things/a?response-content-type=a%0D%0Aset-cookie:%20a=b")
    assert reply.error == (400, "InvalidArgument")
    assert "set-cookie" not in reply.headers


def test_attributes(boto: S3Client) -> None:
    boto.put_object(**THINGS, Body=BODY)
    found = boto.get_object_attributes(**THINGS, ObjectAttributes=["ETag", "ObjectSize", "StorageClass"])
    assert (found["ETag"], found["ObjectSize"], found["StorageClass"]) == (ETAG.strip('"'), 10, "STANDARD")
    assert failing(boto.get_object_attributes, **THINGS | {"Key": "b"}, ObjectAttributes=["ETag"]) == (404, "NoSuchKey")
