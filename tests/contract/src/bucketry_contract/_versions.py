"""Short ways to use versions of objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple

import pytest
from bucketry import (
    AttributesOptions,
    CopyOptions,
    DeleteMarker,
    Part,
    PartCopyOptions,
    VersioningSettings,
    VersionListOptions,
    VersionOptions,
)
from bucketry.s3 import MAX_PAGE, NULL_VERSION

from bucketry_contract._capabilities import needs
from bucketry_contract._pages import all_pages
from bucketry_contract._scratch import Bucket, MultipartUpload

VERSIONING: Final = ("put_bucket_settings", VersioningSettings.feature)
"""What every test of versions needs."""

LISTING: Final = (*VERSIONING, "list_object_versions")

NULL: Final = NULL_VERSION

NULL_IDS: Final = frozenset({NULL_VERSION, None})
"""What a result may say of the version ``null``: some backends do not name it."""


class Seen(NamedTuple):
    """An entry of a listing of versions."""

    key: str
    version_id: str
    is_latest: bool = False
    is_marker: bool = False


def versioned(bucket: Bucket, status: Literal["Enabled", "Suspended"] = "Enabled") -> Bucket:
    """Enables or suspends the versioning of a bucket."""
    bucket.store.put_bucket_settings(bucket.name, VersioningSettings(status=status))
    return bucket


def put_version(bucket: Bucket, key: str, content: bytes = b"content", **options: Any) -> str:
    """Stores a version and returns its id."""
    version_id = bucket.put(key, content, **options).version_id
    assert version_id, "a write in a bucket with versions returns no version_id"
    return version_id


def put_null(bucket: Bucket, key: str, content: bytes) -> None:
    """Stores an object as the version ``null``, which some backends do not name in the result."""
    assert bucket.put(key, content).version_id in NULL_IDS


def mark_null(bucket: Bucket, key: str) -> None:
    """Deletes an object with a delete marker ``null``, likewise."""
    assert bucket.delete(key).version_id in NULL_IDS


def mark(bucket: Bucket, key: str) -> str:
    """Deletes an object, and returns the id of the delete marker."""
    deleted = bucket.delete(key)
    assert deleted.delete_marker, "a delete in a bucket with versions made no delete marker"
    assert deleted.version_id, "the result does not say the id of the delete marker"
    return deleted.version_id


def versions_of(bucket: Bucket, **options: Any) -> list[Seen]:
    """Returns all versions and delete markers, page by page, each page checked."""
    limit, found = options.get("limit", MAX_PAGE), list[Seen]()
    for page in all_pages(
        lambda cursor: bucket.store.list_object_versions(bucket.name, VersionListOptions(**options, cursor=cursor))
    ):
        entries = len(page.versions) + len(page.prefixes)
        assert entries <= limit, "the page has more entries than the limit allows"
        assert entries or not found, "a cursor leads to an empty page"
        found += [
            Seen(version.key, version.version_id, version.is_latest, isinstance(version, DeleteMarker))
            for version in page.versions
        ]
    return found


Act = Callable[[Bucket, str, str], object]
"""Does something with the version of a key that has this id."""


def _copy(bucket: Bucket, key: str, version_id: str) -> object:
    options = CopyOptions(source_version_id=version_id)
    return bucket.store.copy_object(bucket.name, key, bucket.name, "copy", options)


def copy_part(upload: MultipartUpload, source: str, version_id: str) -> Part:
    """Copies a version of an object of the same bucket into the first part of an upload."""
    bucket, options = upload.bucket, PartCopyOptions(source_version_id=version_id)
    return bucket.store.upload_part_copy(bucket.name, upload.key, upload.upload_id, 1, bucket.name, source, options)


def _tag(bucket: Bucket, key: str, version_id: str) -> None:
    bucket.store.put_object_tagging(bucket.name, key, {"a": "b"}, VersionOptions(version_id=version_id))


USES: Final[dict[str, Act]] = {
    "head_object": lambda bucket, key, version_id: bucket.head(key, version_id=version_id),
    "get_object": lambda bucket, key, version_id: bucket.read(key, version_id=version_id),
    "get_object_attributes": lambda bucket, key, version_id: bucket.store.get_object_attributes(
        bucket.name, key, AttributesOptions(version_id=version_id)
    ),
    "get_object_tagging": lambda bucket, key, version_id: bucket.store.get_object_tagging(
        bucket.name, key, VersionOptions(version_id=version_id)
    ),
    "put_object_tagging": _tag,
    "delete_object_tagging": lambda bucket, key, version_id: bucket.store.delete_object_tagging(
        bucket.name, key, VersionOptions(version_id=version_id)
    ),
    "copy_object": _copy,
    "upload_part_copy": lambda bucket, key, version_id: copy_part(bucket.upload("target"), key, version_id),
    "get_object_acl": lambda bucket, key, version_id: bucket.store.get_object_acl(
        bucket.name, key, VersionOptions(version_id=version_id)
    ),
    "put_object_acl": lambda bucket, key, version_id: bucket.store.put_object_acl(
        bucket.name,
        key,
        bucket.store.get_object_acl(bucket.name, "key"),
        VersionOptions(version_id=version_id),
    ),
}
"""Every operation that reads or changes a version which it names, but its lock."""

_MORE_NEEDS: Final = {
    "upload_part_copy": ("create_multipart_upload",),
    "put_object_acl": ("get_object_acl",),
}

every_use = pytest.mark.parametrize(
    "use",
    [pytest.param(act, marks=needs(name, *_MORE_NEEDS.get(name, ())), id=name) for name, act in USES.items()],
)
"""Runs a test once for each operation that names a version."""
