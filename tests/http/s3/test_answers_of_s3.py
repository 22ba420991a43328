"""Small things in which clients know S3's answer by heart; each is from S3 itself or its documentation."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from bucketry import Store
from types_boto3_s3 import S3Client

from tests.http.s3.asking import Client

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
