"""Deletes of many files, 1,000 in one request."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from typing import Final

from bucketry import AccessDenied, ListOptions, ObjectLocked, Store
from bucketry._file_errors import file_errors
from bucketry.fsspec._paths import folder_prefix, split

_REFUSED: Final = frozenset({AccessDenied.code, ObjectLocked.code})


def delete_folder(store: Store, path: str) -> int:
    """Deletes all that is below a path, and returns how many objects that were."""
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
