"""Versions and locks through the S3 endpoint over the drivers of real servers: what the port asks is what they do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from bucketry import BatchDeleteOptions, ObjectToDelete, Store
from bucketry.access_store import AccessStore
from types_boto3_s3 import S3Client

import tests.minio.backend as minio_backend
import tests.rgw.backend as rgw_backend
from tests.http.s3.conftest import boto_client
from tests.http.s3.serving import serving
from tests.http.s3.versioned import error_of, failing, headers_of, markers, put, read, versions

LATER = datetime(2035, 1, 1, tzinfo=UTC)
"""Ceph RGW 16.2 keeps the end of a retention as 32 bits."""


@pytest.fixture(scope="module", params=["minio", "rgw", "minio with access store", "rgw with access store"])
def server_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    kind, _, more = request.param.partition(" ")
    module: Any = minio_backend if kind == "minio" else rgw_backend
    server = request.getfixturevalue(f"{kind}_server")
    hidden = f"bucketry-access-{uuid4()}"
    access = AccessStore(module.store_on(server), hidden) if more else None
    with module.store_on(server, access_store=access) as store:
        yield store
    if access is not None:
        with module.store_on(server) as store:
            store.delete_objects(hidden, [each.key for each in store.iter_objects(hidden)])
            store.delete_bucket(hidden)


@pytest.fixture(scope="module")
def boto(server_store: Store) -> Iterator[S3Client]:
    with serving(server_store) as url:
        yield boto_client(url)


@pytest.fixture
def bucket(server_store: Store, boto: S3Client) -> Iterator[str]:
    name = f"bucketry-port-{uuid4()}"
    boto.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    yield name
    found = [ObjectToDelete(each.key, each.version_id) for each in server_store.iter_object_versions(name)]
    assert server_store.delete_objects(name, found, BatchDeleteOptions(bypass_governance=True)).failed == ()
    server_store.delete_bucket(name)


@pytest.fixture
def is_rgw(request: pytest.FixtureRequest) -> bool:
    return "rgw" in request.node.name


def test_versions_and_markers(boto: S3Client, bucket: str, is_rgw: bool) -> None:
    first, second = put(boto, "a", b"one", b"two", bucket=bucket)
    assert (read(boto, "a", bucket=bucket), read(boto, "a", first, bucket)) == (b"two", b"one")
    marker = boto.delete_object(Bucket=bucket, Key="a")
    assert marker["DeleteMarker"] is True
    assert versions(boto, bucket) == [("a", second, False), ("a", first, False)]
    assert markers(boto, bucket) == [("a", marker["VersionId"], True)]
    gone = failing(boto.get_object, Bucket=bucket, Key="a")
    assert gone["Error"]["Code"] == "NoSuchKey"
    # Ceph RGW 16.2 says of a marker only that there is no object.
    assert is_rgw or headers_of(gone)["x-amz-delete-marker"] == "true"
    named: Any = {"Bucket": bucket, "Key": "a", "VersionId": marker["VersionId"]}
    refused = error_of(boto.get_object, **named)
    assert refused == (405, "MethodNotAllowed") or (is_rgw and refused == (404, "NoSuchVersion"))
    assert boto.delete_object(**named)["DeleteMarker"] is True
    assert read(boto, "a", bucket=bucket) == b"two"
    other = first[:-1] + ("0" if first[-1] != "0" else "1")
    for version_id, code in (("not an id", "InvalidArgument"), (other, "NoSuchVersion")):
        found = failing(boto.get_object, Bucket=bucket, Key="a", VersionId=version_id)["Error"]["Code"]
        assert found == code or (is_rgw and found in {"NoSuchKey", "NoSuchVersion"})


def test_pages_of_versions(boto: S3Client, bucket: str) -> None:
    ids = {key: put(boto, key, b"0", b"1", b"2", bucket=bucket) for key in ("a", "b/c", "d")}
    for size in (1, 2, 1000):
        paginator = boto.get_paginator("list_object_versions")
        pages: Any = paginator.paginate(Bucket=bucket, PaginationConfig={"PageSize": size})
        found = [(entry["Key"], entry["VersionId"]) for page in pages for entry in page.get("Versions", [])]
        assert found == [(key, version_id) for key, made in ids.items() for version_id in reversed(made)]


def test_tags_and_copies_of_a_version(boto: S3Client, bucket: str) -> None:
    first, second = put(boto, "a", b"one", b"two", bucket=bucket)
    tags: Any = {"TagSet": [{"Key": "k", "Value": "v"}]}
    boto.put_object_tagging(Bucket=bucket, Key="a", VersionId=first, Tagging=tags)
    assert boto.get_object_tagging(Bucket=bucket, Key="a", VersionId=first)["TagSet"] == tags["TagSet"]
    answer: Any = boto.get_object_tagging(Bucket=bucket, Key="a")
    assert (answer["TagSet"], answer["VersionId"]) == ([], second)
    source: Any = {"Bucket": bucket, "Key": "a", "VersionId": first}
    copied = boto.copy_object(Bucket=bucket, Key="copy", CopySource=source)
    assert (copied["CopySourceVersionId"], read(boto, "copy", copied["VersionId"], bucket)) == (first, b"one")
    assert boto.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/a")["CopySourceVersionId"] == second


def test_a_batch(boto: S3Client, bucket: str, is_rgw: bool) -> None:
    first, second = put(boto, "a", b"one", b"two", bucket=bucket)
    objects: Any = [{"Key": "a", "VersionId": first}, {"Key": "b"}]
    # Ceph RGW takes any id for one of a version that is gone.
    wrong: Any = [] if is_rgw else [{"Key": "a", "VersionId": "not an id"}]
    answer: Any = boto.delete_objects(Bucket=bucket, Delete={"Objects": objects + wrong})
    failed = [(entry["Key"], entry["VersionId"], entry["Code"]) for entry in answer.get("Errors", [])]
    assert failed == [("a", "not an id", "NoSuchVersion") for _ in wrong]
    told = {e["Key"]: (e.get("VersionId"), e.get("DeleteMarker")) for e in answer["Deleted"]}
    assert told == {"a": (first, None), "b": (None, True)}
    assert versions(boto, bucket) == [("a", second, True)]


def test_locks(boto: S3Client, bucket: str) -> None:
    named: Any = {"Bucket": bucket, "Key": "a"}
    kept: Any = {"Mode": "GOVERNANCE", "RetainUntilDate": LATER}
    made = boto.put_object(
        **named, ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=LATER, ObjectLockLegalHoldStatus="ON"
    )
    assert boto.get_object_retention(**named)["Retention"] == kept
    assert boto.get_object_legal_hold(**named)["LegalHold"] == {"Status": "ON"}
    head = boto.head_object(**named)
    assert (head["ObjectLockMode"], head["ObjectLockRetainUntilDate"], head["ObjectLockLegalHoldStatus"]) == (
        "GOVERNANCE", LATER, "ON",
    )  # fmt: skip
    boto.put_object_legal_hold(**named, LegalHold={"Status": "OFF"})
    version: Any = {**named, "VersionId": made["VersionId"]}
    assert error_of(boto.delete_object, **version) == (403, "AccessDenied")
    shorter: Any = {"Mode": "GOVERNANCE", "RetainUntilDate": datetime(2034, 1, 1, tzinfo=UTC)}
    assert error_of(boto.put_object_retention, **named, Retention=shorter) == (403, "AccessDenied")
    boto.put_object_retention(**named, Retention=shorter, BypassGovernanceRetention=True)
    answer: Any = boto.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a", "VersionId": made["VersionId"]}]})
    assert [(e["Code"], e["VersionId"]) for e in answer["Errors"]] == [("AccessDenied", made["VersionId"])]
    boto.delete_object(**version, BypassGovernanceRetention=True)
    assert error_of(boto.get_object_retention, **named) == (404, "NoSuchKey")


def test_a_bucket_without_lock(boto: S3Client, server_store: Store) -> None:
    name = f"bucketry-port-{uuid4()}"
    boto.create_bucket(Bucket=name)
    try:
        named: Any = {"Bucket": name, "Key": "a"}
        boto.put_object(**named)
        assert error_of(boto.get_object_retention, **named) == (400, "InvalidRequest")
        assert error_of(boto.put_object_legal_hold, **named, LegalHold={"Status": "ON"}) == (400, "InvalidRequest")
        assert error_of(boto.put_object, **named, ObjectLockLegalHoldStatus="ON") == (400, "InvalidRequest")
        boto.delete_object(**named)
    finally:
        server_store.delete_bucket(name)
