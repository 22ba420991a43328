"""CopyObject, and tags."""

from __future__ import annotations

from typing import Any

import pytest
from bucketry import Store
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.test_objects import BODY, ETAG, FUTURE, PAST, failing

THINGS: dict[str, Any] = {"Bucket": "things", "Key": "a"}
COPY: dict[str, Any] = {"Bucket": "guests", "Key": "b", "CopySource": "things/a"}


@pytest.fixture(autouse=True)
def source(boto: S3Client) -> None:
    boto.put_object(
        **THINGS, Body=BODY, ContentType="text/plain", Metadata={"a": "b"}, Tagging="k=v", CacheControl="no-cache"
    )


def tags(boto: S3Client, bucket: str = "guests", key: str = "b") -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in boto.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]}


def test_a_copy_has_all_that_the_source_has(boto: S3Client) -> None:
    answer = boto.copy_object(**COPY)["CopyObjectResult"]
    copy = boto.get_object(Bucket="guests", Key="b")
    assert (copy["Body"].read(), copy["ETag"], answer["ETag"]) == (BODY, ETAG, ETAG)
    assert (copy["ContentType"], copy["CacheControl"], copy["Metadata"]) == ("text/plain", "no-cache", {"a": "b"})
    assert answer["LastModified"].replace(microsecond=0) == copy["LastModified"]
    assert (tags(boto), copy["TagCount"]) == ({"k": "v"}, 1)


def test_a_copy_can_have_headers_of_its_own(boto: S3Client) -> None:
    boto.copy_object(**COPY, MetadataDirective="REPLACE", ContentType="text/html", Metadata={"c": "d"})
    copy = boto.head_object(Bucket="guests", Key="b")
    assert (copy["ContentType"], copy["Metadata"]) == ("text/html", {"c": "d"})
    assert not copy.get("CacheControl")
    assert tags(boto) == {"k": "v"}


def test_a_copy_can_have_tags_of_its_own(boto: S3Client) -> None:
    boto.copy_object(**COPY, TaggingDirective="REPLACE", Tagging="x=y&z=")
    assert tags(boto) == {"x": "y", "z": ""}
    assert boto.head_object(Bucket="guests", Key="b")["ContentType"] == "text/plain"


def test_headers_are_ignored_where_the_source_s_are_copied(boto: S3Client) -> None:
    boto.copy_object(**COPY, ContentType="text/html", Metadata={"c": "d"})
    copy = boto.head_object(Bucket="guests", Key="b")
    assert (copy["ContentType"], copy["Metadata"]) == ("text/plain", {"a": "b"})


def test_a_copy_onto_itself_must_change_something(boto: S3Client) -> None:
    itself = THINGS | {"CopySource": "things/a"}
    assert failing(boto.copy_object, **itself) == (400, "InvalidRequest")
    boto.copy_object(**itself, MetadataDirective="REPLACE", Metadata={"new": "1"})
    assert boto.head_object(**THINGS)["Metadata"] == {"new": "1"}
    boto.copy_object(**itself, TaggingDirective="REPLACE", Tagging="n=1")
    assert (tags(boto, "things", "a"), boto.head_object(**THINGS)["Metadata"]) == ({"n": "1"}, {"new": "1"})


CONDITIONS: list[tuple[dict[str, Any], int]] = [
    ({"CopySourceIfMatch": ETAG}, 200),
    ({"CopySourceIfMatch": '"another"'}, 412),
    ({"CopySourceIfNoneMatch": ETAG}, 412),
    ({"CopySourceIfNoneMatch": '"another"'}, 200),
    ({"CopySourceIfModifiedSince": PAST}, 200),
    ({"CopySourceIfModifiedSince": FUTURE}, 412),
    ({"CopySourceIfUnmodifiedSince": PAST}, 412),
    ({"CopySourceIfUnmodifiedSince": FUTURE}, 200),
    ({"CopySourceIfMatch": ETAG, "CopySourceIfUnmodifiedSince": PAST}, 200),
]


@pytest.mark.parametrize(("conditions", "status"), CONDITIONS)
def test_conditions_on_the_source(boto: S3Client, store: Store, conditions: dict[str, Any], status: int) -> None:
    if status == 200:
        boto.copy_object(**COPY, **conditions)
    else:
        assert failing(boto.copy_object, **COPY, **conditions) == (412, "PreconditionFailed")
    assert len(list(store.iter_objects("guests"))) == (status == 200)


def test_conditions_on_the_target(boto: S3Client) -> None:
    boto.copy_object(**COPY, IfNoneMatch="*")
    assert failing(boto.copy_object, **COPY, IfNoneMatch="*") == (412, "PreconditionFailed")


SOURCES = {
    "things/none": (404, "NoSuchKey"),
    "none-such/a": (404, "NoSuchBucket"),
    "things": (400, "InvalidArgument"),
    "things/": (400, "InvalidArgument"),
    "/": (400, "InvalidArgument"),
    "//a": (400, "InvalidArgument"),
    "things/%ff": (400, "InvalidURI"),
    "things/" + "k" * 1025: (400, "KeyTooLongError"),
    "things/a?versionId=1": (400, "InvalidArgument"),
    "things/a?versionId=": (400, "InvalidArgument"),
    "things/a?versionId=" + "0" * 32: (404, "NoSuchVersion"),
    "things/a?": (400, "InvalidArgument"),
    "things%2Fa%3FversionId=null": (404, "NoSuchKey"),
    "things/a?other=1": (400, "InvalidArgument"),
    "": (400, "InvalidArgument"),
    "arn:aws:s3:us-east-1:1:accesspoint/a/object/b": (400, "InvalidBucketName"),
}


@pytest.mark.parametrize(("header", "error"), SOURCES.items())
def test_sources_that_are_none(s3: Client, store: Store, header: str, error: tuple[int, str]) -> None:
    assert s3.ask("PUT", "/guests/b", headers={"x-amz-copy-source": header}).error == error
    assert list(store.iter_objects("guests")) == []


WAYS = {
    "things/a": "a",
    "/things/a": "a",
    "things/%61": "a",
    "%74hings/a": "a",
    "things/a?versionId=null": "a",
    "things%2Fa": "a",
    "%2Fthings%2Fa": "a",
    "%2fthings%2Fa%3f": "a?",
    "things/dir/a b": "dir/a b",
    "things/dir/a+b": "dir/a b",
    "things%2Fdir%2Fa%20b": "dir/a b",
    "things/a%2Bb": "a+b",
    "things//a": "/a",
    "things%2F%2Fa": "/a",
    "things/a%2525": "a%25",
    "things/%C3%A4%F0%9F%98%80": "ä\U0001f600",
}


@pytest.mark.parametrize(("header", "key"), WAYS.items())
def test_ways_to_write_a_source(s3: Client, store: Store, header: str, key: str) -> None:
    body = f"the body of {key}".encode()
    store.put_object("things", key, body)
    assert s3.ask("PUT", "/guests/b", headers={"x-amz-copy-source": header}).status == 200
    upload = store.create_multipart_upload("guests", "parts").upload_id
    target = f"/guests/parts?partNumber=1&uploadId={upload}"
    copied = s3.ask("PUT", target, headers={"x-amz-copy-source": header})
    assert (
        copied.text("{*}ETag").strip('"')
        == store.head_object("guests", "b").etag
        == store.head_object("things", key).etag
    )


@pytest.mark.parametrize("name", ["if-range", "if-match-size", "version-id"])
def test_what_is_said_of_a_source_and_not_understood(s3: Client, store: Store, name: str) -> None:
    """Ignored, it would be a copy of something else than was meant."""
    headers = {"x-amz-copy-source": "things/a", f"x-amz-copy-source-{name}": "x"}
    upload = store.create_multipart_upload("guests", "b").upload_id
    for target in ("/guests/b", f"/guests/b?partNumber=1&uploadId={upload}"):
        assert s3.ask("PUT", target, headers=headers).error == (501, "NotImplemented")
    assert list(store.iter_objects("guests")) == []
    assert store.list_parts("guests", "b", upload).parts == ()


def test_a_range_is_copied_as_a_part_only(s3: Client, store: Store) -> None:
    headers = {"x-amz-copy-source": "things/a", "x-amz-copy-source-range": "bytes=0-0"}
    assert s3.ask("PUT", "/guests/b", headers=headers).error == (400, "InvalidRequest")
    headers.pop("x-amz-copy-source")
    assert s3.ask("PUT", "/guests/b", b"whole", headers).error == (400, "InvalidRequest")
    assert list(store.iter_objects("guests")) == []


@pytest.mark.parametrize("name", ["x-amz-metadata-directive", "x-amz-tagging-directive"])
def test_directives_that_are_none(s3: Client, name: str) -> None:
    headers = {"x-amz-copy-source": "things/a", name: "MERGE"}
    assert s3.ask("PUT", "/guests/b", headers=headers).error == (400, "InvalidArgument")


def test_tags_are_put_got_and_deleted(boto: S3Client) -> None:
    wanted = {"k": "w", "ä": "ö", "a b": "c+d", "e": ""}
    put: Any = {"TagSet": [{"Key": key, "Value": value} for key, value in wanted.items()]}
    boto.put_object_tagging(**THINGS, Tagging=put)
    assert tags(boto, "things", "a") == wanted
    assert boto.head_object(**THINGS)["TagCount"] == len(wanted)
    boto.delete_object_tagging(**THINGS)
    assert tags(boto, "things", "a") == {}
    for call in (boto.get_object_tagging, boto.delete_object_tagging):
        assert failing(call, Bucket="things", Key="none") == (404, "NoSuchKey")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("&".join(f"k{number}=v" for number in range(11)), "BadRequest"),
        ("k=v&k=w", "InvalidTag"),
        ("k" * 129 + "=v", "InvalidTag"),
        ("k=" + "v" * 257, "InvalidTag"),
        ("=v", "InvalidTag"),
        ("k=%ff", "InvalidArgument"),
        ("k=\xff", "InvalidArgument"),
    ],
)
def test_tags_that_cannot_be(s3: Client, header: str, code: str) -> None:
    assert s3.ask("PUT", "/things/new", BODY, {"x-amz-tagging": header}).error == (400, code)
    assert s3.ask("HEAD", "/things/new").status == 404


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("bar", {"bar": ""}),
        ("bar=", {"bar": ""}),
        ("a=b&bar", {"a": "b", "bar": ""}),
        ("a+b=c%20d", {"a b": "c d"}),
        ("k=%C3%A4", {"k": "ä"}),
        ("k=\xc3\xa4", {"k": "ä"}),
        ("", {}),
    ],
)
def test_tags_in_a_header(s3: Client, store: Store, header: str, tags: dict[str, str]) -> None:
    assert s3.ask("PUT", "/things/new", BODY, {"x-amz-tagging": header}).status == 200
    assert store.get_object_tagging("things", "new") == tags


@pytest.mark.parametrize(("count", "code"), [(10, ""), (11, "BadRequest")])
def test_how_many_tags_there_may_be(s3: Client, count: int, code: str) -> None:
    listed = "".join(f"<Tag><Key>k{number}</Key><Value>v</Value></Tag>" for number in range(count))
    body = f"<Tagging><TagSet>{listed}</TagSet></Tagging>"
    assert s3.ask("PUT", "/things/a?tagging", body.encode()).code == code
