"""Versions of objects in the index. Every function works in the caller's transaction.

A bucket whose versioning was never set has one version of each key, with number 0. The newest version of a key is its
current object, unless it is a delete marker.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
from bucketry import (
    DELETED,
    Deleted,
    DeleteOptions,
    Expiration,
    IsDeleteMarker,
    NoSuchKey,
    NoSuchVersion,
    ObjectInfo,
)
from bucketry.bucket_rules import retention_of_write
from bucketry.conditions import check_delete, check_write
from bucketry.object_lock import check_version_delete
from bucketry.options import PutOptions, WriteConditions
from bucketry.s3 import NULL_VERSION
from bucketry.version_ids import new_version_id, number_in

from bucketry_file.buckets import Bucket, note_owner
from bucketry_file.contents import NewPieces
from bucketry_file.index import row_made
from bucketry_file.records import (
    NO_PARTS,
    PartsRecord,
    Stored,
    StoredMarker,
    StoredObject,
    decode_parts,
    decode_stored,
    encode,
)

# All of them have the columns of a `Version`.
_CURRENT: Final = """
    SELECT id, key, number, is_current, size_bytes, record
    FROM versions WHERE bucket = ? AND key = ? AND is_current = 1
"""
_NUMBERED: Final = """
    SELECT id, key, number, is_current, size_bytes, record
    FROM versions WHERE bucket = ? AND key = ? AND number = ?
"""
_SUSPENDED: Final = """
    SELECT id, key, number, is_current, size_bytes, record
    FROM versions WHERE bucket = ? AND key = ? AND is_suspended = 1
"""
_NEWEST: Final = """
    SELECT id, key, number, is_current, size_bytes, record
    FROM versions WHERE bucket = ? AND key = ?
    ORDER BY number DESC LIMIT 1
"""
_ADD: Final = """
    INSERT INTO versions (bucket, key, number, is_current, is_suspended, size_bytes, record, parts)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_DELETE: Final = "DELETE FROM versions WHERE id = ?"
_DELETE_KEY: Final = "DELETE FROM versions WHERE bucket = ? AND key = ?"
"""Only where a key has one version."""
_MOVE: Final = "UPDATE versions SET is_current = ? WHERE id = ?"
_CHANGE: Final = "UPDATE versions SET record = ? WHERE id = ?"
_NEXT_NUMBER: Final = "UPDATE usage SET last_number = last_number + 1 WHERE bucket = ? RETURNING last_number"


class Version(NamedTuple):
    """A version's row.

    Attributes:
        id: Its number in the index, which no other version ever gets.
        key: Its key.
        number: Its place among the versions of its key.
        is_current: Whether it is the current object of its key.
        size_bytes: Its size.
        stored: The object or the delete marker.
    """

    id: int
    key: bytes
    number: int
    is_current: bool
    size_bytes: int
    stored: Stored

    @property
    def text(self) -> str:
        """Its key as text."""
        return self.key.decode()


class ObjectRow(NamedTuple):
    """A `Version` that is an object."""

    id: int
    key: bytes
    number: int
    is_current: bool
    size_bytes: int
    stored: StoredObject

    @property
    def info(self) -> ObjectInfo:
        """The object as the contract describes it, without what its bucket adds."""
        return self.stored.info(self.key.decode(), self.size_bytes)

    @property
    def etag(self) -> str:
        """Its etag."""
        return self.stored.etag


def version_of(row: tuple[int, bytes, int, int, int, bytes]) -> Version:
    """Returns the version of a row."""
    return Version(*row[:3], bool(row[3]), row[4], decode_stored(row[5]))


def object_of(version: Version) -> ObjectRow | None:
    """Returns a version if it is an object."""
    number, key, place, is_current, size_bytes, stored = version
    return ObjectRow(number, key, place, is_current, size_bytes, stored) if isinstance(stored, StoredObject) else None


def _one(connection: sqlite3.Connection, query: str, *values: object) -> Version | None:
    row = connection.execute(query, values).fetchone()
    return None if row is None else version_of(row)


def current(connection: sqlite3.Connection, bucket: Bucket, key: bytes) -> ObjectRow | None:
    """Returns the current object of a key."""
    found = _one(connection, _CURRENT, bucket.id, key)
    return None if found is None else object_of(found)


def find(connection: sqlite3.Connection, bucket: Bucket, key: bytes, version_id: str) -> Version | None:
    """Returns the version of this id.

    Raises:
        InvalidArgument: The id is malformed.
    """
    number = number_in(version_id)
    if number is None:
        return _one(connection, _NUMBERED, bucket.id, key, 0) or _one(connection, _SUSPENDED, bucket.id, key)
    found = _one(connection, _NUMBERED, bucket.id, key, number)
    return found if found is not None and _id_of(found.stored) == version_id else None


def _id_of(stored: Stored) -> str:
    return stored.version_id


def read(connection: sqlite3.Connection, bucket: Bucket, key: bytes, version_id: str | None) -> ObjectRow:
    """Returns a version, or the current object.

    Raises:
        NoSuchKey: There is no current object.
        NoSuchVersion: There is no version of this id.
        IsDeleteMarker: The version is a delete marker.
        InvalidArgument: The id is malformed.
    """
    name, text = bucket.info.name, key.decode()
    if version_id is None:
        found = current(connection, bucket, key)
        if found is not None:
            return found
        newest = _one(connection, _NEWEST, bucket.id, key) if bucket.has_versions else None
        if newest is None:
            raise NoSuchKey(bucket=name, key=text)
        raise NoSuchKey(delete_marker=True, version_id=newest.stored.version_id, bucket=name, key=text)
    version = find(connection, bucket, key, version_id)
    if version is None:
        raise NoSuchVersion(version_id=version_id, bucket=name, key=text)
    found = object_of(version)
    if found is None:
        stored = version.stored
        raise IsDeleteMarker(version_id=stored.version_id, last_modified=stored.last_modified, bucket=name, key=text)
    return found


def is_there(connection: sqlite3.Connection, row: ObjectRow) -> bool:
    """Says whether a version that was read before is still there, current or not."""
    return connection.execute("SELECT 1 FROM versions WHERE id = ?", (row.id,)).fetchone() is not None


def parts_of(connection: sqlite3.Connection, row: ObjectRow) -> PartsRecord:
    """Returns the parts that an object was uploaded in."""
    if not row.stored.in_parts:
        return NO_PARTS
    (packed,) = connection.execute("SELECT parts FROM versions WHERE id = ?", (row.id,)).fetchone()
    return decode_parts(packed)


def describe(bucket: Bucket, row: ObjectRow) -> ObjectInfo:
    """Returns an object as the contract describes it, with what depends on its bucket.

    That is the id of a version without an id of its own, and when lifecycle deletes the current version.
    """
    info = row.info
    if bucket.has_versions and info.version_id is None:
        info = msgspec.structs.replace(info, version_id=NULL_VERSION)
    rules = bucket.lifecycle.rules
    if rules and row.is_current:
        from bucketry.lifecycle import expiration_of  # Only here: most buckets have no rules.

        expiration = expiration_of(rules, info.key, row.size_bytes, info.last_modified, row.stored.tags)
        info = msgspec.structs.replace(info, expiration=expiration)
    return info


def abort_time(bucket: Bucket, key: str, initiated_at: datetime) -> Expiration | None:
    """Says when lifecycle aborts an upload."""
    rules = bucket.lifecycle.rules
    if not rules:
        return None
    from bucketry.lifecycle import abort_of  # Only here, as above.

    return abort_of(rules, key, initiated_at)


def check_conditions(
    connection: sqlite3.Connection, bucket: Bucket, key: bytes, conditions: WriteConditions | PutOptions
) -> None:
    """Checks the conditions of a write against what the key holds.

    Raises:
        NoSuchKey: ``if_match`` is given, and there is no object.
        PreconditionFailed: A condition does not hold.
    """
    if conditions.if_match or conditions.if_none_match:
        check_write(current(connection, bucket, key), conditions)


def put(
    connection: sqlite3.Connection,
    bucket: Bucket,
    key: bytes,
    size_bytes: int,
    stored: StoredObject,
    pieces: NewPieces,
    parts: PartsRecord = NO_PARTS,
) -> ObjectRow:
    """Stores an object with its pieces: as a new version, or in place of the one that the key held.

    Returns:
        The object as it was stored: in a bucket with versions, with its id and the default retention.
    """
    note_owner(connection, bucket, stored.facts)
    number = 0
    if bucket.has_versions:
        number = _next_number(connection, bucket)
        version_id = new_version_id(number) if bucket.makes_versions else None
        retention = retention_of_write(stored.facts.retention, bucket.lock, stored.last_modified)
        facts = msgspec.structs.replace(stored.facts, version_id=version_id, retention=retention)
        stored = msgspec.structs.replace(stored, facts=facts)
    pieces.hold(connection)
    _make_way(connection, bucket, key)
    packed = encode(parts) if parts.ends else None
    is_suspended = bucket.has_versions and not bucket.makes_versions
    row = (bucket.id, key, number, 1, int(is_suspended), size_bytes, encode(stored), packed)
    made = row_made(connection.execute(_ADD, row))
    pieces.give(connection, made)
    return ObjectRow(made, key, number, True, size_bytes, stored)


def _next_number(connection: sqlite3.Connection, bucket: Bucket) -> int:
    (number,) = connection.execute(_NEXT_NUMBER, (bucket.id,)).fetchone()
    return int(number)


def _make_way(connection: sqlite3.Connection, bucket: Bucket, key: bytes) -> None:
    """Removes the version that a write replaces, and makes the current object an older version."""
    if not bucket.has_versions:
        connection.execute(_DELETE_KEY, (bucket.id, key))
        return
    if not bucket.makes_versions:
        replaced = find(connection, bucket, key, NULL_VERSION)
        if replaced is not None:
            connection.execute(_DELETE, (replaced.id,))
    before = current(connection, bucket, key)
    if before is not None:
        connection.execute(_MOVE, (0, before.id))


def delete(
    connection: sqlite3.Connection, bucket: Bucket, key: bytes, options: DeleteOptions, now: datetime
) -> Deleted:
    """Deletes an object or a version, or makes a delete marker.

    Args:
        connection: The connection.
        bucket: The bucket.
        key: The key.
        options: The options of the delete.
        now: The time that a marker gets.

    Raises:
        NoSuchKey: There is a condition, and no object or version.
        PreconditionFailed: A condition does not hold.
        ObjectLocked: The version is locked.
        InvalidArgument: The id of the version is malformed.
    """
    version_id = options.version_id
    if options.if_match is not None or options.if_last_modified is not None:
        _check_conditions_of_delete(connection, bucket, key, options)
    if version_id is not None:
        return _delete_version(connection, bucket, key, options, now)
    if bucket.has_versions:
        return _mark(connection, bucket, key, now)
    connection.execute(_DELETE_KEY, (bucket.id, key))
    return DELETED


def _check_conditions_of_delete(
    connection: sqlite3.Connection, bucket: Bucket, key: bytes, options: DeleteOptions
) -> None:
    if options.version_id is not None:
        found = find(connection, bucket, key, options.version_id)
        check_delete(None if found is None else found.stored, options)
        return
    row = current(connection, bucket, key)
    check_delete(None if row is None else row.stored, options)


def _delete_version(
    connection: sqlite3.Connection, bucket: Bucket, key: bytes, options: DeleteOptions, now: datetime
) -> Deleted:
    version_id = options.version_id or NULL_VERSION
    version = find(connection, bucket, key, version_id)
    if version is None:
        return Deleted(version_id=version_id)
    stored = version.stored
    if isinstance(stored, StoredObject):
        check_version_delete(stored.facts, now, bypass_governance=options.bypass_governance)
    connection.execute(_DELETE, (version.id,))
    newest = _one(connection, _NEWEST, bucket.id, key)
    if newest is not None and not newest.is_current and isinstance(newest.stored, StoredObject):
        connection.execute(_MOVE, (1, newest.id))
    return Deleted(version_id=stored.version_id, delete_marker=isinstance(stored, StoredMarker))


def _mark(connection: sqlite3.Connection, bucket: Bucket, key: bytes, now: datetime) -> Deleted:
    """Makes a delete marker, whether or not the key holds an object."""
    number = _next_number(connection, bucket)
    _make_way(connection, bucket, key)
    marker = StoredMarker(now, new_version_id(number) if bucket.makes_versions else NULL_VERSION)
    row = (bucket.id, key, number, 0, int(not bucket.makes_versions), 0, encode(marker), None)
    connection.execute(_ADD, row)
    return Deleted(version_id=marker.version_id, delete_marker=True)


def change(connection: sqlite3.Connection, row: ObjectRow, stored: StoredObject) -> None:
    """Gives a version other tags, another lock or another ACL."""
    connection.execute(_CHANGE, (encode(stored), row.id))
