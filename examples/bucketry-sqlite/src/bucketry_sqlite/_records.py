"""Rows of the tables, as the contract's types. Every function works in the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, NamedTuple, TypeVar

import msgspec
from bucketry import NoSuchBucket, NoSuchKey, NoSuchUpload, ObjectHeaders, ObjectInfo
from bucketry.headers import copy_headers

to_json: Final = msgspec.json.Encoder(enc_hook=dict).encode
"""Encodes a Struct; metadata, an immutable mapping, as an object."""

HeadersT = TypeVar("HeadersT", bound=ObjectHeaders)


def from_json(text: str, kind: type[HeadersT]) -> HeadersT:
    """Decodes what `to_json` encoded; metadata becomes immutable again."""
    decoded = msgspec.json.decode(text, type=kind)
    return msgspec.structs.replace(decoded, metadata=MappingProxyType(dict(decoded.metadata)))


class StoredObject(NamedTuple):
    """An object's row."""

    id: int
    info: ObjectInfo


class Piece(NamedTuple):
    """A blob's place in an object."""

    size_bytes: int
    blob: int


def new_info(key: str, size_bytes: int, etag: str, headers: ObjectHeaders) -> ObjectInfo:
    """Describes an object that is being written now; ``headers`` may be options, which are headers and more."""
    return copy_headers(headers, ObjectInfo, key=key, size_bytes=size_bytes, etag=etag, last_modified=datetime.now(UTC))


def require_bucket(connection: sqlite3.Connection, bucket: str) -> None:
    """Raises `NoSuchBucket` unless the bucket exists."""
    if connection.execute("SELECT 1 FROM buckets WHERE name = ?", (bucket,)).fetchone() is None:
        raise NoSuchBucket(bucket=bucket)


def find_object(connection: sqlite3.Connection, bucket: str, key: str) -> StoredObject | None:
    """Returns the object that the key holds, if any.

    Raises:
        NoSuchBucket: The bucket does not exist.
    """
    query = "SELECT id, info FROM objects WHERE bucket = ? AND key = ?"
    row = connection.execute(query, (bucket, key.encode())).fetchone()
    if row is None:
        require_bucket(connection, bucket)
        return None
    return StoredObject(row[0], from_json(row[1], ObjectInfo))


def require_object(connection: sqlite3.Connection, bucket: str, key: str) -> StoredObject:
    """Returns the object that the key holds.

    Raises:
        NoSuchBucket: The bucket does not exist.
        NoSuchKey: The key holds none.
    """
    found = find_object(connection, bucket, key)
    if found is None:
        raise NoSuchKey(bucket=bucket, key=key)
    return found


def replace_object(
    connection: sqlite3.Connection, bucket: str, old: StoredObject | None, new: ObjectInfo, pieces: Iterable[Piece]
) -> None:
    """Puts an object made of these pieces in the place of the old one."""
    if old is not None:
        delete_object(connection, old)
    (object_id,) = connection.execute(
        "INSERT INTO objects (bucket, key, size_bytes, info) VALUES (?, ?, ?, ?) RETURNING id",
        (bucket, new.key.encode(), new.size_bytes, to_json(new)),
    ).fetchone()
    start = 0
    for piece in pieces:
        connection.execute(
            "INSERT INTO pieces (object, start, size_bytes, blob) VALUES (?, ?, ?, ?)", (object_id, start, *piece)
        )
        start += piece.size_bytes


def delete_object(connection: sqlite3.Connection, stored: StoredObject) -> None:
    """Deletes an object; the content goes with it where nothing else is made of it."""
    connection.execute("DELETE FROM objects WHERE id = ?", (stored.id,))


def require_upload(connection: sqlite3.Connection, bucket: str, key: str, upload_id: str) -> ObjectHeaders:
    """Returns the headers that a multipart upload began with.

    Raises:
        NoSuchBucket: The bucket does not exist.
        NoSuchUpload: It is not in progress, or is another key's.
    """
    query = "SELECT headers FROM uploads WHERE id = ? AND bucket = ? AND key = ?"
    row = connection.execute(query, (upload_id, bucket, key.encode())).fetchone()
    if row is None:
        require_bucket(connection, bucket)
        raise NoSuchUpload(bucket=bucket, key=key)
    return from_json(row[0], ObjectHeaders)
