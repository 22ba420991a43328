"""What a bucket holds, key by key: the versions of each key, the oldest first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Final

import msgspec
from bucketry import DeleteMarker, ListOptions, ObjectInfo, ObjectVersion, VersionListOptions
from bucketry.paging import iter_pages

from bucketry_router.transfers import Place

_LISTED: Final = ListOptions(content_type=False)


class Places(msgspec.Struct, frozen=True):
    """The bucket that is moved, in both stores.

    Attributes:
        source: Where it lies.
        target: Where it will lie.
        versioned: Whether it has versions.
        locked: Whether they can be locked.
    """

    source: Place
    target: Place
    versioned: bool
    locked: bool


class Version(msgspec.Struct, frozen=True, array_like=True):
    """One version of a key. All fields together tell one write from another.

    Attributes:
        version_id: Its id; ``None``: the bucket has no versions.
        etag: Its etag; empty for a delete marker.
        at: When it was made.
        size_bytes: Its size.
        is_marker: Whether it is a delete marker.
    """

    version_id: str | None
    etag: str
    at: datetime
    size_bytes: int
    is_marker: bool = False


History = tuple[Version, ...]
"""The versions of a key, the oldest first. In a bucket without versions it is the object alone."""


def histories(place: Place, *, versioned: bool) -> Iterator[tuple[str, History]]:
    """Yields each key of a bucket with its history.

    Args:
        place: The store and the bucket.
        versioned: Whether the bucket has versions.
    """
    if not versioned:
        for info in _objects(place):
            yield info.key, (_of_object(info),)
        return
    for key, group in groupby(_versions(place), key=itemgetter(0)):
        yield key, tuple(version for _, version in group)[::-1]


def _objects(place: Place) -> Iterator[ObjectInfo]:
    for page in iter_pages(lambda asked: place.store.calls.list_objects(place.bucket, asked), _LISTED):
        yield from page.objects


def _versions(place: Place) -> Iterator[tuple[str, Version]]:
    calls = place.store.calls
    for page in iter_pages(lambda asked: calls.list_object_versions(place.bucket, asked), VersionListOptions()):
        for entry in page.versions:
            yield entry.key, _of_version(entry)


def _of_object(info: ObjectInfo) -> Version:
    return Version(None, info.etag, info.last_modified, info.size_bytes)


def _of_version(entry: ObjectVersion | DeleteMarker) -> Version:
    if isinstance(entry, DeleteMarker):
        return Version(entry.version_id, "", entry.last_modified, 0, is_marker=True)
    info = entry.info
    return Version(entry.version_id, info.etag, info.last_modified, info.size_bytes)
