"""Object lock through boto3: retention and legal hold of versions, and the settings of buckets."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from botocore.client import Config
from bucketry import Store
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.conftest import boto_client
from tests.http.s3.serving import memory_store, serving
from tests.http.s3.versioned import error_of, headers_of, put, read, versions

LATER = datetime(2140, 1, 1, tzinfo=UTC)
DENIED = (403, "AccessDenied")
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def lock_store() -> Iterator[Store]:
    """A store of its own: what is locked cannot be cleared away."""
    with memory_store() as store:
        yield store


@pytest.fixture(scope="module")
def url(lock_store: Store) -> Iterator[str]:
    with serving(lock_store) as url:
        yield url


@pytest.fixture(scope="module")
def boto(url: str) -> S3Client:
    return boto_client(url)


@pytest.fixture
def raw(url: str) -> Client:
    return Client(url)


@pytest.fixture
def bucket(boto: S3Client) -> str:
    name = f"locked-{next(NUMBERS)}"
    boto.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


@pytest.fixture
def plain(boto: S3Client) -> str:
    name = f"plain-{next(NUMBERS)}"
    boto.create_bucket(Bucket=name)
    return name


def retain(boto: S3Client, bucket: str, mode: str = "GOVERNANCE", until: datetime = LATER, **more: Any) -> Any:
    kept: Any = {"Mode": mode, "RetainUntilDate": until}
    return boto.put_object_retention(Bucket=bucket, Key="a", Retention=kept, **more)


def kept(boto: S3Client, bucket: str, **named: Any) -> tuple[str, datetime]:
    found: Any = boto.get_object_retention(Bucket=bucket, Key="a", **named)["Retention"]
    return found["Mode"], found["RetainUntilDate"]


# The settings of a bucket


def test_a_bucket_created_with_lock_has_versions_and_settings(boto: S3Client, bucket: str) -> None:
    assert boto.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    found = boto.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    assert found == {"ObjectLockEnabled": "Enabled"}
    off: Any = {"Status": "Suspended"}
    assert error_of(boto.put_bucket_versioning, Bucket=bucket, VersioningConfiguration=off) == (
        409, "InvalidBucketState",
    )  # fmt: skip


@pytest.mark.parametrize("period", [{"Days": 1}, {"Years": 2}])
@pytest.mark.parametrize("mode", ["GOVERNANCE", "COMPLIANCE"])
def test_a_default_retention_holds_for_new_versions(
    boto: S3Client, bucket: str, mode: str, period: dict[str, int]
) -> None:
    before = put(boto, "a", b"before", bucket=bucket)[0]
    settings: Any = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": mode, **period}}}
    boto.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=settings)
    assert boto.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"] == settings
    (after,) = put(boto, "a", b"after", bucket=bucket)
    found = kept(boto, bucket, VersionId=after)
    days = period.get("Days", 0) or 365 * period["Years"]
    assert found[0] == mode
    assert timedelta(days=days - 1) < found[1] - datetime.now(UTC) < timedelta(days=days + 2)
    assert error_of(boto.delete_object, Bucket=bucket, Key="a", VersionId=after) == DENIED
    boto.delete_object(Bucket=bucket, Key="a", VersionId=before)
    head = boto.head_object(Bucket=bucket, Key="a")
    assert (head["ObjectLockMode"], head["ObjectLockRetainUntilDate"]) == found


def test_a_bucket_without_lock(boto: S3Client, plain: str) -> None:
    boto.put_object(Bucket=plain, Key="a", Body=b"")
    assert error_of(boto.get_object_lock_configuration, Bucket=plain) == (
        404, "ObjectLockConfigurationNotFoundError",
    )  # fmt: skip
    wanted: Any = {"ObjectLockEnabled": "Enabled"}
    assert error_of(boto.put_object_lock_configuration, Bucket=plain, ObjectLockConfiguration=wanted) == (
        409, "InvalidBucketState",
    )  # fmt: skip
    missing = (400, "InvalidRequest")
    named: Any = {"Bucket": plain, "Key": "a"}
    assert error_of(boto.get_object_retention, **named) == missing
    assert error_of(boto.get_object_legal_hold, **named) == missing
    assert error_of(boto.put_object_legal_hold, **named, LegalHold={"Status": "ON"}) == missing
    assert error_of(retain, boto=boto, bucket=plain) == missing
    locked: Any = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": LATER}
    assert error_of(boto.put_object, **named, **locked) == missing
    assert error_of(boto.put_object, **named, ObjectLockLegalHoldStatus="ON") == missing
    assert error_of(boto.create_multipart_upload, **named, **locked) == missing
    assert (
        error_of(boto.copy_object, **named, **locked, CopySource=f"{plain}/a", MetadataDirective="REPLACE") == missing
    )


def test_a_lock_can_be_turned_on_once_there_are_versions(boto: S3Client, plain: str) -> None:
    boto.put_bucket_versioning(Bucket=plain, VersioningConfiguration={"Status": "Suspended"})
    enabled: Any = {"ObjectLockEnabled": "Enabled"}
    assert error_of(boto.put_object_lock_configuration, Bucket=plain, ObjectLockConfiguration=enabled) == (
        409, "InvalidBucketState",
    )  # fmt: skip
    boto.put_bucket_versioning(Bucket=plain, VersioningConfiguration={"Status": "Enabled"})
    put(boto, "a", b"", bucket=plain)
    wanted: Any = {"ObjectLockEnabled": "Enabled"}
    boto.put_object_lock_configuration(Bucket=plain, ObjectLockConfiguration=wanted)
    assert boto.get_object_lock_configuration(Bucket=plain)["ObjectLockConfiguration"] == wanted
    assert error_of(boto.get_object_retention, Bucket=plain, Key="a") == (404, "NoSuchObjectLockConfiguration")
    retain(boto, plain)
    assert kept(boto, plain) == ("GOVERNANCE", LATER)


@pytest.mark.parametrize(
    ("mode", "period", "code"),
    [
        ("abc", "<Days>1</Days>", "MalformedXML"),
        ("governance", "<Days>1</Days>", "MalformedXML"),
        ("GOVERNANCE", "<Days>1</Days><Years>1</Years>", "MalformedXML"),
        ("GOVERNANCE", "", "MalformedXML"),
        ("GOVERNANCE", "<Days>0</Days>", "InvalidRetentionPeriod"),
        ("GOVERNANCE", "<Days>-1</Days>", "InvalidRetentionPeriod"),
        ("COMPLIANCE", "<Years>0</Years>", "InvalidRetentionPeriod"),
    ],
)
def test_default_retentions_that_are_not_valid(raw: Client, bucket: str, mode: str, period: str, code: str) -> None:
    rule = f"<Rule><DefaultRetention><Mode>{mode}</Mode>{period}</DefaultRetention></Rule>"
    body = f"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>{rule}</ObjectLockConfiguration>"
    assert raw.ask("PUT", f"/{bucket}?object-lock", body.encode()).error == (400, code)


def test_a_lock_cannot_be_turned_off(raw: Client, bucket: str) -> None:
    body = "<ObjectLockConfiguration><ObjectLockEnabled>Disabled</ObjectLockEnabled></ObjectLockConfiguration>"
    assert raw.ask("PUT", f"/{bucket}?object-lock", body.encode()).error == (400, "MalformedXML")


# Retention


@pytest.mark.parametrize("mode", ["GOVERNANCE", "COMPLIANCE"])
def test_a_retention_protects_its_version(boto: S3Client, bucket: str, mode: str) -> None:
    first, second = put(boto, "a", b"first", b"second", bucket=bucket)
    retain(boto, bucket, mode, VersionId=first)
    assert kept(boto, bucket, VersionId=first) == (mode, LATER)
    assert error_of(boto.get_object_retention, Bucket=bucket, Key="a", VersionId=second) == (
        404, "NoSuchObjectLockConfiguration",
    )  # fmt: skip
    assert error_of(boto.delete_object, Bucket=bucket, Key="a", VersionId=first) == DENIED
    boto.delete_object(Bucket=bucket, Key="a", VersionId=second)
    assert boto.delete_object(Bucket=bucket, Key="a")["DeleteMarker"] is True
    put(boto, "a", b"third", bucket=bucket)
    assert read(boto, "a", first, bucket) == b"first"
    named: Any = {"Bucket": bucket, "Key": "a", "VersionId": first, "BypassGovernanceRetention": True}
    if mode == "COMPLIANCE":
        assert error_of(boto.delete_object, **named) == DENIED
    else:
        assert boto.delete_object(**named)["VersionId"] == first


def test_a_retention_grows_and_shrinks_only_with_bypass(boto: S3Client, bucket: str) -> None:
    put(boto, "a", b"", bucket=bucket)
    retain(boto, bucket)
    longer = LATER + timedelta(days=2)
    retain(boto, bucket, until=longer)
    assert error_of(retain, boto=boto, bucket=bucket) == DENIED
    assert kept(boto, bucket) == ("GOVERNANCE", longer)
    retain(boto, bucket, BypassGovernanceRetention=True)
    assert kept(boto, bucket) == ("GOVERNANCE", LATER)
    assert error_of(retain, boto=boto, bucket=bucket, mode="COMPLIANCE") == DENIED
    retain(boto, bucket, "COMPLIANCE", BypassGovernanceRetention=True)
    for more in ({}, {"BypassGovernanceRetention": True}):
        shorter = LATER - timedelta(days=1)
        assert error_of(retain, boto=boto, bucket=bucket, mode="COMPLIANCE", until=shorter, **more) == DENIED
        assert error_of(retain, boto=boto, bucket=bucket, mode="GOVERNANCE", **more) == DENIED
    retain(boto, bucket, "COMPLIANCE", longer)
    assert kept(boto, bucket) == ("COMPLIANCE", longer)


def test_an_empty_document_removes_a_retention(raw: Client, boto: S3Client, bucket: str) -> None:
    (version_id,) = put(boto, "a", b"", bucket=bucket)
    retain(boto, bucket)
    target, body = f"/{bucket}/a?retention", b"<Retention/>"
    assert raw.ask("PUT", target, body).error == DENIED
    assert raw.ask("PUT", target, body, {"x-amz-bypass-governance-retention": "true"}).status == 200
    assert error_of(boto.get_object_retention, Bucket=bucket, Key="a") == (404, "NoSuchObjectLockConfiguration")
    assert "ObjectLockMode" not in boto.head_object(Bucket=bucket, Key="a")
    boto.delete_object(Bucket=bucket, Key="a", VersionId=version_id)


def retention(mode: str = "GOVERNANCE", until: str = "2140-01-01T00:00:00Z") -> str:
    return f"<Retention><Mode>{mode}</Mode><RetainUntilDate>{until}</RetainUntilDate></Retention>"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (retention(mode="governance"), "MalformedXML"),
        (retention(mode="abc"), "MalformedXML"),
        (retention(mode=""), "MalformedXML"),
        (retention(until="tomorrow"), "MalformedXML"),
        (retention(until="2140-13-01T00:00:00Z"), "MalformedXML"),
        (retention(until="2140-01-01"), "MalformedXML"),
        (retention(until=""), "MalformedXML"),
        (retention(until="2001-01-01T00:00:00Z"), "InvalidArgument"),
        ("<Retention><Mode>GOVERNANCE</Mode></Retention>", "MalformedXML"),
        ("<Retention><RetainUntilDate>2140-01-01T00:00:00Z</RetainUntilDate></Retention>", "MalformedXML"),
        ("<Retention><Other/></Retention>", "MalformedXML"),
        ("<Other/>", "MalformedXML"),
        ("", "MalformedXML"),
        ("<Retention>", "MalformedXML"),
    ],
)
def test_retentions_that_are_not_valid(raw: Client, boto: S3Client, bucket: str, body: str, code: str) -> None:
    put(boto, "a", b"", bucket=bucket)
    assert raw.ask("PUT", f"/{bucket}/a?retention", body.encode()).error == (400, code)
    assert error_of(boto.get_object_retention, Bucket=bucket, Key="a") == (404, "NoSuchObjectLockConfiguration")


TIMES = {
    "2140-01-01T00:00:00Z": LATER,
    "2140-01-01T00:00:00.000Z": LATER,
    "2140-01-01T00:00:00.123456Z": LATER + timedelta(milliseconds=123),
    "2140-01-01T00:00:00.123456789Z": LATER + timedelta(milliseconds=123),
    "2140-01-01T02:00:00+02:00": LATER,
    "2140-01-01T02:00:00+0200": LATER,
    "2140-01-01T00:00Z": LATER,
}


@pytest.mark.parametrize("text", TIMES)
def test_times_as_clients_write_them(raw: Client, boto: S3Client, bucket: str, text: str) -> None:
    put(boto, "a", b"", bucket=bucket)
    assert raw.ask("PUT", f"/{bucket}/a?retention", retention(until=text).encode()).status == 200
    assert kept(boto, bucket) == ("GOVERNANCE", TIMES[text])
    headers = {"x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-retain-until-date": text,
               "content-md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}  # fmt: skip
    assert raw.ask("PUT", f"/{bucket}/a", b"", headers).status == 200
    assert kept(boto, bucket) == ("GOVERNANCE", TIMES[text])


def test_times_are_told_in_iso_8601(raw: Client, boto: S3Client, bucket: str) -> None:
    put(boto, "a", b"", bucket=bucket)
    retain(boto, bucket)
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z"
    assert re.fullmatch(pattern, raw.ask("GET", f"/{bucket}/a?retention").text("{*}RetainUntilDate"))
    told = headers_of(boto.head_object(Bucket=bucket, Key="a"))["x-amz-object-lock-retain-until-date"]
    assert re.fullmatch(pattern, told)


def test_versions_and_markers_that_cannot_be_locked(boto: S3Client, bucket: str) -> None:
    put(boto, "a", b"", bucket=bucket)
    marker = boto.delete_object(Bucket=bucket, Key="a")["VersionId"]
    named: Any = {"Bucket": bucket, "Key": "a"}
    hold: Any = {"LegalHold": {"Status": "ON"}}
    for version, error in (
        ({"VersionId": marker}, (405, "MethodNotAllowed")),
        ({}, (404, "NoSuchKey")),
        ({"VersionId": "0" * 32}, (404, "NoSuchVersion")),
        ({"VersionId": "abc"}, (400, "InvalidArgument")),
    ):
        assert error_of(retain, boto=boto, bucket=bucket, **version) == error
        assert error_of(boto.get_object_retention, **named, **version) == error
        assert error_of(boto.put_object_legal_hold, **named, **hold, **version) == error
        assert error_of(boto.get_object_legal_hold, **named, **version) == error


# Legal hold


def test_a_legal_hold_protects_until_it_is_off(boto: S3Client, bucket: str) -> None:
    (version_id,) = put(boto, "a", b"", bucket=bucket)
    named: Any = {"Bucket": bucket, "Key": "a"}
    assert error_of(boto.get_object_legal_hold, **named) == (404, "NoSuchObjectLockConfiguration")
    boto.put_object_legal_hold(**named, LegalHold={"Status": "ON"})
    assert boto.get_object_legal_hold(**named)["LegalHold"] == {"Status": "ON"}
    assert boto.head_object(**named)["ObjectLockLegalHoldStatus"] == "ON"
    delete: Any = {**named, "VersionId": version_id}
    assert error_of(boto.delete_object, **delete) == DENIED
    assert error_of(boto.delete_object, **delete, BypassGovernanceRetention=True) == DENIED
    boto.put_object_legal_hold(**named, LegalHold={"Status": "OFF"})
    assert boto.get_object_legal_hold(**named)["LegalHold"] == {"Status": "OFF"}
    assert boto.head_object(**named)["ObjectLockLegalHoldStatus"] == "OFF"
    boto.delete_object(**delete)


@pytest.mark.parametrize(
    "body",
    ["<LegalHold><Status>abc</Status></LegalHold>", "<LegalHold><Status>on</Status></LegalHold>", "<LegalHold/>",
     "<LegalHold><Status>ON</Status><Status>OFF</Status></LegalHold>", "<Other/>", ""],
)  # fmt: skip
def test_legal_holds_that_are_not_valid(raw: Client, boto: S3Client, bucket: str, body: str) -> None:
    put(boto, "a", b"", bucket=bucket)
    assert raw.ask("PUT", f"/{bucket}/a?legal-hold", body.encode()).error == (400, "MalformedXML")


# The headers of writes


def test_a_put_locks_its_version(boto: S3Client, bucket: str) -> None:
    boto.put_object(
        Bucket=bucket, Key="a", Body=b"a", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=LATER,
        ObjectLockLegalHoldStatus="ON",
    )  # fmt: skip
    for found in (boto.head_object(Bucket=bucket, Key="a"), boto.get_object(Bucket=bucket, Key="a")):
        assert (found["ObjectLockMode"], found["ObjectLockRetainUntilDate"]) == ("GOVERNANCE", LATER)
        assert found["ObjectLockLegalHoldStatus"] == "ON"


LOCKED: Any = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": LATER, "ObjectLockLegalHoldStatus": "ON"}


def is_locked(boto: S3Client, bucket: str, key: str) -> bool:
    head: Any = boto.head_object(Bucket=bucket, Key=key)
    names = ("ObjectLockMode", "ObjectLockRetainUntilDate", "ObjectLockLegalHoldStatus")
    found = [head.get(name) for name in names]
    assert found in ([LOCKED[name] for name in names], [None] * 3)
    return found[0] is not None


def test_an_upload_locks_its_version(boto: S3Client, bucket: str) -> None:
    named: Any = {"Bucket": bucket, "Key": "a"}
    upload: Any = {**named, "UploadId": boto.create_multipart_upload(**named, **LOCKED)["UploadId"]}
    etag = boto.upload_part(**upload, PartNumber=1, Body=b"a")["ETag"]
    done = boto.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    assert is_locked(boto, bucket, "a")
    assert error_of(boto.delete_object, **named, VersionId=done["VersionId"]) == DENIED


def test_a_copy_has_the_lock_of_its_request_alone(boto: S3Client, bucket: str) -> None:
    boto.put_object(Bucket=bucket, Key="a", **LOCKED)
    boto.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/a")
    assert not is_locked(boto, bucket, "copy")
    boto.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/a", **LOCKED)
    assert is_locked(boto, bucket, "copy")
    settings: Any = {
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}},
    }
    boto.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=settings)
    boto.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/a")
    assert boto.head_object(Bucket=bucket, Key="copy")["ObjectLockMode"] == "COMPLIANCE"


def test_tags_do_not_change_a_lock(boto: S3Client, bucket: str) -> None:
    boto.put_object(Bucket=bucket, Key="a", **LOCKED)
    boto.put_object_tagging(Bucket=bucket, Key="a", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    boto.delete_object_tagging(Bucket=bucket, Key="a")
    assert is_locked(boto, bucket, "a")


def test_a_form_locks_its_version(boto: S3Client, url: str, bucket: str) -> None:
    fields = {MODE: "GOVERNANCE", UNTIL: "2140-01-01T00:00:00Z", HOLD: "ON"}
    conditions = [{name: value} for name, value in fields.items()]
    presigning = boto_client(url, Config(signature_version="s3v4"))
    made = presigning.generate_presigned_post(bucket, "a", Fields=fields, Conditions=conditions)
    files = {"file": ("name.txt", b"content")}
    answer = httpx.post(made["url"], data=made["fields"], files=files)
    assert answer.status_code == 204
    assert is_locked(boto, bucket, "a")
    named: Any = {"Bucket": bucket, "Key": "a", "VersionId": answer.headers["x-amz-version-id"]}
    assert error_of(boto.delete_object, **named) == DENIED
    answer = httpx.post(made["url"], data={**made["fields"], MODE: "COMPLIANCE"}, files=files)
    assert answer.status_code == 403


def test_a_form_with_half_a_retention(boto: S3Client, url: str, bucket: str) -> None:
    presigning = boto_client(url, Config(signature_version="s3v4"))
    for name, value in ((MODE, "GOVERNANCE"), (UNTIL, "2140-01-01T00:00:00Z"), (HOLD, "yes")):
        made = presigning.generate_presigned_post(bucket, "a", Fields={name: value}, Conditions=[{name: value}])
        answer = httpx.post(made["url"], data=made["fields"], files={"file": ("name.txt", b"content")})
        assert (answer.status_code, "<Code>InvalidArgument</Code>" in answer.text) == (400, True)
    assert versions(boto, bucket) == []


MD5 = {"content-md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}
MODE, UNTIL, HOLD = ("x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date", "x-amz-object-lock-legal-hold")
WRONG_HEADERS: list[tuple[dict[str, str], str]] = [
    ({MODE: "GOVERNANCE"}, UNTIL),
    ({UNTIL: "2140-01-01T00:00:00Z"}, MODE),
    ({MODE: "governance", UNTIL: "2140-01-01T00:00:00Z"}, MODE),
    ({MODE: "", UNTIL: "2140-01-01T00:00:00Z"}, MODE),
    ({MODE: "GOVERNANCE", UNTIL: "2001-01-01T00:00:00Z"}, UNTIL),
    ({MODE: "GOVERNANCE", UNTIL: "tomorrow"}, UNTIL),
    ({MODE: "GOVERNANCE", UNTIL: "9" * 4000}, UNTIL),
    ({HOLD: "on"}, HOLD),
    ({HOLD: ""}, HOLD),
]


@pytest.mark.parametrize(("headers", "argument"), WRONG_HEADERS)
def test_lock_headers_that_are_not_valid(raw: Client, bucket: str, headers: dict[str, str], argument: str) -> None:
    for method, query in (("PUT", ""), ("POST", "?uploads")):
        reply = raw.ask(method, f"/{bucket}/a{query}", b"", {**headers, **MD5})
        assert (reply.error, reply.text("ArgumentName")) == ((400, "InvalidArgument"), argument)
    assert raw.ask("GET", f"/{bucket}?versions").texts("{*}Version/{*}Key") == []


def test_a_body_that_is_locked_is_protected(raw: Client, bucket: str) -> None:
    unsigned = "UNSIGNED-PAYLOAD"
    reply = raw.ask("PUT", f"/{bucket}/a", b"", {HOLD: "ON"}, payload=unsigned)
    assert reply.error == (400, "InvalidRequest")
    assert "Content-MD5" in reply.text("Message")
    for headers in (MD5, {"x-amz-checksum-crc32": "AAAAAA=="}):
        assert raw.ask("PUT", f"/{bucket}/a", b"", {HOLD: "ON", **headers}, payload=unsigned).status == 200
    assert raw.ask("PUT", f"/{bucket}/a", b"", {HOLD: "ON"}).status == 200


@pytest.mark.parametrize("query", ["uploadId=x&partNumber=1", "tagging", "acl"])
def test_lock_headers_where_no_version_is_made(raw: Client, bucket: str, query: str) -> None:
    assert raw.ask("PUT", f"/{bucket}/a?{query}", b"", {HOLD: "ON"}).error == (501, "NotImplemented")


# Batches


def test_a_batch_tells_each_version_that_is_locked(boto: S3Client, bucket: str) -> None:
    first, second = put(boto, "a", b"first", b"second", bucket=bucket)
    retain(boto, bucket, VersionId=first)
    both: Any = {"Objects": [{"Key": "a", "VersionId": first}, {"Key": "a", "VersionId": second}]}
    answer: Any = boto.delete_objects(Bucket=bucket, Delete=both)
    assert [(e["Key"], e["VersionId"], e["Code"]) for e in answer["Errors"]] == [("a", first, "AccessDenied")]
    assert [(e["Key"], e["VersionId"]) for e in answer["Deleted"]] == [("a", second)]
    assert versions(boto, bucket) == [("a", first, True)]
    answer = boto.delete_objects(Bucket=bucket, Delete=both, BypassGovernanceRetention=True)
    assert "Errors" not in answer
    assert versions(boto, bucket) == []


def test_a_lock_ends_by_the_clock(boto: S3Client, lock_store: Store, bucket: str) -> None:
    (version_id,) = put(boto, "a", b"", bucket=bucket)
    retain(boto, bucket, "COMPLIANCE", lock_store.clock.now() + timedelta(days=30))
    named: Any = {"Bucket": bucket, "Key": "a", "VersionId": version_id}
    assert error_of(boto.delete_object, **named) == DENIED
    try:
        lock_store.clock.advance(days=31)
        boto.delete_object(**named)
    finally:
        lock_store.clock.reset()


@pytest.mark.parametrize("value", ["true", "True", "TRUE", "false"])
def test_the_header_of_a_new_bucket(raw: Client, value: str) -> None:
    name = f"new-{next(NUMBERS)}"
    assert raw.ask("PUT", f"/{name}", b"", {"x-amz-bucket-object-lock-enabled": value}).status == 200
    assert (raw.ask("GET", f"/{name}?object-lock").status == 200) == (value != "false")


@pytest.mark.parametrize("value", ["yes", "", "1"])
def test_the_header_of_a_new_bucket_that_says_neither(raw: Client, value: str) -> None:
    reply = raw.ask("PUT", "/never", b"", {"x-amz-bucket-object-lock-enabled": value})
    assert reply.error == (400, "InvalidArgument")
    assert raw.ask("HEAD", "/never").status == 404


def test_a_bypass_that_says_neither(raw: Client, boto: S3Client, bucket: str) -> None:
    put(boto, "a", b"", bucket=bucket)
    headers = {"x-amz-bypass-governance-retention": "perhaps"}
    assert raw.ask("DELETE", f"/{bucket}/a", b"", headers).error == (400, "InvalidArgument")
    assert len(versions(boto, bucket)) == 1
