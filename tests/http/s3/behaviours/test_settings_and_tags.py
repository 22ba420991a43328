"""Lifecycle rules, tags, logging, CORS and encryption of buckets, and forms."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import httpx
import pytest

from tests.http.s3.client import Client
from tests.http.s3.encrypting import KEY, KMS_KEY, OTHER, WRITES, check_told, md5_text, of_reads, sse_c, text
from tests.http.s3.signing import signing_as
from tests.http.s3.users import ALICE, EVERYBODY, People, client, denied, status_of

EMPTY = {"ID": "r", "Status": "Enabled"}


def rules(*found: dict[str, Any]) -> dict[str, Any]:
    return {"Bucket": "things", "LifecycleConfiguration": {"Rules": list(found)}}


def rule(**changed: Any) -> dict[str, Any]:
    return {"ID": "rule1", "Prefix": "a/", "Status": "Enabled", "Expiration": {"Days": 1}} | changed


@pytest.mark.parametrize(
    "found",
    [
        [rule(), rule(ID="rule2", Prefix="b/", Status="Disabled", Expiration={"Days": 2})],
        [rule(Expiration={"Date": datetime(2027, 9, 27, tzinfo=UTC)})],
        [rule(Expiration={"ExpiredObjectDeleteMarker": True})],
        [
            {
                **EMPTY,
                "Filter": {"Prefix": "foo"},
                "Expiration": {"ExpiredObjectDeleteMarker": True},
            }
        ],
        [{**EMPTY, "Filter": {}, "Expiration": {"Days": 3}}],
        [{**EMPTY, "Filter": {"Prefix": ""}, "Expiration": {"Days": 3}}],
        [
            {
                **EMPTY,
                "Filter": {"And": {"Prefix": "a", "Tags": [{"Key": "x", "Value": "y"}], "ObjectSizeGreaterThan": 5}},
                "Expiration": {"Days": 3},
            }
        ],
        [{**EMPTY, "Prefix": "a/", "NoncurrentVersionExpiration": {"NoncurrentDays": 2}}],
        [
            {
                **EMPTY,
                "Filter": {"Prefix": "a/"},
                "NoncurrentVersionExpiration": {"NoncurrentDays": 2, "NewerNoncurrentVersions": 5},
            }
        ],
        [
            {
                **EMPTY,
                "Prefix": "a/",
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
            }
        ],
        [{**EMPTY, "Prefix": "a/", "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}]}],
    ],
)
def test_rules_come_back_as_they_were_put(users: People, found: Any) -> None:
    users.alice.put_bucket_lifecycle_configuration(**rules(*found))
    assert users.alice.get_bucket_lifecycle_configuration(Bucket="things")["Rules"] == found


def test_rules_without_an_id(users: People) -> None:
    first, second = rule(), rule(Prefix="b/")
    del first["ID"], second["ID"]
    users.alice.put_bucket_lifecycle_configuration(**rules(first, second))
    told = users.alice.get_bucket_lifecycle_configuration(Bucket="things")["Rules"]
    assert len({entry["ID"] for entry in told}) == 2


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([rule(ID="a" * 256)], "InvalidArgument"),
        ([rule(), rule(Prefix="b/")], "InvalidArgument"),
        ([rule(Status="enabled")], "MalformedXML"),
        ([rule(Status="invalid")], "MalformedXML"),
        ([rule(Expiration={"Days": 0})], "InvalidArgument"),
        ([rule(Expiration={"Days": -1})], "InvalidArgument"),
        ([rule(Expiration={"Date": datetime(2027, 9, 27, 1, tzinfo=UTC)})], "InvalidArgument"),
        ([rule(Filter={"Prefix": "a"})], "MalformedXML"),
        ([{"ID": "r", "Prefix": "", "Status": "Enabled"}], "InvalidRequest"),
        ([], "MalformedXML"),
    ],
)
def test_rules_that_s3_refuses(users: People, found: Any, code: str) -> None:
    denied(users.alice.put_bucket_lifecycle_configuration, **rules(*found), code=code, status=400)


@pytest.mark.parametrize("where", ["Expiration", "Transitions"])
def test_dates_that_are_none(users: People, where: str) -> None:
    inner = "<Date>20220927</Date>" + ("<StorageClass>GLACIER</StorageClass>" if where == "Transitions" else "")
    tag = where.rstrip("s")
    rule = f"<Rule><ID>r</ID><Prefix>a</Prefix><Status>Enabled</Status><{tag}>{inner}</{tag}></Rule>"
    body = f"<LifecycleConfiguration>{rule}</LifecycleConfiguration>"
    reply = Client(users.url).ask("PUT", "/things?lifecycle", body.encode(), by=signing_as(ALICE))
    assert reply.error == (400, "MalformedXML")


def expires(users: People, key: str) -> str:
    response: Any = users.alice.head_object(Bucket="things", Key=key)
    header: str = response["ResponseMetadata"]["HTTPHeaders"].get("x-amz-expiration", "")
    return header


def test_who_expires_by_tags(users: People) -> None:
    users.alice.put_object(Bucket="things", Key="obj1", Tagging="tag1=tag1&tag2=tag2")
    users.alice.put_bucket_lifecycle_configuration(
        **rules(
            {
                "ID": "rule1",
                "Status": "Enabled",
                "Filter": {"Tag": {"Key": "tag1", "Value": "tag1"}},
                "Expiration": {"Days": 1},
            }
        )
    )
    assert 'rule-id="rule1"' in expires(users, "obj1")
    wanted = {"And": {"Prefix": "obj", "Tags": [{"Key": "tag1", "Value": "tag1"}, {"Key": "tag5", "Value": "tag6"}]}}
    users.alice.put_bucket_lifecycle_configuration(
        **rules({"ID": "rule1", "Status": "Enabled", "Filter": wanted, "Expiration": {"Days": 1}})
    )
    assert expires(users, "obj1") == ""
    users.alice.put_object_tagging(
        Bucket="things", Key="obj1",
        Tagging={"TagSet": [{"Key": "tag1", "Value": "tag1"}, {"Key": "tag5", "Value": "tag6"}]},
    )  # fmt: skip
    assert 'rule-id="rule1"' in expires(users, "obj1")


def tags(count: int, key: str = "k", value: str = "v") -> dict[str, Any]:
    return {"TagSet": [{"Key": f"{key}{number}", "Value": value} for number in range(count)]}


def test_tags_of_objects(users: People) -> None:
    users.alice.put_object(Bucket="things", Key="a")
    named: Any = {"Bucket": "things", "Key": "a"}
    for valid in (tags(10), tags(1, "k" * 127, "v" * 256), tags(0)):
        users.alice.put_object_tagging(**named, Tagging=valid)
        assert users.alice.get_object_tagging(**named)["TagSet"] == valid["TagSet"]
    refused = users.alice.put_object_tagging
    denied(refused, **named, Tagging=tags(11), code="BadRequest", status=400)
    denied(refused, **named, Tagging=tags(1, "k" * 128), code="InvalidTag", status=400)
    denied(refused, **named, Tagging=tags(1, "k", "v" * 257), code="InvalidTag", status=400)
    assert users.alice.get_object_tagging(**named)["TagSet"] == []
    users.alice.put_object(**named, Tagging="foo=bar&bar")
    assert users.alice.get_object(**named)["TagCount"] == 2
    assert status_of(users.alice.delete_object_tagging, **named) == 204


def test_tags_of_buckets(users: People) -> None:
    denied(users.alice.get_bucket_tagging, Bucket="things", code="NoSuchTagSet", status=404)
    users.alice.put_bucket_tagging(Bucket="things", Tagging=tags(1))
    assert users.alice.get_bucket_tagging(Bucket="things")["TagSet"] == tags(1)["TagSet"]
    users.alice.delete_bucket_tagging(Bucket="things")
    denied(users.alice.get_bucket_tagging, Bucket="things", code="NoSuchTagSet", status=404)


LOGGING: list[dict[str, Any]] = [
    {"TargetBucket": "logs", "TargetPrefix": "log/"},
    {"TargetBucket": "logs", "TargetPrefix": "", "TargetObjectKeyFormat": {"SimplePrefix": {}}},
    {
        "TargetBucket": "logs",
        "TargetPrefix": "log/",
        "TargetObjectKeyFormat": {"PartitionedPrefix": {"PartitionDateSource": "DeliveryTime"}},
    },
    {
        "TargetBucket": "logs",
        "TargetPrefix": "log/",
        "TargetGrants": [{"Grantee": {"Type": "Group", "URI": EVERYBODY}, "Permission": "READ"}],
    },
]


@pytest.mark.parametrize("logging", LOGGING)
def test_logging_of_a_bucket(users: People, logging: Any) -> None:
    users.alice.create_bucket(Bucket="logs", ObjectOwnership="ObjectWriter")
    assert "LoggingEnabled" not in users.alice.get_bucket_logging(Bucket="things")
    users.alice.put_bucket_logging(Bucket="things", BucketLoggingStatus={"LoggingEnabled": logging})
    assert users.alice.get_bucket_logging(Bucket="things")["LoggingEnabled"] == logging
    users.alice.put_bucket_logging(Bucket="things", BucketLoggingStatus={})
    assert "LoggingEnabled" not in users.alice.get_bucket_logging(Bucket="things")


def test_logging_into_nothing(users: People) -> None:
    put = users.alice.put_bucket_logging
    into: Any = {"LoggingEnabled": {"TargetBucket": "nowhere", "TargetPrefix": ""}}
    denied(put, Bucket="things", BucketLoggingStatus=into, code="InvalidTargetBucketForLogging", status=400)


def test_defaults_of_encryption(users: People) -> None:
    kms = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KMS_KEY}
    for default in ({"SSEAlgorithm": "AES256"}, kms):
        config: Any = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
        users.alice.put_bucket_encryption(Bucket="things", ServerSideEncryptionConfiguration=config)
        told: Any = users.alice.get_bucket_encryption(Bucket="things")["ServerSideEncryptionConfiguration"]
        assert told["Rules"][0]["ApplyServerSideEncryptionByDefault"] == default
        users.alice.put_object(Bucket="things", Key="a", Body=b"a")
        assert users.alice.head_object(Bucket="things", Key="a")["ServerSideEncryption"] == default["SSEAlgorithm"]
        users.alice.delete_bucket_encryption(Bucket="things")


@pytest.mark.parametrize("size", [0, 1, 13, 1024, 1024 * 1024])
@pytest.mark.parametrize("mode", ["sse-s3", "sse-kms", "sse-c"])
def test_encrypted_transfers(users: People, mode: str, size: int) -> None:
    named: Any = {"Bucket": "things", "Key": "a"}
    check_told(users.alice.put_object(**named, Body=b"A" * size, **WRITES[mode]), mode)
    found = users.alice.get_object(**named, **of_reads(mode))
    check_told(found, mode)
    assert found["Body"].read() == b"A" * size
    if mode == "sse-c":
        assert status_of(users.alice.head_object, **named) == 400
        assert status_of(users.alice.get_object, **named) == 400
        assert status_of(users.alice.get_object, **named, **sse_c(OTHER)) == 403


def sender(users: People, headers: dict[str, str], operation: str = "PutObject") -> Any:
    made = client(users.url, ALICE)

    def change(params: dict[str, Any], **_: Any) -> None:
        params["headers"].update(headers)

    made.meta.events.register(f"before-call.s3.{operation}", change)
    return made


C = "x-amz-server-side-encryption-customer"


@pytest.mark.parametrize(
    "headers",
    [
        {f"{C}-algorithm": "AES256"},
        {f"{C}-key": text(KEY), f"{C}-key-md5": md5_text(KEY)},
        {f"{C}-algorithm": "AES256", f"{C}-key": text(KEY), f"{C}-key-md5": "AAAAAAAAAAAAAAAAAAAAAA=="},
        {f"{C}-algorithm": "AES256", f"{C}-key": text(KEY)},
        {f"{C}-algorithm": "AES256", f"{C}-key": "", f"{C}-key-md5": ""},
        {"x-amz-server-side-encryption-aws-kms-key-id": KMS_KEY},
        {"x-amz-server-side-encryption": "AES256", "x-amz-server-side-encryption-aws-kms-key-id": KMS_KEY},
        {"x-amz-server-side-encryption": "aes:kms"},
        {"x-amz-server-side-encryption": ""},
    ],
    ids=str,
)
def test_encryption_headers_that_do_not_hold(users: People, headers: dict[str, str]) -> None:
    assert status_of(sender(users, headers).put_object, Bucket="things", Key="a", Body=b"a") == 400


@pytest.mark.parametrize("second", [sse_c(OTHER), {}], ids=["another key", "no key"])
def test_parts_under_another_key(users: People, second: Any) -> None:
    upload: Any = {"Bucket": "things", "Key": "a"}
    upload["UploadId"] = users.alice.create_multipart_upload(**upload, **sse_c())["UploadId"]
    assert status_of(users.alice.upload_part, **upload, PartNumber=1, Body=b"x", **second) == 400


def test_presigned_with_encryption(users: People) -> None:
    signer = client(users.url, ALICE, signature_version="s3v4")
    named: Any = {"Bucket": "things", "Key": "a", "ServerSideEncryption": "AES256"}
    url = signer.generate_presigned_url("put_object", Params=named)
    assert httpx.put(url, content=b"x").status_code == 403
    response = httpx.put(url, content=b"x", headers={"x-amz-server-side-encryption": "AES256"})
    assert (response.status_code, response.headers["x-amz-server-side-encryption"]) == (200, "AES256")
    customers = signer.generate_presigned_url("put_object", Params={"Bucket": "things", "Key": "b", **sse_c()})
    headers = {f"{C}-algorithm": "AES256", f"{C}-key": text(KEY), f"{C}-key-md5": md5_text(KEY)}
    assert httpx.put(customers, content=b"x", headers=headers).status_code == 200
    assert users.alice.get_object(Bucket="things", Key="b", **sse_c())["Body"].read() == b"x"


def test_checksums_of_single_puts(users: People) -> None:
    done = users.alice.put_object(Bucket="things", Key="a", Body=bytes(1024), ChecksumAlgorithm="SHA256")
    head = users.alice.head_object(Bucket="things", Key="a", ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"] == done["ChecksumSHA256"] == b64encode(sha256(bytes(1024)).digest()).decode()
    assert "ChecksumSHA256" not in users.alice.head_object(Bucket="things", Key="a")
    wrong: Any = {"code": "BadDigest", "status": 400}
    denied(
        users.alice.put_object, Bucket="things", Key="a", Body=bytes(1024),
        ChecksumSHA256="A" * 43 + "=", **wrong,
    )  # fmt: skip
