"""DeleteObjects with versions: each entry has its own result."""

from __future__ import annotations

from typing import Any

import pytest
from bucketry import Store
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.versioned import BUCKET, enable, error_of, markers, put, read, suspend, versions


@pytest.fixture(autouse=True)
def versioned(store: Store) -> None:
    enable(store)


def delete(boto: S3Client, *objects: Any, **more: Any) -> Any:
    return boto.delete_objects(Bucket=BUCKET, Delete={"Objects": objects}, **more)


def test_versions_and_markers_are_deleted(boto: S3Client) -> None:
    ids = put(boto, "a", b"0", b"1")
    marker = boto.delete_object(Bucket=BUCKET, Key="a")["VersionId"]
    named = [*ids, marker]
    answer = delete(boto, *({"Key": "a", "VersionId": version_id} for version_id in named))
    assert "Errors" not in answer
    assert [(entry["VersionId"], entry.get("DeleteMarker")) for entry in answer["Deleted"]] == [
        (ids[0], None), (ids[1], None), (marker, True),
    ]  # fmt: skip
    assert answer["Deleted"][2]["DeleteMarkerVersionId"] == marker
    assert (versions(boto), markers(boto)) == ([], [])


def test_keys_get_markers_whose_ids_are_told(boto: S3Client) -> None:
    put(boto, "a", b"0")
    answer = delete(boto, {"Key": "a"}, {"Key": "never"})
    told = [(entry["Key"], entry["DeleteMarker"], entry["DeleteMarkerVersionId"]) for entry in answer["Deleted"]]
    assert told == [(key, True, version_id) for key, version_id, _ in markers(boto)]
    assert all("VersionId" not in entry for entry in answer["Deleted"])
    assert len(versions(boto)) == 1


def test_quiet_tells_failures_alone(boto: S3Client) -> None:
    (version_id,) = put(boto, "a", b"0")
    wanted: Any = {"Objects": [{"Key": "a", "VersionId": version_id}, {"Key": "b", "VersionId": "x<y"}], "Quiet": True}
    answer: Any = boto.delete_objects(Bucket=BUCKET, Delete=wanted)
    assert "Deleted" not in answer
    assert [(e["Key"], e["Code"], e["VersionId"]) for e in answer["Errors"]] == [("b", "NoSuchVersion", "x<y")]
    assert versions(boto) == []


@pytest.mark.parametrize("version_id", ["other", "x" * 2000, "a&b<c>", "\u2028", "é"])
def test_an_id_that_is_none_does_not_stop_the_others(boto: S3Client, version_id: str) -> None:
    ids = put(boto, "a", b"0", b"1")
    answer = delete(boto, {"Key": "a", "VersionId": ids[0]}, {"Key": "a", "VersionId": version_id}, {"Key": "b"})
    assert [(e["Key"], e["Code"], e["VersionId"]) for e in answer["Errors"]] == [("a", "NoSuchVersion", version_id)]
    assert {(e["Key"], e.get("VersionId")) for e in answer["Deleted"]} == {("a", ids[0]), ("b", None)}
    assert versions(boto) == [("a", ids[1], True)]


def test_a_version_that_is_gone_counts_as_deleted(boto: S3Client) -> None:
    (version_id,) = put(boto, "a", b"0")
    for _ in range(2):
        answer = delete(boto, {"Key": "a", "VersionId": version_id})
        assert [(e["Key"], e["VersionId"]) for e in answer["Deleted"]] == [("a", version_id)]
    assert markers(boto) == []


def test_a_key_with_several_versions_and_without(boto: S3Client) -> None:
    ids = put(boto, "a", b"0", b"1", b"2")
    answer = delete(boto, {"Key": "a", "VersionId": ids[0]}, {"Key": "a"}, {"Key": "a", "VersionId": ids[2]})
    assert len(answer["Deleted"]) == 3
    assert [version_id for _, version_id, _ in versions(boto)] == [ids[1]]
    assert len(markers(boto)) == 1


def test_the_version_null(boto: S3Client, store: Store) -> None:
    (kept,) = put(boto, "a", b"kept")
    suspend(store)
    boto.put_object(Bucket=BUCKET, Key="a", Body=b"null")
    answer = delete(boto, {"Key": "a", "VersionId": "null"})
    assert [(e["Key"], e["VersionId"]) for e in answer["Deleted"]] == [("a", "null")]
    assert versions(boto) == [("a", kept, True)]
    answer = delete(boto, {"Key": "a"})
    assert answer["Deleted"][0]["DeleteMarkerVersionId"] == "null"


def test_an_etag_holds_for_the_version(boto: S3Client) -> None:
    ids = put(boto, "a", b"0", b"1")
    etags = [boto.head_object(Bucket=BUCKET, Key="a", VersionId=version_id)["ETag"] for version_id in ids]
    answer = delete(boto, {"Key": "a", "VersionId": ids[0], "ETag": etags[1]})
    assert [(e["Key"], e["Code"], e["VersionId"]) for e in answer["Errors"]] == [("a", "PreconditionFailed", ids[0])]
    assert len(versions(boto)) == 2
    delete(boto, {"Key": "a", "VersionId": ids[0], "ETag": etags[0]})
    assert versions(boto) == [("a", ids[1], True)]
    answer = delete(boto, {"Key": "a", "ETag": etags[1]})
    assert answer["Deleted"][0]["DeleteMarker"] is True


def test_one_delete_has_no_condition_beside_a_version(boto: S3Client) -> None:
    (version_id,) = put(boto, "a", b"0")
    named: Any = {"Bucket": BUCKET, "Key": "a", "VersionId": version_id}
    assert error_of(boto.delete_object, **named, IfMatch='"other"') == (501, "NotImplemented")
    assert error_of(boto.delete_object, Bucket=BUCKET, Key="a", IfMatch='"other"') == (412, "PreconditionFailed")
    assert read(boto, "a") == b"0"


def test_a_thousand_versions(boto: S3Client, store: Store) -> None:
    ids = [store.put_object(BUCKET, "a", b"").version_id for _ in range(1000)]
    answer = delete(boto, *({"Key": "a", "VersionId": version_id} for version_id in ids))
    assert [entry["VersionId"] for entry in answer["Deleted"]] == ids
    assert versions(boto) == []


@pytest.mark.parametrize(
    "entry",
    ["<VersionId>null</VersionId>", "<Key>a</Key><VersionId>1</VersionId><VersionId>2</VersionId>",
     "<Key>a</Key><Key>b</Key>"],
)  # fmt: skip
def test_documents_that_are_not_read(s3: Client, boto: S3Client, entry: str) -> None:
    put(boto, "a", b"0")
    body = f"<Delete><Object><Key>a</Key></Object><Object>{entry}</Object></Delete>".encode()
    assert s3.ask("POST", f"/{BUCKET}?delete", body).error == (400, "MalformedXML")
    assert (len(versions(boto)), markers(boto)) == (1, [])
