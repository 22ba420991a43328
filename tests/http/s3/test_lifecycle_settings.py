"""Lifecycle and object-lock configurations through boto3: good ones come back, and bad ones are refused as S3 does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from bucketry import Store
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.test_objects import failing

EXPIRES: dict[str, Any] = {"ID": "rule", "Status": "Enabled", "Filter": {"Prefix": "a/"}, "Expiration": {"Days": 3}}
TAG = {"Key": "colour", "Value": "red"}
SIZES = {"ObjectSizeGreaterThan": 100, "ObjectSizeLessThan": 1000}
MIDNIGHT = datetime(2030, 1, 1, tzinfo=UTC)


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in EXPIRES.items() if name not in names}


def put(boto: S3Client, *rules: dict[str, Any]) -> Any:
    wanted: Any = {"Rules": list(rules)}
    return boto.put_bucket_lifecycle_configuration(Bucket="things", LifecycleConfiguration=wanted)


def refusal(boto: S3Client, *rules: dict[str, Any]) -> tuple[int, str]:
    wanted: Any = {"Rules": list(rules)}
    return failing(boto.put_bucket_lifecycle_configuration, Bucket="things", LifecycleConfiguration=wanted)


GOOD: dict[str, dict[str, Any]] = {
    "the old form of a filter": without("Filter") | {"Prefix": "a/"},
    "no prefix in the old form": without("Filter") | {"Prefix": ""},
    "no condition": EXPIRES | {"Filter": {}},
    "an empty prefix": EXPIRES | {"Filter": {"Prefix": ""}},
    "a tag": EXPIRES | {"Filter": {"Tag": TAG}},
    "one size": EXPIRES | {"Filter": {"ObjectSizeGreaterThan": 0}},
    "sizes": EXPIRES | {"Filter": {"And": SIZES}},
    "all conditions": EXPIRES | {"Filter": {"And": {"Prefix": "é&<", "Tags": [TAG, TAG | {"Key": "b"}], **SIZES}}},
    "not in force": EXPIRES | {"Status": "Disabled"},
    "a date": EXPIRES | {"Expiration": {"Date": MIDNIGHT}},
    "lone delete markers": EXPIRES | {"Expiration": {"ExpiredObjectDeleteMarker": True}},
    "delete markers that stay": EXPIRES | {"Expiration": {"ExpiredObjectDeleteMarker": False}},
    "old versions": without("Expiration") | {"NoncurrentVersionExpiration": {"NoncurrentDays": 1}},
    "old versions but some": without("Expiration")
    | {"NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 100}},
    "uploads": without("Expiration") | {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2}},
    "transitions": EXPIRES
    | {
        "Expiration": {"Days": 365},
        "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 60, "StorageClass": "GLACIER"}],
        "NoncurrentVersionTransitions": [
            {"NoncurrentDays": 0, "StorageClass": "GLACIER", "NewerNoncurrentVersions": 2},
            {"NoncurrentDays": 90, "StorageClass": "DEEP_ARCHIVE"},
        ],
        "NoncurrentVersionExpiration": {"NoncurrentDays": 100},
    },
    "a transition by date": EXPIRES
    | {
        "Expiration": {"Date": MIDNIGHT.replace(month=2)},
        "Transitions": [{"Date": MIDNIGHT, "StorageClass": "GLACIER"}],
    },
    "a long id": EXPIRES | {"ID": "x" * 255},
}


@pytest.mark.parametrize("rule", GOOD.values(), ids=GOOD)
def test_a_rule_comes_back_as_it_was_put(boto: S3Client, rule: dict[str, Any]) -> None:
    assert put(boto, rule)["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert boto.get_bucket_lifecycle_configuration(Bucket="things")["Rules"] == [rule]


def test_many_rules_keep_their_order(boto: S3Client) -> None:
    rules = [EXPIRES | {"ID": f"rule {number}", "Filter": {"Prefix": f"{number}/"}} for number in range(1000)]
    put(boto, *rules)
    assert boto.get_bucket_lifecycle_configuration(Bucket="things")["Rules"] == rules
    assert refusal(boto, *rules, EXPIRES) == (400, "MalformedXML")


def test_a_rule_without_an_id_gets_one(boto: S3Client) -> None:
    put(boto, without("ID"), without("ID") | {"Filter": {"Prefix": "b/"}})
    found = boto.get_bucket_lifecycle_configuration(Bucket="things")["Rules"]
    ids = [rule.pop("ID") for rule in found]
    assert len(set(ids)) == 2
    assert all(ids)
    assert found[0] == without("ID")


def test_rules_are_deleted(boto: S3Client) -> None:
    missing = (404, "NoSuchLifecycleConfiguration")
    assert failing(boto.get_bucket_lifecycle_configuration, Bucket="things") == missing
    put(boto, EXPIRES)
    for _ in range(2):
        assert boto.delete_bucket_lifecycle(Bucket="things")["ResponseMetadata"]["HTTPStatusCode"] == 204
        assert failing(boto.get_bucket_lifecycle_configuration, Bucket="things") == missing


MALFORMED = (400, "MalformedXML")
ARGUMENT = (400, "InvalidArgument")
REQUEST = (400, "InvalidRequest")


def expiring(**expiration: Any) -> dict[str, Any]:
    return EXPIRES | {"Expiration": expiration}


def moving(*transitions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return without("Expiration") | {"Transitions": list(transitions)} | more


GLACIER = {"Days": 10, "StorageClass": "GLACIER"}

BAD: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "no days": (expiring(Days=0), ARGUMENT),
    "negative days": (expiring(Days=-1), ARGUMENT),
    "too many days": (expiring(Days=2**31), ARGUMENT),
    "days and a date": (expiring(Days=1, Date=MIDNIGHT), MALFORMED),
    "days and delete markers": (expiring(Days=1, ExpiredObjectDeleteMarker=True), MALFORMED),
    "nothing in an expiration": (expiring(), MALFORMED),
    "not midnight": (expiring(Date=MIDNIGHT.replace(hour=1)), ARGUMENT),
    "a status in another case": (EXPIRES | {"Status": "enabled"}, MALFORMED),
    "another status": (EXPIRES | {"Status": "On"}, MALFORMED),
    "no action": (without("Expiration"), REQUEST),
    "no filter": (without("Filter"), MALFORMED),
    "a filter and a prefix": (EXPIRES | {"Prefix": "a"}, MALFORMED),
    "two conditions without And": (EXPIRES | {"Filter": {"Prefix": "a", "Tag": TAG}}, MALFORMED),
    "an empty And": (EXPIRES | {"Filter": {"And": {}}}, MALFORMED),
    "two tags of a key": (EXPIRES | {"Filter": {"And": {"Tags": [TAG, TAG]}}}, (400, "InvalidTag")),
    "sizes that none has": (
        EXPIRES | {"Filter": {"And": {"ObjectSizeGreaterThan": 10, "ObjectSizeLessThan": 10}}},
        REQUEST,
    ),
    "a negative size": (EXPIRES | {"Filter": {"ObjectSizeGreaterThan": -1}}, ARGUMENT),
    "a long id": (EXPIRES | {"ID": "x" * 256}, ARGUMENT),
    "a long prefix": (EXPIRES | {"Filter": {"Prefix": "x" * 1025}}, ARGUMENT),
    "delete markers by tag": (
        EXPIRES | {"Filter": {"Tag": TAG}, "Expiration": {"ExpiredObjectDeleteMarker": True}},
        REQUEST,
    ),
    "uploads by tag": (
        EXPIRES | {"Filter": {"Tag": TAG}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
        REQUEST,
    ),
    "uploads at once": (EXPIRES | {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 0}}, ARGUMENT),
    "old versions at once": (EXPIRES | {"NoncurrentVersionExpiration": {"NoncurrentDays": 0}}, ARGUMENT),
    "old versions without days": (
        EXPIRES | {"NoncurrentVersionExpiration": {"NewerNoncurrentVersions": 1}},
        MALFORMED,
    ),
    "too many old versions": (
        EXPIRES | {"NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 101}},
        ARGUMENT,
    ),
    "some old versions without a filter": (
        without("Filter")
        | {"Prefix": "", "NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 1}},
        REQUEST,
    ),
    "another storage class": (moving({"Days": 1, "StorageClass": "STANDARD"}), MALFORMED),
    "a transition without a time": (moving({"StorageClass": "GLACIER"}), MALFORMED),
    "a transition with two times": (moving(GLACIER | {"Date": MIDNIGHT}), MALFORMED),
    "a transition before it begins": (moving(GLACIER | {"Days": -1}), ARGUMENT),
    "a transition not at midnight": (
        moving({"Date": MIDNIGHT.replace(minute=1), "StorageClass": "GLACIER"}),
        ARGUMENT,
    ),
    "a transition too early": (moving({"Days": 29, "StorageClass": "STANDARD_IA"}), ARGUMENT),
    "two transitions too near": (
        moving({"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 59, "StorageClass": "GLACIER"}),
        ARGUMENT,
    ),
    "two transitions to one class": (moving(GLACIER, GLACIER | {"Days": 20}), REQUEST),
    "an end before a transition": (moving(GLACIER, Expiration={"Days": 10}), ARGUMENT),
    "days of one and a date of the other": (moving(GLACIER, Expiration={"Date": MIDNIGHT}), REQUEST),
    "old versions that end before they move": (
        EXPIRES
        | {
            "NoncurrentVersionExpiration": {"NoncurrentDays": 10},
            "NoncurrentVersionTransitions": [{"NoncurrentDays": 10, "StorageClass": "GLACIER"}],
        },
        ARGUMENT,
    ),
}


@pytest.mark.parametrize(("rule", "expected"), BAD.values(), ids=BAD)
def test_a_rule_that_s3_refuses(boto: S3Client, rule: dict[str, Any], expected: tuple[int, str]) -> None:
    put(boto, EXPIRES)
    assert refusal(boto, EXPIRES | {"ID": "good", "Filter": {"Prefix": "b"}}, rule) == expected
    assert boto.get_bucket_lifecycle_configuration(Bucket="things")["Rules"] == [EXPIRES]


def test_ids_are_unique(boto: S3Client) -> None:
    assert refusal(boto, EXPIRES, EXPIRES | {"Filter": {"Prefix": "b"}}) == (400, "InvalidArgument")
    assert refusal(boto) == (400, "MalformedXML")


@pytest.mark.parametrize("date", ["20300101", "2030-01-01T00:00", "2030-02-30T00:00:00Z", "tomorrow", ""])
def test_dates_that_are_none(s3: Client, date: str) -> None:
    expiration = f"<Expiration><Date>{date}</Date></Expiration>"
    rule = f"<Rule><Prefix/><Status>Enabled</Status>{expiration}</Rule>"
    document = f"<LifecycleConfiguration>{rule}</LifecycleConfiguration>"
    reply = s3.ask("PUT", "/things?lifecycle", document.encode())
    assert reply.error == ((400, "MalformedXML") if date != "2030-01-01T00:00" else (200, ""))


def lock(*, mode: str = "GOVERNANCE", enabled: str = "Enabled", **period: int) -> dict[str, Any]:
    return {"ObjectLockEnabled": enabled, "Rule": {"DefaultRetention": {"Mode": mode, **period}}}


def put_lock(boto: S3Client, configuration: Any, bucket: str = "locked") -> tuple[int, str]:
    return failing(boto.put_object_lock_configuration, Bucket=bucket, ObjectLockConfiguration=configuration)


@pytest.fixture
def locking(boto: S3Client, store: Store) -> S3Client:
    """boto3, with a bucket ``locked`` that has object lock."""
    boto.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    return boto


@pytest.mark.parametrize(
    "configuration",
    [lock(Days=1), lock(mode="COMPLIANCE", Days=36_500), lock(Years=100), {"ObjectLockEnabled": "Enabled"}],
)
def test_a_lock_comes_back_as_it_was_put(locking: S3Client, configuration: Any) -> None:
    enabled = {"ObjectLockEnabled": "Enabled"}
    assert locking.get_object_lock_configuration(Bucket="locked")["ObjectLockConfiguration"] == enabled
    put = locking.put_object_lock_configuration(Bucket="locked", ObjectLockConfiguration=configuration, Token="t")
    assert put["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert locking.get_object_lock_configuration(Bucket="locked")["ObjectLockConfiguration"] == configuration


@pytest.mark.parametrize(
    ("configuration", "code"),
    [
        (lock(Days=0), "InvalidRetentionPeriod"),
        (lock(Days=-1), "InvalidRetentionPeriod"),
        (lock(Years=0), "InvalidRetentionPeriod"),
        (lock(Days=36_501), "InvalidRetentionPeriod"),
        (lock(Years=101), "InvalidRetentionPeriod"),
        (lock(Days=1, Years=1), "MalformedXML"),
        (lock(), "MalformedXML"),
        (lock(mode="governance", Days=1), "MalformedXML"),
        (lock(mode="", Days=1), "MalformedXML"),
        (lock(enabled="Disabled", Days=1), "MalformedXML"),
        ({"Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}, "MalformedXML"),
        ({}, "MalformedXML"),
    ],
)
def test_a_lock_that_s3_refuses(locking: S3Client, configuration: Any, code: str) -> None:
    assert put_lock(locking, configuration) == (400, code)
    found = locking.get_object_lock_configuration(Bucket="locked")["ObjectLockConfiguration"]
    assert found == {"ObjectLockEnabled": "Enabled"}


def test_a_lock_can_come_after_versioning(boto: S3Client) -> None:
    missing = (404, "ObjectLockConfigurationNotFoundError")
    assert put_lock(boto, lock(Days=1), "things") == (409, "InvalidBucketState")
    boto.put_bucket_versioning(Bucket="things", VersioningConfiguration={"Status": "Suspended"})
    assert put_lock(boto, lock(Days=1), "things") == (409, "InvalidBucketState")
    assert failing(boto.get_object_lock_configuration, Bucket="things") == missing
    boto.put_bucket_versioning(Bucket="things", VersioningConfiguration={"Status": "Enabled"})
    boto.put_object_lock_configuration(Bucket="things", ObjectLockConfiguration=lock(Days=1))  # type: ignore[arg-type]
    suspended: Any = {"Status": "Suspended"}
    refused = failing(boto.put_bucket_versioning, Bucket="things", VersioningConfiguration=suspended)
    assert refused == (409, "InvalidBucketState")
    assert boto.get_bucket_versioning(Bucket="things")["Status"] == "Enabled"
