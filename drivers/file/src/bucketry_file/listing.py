"""Listings that seek: a page costs what it shows, however many keys lie before it or are rolled up in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import islice
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec
from bucketry import (
    DeleteMarker,
    InvalidArgument,
    ListOptions,
    ObjectInfo,
    ObjectPage,
    ObjectVersion,
    VersionListOptions,
    VersionPage,
)
from bucketry.cursors import decode_cursor, encode_cursor
from bucketry.s3 import NULL_VERSION
from bucketry.version_ids import number_in

from bucketry_file import versions
from bucketry_file.buckets import Bucket
from bucketry_file.records import StoredMarker, StoredObject
from bucketry_file.versions import Version, version_of

CursorKind: TypeAlias = Literal["object", "version", "prefix", "upload", "part"]

_LISTINGS: Final = "file"

_END: Final = b"\xff"
"""A key that stands behind all keys: UTF-8 holds no such byte."""

# All of them have the columns of a `Version`.
_OBJECTS: Final = """
    SELECT id, key, number, is_current, size_bytes, record
    FROM versions INDEXED BY current_versions
    WHERE bucket = ? AND key >= ? AND key < ? AND is_current = 1 ORDER BY key
"""
_VERSIONS: Final = """
    SELECT id, key, number, is_current, size_bytes, record
    FROM versions INDEXED BY versions_in_order
    WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key, number DESC
"""
_OLDER: Final = """
    SELECT id, key, number, is_current, size_bytes, record
    FROM versions WHERE bucket = ? AND key = ? AND number < ? ORDER BY number DESC
"""
_FEW: Final = 8
"""Number of keys with one common prefix that are skipped one by one before a jump, which is a new search."""


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The last entry of a page.

    Attributes:
        kind: What that entry is.
        key: Its key or common prefix.
        number: The number of the version, upload or part.
    """

    kind: CursorKind
    key: bytes = b""
    number: int = 0

    def encode(self) -> str:
        """Returns the cursor as text for callers."""
        return encode_cursor(_LISTINGS, self)


def decode(cursor: str, *kinds: CursorKind) -> Cursor:
    """Reads a cursor that `Cursor.encode` wrote.

    Raises:
        InvalidArgument: The text is not a cursor of these kinds.
    """
    decoded = decode_cursor(_LISTINGS, cursor, Cursor)
    if decoded.kind not in kinds:
        raise InvalidArgument(
            "this cursor belongs to another listing: take the cursor of the page before", field="cursor"
        )
    return decoded


def after_prefix(prefix: bytes) -> bytes:
    """Returns what stands right behind all keys with this prefix: UTF-8 holds no byte 255, so nothing carries."""
    return prefix[:-1] + bytes([prefix[-1] + 1]) if prefix else _END


class Begin(NamedTuple):
    """Where a page begins.

    Attributes:
        key: At the first key that is not before it.
        below: If that key is this one, at its first version below this number; ``None``: at its newest.
    """

    key: bytes
    below: int | None = None


Entry: TypeAlias = Version | bytes
"""A version, or a common prefix."""


def list_objects(connection: sqlite3.Connection, bucket: Bucket, options: ListOptions) -> ObjectPage:
    """Lists one page of objects.

    Raises:
        InvalidArgument: The cursor belongs to another listing.
    """
    begin = _begin_of(options, "object")
    entries = _page_of(_walk(connection, _OBJECTS, bucket, begin, options), options.limit + 1)
    cursor = _cursor_of(entries, options.limit, "object")
    return ObjectPage(
        objects=tuple([_listed(entry) for entry in entries if not isinstance(entry, bytes)]),
        prefixes=tuple([entry.decode() for entry in entries if isinstance(entry, bytes)]),
        cursor=cursor,
    )


def list_versions(connection: sqlite3.Connection, bucket: Bucket, options: VersionListOptions) -> VersionPage:
    """Lists one page of versions of a bucket that has versions.

    Raises:
        InvalidArgument: The cursor belongs to another listing, or the id of a version is malformed.
    """
    begin = _begin_of(options, "version")
    if options.start_after_version:
        begin = _later(begin, _after_version(connection, bucket, options))
    entries = _page_of(_walk(connection, _VERSIONS, bucket, begin, options), options.limit + 1)
    cursor = _cursor_of(entries, options.limit, "version")
    return VersionPage(
        versions=tuple(_described(entries, _key_begun_before(connection, bucket, begin))),
        prefixes=tuple([entry.decode() for entry in entries if isinstance(entry, bytes)]),
        cursor=cursor,
    )


def _key_begun_before(connection: sqlite3.Connection, bucket: Bucket, begin: Begin) -> bytes | None:
    """Returns the key whose newest version stands before the page; ``None``: there is none."""
    if begin.below is None:
        return None
    query = "SELECT 1 FROM versions WHERE bucket = ? AND key = ? AND number >= ? LIMIT 1"
    return begin.key if connection.execute(query, (bucket.id, begin.key, begin.below)).fetchone() else None


def _page_of(entries: Generator[Entry, None, None], count: int) -> list[Entry]:
    with closing(entries):
        return list(islice(entries, count))


def _cursor_of(entries: list[Entry], limit: int, kind: CursorKind) -> str | None:
    """Drops the entry behind the page, and returns where the next page begins; ``None``: this is the last one."""
    if len(entries) <= limit:
        return None
    entries.pop()
    last = entries[-1]
    return (Cursor("prefix", last) if isinstance(last, bytes) else Cursor(kind, last.key, last.number)).encode()


def _begin_of(options: ListOptions | VersionListOptions, kind: CursorKind) -> Begin:
    begin = Begin(options.prefix.encode())
    if options.start_after and not getattr(options, "start_after_version", ""):
        begin = _later(begin, Begin(options.start_after.encode() + b"\0"))
    if options.cursor is None:
        return begin
    cursor = decode(options.cursor, kind, "prefix")
    if cursor.kind == "prefix":
        return _later(begin, Begin(after_prefix(cursor.key)))
    if kind == "object":
        return _later(begin, Begin(cursor.key + b"\0"))
    return _later(begin, Begin(cursor.key, cursor.number))


def _after_version(connection: sqlite3.Connection, bucket: Bucket, options: VersionListOptions) -> Begin:
    key = options.start_after.encode()
    number = number_in(options.start_after_version, "start_after_version")
    if number is None:
        version = versions.find(connection, bucket, key, NULL_VERSION)
        number = 0 if version is None else version.number
    return Begin(key, number)


def _later(one: Begin, other: Begin) -> Begin:
    if one.key != other.key:
        return one if one.key > other.key else other
    if one.below is None or other.below is None:
        return other if one.below is None else one
    return one if one.below < other.below else other


def _walk(
    connection: sqlite3.Connection,
    query: str,
    bucket: Bucket,
    begin: Begin,
    options: ListOptions | VersionListOptions,
) -> Generator[Entry, None, None]:
    """Yields the entries from a place on."""
    prefix, end = options.prefix.encode(), after_prefix(options.prefix.encode())
    start: bytes | None = begin.key
    if begin.below is not None:
        if begin.key.startswith(prefix) and not _is_rolled_up(begin.key, options):
            yield from _versions(connection, _OLDER, bucket.id, begin.key, begin.below)
        start = begin.key + b"\0"
    while start is not None:
        start = yield from _walk_until_jump(_versions(connection, query, bucket.id, start, end), options)


def _versions(connection: sqlite3.Connection, query: str, *values: object) -> Generator[Version, None, None]:
    with closing(connection.execute(query, values)) as rows:
        for row in rows:
            yield version_of(row)


def _is_rolled_up(key: bytes, options: ListOptions | VersionListOptions) -> bool:
    delimiter = options.delimiter.encode()
    return bool(delimiter) and key.find(delimiter, len(options.prefix.encode())) >= 0


def _walk_until_jump(
    found: Iterator[Version], options: ListOptions | VersionListOptions
) -> Generator[Entry, None, bytes | None]:
    """Yields entries. Returns the key to continue from, or ``None`` at the end."""
    prefix, delimiter, after = (text.encode() for text in (options.prefix, options.delimiter, options.start_after))
    rolled, rolled_keys = b"", 0
    for version in found:
        key = version.key
        if rolled and key.startswith(rolled):
            rolled_keys += 1
            if rolled_keys == _FEW:
                return after_prefix(rolled)
            continue
        at = key.find(delimiter, len(prefix)) if delimiter else -1
        if at < 0:
            yield version
            continue
        rolled, rolled_keys = key[: at + len(delimiter)], 0
        # A common prefix that start_after begins with is not after it, so it is not an entry.
        if rolled > after:
            yield rolled
    return None


def _listed(version: Version) -> ObjectInfo:
    stored = version.stored
    if isinstance(stored, StoredMarker):
        raise TypeError("a delete marker is not current")
    return stored.listed(version.text, version.size_bytes)


def _described(entries: list[Entry], not_latest: bytes | None) -> Iterator[ObjectVersion | DeleteMarker]:
    """Yields versions as the contract describes them. The first of each key is the latest one.

    Args:
        entries: The entries of a page.
        not_latest: A key whose newest version stands before the page; ``None``: there is none.
    """
    before = not_latest
    for entry in entries:
        if isinstance(entry, bytes):
            continue
        is_latest, before = entry.key != before, entry.key
        stored, key = entry.stored, entry.text
        if isinstance(stored, StoredObject):
            info = stored.listed(key, entry.size_bytes)
            if info.version_id is None:
                info = msgspec.structs.replace(info, version_id=NULL_VERSION)
            yield ObjectVersion(info=info, is_latest=is_latest)
        else:
            yield DeleteMarker(
                key=key, version_id=stored.version_id, last_modified=stored.last_modified, is_latest=is_latest
            )
