"""Versions: writes, reads, markers, deletes, copies, tags and listings, with versioning on and suspended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tests.differential.requests import Session, call, keeping, kept, source

Titled = tuple[str, Callable[[Session], Any]]


def _status(status: str) -> dict[str, Any]:
    return {"VersioningConfiguration": {"Status": status}}


def _batch(*entries: tuple[str, str | None]) -> Callable[[Session], Any]:
    def give(session: Session) -> dict[str, Any]:
        return {
            "Objects": [
                {"Key": key} if version is None else {"Key": key, "VersionId": session.kept[version]}
                for key, version in entries
            ]
        }

    return give


_ON: Final = ("on", call("put_bucket_versioning", **_status("Enabled")))
_LISTED: Final = ("versions", call("list_object_versions"))

ENABLED: Final[list[Titled]] = [
    ("not set", call("get_bucket_versioning")),
    ("before", call("put_object", Key="old", Body=b"old")),
    ("wrong status", call("put_bucket_versioning", **_status("On"))),
    _ON,
    ("is on", call("get_bucket_versioning")),
    ("head old", call("head_object", Key="old")),
    ("head old by null", call("head_object", Key="old", VersionId="null")),
    (
        "put 1",
        keeping("one", "put_object", "VersionId", Key="a", Body=b"one", Metadata={"colour": "red"}, Tagging="a=1"),
    ),
    ("put 2", keeping("two", "put_object", "VersionId", Key="a", Body=b"second")),
    ("get latest", call("get_object", Key="a")),
    ("get 1", call("get_object", Key="a", VersionId=kept("one"))),
    ("head 1", call("head_object", Key="a", VersionId=kept("one"))),
    ("range of 1", call("get_object", Key="a", VersionId=kept("one"), Range="bytes=0-0")),
    (
        "attributes of 1",
        call("get_object_attributes", Key="a", VersionId=kept("one"), ObjectAttributes=["ETag", "ObjectSize"]),
    ),
    ("tags of 1", call("get_object_tagging", Key="a", VersionId=kept("one"))),
    ("tags of latest", call("get_object_tagging", Key="a")),
    (
        "tag 1",
        call("put_object_tagging", Key="a", VersionId=kept("one"), Tagging={"TagSet": [{"Key": "b", "Value": "2"}]}),
    ),
    ("tags of 1 again", call("get_object_tagging", Key="a", VersionId=kept("one"))),
    ("delete tags of 1", call("delete_object_tagging", Key="a", VersionId=kept("one"))),
    ("copy of 1", call("copy_object", Key="b", CopySource=source("a", "one"))),
    ("get copy", call("get_object", Key="b")),
    ("copy of 1 onto a", keeping("three", "copy_object", "VersionId", Key="a", CopySource=source("a", "one"))),
    ("get restored", call("get_object", Key="a")),
    ("empty version", call("get_object", Key="a", VersionId="")),
    ("malformed version", call("get_object", Key="a", VersionId="not an id")),
    ("null version that is not there", call("get_object", Key="a", VersionId="null")),
    ("version of another key", call("get_object", Key="b", VersionId=kept("one"))),
    ("only if absent", call("put_object", Key="a", Body=b"x", IfNoneMatch="*")),
    ("delete", keeping("marker", "delete_object", "VersionId", Key="a")),
    ("get deleted", call("get_object", Key="a")),
    ("head deleted", call("head_object", Key="a")),
    ("get marker", call("get_object", Key="a", VersionId=kept("marker"))),
    ("head marker", call("head_object", Key="a", VersionId=kept("marker"))),
    ("tags of marker", call("get_object_tagging", Key="a", VersionId=kept("marker"))),
    ("copy of marker", call("copy_object", Key="c", CopySource=source("a", "marker"))),
    ("copy of deleted", call("copy_object", Key="c", CopySource=source("a"))),
    _LISTED,
    ("objects", call("list_objects_v2")),
    ("versions by prefix", call("list_object_versions", Prefix="a")),
    ("versions by one", call("list_object_versions", MaxKeys=1)),
    ("no versions", call("list_object_versions", MaxKeys=0)),
    ("versions after a", call("list_object_versions", KeyMarker="a")),
    ("versions after one of a", call("list_object_versions", KeyMarker="a", VersionIdMarker=kept("two"))),
    ("versions after an id alone", call("list_object_versions", VersionIdMarker=kept("two"))),
    ("delete marker", call("delete_object", Key="a", VersionId=kept("marker"))),
    ("get undeleted", call("get_object", Key="a")),
    ("delete version", call("delete_object", Key="a", VersionId=kept("two"))),
    ("delete version again", call("delete_object", Key="a", VersionId=kept("two"))),
    ("get deleted version", call("get_object", Key="a", VersionId=kept("two"))),
    ("delete malformed version", call("delete_object", Key="a", VersionId="not an id")),
    ("batch", call("delete_objects", Delete=_batch(("a", "one"), ("b", None)))),
    ("batch again", call("delete_objects", Delete=_batch(("a", "one"), ("b", None)))),
    ("versions at the end", call("list_object_versions")),
    ("delete bucket with versions", call("delete_bucket")),
]

SUSPENDED: Final[list[Titled]] = [
    _ON,
    ("put 1", keeping("one", "put_object", "VersionId", Key="a", Body=b"one")),
    ("off", call("put_bucket_versioning", **_status("Suspended"))),
    ("is off", call("get_bucket_versioning")),
    ("put null", call("put_object", Key="a", Body=b"null")),
    ("head", call("head_object", Key="a")),
    ("head null", call("head_object", Key="a", VersionId="null")),
    ("put null again", call("put_object", Key="a", Body=b"null again")),
    _LISTED,
    ("copy while suspended", call("copy_object", Key="b", CopySource=source("a"))),
    ("delete", call("delete_object", Key="a")),
    ("get deleted", call("get_object", Key="a")),
    ("get 1", call("get_object", Key="a", VersionId=kept("one"))),
    ("versions after delete", call("list_object_versions")),
    ("delete null", call("delete_object", Key="a", VersionId="null")),
    ("get undeleted", call("get_object", Key="a")),
    ("put over", call("put_object", Key="a", Body=b"over")),
    ("batch", call("delete_objects", Delete=_batch(("a", None)))),
    ("versions after batch", call("list_object_versions")),
    ("on again", call("put_bucket_versioning", **_status("Enabled"))),
    ("put 2", keeping("two", "put_object", "VersionId", Key="a", Body=b"two")),
    ("versions", call("list_object_versions")),
]

UPLOADED: Final[list[Titled]] = [
    _ON,
    ("begin", keeping("upload", "create_multipart_upload", "UploadId", Key="a")),
    ("meanwhile", keeping("one", "put_object", "VersionId", Key="a", Body=b"one")),
    ("part", keeping("part", "upload_part", "ETag", Key="a", UploadId=kept("upload"), PartNumber=1, Body=b"part")),
    (
        "complete",
        keeping(
            "two",
            "complete_multipart_upload",
            "VersionId",
            Key="a",
            UploadId=kept("upload"),
            MultipartUpload=lambda session: {"Parts": [{"PartNumber": 1, "ETag": session.kept["part"]}]},
        ),
    ),
    ("head", call("head_object", Key="a")),
    ("head 1", call("head_object", Key="a", VersionId=kept("one"))),
    ("begin another", keeping("upload", "create_multipart_upload", "UploadId", Key="b")),
    (
        "copy part of 1",
        call("upload_part_copy", Key="b", UploadId=kept("upload"), PartNumber=1, CopySource=source("a", "one")),
    ),
    ("abort", call("abort_multipart_upload", Key="b", UploadId=kept("upload"))),
    ("versions", call("list_object_versions")),
    ("delimited", call("list_object_versions", Delimiter="/")),
]

SCENARIOS: Final = {"versions": ENABLED, "suspended": SUSPENDED, "versioned uploads": UPLOADED}
