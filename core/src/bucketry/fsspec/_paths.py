"""Paths of a file system, ``bucket/key``, and what stands at them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bucketry import BucketInfo, ObjectInfo

Entry = dict[str, Any]
"""What fsspec says of a file or folder."""


def split(path: str) -> tuple[str, str]:
    """Returns bucket and key. The key is everything after the first slash, byte for byte."""
    bucket, _, key = path.partition("/")
    return bucket, key


def folder_prefix(key: str) -> str:
    """Returns the prefix of all keys in a folder."""
    return f"{key}/" if key else ""


def file_entry(bucket: str, info: ObjectInfo) -> Entry:
    """Describes a file, with s3fs's names beside fsspec's own."""
    return {
        "name": f"{bucket}/{info.key}",
        "size": info.size_bytes,
        "type": "file",
        "ETag": info.etag,
        "LastModified": info.last_modified,
        "mtime": info.last_modified.timestamp(),
        "VersionId": info.version_id,
    }


def folder_entry(path: str) -> Entry:
    """Describes a folder: what keys have in common up to a slash, or the root."""
    return {"name": path, "size": 0, "type": "directory"}


def bucket_entry(bucket: BucketInfo) -> Entry:
    """Describes a bucket, which is a folder."""
    return {**folder_entry(bucket.name), "CreationDate": bucket.created_at}


def outermost(paths: Iterable[str]) -> list[str]:
    """Returns the paths that lie below no other one."""
    found: dict[str, None] = {}
    for path in sorted(set(paths)):
        if not any(parent in found for parent in parents_within(path, "")):
            found[path] = None
    return list(found)


def parents_within(path: str, root: str) -> list[str]:
    """Returns the folders above a path, down to the root and without it."""
    found = []
    while (path := path.rpartition("/")[0]) and len(path) > len(root):
        found.append(path)
    return found
