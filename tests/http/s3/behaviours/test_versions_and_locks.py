"""Versions, object lock, conditional deletes and writes, uploads in parts, and copies."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.http.s3.users import ALICE, People, client, denied, status_of


@pytest.fixture
def versioned(users: People) -> People:
    users.alice.put_bucket_versioning(Bucket="things", VersioningConfiguration={"Status": "Enabled"})
    return users


def suspend(users: People) -> None:
    users.alice.put_bucket_versioning(Bucket="things", VersioningConfiguration={"Status": "Suspended"})


def put(users: People, key: str, *bodies: bytes) -> list[str]:
    return [users.alice.put_object(Bucket="things", Key=key, Body=body).get("VersionId", "none") for body in bodies]


def listed(users: People, kind: str = "Versions", **named: Any) -> list[tuple[str, str]]:
    page: Any = users.alice.list_object_versions(Bucket="things", **named)
    return [(entry["Key"], entry["VersionId"]) for entry in page.get(kind, [])]


def read(users: People, key: str, version: str | None = None) -> bytes:
    named: Any = {"VersionId": version} if version else {}
    content: bytes = users.alice.get_object(Bucket="things", Key=key, **named)["Body"].read()
    return content


def test_suspended_writes_and_removals(versioned: People) -> None:
    ids = put(versioned, "a", b"1", b"2", b"3")
    suspend(versioned)
    versioned.alice.delete_object(Bucket="things", Key="a")
    versioned.alice.delete_object(Bucket="things", Key="a")
    assert listed(versioned, "DeleteMarkers") == [("a", "null")]
    put(versioned, "a", b"null a")
    put(versioned, "a", b"null b")
    assert listed(versioned, "DeleteMarkers") == []
    assert [version for _, version in listed(versioned)] == ["null", *reversed(ids)]
    versioned.alice.delete_object(Bucket="things", Key="a", VersionId="null")
    assert read(versioned, "a") == b"3"


def test_a_version_of_before_versioning(users: People) -> None:
    put(users, "a", b"old")
    users.alice.put_bucket_versioning(Bucket="things", VersioningConfiguration={"Status": "Enabled"})
    (new,) = put(users, "a", b"new")
    assert read(users, "a", "null") == b"old"
    users.alice.delete_object(Bucket="things", Key="a", VersionId="null")
    denied(users.alice.get_object, Bucket="things", Key="a", VersionId="null", code="NoSuchVersion", status=404)
    assert listed(users) == [("a", new)]


def test_a_batch_with_markers(versioned: People) -> None:
    put(versioned, "a", b"1")
    deleted: Any = versioned.alice.delete_objects(Bucket="things", Delete={"Objects": [{"Key": "a"}, {"Key": "b"}]})
    assert all(entry["DeleteMarker"] and entry["DeleteMarkerVersionId"] for entry in deleted["Deleted"])
    marker = next(entry["DeleteMarkerVersionId"] for entry in deleted["Deleted"] if entry["Key"] == "a")
    again: Any = versioned.alice.delete_objects(
        Bucket="things", Delete={"Objects": [{"Key": "a", "VersionId": marker}]}
    )
    (entry,) = again["Deleted"]
    assert (entry["VersionId"], entry["DeleteMarker"], entry["DeleteMarkerVersionId"]) == (marker, True, marker)
    assert read(versioned, "a") == b"1"


def test_conditional_deletes_in_a_batch(versioned: People) -> None:
    first, second = put(versioned, "a", b"1", b"2")
    tag = versioned.alice.head_object(Bucket="things", Key="a", VersionId=first)["ETag"]

    def delete(**entry: Any) -> Any:
        return versioned.alice.delete_objects(Bucket="things", Delete={"Objects": [{"Key": "a", **entry}]})

    refused = delete(VersionId=first, ETag="badetag")
    assert refused["Errors"][0]["Code"] == "PreconditionFailed"
    assert delete(VersionId=first, ETag=tag)["Deleted"][0]["VersionId"] == first
    assert listed(versioned) == [("a", second)]
    assert delete(ETag=tag)["Errors"][0]["Code"] == "PreconditionFailed"
    assert "DeleteMarkerVersionId" in delete(ETag="*")["Deleted"][0]


def test_conditional_deletes(users: People) -> None:
    put(users, "a", b"1")
    failed: Any = {"code": "PreconditionFailed", "status": 412}
    tag = users.alice.head_object(Bucket="things", Key="a")["ETag"]
    denied(users.alice.delete_object, Bucket="things", Key="a", IfMatch="bad", **failed)
    assert status_of(users.alice.delete_object, Bucket="things", Key="a", IfMatch=tag) == 204
    put(users, "a", b"1")
    assert status_of(users.alice.delete_object, Bucket="things", Key="a", IfMatch="*") == 204
    denied(users.alice.delete_object, Bucket="things", Key="a", IfMatch=tag, code="NoSuchKey", status=404)


def test_conditional_writes(users: People) -> None:
    failed: Any = {"code": "PreconditionFailed", "status": 412}
    put(users, "a", b"1")
    tag = users.alice.head_object(Bucket="things", Key="a")["ETag"]
    denied(users.alice.put_object, Bucket="things", Key="a", IfNoneMatch="*", **failed)
    denied(users.alice.put_object, Bucket="things", Key="a", IfMatch='"ABC"', **failed)
    missing: Any = {"code": "NoSuchKey", "status": 404}
    denied(users.alice.put_object, Bucket="things", Key="none", IfMatch=tag, **missing)
    assert status_of(users.alice.put_object, Bucket="things", Key="none", IfNoneMatch="*") == 200
    assert status_of(users.alice.put_object, Bucket="things", Key="a", IfMatch=tag, Body=b"2") == 200
    upload: Any = {"Bucket": "things", "Key": "a"}
    upload["UploadId"] = users.alice.create_multipart_upload(**upload)["UploadId"]
    part = users.alice.upload_part(**upload, PartNumber=1, Body=b"3")["ETag"]
    whole: Any = {"MultipartUpload": {"Parts": [{"ETag": part, "PartNumber": 1}]}}
    denied(users.alice.complete_multipart_upload, **upload, **whole, IfNoneMatch="*", **failed)
    denied(users.alice.complete_multipart_upload, **upload, **whole, IfMatch=tag, **failed)
    now = users.alice.head_object(Bucket="things", Key="a")["ETag"]
    assert status_of(users.alice.complete_multipart_upload, **upload, **whole, IfMatch=now) == 200


@pytest.mark.parametrize("versioning", [False, True])
@pytest.mark.parametrize("batch", [False, True])
def test_deletes_of_an_object_of_a_size_and_time(users: People, batch: bool, versioning: bool) -> None:
    if versioning:
        users.alice.put_bucket_versioning(Bucket="things", VersioningConfiguration={"Status": "Enabled"})
    version = users.alice.put_object(Bucket="things", Key="a", Body=b"123").get("VersionId")
    named: Any = {"VersionId": version} if versioning else {}
    written = users.alice.head_object(Bucket="things", Key="a")["LastModified"]

    def delete(key: str = "a", *, size: int | None = None, time: datetime | None = None) -> str:
        """Returns the code of the error."""
        given = {"Size": size, "LastModifiedTime": time}
        if batch:
            entry: Any = {"Key": key, **named, **{name: value for name, value in given.items() if value is not None}}
            errors = users.alice.delete_objects(Bucket="things", Delete={"Objects": [entry]}).get("Errors", [])
            return errors[0]["Code"] if errors else ""
        conditions: Any = {f"IfMatch{name}": value for name, value in given.items() if value is not None}
        try:
            users.alice.delete_object(Bucket="things", Key=key, **named, **conditions)
        except ClientError as error:
            return error.response["Error"]["Code"]
        return ""

    past = datetime(2015, 1, 1, tzinfo=UTC)
    assert delete(size=9999) == delete(time=past) == delete(size=3, time=past) == "PreconditionFailed"
    assert delete("none", size=3) in {"NoSuchKey", "NoSuchVersion"}
    assert users.alice.get_object(Bucket="things", Key="a")["Body"].read() == b"123"
    assert delete(size=3, time=written) == ""
    denied(users.alice.get_object, Bucket="things", Key="a", code="NoSuchKey", status=404)


def test_a_write_unless_the_object_has_an_etag_is_not_there(users: People) -> None:
    named: Any = {"Bucket": "things", "Key": "a"}
    tag = users.alice.put_object(**named, Body=b"bar")["ETag"]
    denied(users.alice.put_object, **named, Body=b"zar", IfNoneMatch=tag, code="NotImplemented", status=501)
    assert read(users, "a") == b"bar"


def test_uploads_make_versions(versioned: People) -> None:
    ids = []
    for body in (b"1", b"2"):
        upload: Any = {"Bucket": "things", "Key": "a"}
        upload["UploadId"] = versioned.alice.create_multipart_upload(**upload)["UploadId"]
        part = versioned.alice.upload_part(**upload, PartNumber=1, Body=body)["ETag"]
        done = versioned.alice.complete_multipart_upload(
            **upload, MultipartUpload={"Parts": [{"ETag": part, "PartNumber": 1}]}
        )
        ids.append(done["VersionId"])
    assert [version for _, version in listed(versioned)] == ids[::-1]
    copied = versioned.alice.copy_object(
        Bucket="things", Key="b", CopySource={"Bucket": "things", "Key": "a", "VersionId": ids[0]}
    )
    assert (copied["CopySourceVersionId"], read(versioned, "b", copied["VersionId"])) == (ids[0], b"1")
    attributes = versioned.alice.get_object_attributes(
        Bucket="things", Key="a", VersionId=ids[0], ObjectAttributes=["ObjectSize", "ObjectParts", "ETag"]
    )
    assert (attributes["VersionId"], attributes["ObjectSize"]) == (ids[0], 1)
    assert attributes["ObjectParts"]["TotalPartsCount"] == 1


def test_a_part_whose_first_sender_ends_last(users: People) -> None:
    upload: Any = {"Bucket": "things", "Key": "a"}
    upload["UploadId"] = users.alice.create_multipart_upload(**upload)["UploadId"]
    tags: list[str] = []

    class Slow:
        """A body in whose middle another client sends the same part."""

        def __iter__(self) -> Iterator[bytes]:
            yield b"A" * 100_000
            tags.append(users.alice.upload_part(**upload, PartNumber=1, Body=b"B" * 200_000)["ETag"])
            yield b"A" * 100_000

    url = client(users.url, ALICE, signature_version="s3v4").generate_presigned_url(
        "upload_part", Params={**upload, "PartNumber": 1}
    )
    response = httpx.put(url, content=iter(Slow()), headers={"content-length": "200000"})
    assert response.status_code == 200
    last = response.headers["etag"]
    # The part that ends last is the one that counts.
    (kept,) = users.alice.list_parts(**upload)["Parts"]
    assert kept["ETag"] == last
    users.alice.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"ETag": last, "PartNumber": 1}]})
    assert users.alice.get_object(Bucket="things", Key="a")["Body"].read() == b"A" * 200_000


def test_concurrent_writes_and_removals_of_versions(versioned: People) -> None:
    barrier = threading.Barrier(5)

    def write(number: int) -> str:
        barrier.wait()
        return put(versioned, "a", str(number).encode())[0]

    with ThreadPoolExecutor(5) as pool:
        ids = list(pool.map(write, range(5)))
        assert sorted(version for _, version in listed(versioned)) == sorted(ids)
        removals = [
            pool.submit(versioned.alice.delete_object, Bucket="things", Key="a", VersionId=version) for version in ids
        ]
        for removal in removals:
            removal.result()
    assert listed(versioned) == []


def test_an_acl_does_not_change_the_time_of_a_version(versioned: People) -> None:
    (version,) = put(versioned, "a", b"1")
    before = versioned.alice.head_object(Bucket="things", Key="a", VersionId=version)["LastModified"]
    versioned.alice.put_object_acl(Bucket="things", Key="a", VersionId=version, ACL="public-read")
    assert versioned.alice.head_object(Bucket="things", Key="a", VersionId=version)["LastModified"] == before


@pytest.fixture
def locked(users: People) -> People:
    users.alice.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    return users


def lock(**rule: Any) -> dict[str, Any]:
    return {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": rule}}


def test_a_lock_keeps_versioning_on(locked: People) -> None:
    state = {"Status": "Suspended"}
    denied(
        locked.alice.put_bucket_versioning,
        Bucket="locked",
        VersioningConfiguration=state,
        code="InvalidBucketState",
        status=409,
    )
    told = locked.alice.get_object_lock_configuration(Bucket="locked")["ObjectLockConfiguration"]
    assert told == {"ObjectLockEnabled": "Enabled"}
    locked.alice.put_object_lock_configuration(
        Bucket="locked", ObjectLockConfiguration=lock(Mode="COMPLIANCE", Years=1)
    )
    told = locked.alice.get_object_lock_configuration(Bucket="locked")["ObjectLockConfiguration"]
    assert told == lock(Mode="COMPLIANCE", Years=1)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (lock(Mode="GOVERNANCE", Days=1, Years=1), "MalformedXML"),
        (lock(Mode="GOVERNANCE"), "MalformedXML"),
        (lock(Mode="GOVERNANCE", Days=0), "InvalidRetentionPeriod"),
        (lock(Mode="GOVERNANCE", Years=-1), "InvalidRetentionPeriod"),
        (lock(Mode="abc", Years=1), "MalformedXML"),
        (lock(Mode="governance", Years=1), "MalformedXML"),
        ({**lock(Mode="GOVERNANCE", Years=1), "ObjectLockEnabled": "Disabled"}, "MalformedXML"),
    ],
)
def test_locks_that_s3_refuses(locked: People, document: Any, code: str) -> None:
    put_lock = locked.alice.put_object_lock_configuration
    denied(put_lock, Bucket="locked", ObjectLockConfiguration=document, code=code, status=400)


def test_buckets_without_a_lock(users: People) -> None:
    put(users, "a", b"1")
    alice, state = users.alice, dict[str, Any](code="InvalidBucketState", status=409)
    document: Any = lock(Mode="GOVERNANCE", Days=1)
    denied(alice.put_object_lock_configuration, Bucket="things", ObjectLockConfiguration=document, **state)
    missing: Any = {"code": "ObjectLockConfigurationNotFoundError", "status": 404}
    denied(alice.get_object_lock_configuration, Bucket="things", **missing)
    named: Any = {"Bucket": "things", "Key": "a", "code": "InvalidRequest", "status": 400}
    retention = {"Mode": "GOVERNANCE", "RetainUntilDate": datetime(2140, 1, 1, tzinfo=UTC)}
    denied(alice.put_object_retention, **named, Retention=retention)
    denied(alice.get_object_retention, **named)
    denied(alice.put_object_legal_hold, **named, LegalHold={"Status": "ON"})
    denied(alice.get_object_legal_hold, **named)


def test_retentions_change_only_as_they_may(locked: People) -> None:
    alice = locked.alice
    version = alice.put_object(Bucket="locked", Key="a", Body=b"1")["VersionId"]
    named: Any = {"Bucket": "locked", "Key": "a"}
    until = datetime(2140, 1, 3, tzinfo=UTC)

    def retain(mode: Any, until: datetime, **options: Any) -> int:
        retention = {"Mode": mode, "RetainUntilDate": until}
        return status_of(alice.put_object_retention, **named, Retention=retention, **options)

    denied(
        alice.put_object_retention, **named, Retention={"Mode": "x", "RetainUntilDate": until},
        code="MalformedXML", status=400,
    )  # fmt: skip
    assert retain("GOVERNANCE", until, VersionId=version) == 200
    assert retain("GOVERNANCE", until + timedelta(days=1)) == 200
    assert retain("GOVERNANCE", until) == 403
    assert retain("GOVERNANCE", until, BypassGovernanceRetention=True) == 200
    assert alice.get_object_retention(**named)["Retention"] == {"Mode": "GOVERNANCE", "RetainUntilDate": until}
    assert retain("COMPLIANCE", until) == 403
    denied(alice.delete_object, **named, VersionId=version)
    assert retain("COMPLIANCE", until, BypassGovernanceRetention=True) == 200
    assert retain("GOVERNANCE", until, BypassGovernanceRetention=True) == 403
    assert status_of(alice.delete_object, **named, VersionId=version, BypassGovernanceRetention=True) == 403
    head = alice.head_object(**named)
    assert (head["ObjectLockMode"], head["ObjectLockRetainUntilDate"]) == ("COMPLIANCE", until)
    locked.store.clock.set(until + timedelta(seconds=1))
    assert status_of(alice.delete_object, **named, VersionId=version) == 204


def test_holds_and_uploads(locked: People) -> None:
    alice = locked.alice
    upload: Any = {"Bucket": "locked", "Key": "a"}
    upload["UploadId"] = alice.create_multipart_upload(
        **upload, ObjectLockLegalHoldStatus="ON", ChecksumAlgorithm="SHA256"
    )["UploadId"]
    part = alice.upload_part(**upload, PartNumber=1, Body=b"1", ChecksumAlgorithm="SHA256")
    parts: Any = [{"PartNumber": 1, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]}]
    version = alice.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})["VersionId"]
    named: Any = {"Bucket": "locked", "Key": "a"}
    assert alice.get_object_legal_hold(**named)["LegalHold"] == {"Status": "ON"}
    denied(alice.delete_object, **named, VersionId=version)
    for status, code in (("abc", "MalformedXML"), ("", "MalformedXML")):
        denied(alice.put_object_legal_hold, **named, LegalHold={"Status": status}, code=code, status=400)
    alice.put_object_legal_hold(**named, LegalHold={"Status": "OFF"})
    assert status_of(alice.delete_object, **named, VersionId=version) == 204
