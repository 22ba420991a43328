"""Objects without versions: writes, reads, conditions, ranges, copies, uploads, tags, encryption, listings."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any, Final

from tests.differential.requests import Session, call, keeping, kept, source

Titled = tuple[str, Callable[[Session], Any]]

ETAG: Final = md5(b"0123456789", usedforsecurity=False).hexdigest()
PAST: Final = datetime(2001, 1, 1, tzinfo=UTC)
FUTURE: Final = datetime.now(UTC) + timedelta(days=1)


def _puts() -> list[Titled]:
    headers: dict[str, dict[str, Any]] = {
        "type": {"ContentType": "text/plain"},
        "no type": {},
        "cache": {"CacheControl": "max-age=5"},
        "disposition": {"ContentDisposition": 'attachment; filename="a"'},
        "encoding": {"ContentEncoding": "gzip"},
        "language": {"ContentLanguage": "de"},
        "metadata": {"Metadata": {"colour": "red"}},
        "tags": {"Tagging": "a=1&b=2"},
        "class": {"StorageClass": "STANDARD"},
        "bad class": {"StorageClass": "NOTHING"},
        "md5": {"ContentMD5": b64encode(md5(b"0123456789", usedforsecurity=False).digest()).decode()},
        "bad md5": {"ContentMD5": b64encode(b"0" * 16).decode()},
        "malformed md5": {"ContentMD5": "nothing"},
        "only if absent": {"IfNoneMatch": "*"},
        "only if it is that": {"IfMatch": ETAG},
        "only if it is another": {"IfMatch": "0" * 32},
        "many tags": {"Tagging": "&".join(f"k{number}=v" for number in range(11))},
        "long tag": {"Tagging": f"{'k' * 129}=v"},
        "tag twice": {"Tagging": "a=1&a=2"},
    }
    found: list[Titled] = []
    for title, given in headers.items():
        found.append((f"put {title}", call("put_object", Key="a", Body=b"0123456789", **given)))
        found.append((f"head after {title}", call("head_object", Key="a")))
    return found


def _reads() -> list[Titled]:
    conditions: dict[str, dict[str, Any]] = {
        "match": {"IfMatch": ETAG},
        "other": {"IfMatch": "0" * 32},
        "any": {"IfMatch": "*"},
        "none match": {"IfNoneMatch": ETAG},
        "none other": {"IfNoneMatch": "0" * 32},
        "modified since past": {"IfModifiedSince": PAST},
        "modified since future": {"IfModifiedSince": FUTURE},
        "unmodified since past": {"IfUnmodifiedSince": PAST},
        "unmodified since future": {"IfUnmodifiedSince": FUTURE},
        "match and unmodified since past": {"IfMatch": ETAG, "IfUnmodifiedSince": PAST},
        "none match and modified since past": {"IfNoneMatch": ETAG, "IfModifiedSince": PAST},
        "part": {"PartNumber": 1},
        "part beyond": {"PartNumber": 2},
        "missing key": {"Key": "missing"},
    }
    ranges = ["0-0", "0-4", "3-", "-3", "9-9", "9-100", "10-", "10-20", "-0", "-100", "5-2", "a-b", "0-1,3-4"]
    found: list[Titled] = [("put", call("put_object", Key="a", Body=b"0123456789"))]
    for title, given in conditions.items():
        found.append((f"get {title}", call("get_object", **{"Key": "a", **given})))
        found.append((f"head {title}", call("head_object", **{"Key": "a", **given})))
    found += [(f"range {one}", call("get_object", Key="a", Range=f"bytes={one}")) for one in ranges]
    found.append(("range in another unit", call("get_object", Key="a", Range="lines=0-1")))
    found.append(("put nothing", call("put_object", Key="empty", Body=b"")))
    found += [
        (f"range of nothing {one}", call("get_object", Key="empty", Range=f"bytes={one}"))
        for one in ("0-0", "0-", "-1")
    ]
    overrides = {
        "ResponseContentType": "text/x-test",
        "ResponseCacheControl": "no-store",
        "ResponseContentDisposition": "inline",
        "ResponseContentEncoding": "identity",
        "ResponseContentLanguage": "fr",
    }
    found += [(f"get {name}", call("get_object", Key="a", **{name: value})) for name, value in overrides.items()]
    return found


def _copies() -> list[Titled]:
    given: dict[str, dict[str, Any]] = {
        "plain": {},
        "replaced": {"MetadataDirective": "REPLACE", "Metadata": {"colour": "blue"}, "ContentType": "text/x-new"},
        "tags replaced": {"TaggingDirective": "REPLACE", "Tagging": "c=3"},
        "match": {"CopySourceIfMatch": ETAG},
        "other": {"CopySourceIfMatch": "0" * 32},
        "none match": {"CopySourceIfNoneMatch": ETAG},
        "modified since future": {"CopySourceIfModifiedSince": FUTURE},
        "unmodified since past": {"CopySourceIfUnmodifiedSince": PAST},
    }
    found: list[Titled] = [
        ("put", call("put_object", Key="a", Body=b"0123456789", Metadata={"colour": "red"}, Tagging="a=1"))
    ]
    for title, more in given.items():
        found.append((f"copy {title}", call("copy_object", Key="b", CopySource=source("a"), **more)))
        found.append((f"head after {title}", call("head_object", Key="b")))
    found += [
        ("tags of copy", call("get_object_tagging", Key="b")),
        ("copy missing", call("copy_object", Key="b", CopySource=source("missing"))),
        ("copy onto itself", call("copy_object", Key="a", CopySource=source("a"))),
        (
            "copy onto itself with new headers",
            call(
                "copy_object",
                Key="a",
                CopySource=source("a"),
                MetadataDirective="REPLACE",
                Metadata={"colour": "green"},
            ),
        ),
        ("copy from a missing bucket", call("copy_object", Key="b", CopySource="missing-bucket-of-nobody/a")),
        ("copy malformed source", call("copy_object", Key="b", CopySource="a")),
    ]
    return found


def _uploads() -> list[Titled]:
    part = b"p" * (5 * 1024 * 1024)

    def completed(*numbers: int, etag: str | None = None) -> Callable[[Session], Any]:
        return lambda session: {
            "Parts": [{"PartNumber": each, "ETag": etag or session.kept[f"part {each}"]} for each in numbers]
        }

    upload = kept("upload")
    found: list[Titled] = [
        ("begin", keeping("upload", "create_multipart_upload", "UploadId", Key="a", Metadata={"colour": "red"})),
        ("list", call("list_multipart_uploads")),
        ("part 1", keeping("part 1", "upload_part", "ETag", Key="a", UploadId=upload, PartNumber=1, Body=part)),
        ("part 2", keeping("part 2", "upload_part", "ETag", Key="a", UploadId=upload, PartNumber=2, Body=b"end")),
        ("part 0", call("upload_part", Key="a", UploadId=upload, PartNumber=0, Body=b"x")),
        ("part 10001", call("upload_part", Key="a", UploadId=upload, PartNumber=10001, Body=b"x")),
        ("list parts", call("list_parts", Key="a", UploadId=upload)),
        ("list parts by one", call("list_parts", Key="a", UploadId=upload, MaxParts=1)),
        ("list parts after 1", call("list_parts", Key="a", UploadId=upload, PartNumberMarker=1)),
        (
            "complete no parts",
            call("complete_multipart_upload", Key="a", UploadId=upload, MultipartUpload={"Parts": []}),
        ),
        (
            "complete wrong order",
            call("complete_multipart_upload", Key="a", UploadId=upload, MultipartUpload=completed(2, 1)),
        ),
        (
            "complete wrong etag",
            call("complete_multipart_upload", Key="a", UploadId=upload, MultipartUpload=completed(1, etag="0" * 32)),
        ),
        ("complete", call("complete_multipart_upload", Key="a", UploadId=upload, MultipartUpload=completed(1, 2))),
        ("head", call("head_object", Key="a")),
        ("head part 1", call("head_object", Key="a", PartNumber=1)),
        ("head part 2", call("head_object", Key="a", PartNumber=2)),
        ("get part 2", call("get_object", Key="a", PartNumber=2)),
        ("head part 3", call("head_object", Key="a", PartNumber=3)),
        (
            "attributes",
            call(
                "get_object_attributes", Key="a", ObjectAttributes=["ETag", "ObjectParts", "ObjectSize", "StorageClass"]
            ),
        ),
        ("abort completed", call("abort_multipart_upload", Key="a", UploadId=upload)),
        ("part of no upload", call("upload_part", Key="a", UploadId="nothing", PartNumber=1, Body=b"x")),
        ("parts of no upload", call("list_parts", Key="a", UploadId="nothing")),
        ("begin again", keeping("upload", "create_multipart_upload", "UploadId", Key="b")),
        (
            "copy part",
            keeping(
                "part 1",
                "upload_part_copy",
                "ETag",
                Key="b",
                UploadId=upload,
                PartNumber=1,
                CopySource=source("a"),
                CopySourceRange="bytes=0-5242879",
            ),
        ),
        (
            "copy part beyond",
            call(
                "upload_part_copy",
                Key="b",
                UploadId=upload,
                PartNumber=1,
                CopySource=source("a"),
                CopySourceRange="bytes=0-99999999",
            ),
        ),
        (
            "copy part malformed",
            call(
                "upload_part_copy",
                Key="b",
                UploadId=upload,
                PartNumber=1,
                CopySource=source("a"),
                CopySourceRange="0-1",
            ),
        ),
        (
            "copy part missing",
            call("upload_part_copy", Key="b", UploadId=upload, PartNumber=1, CopySource=source("missing")),
        ),
        ("small first part", call("upload_part", Key="b", UploadId=upload, PartNumber=3, Body=b"small")),
        ("abort", call("abort_multipart_upload", Key="b", UploadId=upload)),
        ("abort again", call("abort_multipart_upload", Key="b", UploadId=upload)),
        ("head aborted", call("head_object", Key="b")),
    ]
    return found


def _tags() -> list[Titled]:
    def tags(*pairs: tuple[str, str]) -> dict[str, Any]:
        return {"TagSet": [{"Key": key, "Value": value} for key, value in pairs]}

    given = {
        "one": tags(("a", "1")),
        "two": tags(("a", "1"), ("b", "")),
        "none": tags(),
        "twice": tags(("a", "1"), ("a", "2")),
        "eleven": tags(*[(f"k{number}", "v") for number in range(11)]),
        "long key": tags(("k" * 129, "v")),
        "long value": tags(("k", "v" * 257)),
        "empty key": tags(("", "v")),
    }
    found: list[Titled] = [("put", call("put_object", Key="a", Body=b"x"))]
    for title, one in given.items():
        found.append((f"tag {title}", call("put_object_tagging", Key="a", Tagging=one)))
        found.append((f"tags after {title}", call("get_object_tagging", Key="a")))
    return [
        *found,
        ("delete tags", call("delete_object_tagging", Key="a")),
        ("no tags", call("get_object_tagging", Key="a")),
        ("tags of missing", call("get_object_tagging", Key="missing")),
        ("tag missing", call("put_object_tagging", Key="missing", Tagging=given["one"])),
    ]


def _encryption() -> list[Titled]:
    # MinIO and RGW take customers' keys over TLS alone: the contract suite has these.
    return [
        ("put SSE-S3", call("put_object", Key="f", Body=b"x", ServerSideEncryption="AES256")),
        ("head SSE-S3", call("head_object", Key="f")),
        ("put with nonsense", call("put_object", Key="f", Body=b"x", ServerSideEncryption="ROT13")),
        ("default", call("get_bucket_encryption")),
    ]


def _listings() -> list[Titled]:
    # MinIO holds no key beside keys below it.
    keys = ["a1", "a/b", "a/c/d", "b", "c d", "e+f", "g/h/", "ä/ö", "z%2Fz"]
    found: list[Titled] = [(f"put {key}", call("put_object", Key=key, Body=b"x")) for key in keys]
    asked: dict[str, dict[str, Any]] = {
        "all": {},
        "prefix": {"Prefix": "a"},
        "prefix of nothing": {"Prefix": "nothing"},
        "delimiter": {"Delimiter": "/"},
        "prefix and delimiter": {"Prefix": "a/", "Delimiter": "/"},
        "other delimiter": {"Delimiter": "+"},
        "two": {"MaxKeys": 2},
        "none": {"MaxKeys": 0},
        "encoded": {"EncodingType": "url"},
        "two with delimiter": {"MaxKeys": 2, "Delimiter": "/"},
    }
    for title, given in asked.items():
        found.append((f"list {title}", call("list_objects", **given)))
        found.append((f"list 2 {title}", call("list_objects_v2", **given)))
    return [
        *found,
        ("list after a key", call("list_objects", Marker="a/b")),
        ("list 2 after a key", call("list_objects_v2", StartAfter="a/b")),
        ("list 2 with a wrong token", call("list_objects_v2", ContinuationToken="nothing")),
        ("list negative", call("list_objects_v2", MaxKeys=-1)),
        ("delete some", call("delete_objects", Delete={"Objects": [{"Key": "a1"}, {"Key": "missing"}]})),
        ("delete quietly", call("delete_objects", Delete={"Objects": [{"Key": "b"}], "Quiet": True})),
        ("delete one", call("delete_object", Key="g/h/")),
        ("delete missing", call("delete_object", Key="missing")),
        ("delete bucket that is full", call("delete_bucket")),
        ("head bucket", call("head_bucket")),
        ("location", call("get_bucket_location")),
        ("missing bucket", call("list_objects_v2", Bucket="missing-bucket-of-nobody")),
        ("head missing bucket", call("head_bucket", Bucket="missing-bucket-of-nobody")),
        ("put into missing bucket", call("put_object", Bucket="missing-bucket-of-nobody", Key="a", Body=b"")),
        ("delete missing bucket", call("delete_bucket", Bucket="missing-bucket-of-nobody")),
        ("short name", call("create_bucket", Bucket="ab")),
        ("upper case name", call("create_bucket", Bucket="UpperCase")),
        ("name with two dots", call("create_bucket", Bucket="a..b")),
        ("address", call("create_bucket", Bucket="192.168.1.1")),
    ]


SCENARIOS: Final = {
    "puts": _puts(),
    "reads": _reads(),
    "copies": _copies(),
    "uploads": _uploads(),
    "tags": _tags(),
    "encryption": _encryption(),
    "listings": _listings(),
}
