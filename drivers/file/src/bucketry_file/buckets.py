"""Buckets: their rows and settings, as the contract's types. Every function works in the caller's transaction."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Final, final

import msgspec
from bucketry import (
    AnyBucketSettings,
    BucketAccess,
    BucketAlreadyExists,
    BucketInfo,
    BucketNotEmpty,
    BucketReport,
    BucketSettings,
    LifecycleSettings,
    NoSuchBucket,
    ObjectLockSettings,
    Usage,
    VersioningSettings,
)
from bucketry.bucket_rules import access_with_settings, check_removal, check_settings_change
from bucketry.bucket_settings import SettingsT
from bucketry.decoding import from_json
from bucketry.version_facts import VersionFacts

from bucketry_file.records import BucketRecord, decode_bucket, encode

_FIND: Final = "SELECT id, revision, record FROM buckets WHERE name = ?"
_REVISION: Final = "SELECT id, revision FROM buckets WHERE name = ?"
_SETTINGS: Final = "SELECT value FROM settings WHERE bucket = ?"
_PUT_SETTINGS: Final = """
    INSERT INTO settings (bucket, kind, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value
"""
_USAGE: Final = """
    SELECT buckets.name, object_count, size_bytes, noncurrent_count, noncurrent_bytes
    FROM buckets JOIN usage ON usage.bucket = buckets.id
"""

_MAX_KNOWN: Final = 1000
"""Most buckets that a process keeps decoded."""


@final
class Bucket:
    """A bucket as it was at one revision.

    Attributes:
        id: Its number in the index.
        state: Its number and its revision, which stand for all that is here.
        info: The bucket as the contract describes it.
        record: What is known of it beside its settings.
        access: What is set on it about who may use it.
        has_versions: Whether its versioning was ever set.
        makes_versions: Whether writes make versions with ids of their own.
        lifecycle: Its lifecycle rules.
        lock: Its object lock.
    """

    __slots__ = (
        "_settings",
        "access",
        "has_versions",
        "id",
        "info",
        "lifecycle",
        "lock",
        "makes_versions",
        "record",
        "state",
    )

    def __init__(
        self, name: str, state: tuple[int, int], record: BucketRecord, settings: list[AnyBucketSettings]
    ) -> None:
        self._settings: dict[type[BucketSettings], BucketSettings] = {type(found): found for found in settings}
        self.id = state[0]
        self.state = state
        self.record = record
        self.lock = self.get(ObjectLockSettings)
        self.lifecycle = self.get(LifecycleSettings)
        self.info = BucketInfo(
            name=name,
            created_at=record.created_at,
            owner=record.owner,
            region=record.region,
            object_lock=self.lock.enabled,
        )
        access = BucketAccess(owner=record.owner, foreign_objects=record.foreign_objects)
        self.access = access_with_settings(access, self)
        status = self.get(VersioningSettings).status
        self.has_versions = status is not None
        self.makes_versions = status == "Enabled"

    def get(self, kind: type[SettingsT]) -> SettingsT:
        """Returns its settings of a kind; ``kind()`` if nothing is set."""
        found = self._settings.get(kind)
        return kind() if found is None else found  # type: ignore[return-value]


@final
class Buckets:
    """The buckets that a process knows. What it knows of one is valid as long as its revision in the index stays."""

    def __init__(self) -> None:
        self._known: dict[str, Bucket] = {}

    def find(self, connection: sqlite3.Connection, name: str, *, writing: bool = False) -> Bucket:
        """Returns a bucket.

        Args:
            connection: The connection.
            name: Its name.
            writing: Whether this is a transaction that writes: what it sees may never be committed.

        Raises:
            NoSuchBucket: It does not exist.
        """
        row = connection.execute(_FIND, (name,)).fetchone()
        if row is None:
            self._known.pop(name, None)
            raise NoSuchBucket(bucket=name)
        number, revision, record = row
        known = self.kept(name, (number, revision))
        if known is not None:
            return known
        settings = [from_json(value, AnyBucketSettings) for (value,) in connection.execute(_SETTINGS, (number,))]
        bucket = Bucket(name, (number, revision), decode_bucket(record), settings)
        if not writing:
            self.keep(bucket)
        return bucket

    def keep(self, bucket: Bucket) -> None:
        """Remembers a bucket as it was in a transaction that was committed."""
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known[bucket.info.name] = bucket

    def known(self, connection: sqlite3.Connection, name: str) -> Bucket | None:
        """Returns a bucket if the process knows it as it is now."""
        row = connection.execute(_REVISION, (name,)).fetchone() if name in self._known else None
        return None if row is None else self.kept(name, row)

    def last_known(self, name: str) -> Bucket | None:
        """Returns a bucket as the process last saw it."""
        return self._known.get(name)

    def kept(self, name: str, state: tuple[int, int]) -> Bucket | None:
        """Returns a bucket if the process knows this state of it: its number and its revision."""
        known = self._known.get(name)
        return known if known is not None and known.state == state else None

    def all(self, connection: sqlite3.Connection) -> list[Bucket]:
        """Returns all buckets in the order of their names."""
        names = connection.execute("SELECT name FROM buckets ORDER BY name").fetchall()
        return [self.find(connection, name) for (name,) in names]


def create(connection: sqlite3.Connection, name: str, record: BucketRecord, *, object_lock: bool) -> None:
    """Creates a bucket.

    Raises:
        BucketAlreadyExists: It exists.
    """
    query = "INSERT INTO buckets (name, record) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING id"
    row = connection.execute(query, (name, encode(record))).fetchone()
    if row is None:
        raise BucketAlreadyExists(bucket=name)
    if object_lock:
        for settings in (VersioningSettings(status="Enabled"), ObjectLockSettings(enabled=True)):
            _write_settings(connection, row[0], settings)


def delete(connection: sqlite3.Connection, bucket: Bucket) -> None:
    """Deletes a bucket, and aborts its uploads.

    Raises:
        BucketNotEmpty: It holds an object, a version or a delete marker. Nothing was changed.
    """
    if connection.execute("SELECT 1 FROM versions WHERE bucket = ? LIMIT 1", (bucket.id,)).fetchone():
        raise BucketNotEmpty(bucket=bucket.info.name)
    connection.execute("DELETE FROM buckets WHERE id = ?", (bucket.id,))


def put_settings(connection: sqlite3.Connection, bucket: Bucket, settings: AnyBucketSettings) -> None:
    """Replaces the settings of a kind.

    Raises:
        InvalidBucketState: Other settings of the bucket exclude them.
    """
    check_settings_change(settings, bucket)
    _write_settings(connection, bucket.id, settings)


def delete_settings(connection: sqlite3.Connection, bucket: Bucket, kind: type[AnyBucketSettings]) -> None:
    """Removes the settings of a kind, if something is set.

    Raises:
        InvalidBucketState: Settings of this kind cannot be removed.
    """
    where = (bucket.id, kind.__name__)
    if connection.execute("SELECT 1 FROM settings WHERE bucket = ? AND kind = ?", where).fetchone() is None:
        return
    check_removal(kind)
    connection.execute("DELETE FROM settings WHERE bucket = ? AND kind = ?", where)
    _revise(connection, bucket.id)


def is_noted(bucket: Bucket, facts: VersionFacts) -> bool:
    """Says whether `note_owner` has nothing to do."""
    return bucket.record.foreign_objects or (facts.owner is None and facts.acl is None)


def note_owner(connection: sqlite3.Connection, bucket: Bucket, facts: VersionFacts) -> None:
    """Notes that a bucket holds an object with another owner or an ACL of its own, if these facts say so."""
    if is_noted(bucket, facts):
        return
    record = msgspec.structs.replace(bucket.record, foreign_objects=True)
    connection.execute("UPDATE buckets SET record = ? WHERE id = ?", (encode(record), bucket.id))
    _revise(connection, bucket.id)


def usage(connection: sqlite3.Connection, name: str, as_of: datetime) -> Usage | None:
    """Returns how much a bucket holds; ``None``: it does not exist."""
    row = connection.execute(_USAGE + " WHERE buckets.name = ?", (name,)).fetchone()
    if row is None:
        return None
    _, count, size, older, older_size = row
    return Usage(
        source="index",
        as_of=as_of,
        object_count=count,
        size_bytes=size,
        noncurrent_count=older,
        noncurrent_bytes=older_size,
    )


def reports(connection: sqlite3.Connection) -> tuple[BucketReport, ...]:
    """Returns the usage of all buckets, in the order of their names."""
    rows = connection.execute(_USAGE + " ORDER BY buckets.name").fetchall()
    return tuple(
        BucketReport(
            name=name, object_count=count, size_bytes=size, noncurrent_count=older, noncurrent_bytes=older_size
        )
        for name, count, size, older, older_size in rows
    )


def _write_settings(connection: sqlite3.Connection, bucket: int, settings: AnyBucketSettings) -> None:
    connection.execute(_PUT_SETTINGS, (bucket, type(settings).__name__, msgspec.json.encode(settings)))
    _revise(connection, bucket)


def _revise(connection: sqlite3.Connection, bucket: int) -> None:
    connection.execute("UPDATE buckets SET revision = revision + 1 WHERE id = ?", (bucket,))
