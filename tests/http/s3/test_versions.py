"""ListObjectVersions, and ids of versions, where versioning was never on: each object has the one version ``null``."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import boto3
import pytest
from bucketry import Store
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.serving import ACCESS_KEY, SECRET_KEY, serving, store_without_versions
from tests.http.s3.test_listings import BYTES_ORDER, KEYS

WELL_FORMED = "000000000001" + "0123456789abcdef0123"
"""What an id of the memory driver looks like."""

S3_FORMED = "L4kqtJlcpXroDTDmpUMLUo.x_y-zABCD"
VERSIONS = "/things?versions"


@pytest.fixture
def filled(store: Store) -> Store:
    for key in KEYS:
        store.put_object("things", key, key.encode())
    return store


def test_each_object_is_one_version(boto: S3Client, filled: Store) -> None:
    page: Any = boto.list_object_versions(Bucket="things")
    assert [entry["Key"] for entry in page["Versions"]] == BYTES_ORDER
    assert {(entry["VersionId"], entry["IsLatest"]) for entry in page["Versions"]} == {("null", True)}
    assert "DeleteMarkers" not in page
    assert (page["IsTruncated"], page["MaxKeys"], page["Name"]) == (False, 1000, "things")
    first, head = page["Versions"][0], boto.head_object(Bucket="things", Key="a")
    assert (first["ETag"], first["Size"], first["StorageClass"]) == (head["ETag"], 1, "STANDARD")
    assert first["LastModified"].replace(microsecond=0) == head["LastModified"]
    assert first["Owner"] == boto.list_buckets()["Owner"]
    assert "VersionId" not in head


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("delimiter", ["", "/"])
@pytest.mark.parametrize("prefix", ["", "b/", "none"])
def test_pages_have_what_the_listing_of_objects_has(
    boto: S3Client, filled: Store, size: int, delimiter: str, prefix: str
) -> None:
    wanted: Any = {"Bucket": "things", "Prefix": prefix, "Delimiter": delimiter}
    pages = list(boto.get_paginator("list_object_versions").paginate(**wanted, PaginationConfig={"PageSize": size}))
    whole = boto.list_objects_v2(**wanted)
    found = [entry["Key"] for page in pages for entry in page.get("Versions", [])]
    rolled = [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])]
    assert found == [entry["Key"] for entry in whole.get("Contents", [])]
    assert rolled == [entry["Prefix"] for entry in whole.get("CommonPrefixes", [])]
    for page in pages:
        assert page["IsTruncated"] == ("NextKeyMarker" in page)
        if "NextVersionIdMarker" in page:
            assert (page["NextVersionIdMarker"], page["NextKeyMarker"]) == ("null", page["Versions"][-1]["Key"])


def test_a_page_begins_after_its_markers(s3: Client, filled: Store) -> None:
    after = BYTES_ORDER[BYTES_ORDER.index("d") + 1 :]
    for markers in ("key-marker=d", "key-marker=d&version-id-marker=null", "key-marker=cc"):
        page = s3.ask("GET", f"{VERSIONS}&{markers}")
        keys = page.texts("{*}Version/{*}Key")
        assert keys == (["d", *after] if markers.endswith("cc") else after)
        assert page.text("{*}KeyMarker") == markers.partition("=")[2].partition("&")[0]
        assert page.text("{*}VersionIdMarker") == ("null" if "null" in markers else "")
    assert s3.ask("GET", f"{VERSIONS}&max-keys=0").text("{*}IsTruncated") == "false"


@pytest.mark.parametrize(
    "query", ["", "&delimiter=/", "&key-marker=b&max-keys=2", "&prefix=b/&max-keys=0", "&max-keys=1"]
)
def test_a_driver_that_cannot_list_versions_has_the_same_listing(s3: Client, filled: Store, query: str) -> None:
    with store_without_versions() as other:
        assert "list_object_versions" not in other.capabilities.operations
        other.create_bucket("things")
        for info in filled.iter_objects("things"):
            other.put_object("things", info.key, info.key.encode())
        with serving(other) as url:
            page = Client(url).ask("GET", f"{VERSIONS}{query}").body
    assert _undated(page) == _undated(s3.ask("GET", f"{VERSIONS}{query}").body)


def _undated(page: bytes) -> bytes:
    return re.sub(rb"<LastModified>[^<]*</LastModified>", b"", page)


def test_keys_are_encoded_where_that_is_asked_for(s3: Client, store: Store) -> None:
    store.put_object("things", "a\x01 +é", b"")
    page = s3.ask("GET", f"{VERSIONS}&encoding-type=url&prefix=a")
    assert page.text("{*}Version/{*}Key") == "a%01%20%2B%C3%A9"
    assert page.text("{*}EncodingType") == "url"


@pytest.mark.parametrize(
    ("query", "argument"),
    [
        ("version-id-marker=null", "version-id-marker"),
        ("key-marker=&version-id-marker=null", "version-id-marker"),
        ("key-marker=a&version-id-marker=", "version-id-marker"),
        ("key-marker=a&version-id-marker=other", "version-id-marker"),
        (f"key-marker=a&version-id-marker={S3_FORMED}", "version-id-marker"),
        ("encoding-type=base64", "encoding-type"),
        ("max-keys=-1", "max-keys"),
        (f"max-keys={'9' * 5000}", "max-keys"),
        ("versionId=null", "versionId"),
    ],
)
def test_what_cannot_be_asked_for(s3: Client, store: Store, query: str, argument: str) -> None:
    reply = s3.ask("GET", f"{VERSIONS}&{query}")
    assert (reply.error, reply.text("ArgumentName")) == ((400, "InvalidArgument"), argument)


def test_a_bucket_that_is_not_there(s3: Client, store: Store) -> None:
    for query in ("", "&max-keys=0"):
        assert s3.ask("GET", f"/none-such?versions{query}").error == (404, "NoSuchBucket")


def test_a_bucket_is_emptied_as_boto3_does_it(s3_url: str, filled: Store) -> None:
    resource = boto3.resource(
        "s3", endpoint_url=s3_url, region_name="us-east-1", aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )  # fmt: skip
    answers = resource.Bucket("things").object_versions.delete()
    deleted = [(entry["Key"], entry["VersionId"]) for answer in answers for entry in answer["Deleted"]]
    assert deleted == [(key, "null") for key in BYTES_ORDER]
    assert list(filled.iter_objects("things")) == []


OPERATIONS = ["GET", "HEAD", "GET ?tagging", "GET ?acl", "PUT ?tagging", "DELETE ?tagging", "DELETE"]
EMPTY_TAGS = b"<Tagging><TagSet></TagSet></Tagging>"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_driver_without_versions_has_the_version_null(operation: str) -> None:
    method, _, query = operation.partition(" ")
    target = f"/things/a{query or '?'}{'&' if query else ''}versionId="
    body = EMPTY_TAGS if method == "PUT" else b""
    with store_without_versions() as store, serving(store) as url:
        store.create_bucket("things")
        store.put_object("things", "a", b"a")
        client = Client(url)
        for version_id, error in {
            "": (400, "InvalidArgument"),
            "abc": (400, "InvalidArgument"),
            "9" * 5000: (400, "InvalidArgument"),
            S3_FORMED: (404, "NoSuchVersion"),
        }.items():
            reply = client.ask(method, target + version_id, body)
            assert reply.status == error[0]
            assert method == "HEAD" or reply.code == error[1]
            assert store.head_object("things", "a").size_bytes == 1
        reply = client.ask(method, f"{target}null", body)
        assert reply.status in {200, 204}
        assert "x-amz-version-id" not in reply.headers


@pytest.mark.parametrize("name", ["retention", "legal-hold"])
def test_a_driver_without_versions_has_no_locks(name: str) -> None:
    with store_without_versions() as store, serving(store) as url:
        store.create_bucket("things")
        client = Client(url)
        for method in ("GET", "PUT"):
            assert client.ask(method, f"/things/a?{name}", b"<A/>").error == (501, "NotImplemented")
        headers = {"x-amz-object-lock-legal-hold": "ON", "content-md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}
        reply = client.ask("PUT", "/things/a", b"", headers)
        assert (reply.error, reply.text("Header")) == ((501, "NotImplemented"), "x-amz-object-lock-legal-hold")
        assert list(store.iter_objects("things")) == []
        reply = client.ask("PUT", "/locked", b"", {"x-amz-bucket-object-lock-enabled": "true"})
        assert reply.error == (501, "NotImplemented")
        assert [bucket.name for bucket in store.list_buckets()] == ["things"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_version_null_is_the_object(s3: Client, store: Store, operation: str) -> None:
    store.put_object("things", "a", b"a")
    method, _, query = operation.partition(" ")
    target = f"/things/a{query or '?'}{'&' if query else ''}versionId="
    body = EMPTY_TAGS if method == "PUT" else b""
    for version_id, error in {
        "abc": (400, "InvalidArgument"),
        WELL_FORMED[:-1]: (400, "InvalidArgument"),
        "9" * 5000: (400, "InvalidArgument"),
        WELL_FORMED: (204, "") if method == "DELETE" and not query else (404, "NoSuchVersion"),
    }.items():
        reply = s3.ask(method, target + version_id, body)
        assert reply.status == error[0]
        assert method == "HEAD" or reply.code == error[1]
        assert store.head_object("things", "a").size_bytes == 1
    reply = s3.ask(method, f"{target}null", body)
    assert reply.status in {200, 204}
    assert reply.headers.get("x-amz-version-id", "null") == "null"


@pytest.mark.parametrize(
    "request_line",
    ["PUT /things/a?", "PUT /things/a?uploadId=x&partNumber=1&", "POST /things/a?uploads&", "GET /things/a?uploadId=x&",
     "DELETE /things/a?uploadId=x&", "GET /things?", "GET /things?list-type=2&", "DELETE /things?", "PUT /new-bucket?",
     "HEAD /things?", "GET /?"],
)  # fmt: skip
@pytest.mark.parametrize("version_id", ["null", "", WELL_FORMED])
def test_what_takes_no_version(s3: Client, store: Store, request_line: str, version_id: str) -> None:
    """Without its key, a version's deletion must not be that of the bucket. Measured at AWS by others."""
    method, target = request_line.split()
    reply = s3.ask(method, f"{target}versionId={version_id}")
    assert reply.status == 400
    if method != "HEAD":
        assert (reply.code, reply.text("ArgumentName")) == ("InvalidArgument", "versionId")
    assert {"things", "guests", "public"} == {bucket.name for bucket in store.list_buckets()}
    assert list(store.iter_objects("things")) == []


def test_versions_in_a_batch(s3: Client, store: Store) -> None:
    for key in ("a", "b", "c", "d"):
        store.put_object("things", key, b"")
    entries = [("a", "null"), ("b", WELL_FORMED), ("c", ""), ("d", None), ("none", "null"), ("a", "other")]
    body = "".join(
        f"<Object><Key>{key}</Key>{'' if version is None else f'<VersionId>{version}</VersionId>'}</Object>"
        for key, version in entries
    )
    reply = s3.ask("POST", "/things?delete", f"<Delete>{body}</Delete>".encode())

    def entry(element: ET.Element) -> dict[str, str]:
        return {child.tag.rpartition("}")[2]: child.text or "" for child in element}

    deleted = [entry(element) for element in reply.xml.iterfind("{*}Deleted")]
    assert sorted(deleted, key=lambda found: found["Key"]) == [
        {"Key": "a", "VersionId": "null"}, {"Key": "b", "VersionId": WELL_FORMED}, {"Key": "c"}, {"Key": "d"},
        {"Key": "none", "VersionId": "null"},
    ]  # fmt: skip
    failed = [entry(element) for element in reply.xml.iterfind("{*}Error")]
    assert [(each["Key"], each["Code"], each["VersionId"]) for each in failed] == [
        ("a", "NoSuchVersion", "other"),
    ]  # fmt: skip
    assert [info.key for info in store.iter_objects("things")] == ["b"]
