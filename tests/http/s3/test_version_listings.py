"""ListObjectVersions of buckets with several versions of their keys, and delete markers."""

from __future__ import annotations

from time import process_time
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from bucketry import Store
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.versioned import BUCKET, enable, error_of

Entry = tuple[str, str, str]
"""Kind, key and id."""


@pytest.fixture
def entries(store: Store) -> list[Entry]:
    """Makes versions and markers of several keys; returns them in the order that S3 lists them in."""
    enable(store)
    made: dict[str, list[Entry]] = {}
    for key in ("a", "b/1", "b/2", "b/2", "c", "d/x", "é"):
        made.setdefault(key, [])
        for number in range(3):
            info = store.put_object(BUCKET, key, str(number).encode())
            made[key].insert(0, ("Version", key, str(info.version_id)))
        if key in {"a", "b/2", "d/x"}:
            marker = store.delete_object(BUCKET, key)
            made[key].insert(0, ("DeleteMarker", key, str(marker.version_id)))
    return [entry for key in sorted(made) for entry in made[key]]


def listed(page: ET.Element) -> list[Entry]:
    """The versions and markers of a page, in the order in which they stand in it."""
    found = []
    for element in page:
        kind = element.tag.rpartition("}")[2]
        if kind in {"Version", "DeleteMarker"}:
            found.append((kind, element.findtext("{*}Key") or "", element.findtext("{*}VersionId") or ""))
    return found


def test_versions_and_markers_stand_in_one_order(s3: Client, entries: list[Entry]) -> None:
    page = s3.ask("GET", f"/{BUCKET}?versions").xml
    assert listed(page) == entries
    latest = {entry.findtext("{*}Key"): entry.findtext("{*}VersionId") for entry in page
              if entry.findtext("{*}IsLatest") == "true"}  # fmt: skip
    newest = {key: next(version_id for _, other, version_id in entries if other == key) for _, key, _ in entries}
    assert latest == newest
    for entry in page.iterfind("{*}DeleteMarker"):
        names = [child.tag.rpartition("}")[2] for child in entry]
        assert names == ["Key", "VersionId", "IsLatest", "LastModified", "Owner"]
    for entry in page.iterfind("{*}Version"):
        assert entry.findtext("{*}Size") == "1"
        assert entry.findtext("{*}StorageClass") == "STANDARD"
        assert entry.findtext("{*}Owner/{*}ID")


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize("prefix", ["", "b/", "none"])
@pytest.mark.parametrize("encoding", ["", "&encoding-type=url"])
def test_pages_join_to_the_whole(s3: Client, entries: list[Entry], size: int, prefix: str, encoding: str) -> None:
    found: list[Entry] = []
    markers = ""
    while True:
        page = s3.ask("GET", f"/{BUCKET}?versions&max-keys={size}&prefix={prefix}{markers}{encoding}").xml
        assert len(listed(page)) <= size
        found += [(kind, key.replace("%C3%A9", "é"), version_id) for kind, key, version_id in listed(page)]
        if page.findtext("{*}IsTruncated") == "false":
            assert page.find("{*}NextKeyMarker") is None
            break
        key, version_id = page.findtext("{*}NextKeyMarker"), page.findtext("{*}NextVersionIdMarker")
        assert listed(page)[-1][1:] == (key, version_id)
        markers = f"&key-marker={key if encoding else str(key).replace('é', '%C3%A9')}&version-id-marker={version_id}"
    assert found == [entry for entry in entries if entry[1].startswith(prefix)]


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_common_prefixes_hide_the_versions_below_them(boto: S3Client, entries: list[Entry], size: int) -> None:
    wanted: Any = {"Bucket": BUCKET, "Delimiter": "/"}
    pages: Any = boto.get_paginator("list_object_versions").paginate(**wanted, PaginationConfig={"PageSize": size})
    keys, prefixes = [], []
    for page in pages:
        keys += [(entry["Key"], entry["VersionId"]) for entry in page.get("Versions", [])]
        prefixes += [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
    assert keys == [entry[1:] for entry in entries if entry[0] == "Version" and "/" not in entry[1]]
    assert prefixes == ["b/", "d/"]


def test_a_page_begins_after_a_version_or_a_key(s3: Client, entries: list[Entry]) -> None:
    at = 2
    _, key, version_id = entries[at]
    page = s3.ask("GET", f"/{BUCKET}?versions&key-marker={key}&version-id-marker={version_id}")
    assert listed(page.xml) == entries[at + 1 :]
    assert (page.text("{*}KeyMarker"), page.text("{*}VersionIdMarker")) == (key, version_id)
    page = s3.ask("GET", f"/{BUCKET}?versions&key-marker={key}")
    assert listed(page.xml) == [entry for entry in entries if entry[1] > key]


@pytest.mark.parametrize("version_id", ["other", "x" * 2000, "%00", "%C3%A9", "<a>"])
def test_markers_that_are_not_ids(s3: Client, entries: list[Entry], version_id: str) -> None:
    reply = s3.ask("GET", f"/{BUCKET}?versions&key-marker=a&version-id-marker={version_id}")
    assert (reply.error, reply.text("ArgumentName")) == ((400, "InvalidArgument"), "version-id-marker")


def test_a_page_without_entries(s3: Client, entries: list[Entry]) -> None:
    page = s3.ask("GET", f"/{BUCKET}?versions&max-keys=0")
    assert (page.text("{*}MaxKeys"), page.text("{*}IsTruncated"), listed(page.xml)) == ("0", "false", [])


def test_checksums_are_listed(boto: S3Client, store: Store) -> None:
    enable(store)
    boto.put_object(Bucket=BUCKET, Key="a", Body=b"1", ChecksumAlgorithm="SHA256")
    (entry,) = boto.list_object_versions(Bucket=BUCKET)["Versions"]
    assert (entry["ChecksumAlgorithm"], entry["ChecksumType"]) == (["SHA256"], "FULL_OBJECT")


def test_listings_of_objects_show_latest_versions_alone(boto: S3Client, entries: list[Entry]) -> None:
    keys = [entry["Key"] for entry in boto.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert keys == ["b/1", "c", "é"]


def test_a_bucket_is_emptied_version_by_version(boto: S3Client, entries: list[Entry]) -> None:
    page: Any = boto.list_object_versions(Bucket=BUCKET)
    objects = [
        {"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in page["Versions"] + page["DeleteMarkers"]
    ]
    answer = boto.delete_objects(Bucket=BUCKET, Delete={"Objects": objects})  # type: ignore[typeddict-item]
    assert len(answer["Deleted"]) == len(entries)
    boto.delete_bucket(Bucket=BUCKET)
    assert error_of(boto.list_object_versions, Bucket=BUCKET) == (404, "NoSuchBucket")


def test_a_page_of_versions_costs_little_more_than_one_of_objects(s3: Client, store: Store) -> None:
    enable(store)
    for number in range(250):
        for _ in range(4):
            store.put_object(BUCKET, f"key-{number:04}", b"")
    for number in range(1000):
        store.put_object("guests", f"key-{number:04}", b"")
    targets = (f"/{BUCKET}?versions", "/guests?list-type=2")
    spent = {target: [] for target in targets}  # type: dict[str, list[float]]
    for _ in range(5):
        for target in targets:
            begun = process_time()
            assert s3.ask("GET", target).status == 200
            spent[target].append(process_time() - begun)
    assert min(spent[targets[0]]) < 3 * min(spent[targets[1]])
