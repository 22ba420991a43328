"""Small things in which clients know S3's answer by heart; each is from S3 itself or its documentation."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from bucketry import CompletedPart, PutOptions, Store
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.serving import GUEST
from tests.http.s3.signing import OWNER, Signing, signing_as

MISSING = (404, "NoSuchKey")
FAILED = (412, "PreconditionFailed")


@pytest.fixture
def written(s3: Client, store: Store) -> Any:
    """Writes with ``If-Match`` in each way that there is; returns the error."""
    store.put_object("things", "source", b"source")

    def write(how: str, key: str, condition: str) -> tuple[int, str]:
        target, headers, body = f"/things/{key}", {"if-match": condition}, b""
        if how == "copy":
            headers["x-amz-copy-source"] = "things/source"
        if how == "complete":
            upload = store.create_multipart_upload("things", key).upload_id
            etag = store.upload_part("things", key, upload, 1, b"part").etag
            part = f"<Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part>"
            body = f"<CompleteMultipartUpload>{part}</CompleteMultipartUpload>".encode()
            return s3.ask("POST", f"{target}?uploadId={upload}", body, headers).error
        return s3.ask("PUT", target, body, headers).error

    return write


@pytest.mark.parametrize("how", ["put", "copy", "complete"])
@pytest.mark.parametrize("condition", ['"900150983cd24fb0d6963f7d28e17f72"', "*"])
def test_if_match_of_no_object(store: Store, written: Any, how: str, condition: str) -> None:
    assert written(how, "none", condition) == MISSING
    assert [info.key for info in store.iter_objects("things")] == ["source"]
    store.put_object("things", "there", b"before")
    assert written(how, "there", condition)[0] == (200 if condition == "*" else 412)


def test_a_large_upload_learns_it_too(boto: S3Client, store: Store) -> None:
    with pytest.raises(ClientError, match="NoSuchKey"):
        boto.put_object(Bucket="things", Key="none", Body=b"x" * 3_000_000, IfMatch='"abc"')
    store.put_object("things", "there", b"before")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        boto.put_object(Bucket="things", Key="there", Body=b"x" * 3_000_000, IfMatch='"abc"')


def test_if_none_match_of_an_object(s3: Client, store: Store) -> None:
    store.put_object("things", "there", b"before")
    assert s3.ask("PUT", "/things/there", b"", {"if-none-match": "*"}).error == FAILED


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PUT"])
def test_a_version_s_id_is_not_empty(s3: Client, store: Store, method: str) -> None:
    store.put_object("things", "a", b"a")
    reply = s3.ask(method, f"/things/a?versionId={'&tagging' if method == 'PUT' else ''}")
    assert reply.status == 400
    if method != "HEAD":
        assert (reply.code, reply.text("ArgumentName")) == ("InvalidArgument", "versionId")
    assert store.head_object("things", "a").size_bytes == 1


@pytest.mark.parametrize("value", ["", "=", "=0", "=10001", "=x"])
def test_a_part_s_number_is_a_number(s3: Client, store: Store, value: str) -> None:
    store.put_object("things", "a", b"a")
    reply = s3.ask("GET", f"/things/a?partNumber{value}")
    assert reply.error == (400, "InvalidArgument")
    assert reply.text("ArgumentName") == "partNumber"
    assert s3.ask("HEAD", f"/things/a?partNumber{value}").status == 400


@pytest.mark.parametrize(
    ("target", "who", "status", "region"),
    [
        ("/things", "nobody", 403, "us-east-1"),
        ("/things/a", "nobody", 403, "us-east-1"),
        ("/things", "guest", 403, "us-east-1"),
        ("/none-such", "guest", 403, "us-east-1"),
        ("/things/none", "owner", 404, "us-east-1"),
        ("/things", "elsewhere", 400, "us-east-1"),
        ("/things", "impostor", 403, "us-east-1"),
        ("/none-such", "owner", 404, None),
        ("/none-such/a", "owner", 404, None),
        (f"/things/{'k' * 1025}", "owner", 400, "us-east-1"),
        ("/things/%FF", "owner", 400, "us-east-1"),
    ],
)
def test_a_head_that_is_refused_says_where_the_bucket_is(
    s3: Client, store: Store, target: str, who: str, status: int, region: str | None
) -> None:
    """Source: S3 API reference, HeadBucket. A client that may not use a bucket finds its region that way."""
    signers = {"owner": OWNER, "guest": signing_as(GUEST), "elsewhere": Signing(region="eu-west-1"),
               "impostor": Signing(secret_key="x")}  # fmt: skip
    reply = s3.send("HEAD", target) if who == "nobody" else s3.ask("HEAD", target, by=signers[who])
    assert (reply.status, reply.headers["x-amz-bucket-region"]) == (status, region)


def test_an_object_without_a_type(s3: Client, store: Store) -> None:
    """Source: S3 API reference, PutObject. POST Object is in the tests of forms."""
    assert s3.ask("PUT", "/things/put", b"x").status == 200
    assert s3.ask("PUT", "/things/empty", b"x", {"content-type": ""}).status == 200
    upload = s3.ask("POST", "/things/parts?uploads").text("{*}UploadId")
    part = store.upload_part("things", "parts", upload, 1, b"x").etag
    store.complete_multipart_upload("things", "parts", upload, [CompletedPart(1, part)])
    store.put_object("things", "typed", b"x", PutOptions(content_type="text/plain"))
    copy = {"x-amz-copy-source": "things/typed", "x-amz-metadata-directive": "REPLACE"}
    assert s3.ask("PUT", "/things/copy", headers=copy).status == 200
    for key in ("put", "empty", "parts", "copy"):
        assert store.head_object("things", key).content_type == "binary/octet-stream"
        assert s3.ask("HEAD", f"/things/{key}").headers["content-type"] == "binary/octet-stream"


@pytest.mark.parametrize("coding", ["aws-chunked", "AWS-Chunked", "Aws-Chunked, gzip", "gzip,AWS-CHUNKED"])
def test_how_a_body_came_is_not_how_the_object_is_encoded(s3: Client, store: Store, coding: str) -> None:
    assert s3.ask("PUT", "/things/a", b"x", {"content-encoding": coding}).status == 200
    assert store.head_object("things", "a").content_encoding == ("gzip" if "gzip" in coding else None)


@pytest.mark.parametrize("header", ["BYTES=1-2", "Bytes=1-2", f"bytes=1-{'9' * 20}", f"bytes=-{'9' * 5000}"])
def test_ranges_in_any_case_and_of_any_length(s3: Client, store: Store, header: str) -> None:
    store.put_object("things", "a", b"abc")
    reply = s3.ask("GET", "/things/a", headers={"range": header})
    assert (reply.status, reply.body) == (206, b"abc" if header.startswith("bytes=-") else b"bc")
    beyond = {"range": f"bytes={'9' * 20}-"}
    assert s3.ask("GET", "/things/a", headers=beyond).error == (416, "InvalidRange")
    assert s3.ask("HEAD", "/things/a", headers=beyond).status == 416
