"""Copies from versions and to buckets with versions."""

from __future__ import annotations

from typing import Any

import pytest
from bucketry import Store
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.versioned import BUCKET, enable, error_of, headers_of, put, read, suspend, versions


@pytest.fixture(autouse=True)
def versioned(store: Store) -> None:
    enable(store)


def source(key: str, version_id: str | None = None, bucket: str = BUCKET) -> Any:
    named = {"Bucket": bucket, "Key": key}
    return named if version_id is None else {**named, "VersionId": version_id}


def test_a_version_is_copied(boto: S3Client, store: Store) -> None:
    ids = put(boto, "a", b"0", b"1", b"2")
    for number, version_id in enumerate(ids):
        answer = boto.copy_object(Bucket=BUCKET, Key="copy", CopySource=source("a", version_id))
        assert (answer["CopySourceVersionId"], read(boto, "copy")) == (version_id, str(number).encode())
        assert read(boto, "copy", answer["VersionId"]) == str(number).encode()
        # Into a bucket without versions.
        answer = boto.copy_object(Bucket="guests", Key="copy", CopySource=source("a", version_id))
        assert (answer["CopySourceVersionId"], read(boto, "copy", bucket="guests")) == (
            version_id,
            str(number).encode(),
        )
        assert "VersionId" not in answer
    assert len(versions(boto, Prefix="copy")) == 3


def test_the_latest_version_is_copied_and_told(boto: S3Client) -> None:
    _, latest = put(boto, "a", b"0", b"1")
    answer = boto.copy_object(Bucket="guests", Key="copy", CopySource=source("a"))
    assert (answer["CopySourceVersionId"], read(boto, "copy", bucket="guests")) == (latest, b"1")
    boto.put_object(Bucket="guests", Key="plain", Body=b"plain")
    plain: Any = boto.copy_object(Bucket=BUCKET, Key="copy", CopySource=source("plain", bucket="guests"))
    assert "CopySourceVersionId" not in plain
    assert read(boto, "copy", plain["VersionId"]) == b"plain"


def test_an_old_version_becomes_the_latest_by_a_copy_onto_its_key(boto: S3Client) -> None:
    boto.put_object(Bucket=BUCKET, Key="a", Body=b"old", ContentType="text/old", Metadata={"is": "old"})
    old = versions(boto)[0][1]
    put(boto, "a", b"new")
    answer = boto.copy_object(Bucket=BUCKET, Key="a", CopySource=source("a", old))
    found = boto.get_object(Bucket=BUCKET, Key="a")
    assert (found["Body"].read(), found["ContentType"], found["Metadata"]) == (b"old", "text/old", {"is": "old"})
    assert found["VersionId"] == answer["VersionId"] == versions(boto)[0][1]
    assert len(versions(boto)) == 3
    assert error_of(boto.copy_object, Bucket=BUCKET, Key="a", CopySource=source("a")) == (400, "InvalidRequest")


def test_in_a_suspended_bucket_a_copy_is_the_version_null(boto: S3Client, store: Store) -> None:
    (first,) = put(boto, "a", b"first")
    suspend(store)
    boto.put_object(Bucket=BUCKET, Key="a", Body=b"null")
    for version_id, content in ((first, b"first"), ("null", b"null"), (None, b"null")):
        answer: Any = boto.copy_object(Bucket=BUCKET, Key="copy", CopySource=source("a", version_id))
        assert answer["CopySourceVersionId"] == (version_id or "null")
        assert "VersionId" not in answer
        assert read(boto, "copy") == read(boto, "copy", "null") == content
    assert versions(boto, Prefix="copy") == [("copy", "null", True)]


def test_a_marker_is_no_source(boto: S3Client) -> None:
    put(boto, "a", b"0")
    marker = boto.delete_object(Bucket=BUCKET, Key="a")["VersionId"]
    named: Any = {"Bucket": BUCKET, "Key": "copy"}
    assert error_of(boto.copy_object, **named, CopySource=source("a")) == (404, "NoSuchKey")
    assert error_of(boto.copy_object, **named, CopySource=source("a", marker)) == (400, "InvalidRequest")
    upload: Any = {**named, "UploadId": boto.create_multipart_upload(**named)["UploadId"], "PartNumber": 1}
    assert error_of(boto.upload_part_copy, **upload, CopySource=source("a", marker)) == (400, "InvalidRequest")
    assert error_of(boto.upload_part_copy, **upload, CopySource=source("a")) == (404, "NoSuchKey")


@pytest.mark.parametrize(
    ("version_id", "error"),
    [("abc", (400, "InvalidArgument")), ("x" * 2000, (400, "InvalidArgument")), ("0" * 32, (404, "NoSuchVersion")),
     ("null", (404, "NoSuchVersion")), ("%0a", (400, "InvalidArgument"))],
)  # fmt: skip
def test_sources_of_other_versions(s3: Client, boto: S3Client, version_id: str, error: tuple[int, str]) -> None:
    put(boto, "a", b"0")
    headers = {"x-amz-copy-source": f"{BUCKET}/a?versionId={version_id}"}
    assert s3.ask("PUT", f"/{BUCKET}/copy", b"", headers).error == error
    named: Any = {"Bucket": BUCKET, "Key": "copy"}
    upload_id = boto.create_multipart_upload(**named)["UploadId"]
    reply = s3.ask("PUT", f"/{BUCKET}/copy?uploadId={upload_id}&partNumber=1", b"", headers)
    assert reply.error == error


def test_conditions_hold_for_the_version_of_the_source(boto: S3Client) -> None:
    first, second = put(boto, "a", b"0", b"1")
    etags = [boto.head_object(Bucket=BUCKET, Key="a", VersionId=version_id)["ETag"] for version_id in (first, second)]
    named: Any = {"Bucket": BUCKET, "Key": "copy"}
    answer = boto.copy_object(**named, CopySource=source("a", first), CopySourceIfMatch=etags[0])
    assert answer["CopySourceVersionId"] == first
    assert error_of(boto.copy_object, **named, CopySource=source("a", first), CopySourceIfMatch=etags[1]) == (
        412, "PreconditionFailed",
    )  # fmt: skip
    assert error_of(boto.copy_object, **named, CopySource=source("a"), CopySourceIfMatch=etags[0]) == (
        412, "PreconditionFailed",
    )  # fmt: skip


def test_parts_are_copied_from_versions(boto: S3Client) -> None:
    first, second = put(boto, "a", b"first", b"second")
    named: Any = {"Bucket": BUCKET, "Key": "copy"}
    upload: Any = {**named, "UploadId": boto.create_multipart_upload(**named)["UploadId"]}
    for wanted, content in ((first, b"first"), (second, b"second"), (None, b"second")):
        answer: Any = boto.upload_part_copy(**upload, PartNumber=1, CopySource=source("a", wanted))
        assert answer["CopySourceVersionId"] == (wanted or second)
        parts: Any = [{"PartNumber": 1, "ETag": answer["CopyPartResult"]["ETag"]}]
        done: Any = boto.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        assert read(boto, "copy", done["VersionId"]) == content
        assert headers_of(done)["x-amz-version-id"] == done["VersionId"]
        upload = {**named, "UploadId": boto.create_multipart_upload(**named)["UploadId"]}
    answer = boto.upload_part_copy(**upload, PartNumber=1, CopySource=source("a", first), CopySourceRange="bytes=1-2")
    assert answer["CopyPartResult"]["ETag"]


def test_tags_of_the_version_are_copied(boto: S3Client) -> None:
    boto.put_object(Bucket=BUCKET, Key="a", Tagging="which=old")
    old = versions(boto)[0][1]
    boto.put_object(Bucket=BUCKET, Key="a", Tagging="which=new")
    boto.copy_object(Bucket=BUCKET, Key="copy", CopySource=source("a", old))
    assert boto.get_object_tagging(Bucket=BUCKET, Key="copy")["TagSet"] == [{"Key": "which", "Value": "old"}]
