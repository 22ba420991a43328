"""Policies that demand encryption: S3's condition keys about it hold for every way to write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from types_boto3_s3 import S3Client

from tests.http.s3.encrypting import KMS_KEY, OTHER_KMS_KEY, SSE, WRITES, check_told, of_reads, sse_c
from tests.http.s3.test_objects import failing

AT: dict[str, Any] = {"Bucket": "things", "Key": "a"}
DENIED = (403, "AccessDenied")


@pytest.fixture
def deny(boto: S3Client) -> Iterator[Any]:
    """Denies uploads under a condition."""

    def put(condition: dict[str, Any]) -> None:
        statement = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::things/*",
            "Condition": condition,
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        boto.put_bucket_policy(Bucket="things", Policy=document)

    yield put
    boto.delete_bucket_policy(Bucket="things")


def writes(boto: S3Client, mode: str) -> list[Any]:
    """Returns one call for each way to begin a version."""
    source: Any = {"Bucket": "public", "Key": "source"}
    boto.put_object(**source, Body=b"content")
    return [
        lambda: boto.put_object(**AT, Body=b"content", **WRITES[mode]),
        lambda: boto.copy_object(**AT, CopySource=source, **WRITES[mode]),
        lambda: boto.create_multipart_upload(**AT, **WRITES[mode]),
    ]


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({"Null": {f"s3:{SSE}": "true"}}, ("sse-s3", "sse-kms")),
        ({"Null": {f"s3:{SSE}-customer-algorithm": "true"}}, ("sse-c",)),
        ({"StringNotEquals": {f"s3:{SSE}": "AES256"}}, ("sse-s3",)),
        ({"StringNotEquals": {f"s3:{SSE}": "aws:kms"}}, ("sse-kms",)),
        ({"StringNotEquals": {f"s3:{SSE}-aws-kms-key-id": KMS_KEY}}, ("sse-kms",)),
        ({"StringNotEquals": {f"s3:{SSE}-aws-kms-key-id": OTHER_KMS_KEY}}, ()),
        ({"Null": {f"s3:{SSE}": "false"}}, ("unencrypted", "sse-c")),
    ],
    ids=str,
)
@pytest.mark.parametrize("mode", WRITES)
def test_a_policy_may_demand_an_encryption(
    boto: S3Client, deny: Any, condition: dict[str, Any], allowed: tuple[str, ...], mode: str
) -> None:
    calls = writes(boto, mode)
    deny(condition)
    for call in calls:
        if mode in allowed:
            check_told(call(), mode)
        else:
            assert failing(call) == DENIED


def test_a_policy_looks_at_the_request_and_not_at_the_default(boto: S3Client, deny: Any) -> None:
    """Source: S3 user guide, "Protecting data with server-side encryption" ("If you require …")."""
    settings: Any = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    boto.put_bucket_encryption(Bucket="things", ServerSideEncryptionConfiguration=settings)
    deny({"Null": {f"s3:{SSE}": "true"}})
    assert failing(boto.put_object, **AT, Body=b"content") == DENIED
    boto.put_object(**AT, Body=b"content", ServerSideEncryption="AES256")
    boto.delete_bucket_encryption(Bucket="things")


def test_parts_of_an_allowed_upload_need_only_their_key(boto: S3Client, deny: Any) -> None:
    deny({"Null": {f"s3:{SSE}-customer-algorithm": "true"}})
    upload_id = boto.create_multipart_upload(**AT, **sse_c())["UploadId"]
    part = boto.upload_part(**AT, UploadId=upload_id, PartNumber=1, Body=b"part", **sse_c())
    listed: Any = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    boto.complete_multipart_upload(**AT, UploadId=upload_id, MultipartUpload=listed, **sse_c())
    assert boto.get_object(**AT, **of_reads("sse-c"))["Body"].read() == b"part"
