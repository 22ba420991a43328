"""Copies and uploads between all ways to encrypt, through boto3."""

from __future__ import annotations

import random
from typing import Any

import pytest
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.encrypting import (
    KEY,
    KMS_KEY,
    OTHER,
    OTHER_KMS_KEY,
    SOURCE,
    SSE,
    WRITES,
    check_told,
    md5_text,
    of_reads,
    of_sources,
    source_sse_c,
    sse_c,
    sse_c_headers,
    text,
)
from tests.http.s3.test_multipart import finish
from tests.http.s3.test_objects import failing

MIB = 1024**2
FROM: Any = {"Bucket": "things", "Key": "source"}
TO: Any = {"Bucket": "public", "Key": "copy"}
CONTENT = random.Random(10).randbytes(8 * MIB)
PAIRS = [(source, target) for source in WRITES for target in WRITES]
every_pair = pytest.mark.parametrize(("source", "target"), PAIRS, ids=str)


def parts(size: int, part_size: int) -> list[bytes]:
    return [CONTENT[start : min(start + part_size, size)] for start in range(0, size, part_size)]


@every_pair
@pytest.mark.parametrize("size", [MIB, 8 * MIB])
def test_a_copy_is_encrypted_as_it_asks(boto: S3Client, source: str, target: str, size: int) -> None:
    boto.put_object(**FROM, Body=CONTENT[:size], **WRITES[source])
    copied = boto.copy_object(**TO, CopySource=FROM, **WRITES[target], **of_sources(source))
    check_told(copied, target)
    got = boto.get_object(**TO, **of_reads(target))
    check_told(got, target)
    assert got["Body"].read() == CONTENT[:size]
    check_told(boto.head_object(**FROM, **of_reads(source)), source)


@every_pair
def test_a_copied_part_is_encrypted_as_its_upload(boto: S3Client, source: str, target: str) -> None:
    boto.put_object(**FROM, Body=CONTENT, **WRITES[source])
    begun = boto.create_multipart_upload(**TO, **WRITES[target])
    check_told(begun, target)
    upload = {**TO, "UploadId": begun["UploadId"]}
    etags = {}
    for number, wanted in enumerate(("bytes=0-5242879", "bytes=5242880-8388607"), 1):
        part = boto.upload_part_copy(
            **upload,
            PartNumber=number,
            CopySource=FROM,
            CopySourceRange=wanted,
            **of_sources(source),
            **of_reads(target),
        )
        check_told(part, target)
        etags[number] = part["CopyPartResult"]["ETag"]
    done = finish(boto, upload, etags, **of_reads(target))
    check_told(
        done | {"SSECustomerAlgorithm": None, "SSECustomerKeyMD5": None}, target if target != "sse-c" else "unencrypted"
    )
    got = boto.get_object(**TO, **of_reads(target))
    check_told(got, target)
    assert got["Body"].read() == CONTENT


@pytest.mark.parametrize("mode", WRITES)
def test_an_upload_is_encrypted_as_it_began(boto: S3Client, mode: str) -> None:
    begun = boto.create_multipart_upload(**TO, **WRITES[mode], Metadata={"foo": "bar"}, ContentType="text/bla")
    check_told(begun, mode)
    upload = {**TO, "UploadId": begun["UploadId"]}
    etags = {}
    for number, content in enumerate(parts(8 * MIB, 5 * MIB), 1):
        # Sent twice: the second one replaces the first.
        boto.upload_part(**upload, PartNumber=number, Body=b"replaced", **of_reads(mode))
        sent = boto.upload_part(**upload, PartNumber=number, Body=content, **of_reads(mode))
        check_told(sent, mode)
        etags[number] = sent["ETag"]
    finish(boto, upload, etags)
    got = boto.get_object(**TO, **of_reads(mode))
    check_told(got, mode)
    assert (got["Body"].read(), got["Metadata"], got["ContentType"]) == (CONTENT, {"foo": "bar"}, "text/bla")
    for first, last in ((0, 0), (5 * MIB - 3, 5 * MIB + 3), (8 * MIB - 10, 8 * MIB - 1)):
        part = boto.get_object(**TO, Range=f"bytes={first}-{last}", **of_reads(mode))
        assert part["Body"].read() == CONTENT[first : last + 1]
    assert boto.get_object(**TO, PartNumber=2, **of_reads(mode))["Body"].read() == CONTENT[5 * MIB :]


PART = "/public/copy?partNumber=1&uploadId="


def begun(boto: S3Client, mode: str) -> str:
    return boto.create_multipart_upload(**TO, **WRITES[mode])["UploadId"]


def test_a_part_under_another_customers_key_is_refused(boto: S3Client, s3: Client) -> None:
    upload_id = begun(boto, "sse-c")
    wrong = [
        sse_c_headers(OTHER),
        sse_c_headers() | {f"{SSE}-customer-key-md5": md5_text(OTHER)},
        sse_c_headers() | {f"{SSE}-customer-key": text(OTHER)},
        {},
    ]
    for headers in wrong:
        reply = s3.ask("PUT", PART + upload_id, b"part", headers)
        assert reply.status == 400
        assert reply.code in {"InvalidRequest", "InvalidArgument"}
        assert text(KEY) not in reply.body.decode()
    assert not boto.list_parts(**TO, UploadId=upload_id).get("Parts")
    reply = s3.ask("PUT", PART + upload_id, b"part", sse_c_headers())
    assert (reply.status, reply.headers[f"{SSE}-customer-key-md5"]) == (200, md5_text(KEY))


def test_a_part_of_another_upload_needs_no_customers_key(boto: S3Client) -> None:
    for mode in ("unencrypted", "sse-s3"):
        place: Any = {**TO, "UploadId": begun(boto, mode), "PartNumber": 1, "Body": b"part"}
        assert failing(boto.upload_part, **place, **sse_c()) == (400, "InvalidRequest")


def test_a_part_may_repeat_what_its_upload_began_with(boto: S3Client, s3: Client) -> None:
    """The upload decides: Ceph RGW and SeaweedFS take such headers, and which key they name does not matter."""
    upload_id = begun(boto, "sse-kms")
    for key_id in (KMS_KEY, OTHER_KMS_KEY, "testkey-not-present"):
        headers = {SSE: "aws:kms", f"{SSE}-aws-kms-key-id": key_id}
        reply = s3.ask("PUT", PART + upload_id, b"part", headers)
        assert (reply.status, reply.headers[f"{SSE}-aws-kms-key-id"]) == (200, KMS_KEY)
    reply = s3.ask("PUT", PART + upload_id, b"part", {SSE: "AES256"})
    assert reply.error == (400, "InvalidRequest")
    plain = begun(boto, "unencrypted")
    assert s3.ask("PUT", PART + plain, b"part", {SSE: "aws:kms"}).error == (400, "InvalidRequest")
    assert s3.ask("PUT", PART + plain, b"part", {SSE: "rot13"}).error == (400, "InvalidArgument")


def test_an_upload_is_completed_with_its_own_key_or_without(boto: S3Client) -> None:
    upload = {**TO, "UploadId": begun(boto, "sse-c")}
    etags = {1: boto.upload_part(**upload, PartNumber=1, Body=b"part", **sse_c())["ETag"]}
    listed: Any = {"Parts": [{"PartNumber": 1, "ETag": etags[1]}]}
    assert failing(boto.complete_multipart_upload, **upload, MultipartUpload=listed, **sse_c(OTHER)) == (
        400,
        "InvalidRequest",
    )
    finish(boto, upload, etags, **sse_c())
    assert boto.get_object(**TO, **sse_c())["Body"].read() == b"part"


def test_a_source_is_copied_with_its_own_key_only(boto: S3Client, s3: Client) -> None:
    boto.put_object(**FROM, Body=b"content", **sse_c())
    assert failing(boto.copy_object, **TO, CopySource=FROM) == (400, "InvalidRequest")
    assert failing(boto.copy_object, **TO, CopySource=FROM, **sse_c()) == (400, "InvalidRequest")
    assert failing(boto.copy_object, **TO, CopySource=FROM, **source_sse_c(OTHER)) == (403, "AccessDenied")
    bad = sse_c_headers(KEY, SOURCE) | {f"{SOURCE}-customer-key-md5": md5_text(OTHER)}
    reply = s3.ask("PUT", "/public/copy", headers={"x-amz-copy-source": "things/source", **bad})
    assert reply.error == (400, "InvalidArgument")
    boto.put_object(**FROM, Body=b"content")
    assert failing(boto.copy_object, **TO, CopySource=FROM, **source_sse_c()) == (400, "InvalidRequest")
    assert failing(boto.head_object, **TO)[0] == 404


def test_a_source_of_a_part_is_copied_with_its_own_key_only(boto: S3Client) -> None:
    boto.put_object(**FROM, Body=b"content", **sse_c())
    place: Any = {**TO, "UploadId": begun(boto, "unencrypted"), "PartNumber": 1, "CopySource": FROM}
    assert failing(boto.upload_part_copy, **place) == (400, "InvalidRequest")
    assert failing(boto.upload_part_copy, **place, **source_sse_c(OTHER)) == (403, "AccessDenied")
    place["UploadId"] = begun(boto, "sse-c")
    assert failing(boto.upload_part_copy, **place, **source_sse_c()) == (400, "InvalidRequest")
    assert failing(boto.upload_part_copy, **place, **source_sse_c(), **sse_c(OTHER)) == (400, "InvalidRequest")
    boto.upload_part_copy(**place, **source_sse_c(), **sse_c())


@pytest.mark.parametrize("mode", ["sse-s3", "sse-kms", "sse-c"])
def test_a_copy_onto_itself_changes_the_encryption_alone(boto: S3Client, mode: str) -> None:
    boto.put_object(**FROM, Body=b"content", ContentType="text/css", Metadata={"a": "b"})
    check_told(boto.copy_object(**FROM, CopySource=FROM, **WRITES[mode]), mode)
    got = boto.get_object(**FROM, **of_reads(mode))
    check_told(got, mode)
    assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (b"content", "text/css", {"a": "b"})
    boto.copy_object(**FROM, CopySource=FROM, MetadataDirective="REPLACE", **of_sources(mode))
    check_told(boto.head_object(**FROM), "unencrypted")


def test_a_version_keeps_its_key(boto: S3Client) -> None:
    boto.create_bucket(Bucket="versions")
    try:
        boto.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
        place: Any = {"Bucket": "versions", "Key": "a"}
        first = boto.put_object(**place, Body=b"first", **sse_c())["VersionId"]
        second = boto.put_object(**place, Body=b"second", **sse_c(OTHER))["VersionId"]
        assert boto.get_object(**place, VersionId=first, **sse_c())["Body"].read() == b"first"
        assert failing(boto.get_object, **place, **sse_c()) == (403, "AccessDenied")
        assert failing(boto.get_object, **place, VersionId=second) == (400, "InvalidRequest")
        source: Any = {**place, "VersionId": first}
        boto.copy_object(**place, CopySource=source, **source_sse_c(), **WRITES["sse-kms"])
        check_told(boto.head_object(**place), "sse-kms")
    finally:
        for entry in boto.list_object_versions(Bucket="versions").get("Versions", []):
            boto.delete_object(Bucket="versions", Key=entry["Key"], VersionId=entry["VersionId"])
        boto.delete_bucket(Bucket="versions")
