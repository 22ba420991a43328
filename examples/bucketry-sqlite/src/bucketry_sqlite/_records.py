"""Rows of the tables, as the contract's types. Every function works in the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, NamedTuple, TypeVar

import msgspec
from bucketry import (
    CustomerKey,
    Encryption,
    EncryptionSettings,
    NoSuchBucket,
    NoSuchKey,
    NoSuchUpload,
    ObjectHeaders,
    ObjectInfo,
    Part,
    Upload,
    decoding,
)
from bucketry.headers import copy_headers

to_json: Final = msgspec.json.Encoder(enc_hook=dict).encode
"""Encodes a Struct; metadata, an immutable mapping, as an object."""

_ASIDE: Final = b"\xff"
"""A key that no object has: it is not UTF-8."""

HeadersT = TypeVar("HeadersT", bound=ObjectHeaders)
InfoT = TypeVar("InfoT", ObjectInfo, Upload, Part)


def from_json(text: str, kind: type[HeadersT]) -> HeadersT:
    """Decodes what `to_json` encoded; metadata becomes immutable again."""
    decoded = decoding.from_json(text, kind)
    return msgspec.structs.replace(decoded, metadata=MappingProxyType(dict(decoded.metadata)))


class StoredObject(NamedTuple):
    """An object's row."""

    id: int
    info: ObjectInfo
    key_check: str | None

    @property
    def encryption(self) -> Encryption | None:
        """How it is encrypted with keys that the client does not hold."""
        return self.info.encryption


class StoredUpload(NamedTuple):
    """An upload's row."""

    headers: ObjectHeaders
    encryption: Encryption | None
    key_check: str | None


class Piece(NamedTuple):
    """A blob's place in an object, with the envelope of its key."""

    size_bytes: int
    blob: int
    envelope: str | None = None


def new_info(
    key: str, size_bytes: int, etag: str, headers: ObjectHeaders, encryption: Encryption | None = None
) -> ObjectInfo:
    """Describes an object that is being written now; ``headers`` may be options, which are headers and more."""
    return copy_headers(
        headers,
        ObjectInfo,
        key=key,
        size_bytes=size_bytes,
        etag=etag,
        last_modified=datetime.now(UTC),
        encryption=encryption,
    )


def told(info: InfoT, customer_key: CustomerKey | None) -> InfoT:
    """Returns a result as whoever sent this key gets it. The MD5 of a customer's key is not stored."""
    return info if customer_key is None else msgspec.structs.replace(info, customer_key_md5=customer_key.md5)


def default_encryption(connection: sqlite3.Connection, bucket: str) -> EncryptionSettings:
    """Returns the default encryption of a bucket.

    Raises:
        NoSuchBucket: The bucket does not exist.
    """
    require_bucket(connection, bucket)
    query = "SELECT value FROM settings WHERE bucket = ? AND kind = ?"
    row = connection.execute(query, (bucket, EncryptionSettings.__name__)).fetchone()
    return EncryptionSettings() if row is None else decoding.from_json(row[0], EncryptionSettings)


def require_bucket(connection: sqlite3.Connection, bucket: str) -> None:
    """Raises `NoSuchBucket` unless the bucket exists."""
    if connection.execute("SELECT 1 FROM buckets WHERE name = ?", (bucket,)).fetchone() is None:
        raise NoSuchBucket(bucket=bucket)


def find_object(connection: sqlite3.Connection, bucket: str, key: str) -> StoredObject | None:
    """Returns the object that the key holds, if any.

    Raises:
        NoSuchBucket: The bucket does not exist.
    """
    query = "SELECT id, info, key_check FROM objects WHERE bucket = ? AND key = ?"
    row = connection.execute(query, (bucket, key.encode())).fetchone()
    if row is None:
        require_bucket(connection, bucket)
        return None
    return StoredObject(row[0], from_json(row[1], ObjectInfo), row[2])


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
    connection: sqlite3.Connection,
    bucket: str,
    old: StoredObject | None,
    new: ObjectInfo,
    pieces: Iterable[Piece],
    key_check: str | None,
) -> None:
    """Puts an object made of these pieces in the place of the old one."""
    if old is not None:
        # It steps aside and is deleted last: a copy onto itself is made of the same blobs.
        connection.execute("UPDATE objects SET key = ? WHERE id = ?", (_ASIDE, old.id))
    (object_id,) = connection.execute(
        "INSERT INTO objects (bucket, key, size_bytes, info, key_check) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (bucket, new.key.encode(), new.size_bytes, to_json(new), key_check),
    ).fetchone()
    start = 0
    for piece in pieces:
        connection.execute(
            "INSERT INTO pieces (object, start, size_bytes, blob, envelope) VALUES (?, ?, ?, ?, ?)",
            (object_id, start, *piece),
        )
        start += piece.size_bytes
    if old is not None:
        delete_object(connection, old)


def delete_object(connection: sqlite3.Connection, stored: StoredObject) -> None:
    """Deletes an object; the content goes with it where nothing else is made of it."""
    connection.execute("DELETE FROM objects WHERE id = ?", (stored.id,))


def require_upload(connection: sqlite3.Connection, bucket: str, key: str, upload_id: str) -> StoredUpload:
    """Returns what a multipart upload began with.

    Raises:
        NoSuchBucket: The bucket does not exist.
        NoSuchUpload: It is not in progress, or is another key's.
    """
    query = "SELECT headers, encryption, key_check FROM uploads WHERE id = ? AND bucket = ? AND key = ?"
    row = connection.execute(query, (upload_id, bucket, key.encode())).fetchone()
    if row is None:
        require_bucket(connection, bucket)
        raise NoSuchUpload(bucket=bucket, key=key)
    headers, encryption, key_check = row
    encryption = None if encryption is None else decoding.from_json(encryption, Encryption)
    return StoredUpload(from_json(headers, ObjectHeaders), encryption, key_check)
