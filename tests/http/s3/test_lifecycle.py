"""Lifecycle at the S3 port, with boto3: what S3 takes, refuses, shows and does. The clock is turned, not waited for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote

import pytest
from botocore.exceptions import ClientError
from bucketry import Store
from bucketry.sigv4 import times

from tests.http.s3.client import Client
from tests.http.s3.conftest import boto_client
from tests.http.s3.serving import memory_store, serving

BUCKET = "my-bucket"
ALL: dict[str, Any] = {"Prefix": ""}
DATE = datetime(2101, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store with a clock of its own, since tests turn it. No URL is signed here, so a turn need not wait."""
    monkeypatch.setattr(times, "_let_second_pass", lambda _: None)
    with memory_store() as opened:
        yield opened


@pytest.fixture
def url(store: Store) -> Iterator[str]:
    with serving(store) as url:
        yield url


@pytest.fixture
def boto(url: str) -> Any:
    return boto_client(url)


@pytest.fixture
def s3(boto: Any) -> Any:
    boto.create_bucket(Bucket=BUCKET)
    return boto


def rule(rule_id: str | None = "rule1", status: str = "Enabled", **fields: Any) -> dict[str, Any]:
    made = {"Status": status, **fields}
    if not {"Prefix", "Filter"} & made.keys():
        made["Filter"] = ALL
    return made if rule_id is None else {"ID": rule_id, **made}


def put(s3: Any, *rules: dict[str, Any]) -> None:
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": list(rules)})


def got(s3: Any) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    return rules


def keys(s3: Any) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def refused(s3: Any, *rules: dict[str, Any]) -> tuple[int, str]:
    with pytest.raises(ClientError) as raised:
        put(s3, *rules)
    response: Any = raised.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


KEPT: dict[str, dict[str, Any]] = {
    "days": rule(Expiration={"Days": 1}),
    "a date": rule(Expiration={"Date": DATE}),
    "a prefix in the old form": rule(Prefix="a/", Expiration={"Days": 1}),
    "the empty filter": rule(Filter={}, Expiration={"Days": 1}),
    "a prefix": rule(Filter={"Prefix": "a/"}, Expiration={"Days": 1}),
    "a tag": rule(Filter={"Tag": {"Key": "k", "Value": "v"}}, Expiration={"Days": 1}),
    "a size": rule(Filter={"ObjectSizeGreaterThan": 500}, Expiration={"Days": 1}),
    "several conditions": rule(
        Filter={
            "And": {
                "Prefix": "a/",
                "Tags": [{"Key": "k", "Value": "v"}, {"Key": "l", "Value": ""}],
                "ObjectSizeGreaterThan": 500,
                "ObjectSizeLessThan": 64_000,
            }
        },
        Expiration={"Days": 1},
    ),
    "delete markers": rule(Expiration={"ExpiredObjectDeleteMarker": True}),
    "disabled": rule(status="Disabled", Expiration={"Days": 1}),
    "uploads": rule(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 2}),
    "noncurrent versions": rule(NoncurrentVersionExpiration={"NoncurrentDays": 2}),
    "noncurrent versions by number": rule(
        NoncurrentVersionExpiration={"NoncurrentDays": 2, "NewerNoncurrentVersions": 5}
    ),
    "a transition": rule(Transitions=[{"Days": 30, "StorageClass": "GLACIER"}]),
    "a transition by date": rule(Transitions=[{"Date": DATE, "StorageClass": "DEEP_ARCHIVE"}]),
    "transitions and an expiration": rule(
        Transitions=[{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 60, "StorageClass": "GLACIER"}],
        Expiration={"Days": 365},
    ),
    "noncurrent transitions": rule(
        NoncurrentVersionTransitions=[{"NoncurrentDays": 30, "StorageClass": "GLACIER"}],
        NoncurrentVersionExpiration={"NoncurrentDays": 90},
    ),
}


@pytest.mark.parametrize("name", KEPT)
def test_a_rule_is_kept_as_it_was_put(s3: Any, name: str) -> None:
    put(s3, KEPT[name])
    (found,) = got(s3)
    assert found == KEPT[name]


def test_several_rules_are_kept_in_their_order(s3: Any) -> None:
    rules = [
        rule(f"rule{number}", Filter={"Prefix": f"{number}/"}, Expiration={"Days": number}) for number in (3, 1, 2)
    ]
    put(s3, *rules)
    assert got(s3) == rules
    put(s3, rule("another", Expiration={"Days": 9}))
    assert [one["ID"] for one in got(s3)] == ["another"]


def test_a_rule_without_an_id_gets_one(s3: Any) -> None:
    put(s3, rule(None, Expiration={"Days": 1}), rule(None, Filter={"Prefix": "a"}, Expiration={"Days": 1}))
    ids = [one["ID"] for one in got(s3)]
    assert all(ids)
    assert len(set(ids)) == 2
    assert [one["ID"] for one in got(s3)] == ids


def test_a_bucket_without_rules_says_so(s3: Any) -> None:
    for _ in range(2):
        with pytest.raises(ClientError) as raised:
            got(s3)
        assert raised.value.response["Error"]["Code"] == "NoSuchLifecycleConfiguration"
        put(s3, rule(Expiration={"Days": 1}))
        for _ in range(2):
            s3.delete_bucket_lifecycle(Bucket=BUCKET)


REFUSED: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "no days": (rule(Expiration={"Days": 0}), (400, "InvalidArgument")),
    "negative days": (rule(Expiration={"Days": -1}), (400, "InvalidArgument")),
    "an unknown status": (rule(status="enabled", Expiration={"Days": 1}), (400, "MalformedXML")),
    "another unknown status": (rule(status="invalid", Expiration={"Days": 1}), (400, "MalformedXML")),
    "a long id": (rule("a" * 256, Expiration={"Days": 1}), (400, "InvalidArgument")),
    "a date that is not midnight": (
        rule(Expiration={"Date": datetime(2101, 1, 1, 12, tzinfo=UTC)}), (400, "InvalidArgument"),
    ),
    "no action": (rule(), (400, "InvalidRequest")),
    "days and a date": (rule(Expiration={"Days": 1, "Date": DATE}), (400, "MalformedXML")),
    "a marker and days": (rule(Expiration={"Days": 1, "ExpiredObjectDeleteMarker": True}), (400, "MalformedXML")),
    "a marker with a tag": (
        rule(Filter={"Tag": {"Key": "a", "Value": "b"}}, Expiration={"ExpiredObjectDeleteMarker": True}),
        (400, "InvalidRequest"),
    ),
    "no days of uploads": (rule(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 0}), (400, "InvalidArgument")),
    "uploads with a tag": (
        rule(Filter={"Tag": {"Key": "a", "Value": "b"}}, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1}),
        (400, "InvalidRequest"),
    ),
    "no noncurrent days": (rule(NoncurrentVersionExpiration={"NoncurrentDays": 0}), (400, "InvalidArgument")),
    "sizes that exclude each other": (
        rule(Filter={"And": {"ObjectSizeGreaterThan": 9, "ObjectSizeLessThan": 9}}, Expiration={"Days": 1}),
        (400, "InvalidRequest"),
    ),
    "an unknown storage class": (
        rule(Transitions=[{"Days": 1, "StorageClass": "COLD"}]), (400, "MalformedXML"),
    ),
    "days and dates": (
        rule(Transitions=[{"Days": 30, "StorageClass": "GLACIER"}], Expiration={"Date": DATE}), (400, "InvalidRequest"),
    ),
    "an expiration before the transition": (
        rule(Transitions=[{"Days": 30, "StorageClass": "GLACIER"}], Expiration={"Days": 30}), (400, "InvalidArgument"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_rule_is_refused_as_in_s3(s3: Any, name: str) -> None:
    refused_rule, error = REFUSED[name]
    assert refused(s3, refused_rule) == error
    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        got(s3)


def test_two_rules_with_one_id_are_refused(s3: Any) -> None:
    rules = [rule(Filter={"Prefix": prefix}, Expiration={"Days": 1}) for prefix in ("a", "b")]
    assert refused(s3, *rules) == (400, "InvalidArgument")


@pytest.mark.parametrize(
    "action",
    [
        "<Expiration><Date>20200101</Date></Expiration>",
        "<Expiration><Date>tomorrow</Date></Expiration>",
        "<Expiration><Days>soon</Days></Expiration>",
        "<Transition><Date>20220927</Date><StorageClass>GLACIER</StorageClass></Transition>",
        "<Transition><StorageClass>GLACIER</StorageClass></Transition>",
        "<Expiration><Days>1</Days><Days>2</Days></Expiration>",
        "<Expiration/>",
    ],
)
def test_a_document_that_cannot_be_read_is_refused(s3: Any, url: str, action: str) -> None:
    document = (
        "<LifecycleConfiguration><Rule><ID>a</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status>"
        f"{action}</Rule></LifecycleConfiguration>"
    )
    reply = Client(url).ask("PUT", f"/{BUCKET}?lifecycle", document.encode())
    assert reply.error in {(400, "MalformedXML"), (400, "InvalidArgument")}
    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        got(s3)


def expiry(response: Any) -> tuple[datetime, str]:
    match = re.fullmatch(r'expiry-date="([^"]+)", rule-id="([^"]*)"', response["Expiration"])
    assert match is not None
    return parsedate_to_datetime(match[1]), unquote(match[2])


def test_responses_say_when_an_object_expires(s3: Any, store: Store) -> None:
    put(s3, rule("days 1/ü", Filter={"Prefix": "days1/"}, Expiration={"Days": 1}))
    made = s3.put_object(Bucket=BUCKET, Key="days1/foo", Body=b"bar")
    midnight = store.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    assert expiry(made) == (midnight + timedelta(days=2), "days 1/ü")
    for response in (
        s3.head_object(Bucket=BUCKET, Key="days1/foo"),
        s3.get_object(Bucket=BUCKET, Key="days1/foo"),
        s3.copy_object(Bucket=BUCKET, Key="days1/copy", CopySource=f"{BUCKET}/days1/foo"),
    ):
        assert response["Expiration"] == made["Expiration"]
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="days1/upload")["UploadId"]
    part = s3.upload_part(Bucket=BUCKET, Key="days1/upload", UploadId=upload, PartNumber=1, Body=b"bar")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    done = s3.complete_multipart_upload(Bucket=BUCKET, Key="days1/upload", UploadId=upload, MultipartUpload=parts)
    assert done["Expiration"] == made["Expiration"]
    assert "Expiration" not in s3.put_object(Bucket=BUCKET, Key="other", Body=b"bar")
    put(s3, rule("days1", status="Disabled", Filter={"Prefix": "days1/"}, Expiration={"Days": 1}))
    assert "Expiration" not in s3.head_object(Bucket=BUCKET, Key="days1/foo")


def test_the_header_goes_by_tags(s3: Any) -> None:
    tags: dict[str, Any] = {
        "Filter": {"And": {"Tags": [{"Key": "key1", "Value": "tag1"}, {"Key": "key5", "Value": "tag5"}]}}
    }
    put(s3, rule("tagged", **tags, Expiration={"Days": 1}))
    assert "Expiration" not in s3.put_object(Bucket=BUCKET, Key="a", Body=b"", Tagging="key1=tag1")
    assert expiry(s3.put_object(Bucket=BUCKET, Key="b", Body=b"", Tagging="key1=tag1&key5=tag5"))[1] == "tagged"
    assert "Expiration" not in s3.head_object(Bucket=BUCKET, Key="a")
    both = [{"Key": "key1", "Value": "tag1"}, {"Key": "key5", "Value": "tag5"}]
    s3.put_object_tagging(Bucket=BUCKET, Key="a", Tagging={"TagSet": both})
    assert expiry(s3.head_object(Bucket=BUCKET, Key="a"))[1] == "tagged"
    s3.delete_object_tagging(Bucket=BUCKET, Key="a")
    assert "Expiration" not in s3.head_object(Bucket=BUCKET, Key="a")


def test_the_earliest_rule_is_named(s3: Any) -> None:
    put(s3, rule("late", Expiration={"Days": 9}), rule("early", Filter={"Prefix": "a"}, Expiration={"Days": 2}),
        rule("moved", Transitions=[{"Days": 1, "StorageClass": "GLACIER"}]))  # fmt: skip
    assert expiry(s3.put_object(Bucket=BUCKET, Key="a", Body=b""))[1] == "early"
    assert expiry(s3.put_object(Bucket=BUCKET, Key="b", Body=b""))[1] == "late"


def test_objects_expire(s3: Any, store: Store) -> None:
    for key in ("expire1/foo", "expire1/bar", "keep2/foo", "keep2/bar", "expire3/foo", "expire3/bar"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"")
    put(
        s3,
        rule("1", Filter={"Prefix": "expire1/"}, Expiration={"Days": 1}),
        rule("3", Prefix="expire3/", Expiration={"Days": 5}),
    )
    store.clock.advance(days=2, hours=1)
    assert keys(s3) == ["expire3/bar", "expire3/foo", "keep2/bar", "keep2/foo"]
    store.clock.advance(days=5)
    assert keys(s3) == ["keep2/bar", "keep2/foo"]


def test_sizes_and_tags_decide(s3: Any, store: Store) -> None:
    put(s3, rule("large", Filter={"ObjectSizeGreaterThan": 2000}, Expiration={"Days": 1}),
        rule("small", Filter={"ObjectSizeLessThan": 500}, Expiration={"Days": 1}),
        rule("tag", Filter={"Tag": {"Key": "tom", "Value": "sawyer"}}, Expiration={"Days": 1}))  # fmt: skip
    for size in (499, 500, 2000, 2001):
        s3.put_object(Bucket=BUCKET, Key=f"{size}", Body=b"x" * size)
    s3.put_object(Bucket=BUCKET, Key="tagged", Body=b"x" * 1000, Tagging="tom=sawyer")
    s3.put_object(Bucket=BUCKET, Key="tagged otherwise", Body=b"x" * 1000, Tagging="huckle=berry")
    store.clock.advance(days=3)
    assert keys(s3) == ["2000", "500", "tagged otherwise"]


def test_a_date_in_the_past_expires_everything(s3: Any, store: Store) -> None:
    s3.put_object(Bucket=BUCKET, Key="past/a", Body=b"")
    put(s3, rule(Filter={"Prefix": "past/"}, Expiration={"Date": datetime(2017, 9, 27, tzinfo=UTC)}))
    store.clock.advance()
    assert keys(s3) == []


def enable_versions(s3: Any, status: str = "Enabled") -> None:
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": status})


def versions(s3: Any) -> tuple[int, int]:
    """How many versions and how many delete markers there are."""
    found = s3.list_object_versions(Bucket=BUCKET)
    return len(found.get("Versions", [])), len(found.get("DeleteMarkers", []))


def test_expiry_in_a_bucket_with_versions_makes_markers(s3: Any, store: Store) -> None:
    enable_versions(s3)
    put(s3, rule(Expiration={"Days": 1}))
    made = s3.put_object(Bucket=BUCKET, Key="a", Body=b"1")
    assert expiry(made)[1] == "rule1"
    store.clock.advance(days=3)
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket=BUCKET, Key="a")
    assert versions(s3) == (1, 1)
    assert s3.get_object(Bucket=BUCKET, Key="a", VersionId=made["VersionId"])["Body"].read() == b"1"
    store.clock.advance(days=90)
    assert versions(s3) == (1, 1)


def test_suspended_versions(s3: Any, store: Store) -> None:
    enable_versions(s3)
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"1")
    enable_versions(s3, "Suspended")
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"2")
    put(s3, rule(Expiration={"Days": 1}))
    store.clock.advance(days=3)
    (marker,) = s3.list_object_versions(Bucket=BUCKET)["DeleteMarkers"]
    assert (marker["VersionId"], marker["IsLatest"]) == ("null", True)
    assert versions(s3) == (1, 1)


def test_noncurrent_versions_and_lone_markers(s3: Any, store: Store) -> None:
    enable_versions(s3)
    put(s3, rule("n", NoncurrentVersionExpiration={"NoncurrentDays": 5, "NewerNoncurrentVersions": 2}),
        rule("m", Expiration={"ExpiredObjectDeleteMarker": True}))  # fmt: skip
    for number in range(10):
        s3.put_object(Bucket=BUCKET, Key="test1/a", Body=b"%d" % number)
        s3.put_object(Bucket=BUCKET, Key="test2/abc", Body=b"%d" % number)
    s3.delete_object(Bucket=BUCKET, Key="alone")
    store.clock.advance(days=2)
    assert versions(s3) == (20, 0)
    store.clock.advance(days=5)
    assert versions(s3) == (6, 0)
    assert s3.get_object(Bucket=BUCKET, Key="test1/a")["Body"].read() == b"9"


def test_an_upload_says_when_it_is_aborted(s3: Any, store: Store) -> None:
    put(s3, rule("old ü", Filter={"Prefix": "test1/"}, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 2}))
    midnight = store.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    begun = s3.create_multipart_upload(Bucket=BUCKET, Key="test1/a")
    listed = s3.list_parts(Bucket=BUCKET, Key="test1/a", UploadId=begun["UploadId"])
    for response in (begun, listed):
        assert response["AbortDate"] == midnight + timedelta(days=3)
        assert unquote(response["AbortRuleId"]) == "old ü"
    other = s3.create_multipart_upload(Bucket=BUCKET, Key="test2/a")
    assert "AbortDate" not in other


def test_uploads_that_nobody_completes(s3: Any, store: Store) -> None:
    put(s3, rule(Filter={"Prefix": "test1/"}, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 2}))
    for key in ("test1/a", "test2/"):
        s3.create_multipart_upload(Bucket=BUCKET, Key=key)
    store.clock.advance(days=4)
    assert [upload["Key"] for upload in s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]] == ["test2/"]


def test_ninety_days_expire_what_should_and_nothing_that_is_locked(boto: Any, store: Store) -> None:
    boto.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    until = store.clock.now() + timedelta(days=365)
    boto.put_object(Bucket=BUCKET, Key="free", Body=b"1")
    boto.put_object(
        Bucket=BUCKET, Key="locked", Body=b"2", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until
    )
    boto.put_object(Bucket=BUCKET, Key="held", Body=b"3", ObjectLockLegalHoldStatus="ON")
    put(boto, rule("e", Expiration={"Days": 30}), rule("n", NoncurrentVersionExpiration={"NoncurrentDays": 1}),
        rule("m", Expiration={"ExpiredObjectDeleteMarker": True}))  # fmt: skip
    store.clock.advance(days=90)
    found = boto.list_object_versions(Bucket=BUCKET)
    assert [version["Key"] for version in found["Versions"]] == ["held", "locked"]
    assert [marker["Key"] for marker in found["DeleteMarkers"]] == ["held", "locked"]
    for version in found["Versions"]:
        body = boto.get_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])["Body"].read()
        assert body in (b"2", b"3")
    store.clock.advance(days=300)
    assert [version["Key"] for version in boto.list_object_versions(Bucket=BUCKET)["Versions"]] == ["held"]
