"""Folders of a store: what keys have in common up to a slash."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import takewhile
from typing import Final

from bucketry import DeleteMarker, ListOptions, NoSuchBucket, ObjectVersion, Store, VersionListOptions
from bucketry._file_errors import file_errors
from bucketry.fsspec._paths import Entry, bucket_entry, file_entry, folder_entry, folder_prefix, parents_within, split

_WITHOUT_NAME: Final = ("//", "/")
"""The end of the prefix of a folder whose name is empty. It has no path of its own."""


def folder(store: Store, path: str) -> list[Entry] | None:
    """Returns the files and folders in a folder by name; ``None``: there is no such folder.

    An object whose key is the folder's with a slash only makes the folder exist.

    Args:
        store: The store.
        path: The folder; empty: the root, whose folders are the buckets.
    """
    if not path:
        with file_errors(path):
            return [bucket_entry(bucket) for bucket in store.list_buckets()]
    bucket, key = split(path)
    prefix = folder_prefix(key)
    options = ListOptions(prefix=prefix, delimiter="/", content_type=False)
    found, exists = [], not key
    with file_errors(path):
        for page in store.iter_object_pages(bucket, options):
            exists = exists or bool(page.objects or page.prefixes)
            named = [each for each in page.prefixes if each[-2:] not in _WITHOUT_NAME]
            found += [folder_entry(f"{bucket}/{each[:-1]}") for each in named]
            found += [file_entry(bucket, info) for info in page.objects if info.key != prefix]
    return sorted(found, key=lambda entry: entry["name"]) if exists else None


def is_folder(store: Store, path: str) -> bool:
    """Says whether a path within a bucket is a folder."""
    bucket, key = split(path)
    with file_errors(path):
        page = store.list_objects(bucket, ListOptions(prefix=f"{key}/", limit=1, content_type=False))
    return bool(page.objects)


def by_name(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Returns entries by their names. Of a file and a folder of one name, it is the file."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry["type"] == "file" or entry["name"] not in found:
            found[entry["name"]] = entry
    return found


def kept_entry(kept: Mapping[str, list[Entry]], parent: str, path: str) -> Entry | None:
    """Returns what listings that are kept say of a path; ``None``: nothing.

    The listing of the path itself says of a folder only that it is one: there may be a file of its name beside it.

    Raises:
        FileNotFoundError: The listing of the folder above is kept, and does not name it.
    """
    above = kept.get(parent)
    named = by_name(entry for entry in (*(above or ()), *(kept.get(path) or ())) if entry["name"] == path)
    if not named and above is not None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    return named.get(path)


def all_below(store: Store, path: str, prefix: str) -> Iterator[Entry]:
    """Yields all files and folders below a path, from listings that do not stop at folders.

    Args:
        store: The store.
        path: The folder; empty: the root.
        prefix: What the names of files within it begin with.
    """
    if path:
        yield from _below(store, path, prefix)
        return
    for entry in folder(store, "") or ():
        yield entry
        yield from _below(store, entry["name"], "")


def _below(store: Store, path: str, prefix: str) -> Iterator[Entry]:
    bucket, key = split(path)
    options = ListOptions(prefix=folder_prefix(key) + prefix, content_type=False)
    seen: set[str] = set()
    with file_errors(path), suppress(NoSuchBucket):
        for info in store.iter_objects(bucket, options):
            entry = file_entry(bucket, info)
            for parent in parents_within(entry["name"], path):
                if parent in seen:
                    break
                seen.add(parent)
                yield folder_entry(parent)
            if not info.key.endswith("/"):
                yield entry


def versions_of(store: Store, path: str) -> list[Entry]:
    """Describes all versions of a file, the newest first."""
    bucket, key = split(path)
    with file_errors(path):
        # Other keys that begin with this one come after it.
        listed = store.iter_object_versions(bucket, VersionListOptions(prefix=key))
        return [_version_entry(bucket, version) for version in takewhile(lambda each: each.key == key, listed)]


def _version_entry(bucket: str, version: ObjectVersion | DeleteMarker) -> Entry:
    if isinstance(version, ObjectVersion):
        about = file_entry(bucket, version.info)
    else:
        about = {
            "name": f"{bucket}/{version.key}",
            "size": 0,
            "type": "other",
            "LastModified": version.last_modified,
        }
    marks = {"IsLatest": version.is_latest, "IsDeleteMarker": isinstance(version, DeleteMarker)}
    return {**about, "VersionId": version.version_id, **marks}
