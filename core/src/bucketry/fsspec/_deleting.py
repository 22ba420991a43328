"""Deletes of many files, 1,000 in one request."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from typing import Final

from bucketry import AccessDenied, ListOptions, ObjectLocked, Store
from bucketry._file_errors import file_errors
from bucketry.fsspec._paths import folder_prefix, split

_REFUSED: Final = frozenset({AccessDenied.code, ObjectLocked.code})


def delete_tree(store: Store, path: str, *, is_file: bool) -> None:
    """Deletes all that is at a path and below, also the bucket.

    Args:
        store: The store.
        path: The path.
        is_file: Whether there is a file at the path itself. One that is not there must not be deleted: in a bucket with
            versions, that makes a delete marker.

    Raises:
        ValueError: The path is the root.
        FileNotFoundError: There is nothing.
    """
    if not path:
        raise ValueError("name a bucket: this would delete all that the store holds")
    count = _delete_folder(store, path)
    if is_file or "/" not in path:
        delete_files(store, [path])
    elif not count:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def _delete_folder(store: Store, path: str) -> int:
    bucket, key = split(path)
    count = 0
    with file_errors(path):
        for page in store.iter_object_pages(bucket, ListOptions(prefix=folder_prefix(key), content_type=False)):
            _delete(store, bucket, [info.key for info in page.objects])
            count += len(page.objects)
    return count


def delete_files(store: Store, paths: Iterable[str]) -> None:
    """Deletes files, and empty buckets."""
    keys: dict[str, list[str]] = {}
    for bucket, key in map(split, paths):
        keys.setdefault(bucket, []).extend([key] if key else [])
    for bucket, those in keys.items():
        with file_errors(bucket):
            if those:
                _delete(store, bucket, those)
            else:
                store.delete_bucket(bucket)


def _delete(store: Store, bucket: str, keys: list[str]) -> None:
    failed = store.delete_objects(bucket, keys).failed if keys else ()
    for failure in failed:
        number = errno.EACCES if failure.code in _REFUSED else errno.EIO
        raise OSError(number, failure.message, f"{bucket}/{failure.key}")
