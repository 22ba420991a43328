"""Versions of objects through boto3: which one is read, what deletes do, and the headers that tell it."""

from __future__ import annotations

import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from bucketry import Store
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.versioned import (
    BUCKET,
    enable,
    error_of,
    failing,
    headers_of,
    markers,
    put,
    read,
    suspend,
    versions,
)


@pytest.fixture(autouse=True)
def versioned(store: Store) -> None:
    enable(store)


def test_versioning_is_set_and_told(boto: S3Client, store: Store) -> None:
    assert boto.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    boto.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    assert boto.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Suspended"
    assert "Status" not in boto.get_bucket_versioning(Bucket="guests")
    wrong: Any = {"Status": "Off"}
    assert error_of(boto.put_bucket_versioning, Bucket=BUCKET, VersioningConfiguration=wrong) == (400, "MalformedXML")


def test_each_write_makes_a_version_that_stays(boto: S3Client) -> None:
    first, second = put(boto, "a", b"one", b"two")
    assert first != second
    assert (read(boto, "a"), read(boto, "a", first), read(boto, "a", second)) == (b"two", b"one", b"two")
    assert versions(boto) == [("a", second, True), ("a", first, False)]
    for version_id, size in ((first, 3), (second, 3)):
        head = boto.head_object(Bucket=BUCKET, Key="a", VersionId=version_id)
        assert (head["VersionId"], head["ContentLength"]) == (version_id, size)
    assert boto.get_object(Bucket=BUCKET, Key="a", Range="bytes=1-1", VersionId=first)["Body"].read() == b"n"


def test_a_delete_makes_a_marker_and_its_removal_brings_the_object_back(boto: S3Client) -> None:
    (version_id,) = put(boto, "a", b"one")
    deleted = boto.delete_object(Bucket=BUCKET, Key="a")
    marker = deleted["VersionId"]
    assert deleted["DeleteMarker"] is True
    assert (versions(boto), markers(boto)) == ([("a", version_id, False)], [("a", marker, True)])
    for operation in (boto.get_object, boto.head_object):
        response = failing(operation, Bucket=BUCKET, Key="a")
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 404
        assert headers_of(response)["x-amz-delete-marker"] == "true"
        assert headers_of(response)["x-amz-version-id"] == marker
        response = failing(operation, Bucket=BUCKET, Key="a", VersionId=marker)
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 405
        assert headers_of(response)["x-amz-delete-marker"] == "true"
        assert headers_of(response)["allow"] == "DELETE"
        assert "last-modified" in headers_of(response)
    assert failing(boto.get_object, Bucket=BUCKET, Key="a")["Error"]["Code"] == "NoSuchKey"
    assert failing(boto.get_object, Bucket=BUCKET, Key="a", VersionId=marker)["Error"]["Code"] == "MethodNotAllowed"
    assert read(boto, "a", version_id) == b"one"
    removed = boto.delete_object(Bucket=BUCKET, Key="a", VersionId=marker)
    assert (removed["VersionId"], removed["DeleteMarker"]) == (marker, True)
    assert read(boto, "a") == b"one"
    gone: Any = boto.delete_object(Bucket=BUCKET, Key="a", VersionId=version_id)
    assert (gone["VersionId"], gone.get("DeleteMarker")) == (version_id, None)
    assert (versions(boto), markers(boto)) == ([], [])


def test_a_key_that_never_was_gets_a_marker(boto: S3Client) -> None:
    assert boto.delete_object(Bucket=BUCKET, Key="none")["DeleteMarker"] is True
    assert [key for key, _, latest in markers(boto) if latest] == ["none"]


def test_removing_the_latest_version_makes_the_one_before_the_latest(boto: S3Client) -> None:
    ids = put(boto, "a", b"0", b"1", b"2", b"3")
    for number in (3, 2, 1):
        boto.delete_object(Bucket=BUCKET, Key="a", VersionId=ids[number])
        assert read(boto, "a") == str(number - 1).encode()
        assert versions(boto)[0] == ("a", ids[number - 1], True)


@pytest.mark.parametrize("key", ["_", ":", " ", "a//b", "/a", "%2F+", "é\U0001f600", "..", "a&<b>"])
def test_versions_of_keys_with_special_names(boto: S3Client, key: str) -> None:
    ids = put(boto, key, b"0", b"1", b"2")
    assert versions(boto) == [(key, version_id, version_id == ids[2]) for version_id in reversed(ids)]
    assert [read(boto, key, version_id) for version_id in ids] == [b"0", b"1", b"2"]
    for version_id in ids:
        boto.delete_object(Bucket=BUCKET, Key=key, VersionId=version_id)
    assert versions(boto) == []


def test_an_object_from_before_versioning_is_the_version_null(boto: S3Client, store: Store) -> None:
    store.put_object("guests", "a", b"old")
    assert "VersionId" not in boto.get_object(Bucket="guests", Key="a")
    enable(store, "guests")
    assert boto.get_object(Bucket="guests", Key="a")["VersionId"] == "null"
    (new,) = put(boto, "a", b"new", bucket="guests")
    assert versions(boto, "guests") == [("a", new, True), ("a", "null", False)]
    assert read(boto, "a", "null", "guests") == b"old"
    removed = boto.delete_object(Bucket="guests", Key="a", VersionId="null")
    assert removed["VersionId"] == "null"
    assert versions(boto, "guests") == [("a", new, True)]


def test_a_suspended_bucket_replaces_the_version_null_alone(boto: S3Client, store: Store) -> None:
    (kept,) = put(boto, "a", b"kept")
    suspend(store)
    for content in (b"one", b"two"):
        assert "VersionId" not in boto.put_object(Bucket=BUCKET, Key="a", Body=content)
        assert boto.head_object(Bucket=BUCKET, Key="a")["VersionId"] == "null"
        assert versions(boto) == [("a", "null", True), ("a", kept, False)]
        assert read(boto, "a") == read(boto, "a", "null") == content
    deleted = boto.delete_object(Bucket=BUCKET, Key="a")
    assert (deleted["DeleteMarker"], deleted["VersionId"]) == (True, "null")
    assert (versions(boto), markers(boto)) == ([("a", kept, False)], [("a", "null", True)])
    enable(store)
    (new,) = put(boto, "a", b"new")
    assert [version_id for _, version_id, _ in versions(boto)] == [new, kept]
    assert markers(boto) == [("a", "null", False)]


def test_a_bucket_is_empty_only_without_any_version(boto: S3Client) -> None:
    (version_id,) = put(boto, "a", b"one")
    marker = boto.delete_object(Bucket=BUCKET, Key="a")["VersionId"]
    assert error_of(boto.delete_bucket, Bucket=BUCKET) == (409, "BucketNotEmpty")
    boto.delete_object(Bucket=BUCKET, Key="a", VersionId=version_id)
    assert error_of(boto.delete_bucket, Bucket=BUCKET) == (409, "BucketNotEmpty")
    boto.delete_object(Bucket=BUCKET, Key="a", VersionId=marker)
    boto.delete_bucket(Bucket=BUCKET)


WRONG_IDS = {
    "abc": (400, "InvalidArgument"),
    "9" * 2000: (400, "InvalidArgument"),
    "\x07": (400, "InvalidArgument"),
    "a\nb": (400, "InvalidArgument"),
    "é": (400, "InvalidArgument"),
    "../..": (400, "InvalidArgument"),
    "<&>": (400, "InvalidArgument"),
    "0" * 32: (404, "NoSuchVersion"),
}
OPERATIONS = ["get_object", "get_object_tagging", "get_object_attributes", "get_object_retention", "get_object_acl"]


@pytest.mark.parametrize("version_id", WRONG_IDS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_ids_that_name_nothing(boto: S3Client, operation: str, version_id: str) -> None:
    put(boto, "a", b"one")
    more: Any = {"ObjectAttributes": ["ETag"]} if operation == "get_object_attributes" else {}
    call = getattr(boto, operation)
    response = failing(call, Bucket=BUCKET, Key="a", VersionId=version_id, **more)
    found = response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]
    assert found == WRONG_IDS[version_id]
    if found[1] == "NoSuchVersion":
        assert (response["Error"]["VersionId"], response["Error"]["Key"]) == (version_id, "a")
    else:
        assert response["Error"]["ArgumentName"] == "versionId"


def test_an_empty_id(s3: Client, boto: S3Client) -> None:
    put(boto, "a", b"one")
    for method in ("GET", "DELETE"):
        reply = s3.ask(method, "/things/a?versionId=")
        assert (reply.error, reply.text("ArgumentName")) == ((400, "InvalidArgument"), "versionId")
    assert s3.ask("GET", "/things/a?versionId=null").error == (404, "NoSuchVersion")
    assert len(versions(boto)) == 1


def test_a_version_is_gone_for_good_only_once_it_is_named(boto: S3Client, store: Store) -> None:
    (version_id,) = put(boto, "a", b"one")
    other = put(boto, "b", b"other")[0]
    # The id of another key's version names nothing here.
    assert boto.delete_object(Bucket=BUCKET, Key="a", VersionId=other)["VersionId"] == other
    assert (read(boto, "a", version_id), read(boto, "b", other)) == (b"one", b"other")
    for _ in range(2):
        assert boto.delete_object(Bucket=BUCKET, Key="a", VersionId=version_id)["VersionId"] == version_id
    assert markers(boto) == []


def test_tags_are_those_of_a_version(boto: S3Client) -> None:
    first, second = put(boto, "a", b"one", b"two")
    tags: Any = {"TagSet": [{"Key": "which", "Value": "first"}]}
    assert boto.put_object_tagging(Bucket=BUCKET, Key="a", VersionId=first, Tagging=tags)["VersionId"] == first
    answer: Any = boto.get_object_tagging(Bucket=BUCKET, Key="a")
    assert (answer["TagSet"], answer["VersionId"]) == ([], second)
    answer = boto.get_object_tagging(Bucket=BUCKET, Key="a", VersionId=first)
    assert (answer["TagSet"], answer["VersionId"]) == (tags["TagSet"], first)
    head: Any = boto.head_object(Bucket=BUCKET, Key="a", VersionId=first)
    assert headers_of(head)["x-amz-tagging-count"] == "1"
    assert boto.delete_object_tagging(Bucket=BUCKET, Key="a", VersionId=first)["VersionId"] == first
    assert boto.get_object_tagging(Bucket=BUCKET, Key="a", VersionId=first)["TagSet"] == []
    assert boto.delete_object_tagging(Bucket=BUCKET, Key="a")["VersionId"] == second
    assert len(versions(boto)) == 2


@pytest.mark.parametrize("operation", ["get_object_tagging", "delete_object_tagging", "get_object_acl"])
def test_a_marker_has_neither_tags_nor_list(boto: S3Client, operation: str) -> None:
    put(boto, "a", b"one")
    marker = boto.delete_object(Bucket=BUCKET, Key="a")["VersionId"]
    call = getattr(boto, operation)
    assert error_of(call, Bucket=BUCKET, Key="a", VersionId=marker) == (405, "MethodNotAllowed")
    assert error_of(call, Bucket=BUCKET, Key="a") == (404, "NoSuchKey")


def test_an_access_control_list_is_that_of_a_version(boto: S3Client) -> None:
    first, second = put(boto, "a", b"one", b"two")
    named: Any = {"Bucket": BUCKET, "Key": "a"}
    owners = boto.get_object_acl(**named, VersionId=first)
    assert [grant["Permission"] for grant in owners["Grants"]] == ["FULL_CONTROL"]
    boto.put_object_acl(**named, VersionId=first, ACL="public-read")
    grants = boto.get_object_acl(**named, VersionId=first)["Grants"]
    assert {(grant["Grantee"]["Type"], grant["Permission"]) for grant in grants} == {
        ("CanonicalUser", "FULL_CONTROL"), ("Group", "READ"),
    }  # fmt: skip
    others: list[Any] = [{}, {"VersionId": second}]
    for other in others:
        assert boto.get_object_acl(**named, **other)["Grants"] == owners["Grants"]
    assert len(versions(boto)) == 2


def test_attributes_are_those_of_a_version(boto: S3Client) -> None:
    first, second = put(boto, "a", b"one", b"longer")
    wanted: Any = {"Bucket": BUCKET, "Key": "a", "ObjectAttributes": ["ETag", "ObjectSize", "StorageClass"]}
    answer: Any = boto.get_object_attributes(**wanted, VersionId=first)
    assert (answer["ObjectSize"], answer["VersionId"]) == (3, first)
    answer = boto.get_object_attributes(**wanted)
    assert (answer["ObjectSize"], answer["VersionId"]) == (6, second)
    marker = boto.delete_object(Bucket=BUCKET, Key="a")["VersionId"]
    response = failing(boto.get_object_attributes, **wanted)
    assert (response["Error"]["Code"], headers_of(response)["x-amz-delete-marker"]) == ("NoSuchKey", "true")
    assert error_of(boto.get_object_attributes, **wanted, VersionId=marker) == (405, "MethodNotAllowed")


def test_conditions_hold_for_the_version_that_is_read(boto: S3Client) -> None:
    first, _ = put(boto, "a", b"one", b"two")
    etag = boto.head_object(Bucket=BUCKET, Key="a", VersionId=first)["ETag"]
    assert boto.get_object(Bucket=BUCKET, Key="a", VersionId=first, IfMatch=etag)["VersionId"] == first
    assert error_of(boto.get_object, Bucket=BUCKET, Key="a", IfMatch=etag) == (412, "PreconditionFailed")
    missed = failing(boto.get_object, Bucket=BUCKET, Key="a", VersionId=first, IfNoneMatch=f'"other", {etag}')
    assert missed["ResponseMetadata"]["HTTPStatusCode"] == 304
    assert boto.get_object(Bucket=BUCKET, Key="a", VersionId=first, IfMatch=f'"other", {etag}')["VersionId"] == first


def test_a_write_that_wants_no_object_takes_a_marker_for_none(boto: S3Client) -> None:
    put(boto, "a", b"one")
    assert error_of(boto.put_object, Bucket=BUCKET, Key="a", IfNoneMatch="*") == (412, "PreconditionFailed")
    boto.delete_object(Bucket=BUCKET, Key="a")
    assert "VersionId" in boto.put_object(Bucket=BUCKET, Key="a", Body=b"new", IfNoneMatch="*")


def test_a_presigned_url_names_a_version(boto: S3Client, presigning: S3Client) -> None:
    first, _ = put(boto, "a", b"one", b"two")
    url = presigning.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": "a", "VersionId": first})
    with urllib.request.urlopen(url) as response:  # noqa: S310 - our own server
        assert (response.read(), response.headers["x-amz-version-id"]) == (b"one", first)
    url = presigning.generate_presigned_url("delete_object", {"Bucket": BUCKET, "Key": "a", "VersionId": first})
    with urllib.request.urlopen(urllib.request.Request(url, method="DELETE")) as response:  # noqa: S310
        assert response.headers["x-amz-version-id"] == first
    assert len(versions(boto)) == 1


@pytest.mark.parametrize("status", ["200", "201", "204"])
def test_a_form_makes_a_version(boto: S3Client, s3: Client, presigning: S3Client, status: str) -> None:
    field = {"success_action_status": status}
    made = presigning.generate_presigned_post(BUCKET, "a", Fields=field, Conditions=[field])
    ids: list[str] = []
    for content in (b"one", b"two"):
        answer = httpx.post(made["url"], data=made["fields"], files={"file": ("name.txt", content)})
        assert answer.status_code == int(status)
        ids.insert(0, answer.headers["x-amz-version-id"])
    assert versions(boto) == [("a", ids[0], True), ("a", ids[1], False)]
    assert read(boto, "a", ids[1]) == b"one"


def test_deletes_that_need_a_second_factor_are_not_turned_on(boto: S3Client, s3: Client) -> None:
    wanted: Any = {"Status": "Enabled", "MFADelete": "Enabled"}
    named: Any = {"Bucket": BUCKET, "VersioningConfiguration": wanted}
    assert error_of(boto.put_bucket_versioning, **named) == (403, "AccessDenied")
    assert error_of(boto.put_bucket_versioning, **named, MFA="device 123456") == (501, "NotImplemented")
    boto.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=wanted | {"MFADelete": "Disabled"})
    assert s3.ask("DELETE", f"/{BUCKET}/a?versionId=null", headers={"x-amz-mfa": "1 2"}).error == (
        501, "NotImplemented",
    )  # fmt: skip


def test_a_completed_upload_makes_a_version(boto: S3Client, store: Store) -> None:
    (before,) = put(boto, "a", b"before")

    def upload(content: bytes) -> Any:
        upload_id = boto.create_multipart_upload(Bucket=BUCKET, Key="a")["UploadId"]
        named: Any = {"Bucket": BUCKET, "Key": "a", "UploadId": upload_id}
        etag = boto.upload_part(**named, PartNumber=1, Body=content)["ETag"]
        return boto.complete_multipart_upload(**named, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})

    first, second = upload(b"first")["VersionId"], upload(b"second")["VersionId"]
    assert versions(boto) == [("a", second, True), ("a", first, False), ("a", before, False)]
    assert [read(boto, "a", version_id) for version_id in (before, first, second)] == [b"before", b"first", b"second"]
    suspend(store)
    assert "VersionId" not in upload(b"null")
    assert read(boto, "a", "null") == b"null"
    assert "VersionId" not in boto.put_object(Bucket="guests", Key="a", Body=b"")


def test_concurrent_writes_and_deletes_keep_every_version(boto: S3Client) -> None:
    def write(number: int) -> str:
        return boto.put_object(Bucket=BUCKET, Key="a", Body=str(number).encode())["VersionId"]

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(write, range(40)))
        assert len({*ids}) == 40
        assert sorted(version_id for _, version_id, _ in versions(boto)) == sorted(ids)
        assert sum(latest for _, _, latest in versions(boto)) == 1
        assert [read(boto, "a", version_id) for version_id in ids] == [str(number).encode() for number in range(40)]
        list(pool.map(lambda version_id: boto.delete_object(Bucket=BUCKET, Key="a", VersionId=version_id), ids))
    assert (versions(boto), markers(boto)) == ([], [])
