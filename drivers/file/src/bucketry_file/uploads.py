"""Multipart uploads in the index. Every function works in the caller's transaction."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Final, NamedTuple

from bucketry import (
    Checksum,
    CompletedPart,
    CompleteOptions,
    NoSuchUpload,
    PageOptions,
    PartPage,
    TooLarge,
    Upload,
    UploadListOptions,
    UploadPage,
)
from bucketry.completing import (
    COMPLETIONS_KEPT_FOR,
    MAX_COMPLETIONS,
    check_repeated,
    etag_of_parts,
    fingerprint,
    select_parts,
)

from bucketry_file import versions
from bucketry_file.buckets import Bucket
from bucketry_file.contents import MovedPieces, NewPieces
from bucketry_file.index import row_made
from bucketry_file.listing import Cursor, after_prefix, decode
from bucketry_file.records import (
    PartRecord,
    PartsRecord,
    StoredObject,
    UploadRecord,
    decode_part,
    decode_upload,
    encode,
)
from bucketry_file.versions import ObjectRow, abort_time

_FIND: Final = "SELECT id, record FROM uploads WHERE upload_id = ? AND bucket = ? AND key = ?"
_LIST: Final = """
    SELECT key, id, upload_id, record FROM uploads WHERE bucket = ? AND (key, id) > (?, ?) AND key < ?
    ORDER BY key, id LIMIT ?
"""
_PARTS: Final = "SELECT number, record, id FROM parts WHERE upload = ? AND number > ? ORDER BY number LIMIT ?"
_ALL: Final = -1
_COMPLETED: Final = """
    SELECT version_id FROM completions
    WHERE upload_id = ? AND bucket = ? AND key = ? AND parts = ? AND completed_at >= ?
"""
_FORGET: Final = """
    DELETE FROM completions WHERE completed_at < ? OR completed_at <= (
        SELECT completed_at FROM completions ORDER BY completed_at DESC LIMIT 1 OFFSET ?)
"""


class StoredUpload(NamedTuple):
    """An upload's row.

    Attributes:
        id: Its number in the index: later uploads have higher ones.
        key: Its key.
        upload_id: Its id.
        record: What its object gets.
    """

    id: int
    key: bytes
    upload_id: str
    record: UploadRecord

    def info(self) -> Upload:
        """Returns it as the contract describes it."""
        record = self.record
        return Upload(
            key=self.key.decode(),
            upload_id=self.upload_id,
            initiated_at=record.initiated_at,
            checksum_algorithm=record.checksum_algorithm,
            checksum_type=record.checksum_type,
            owner=record.facts.owner,
            storage_class=record.facts.storage_class,
            encryption=record.facts.encryption,
        )


class _Part(NamedTuple):
    """A part's row, as `select_parts` needs it."""

    id: int
    etag: str
    size_bytes: int
    checksum: Checksum | None


def begin(
    connection: sqlite3.Connection, bucket: Bucket, key: bytes, upload_id: str, record: UploadRecord
) -> StoredUpload:
    """Begins an upload."""
    query = "INSERT INTO uploads (upload_id, bucket, key, record) VALUES (?, ?, ?, ?)"
    number = row_made(connection.execute(query, (upload_id, bucket.id, key, encode(record))))
    return StoredUpload(number, key, upload_id, record)


def find(connection: sqlite3.Connection, bucket: Bucket, key: bytes, upload_id: str) -> StoredUpload:
    """Returns an upload.

    Raises:
        NoSuchUpload: There is no upload of that id to this key.
    """
    row = connection.execute(_FIND, (upload_id, bucket.id, key)).fetchone()
    if row is None:
        raise NoSuchUpload(bucket=bucket.info.name, key=key.decode())
    return StoredUpload(row[0], key, upload_id, decode_upload(row[1]))


def abort(connection: sqlite3.Connection, upload: StoredUpload) -> None:
    """Removes an upload and its parts."""
    connection.execute("DELETE FROM uploads WHERE id = ?", (upload.id,))


def list_uploads(connection: sqlite3.Connection, bucket: Bucket, options: UploadListOptions) -> UploadPage:
    """Lists one page of uploads, in the order of their keys, and then in the order in which they began.

    Raises:
        InvalidArgument: The cursor belongs to another listing.
    """
    prefix = options.prefix.encode()
    after = (prefix, 0)
    if options.cursor is not None:
        cursor = decode(options.cursor, "upload")
        after = max(after, (cursor.key, cursor.number))
    rows = connection.execute(_LIST, (bucket.id, *after, after_prefix(prefix), options.limit + 1)).fetchall()
    page = [StoredUpload(number, key, name, decode_upload(record)) for key, number, name, record in rows]
    shown = page[: options.limit]
    return UploadPage(
        uploads=tuple(upload.info() for upload in shown),
        cursor=Cursor("upload", shown[-1].key, shown[-1].id).encode() if len(shown) < len(page) else None,
    )


def put_part(
    connection: sqlite3.Connection, upload: StoredUpload, number: int, record: PartRecord, pieces: NewPieces
) -> None:
    """Stores a part with its pieces, in place of the part that had this number."""
    pieces.hold(connection)
    connection.execute("DELETE FROM parts WHERE upload = ? AND number = ?", (upload.id, number))
    query = "INSERT INTO parts (upload, number, record) VALUES (?, ?, ?)"
    part = row_made(connection.execute(query, (upload.id, number, encode(record))))
    pieces.give(connection, -part)


def list_parts(connection: sqlite3.Connection, bucket: Bucket, upload: StoredUpload, options: PageOptions) -> PartPage:
    """Lists one page of the parts of an upload.

    Raises:
        InvalidArgument: The cursor belongs to another listing.
    """
    after = 0 if options.cursor is None else decode(options.cursor, "part").number
    rows = connection.execute(_PARTS, (upload.id, after, options.limit + 1)).fetchall()
    shown, record = rows[: options.limit], upload.record
    return PartPage(
        parts=tuple(decode_part(packed).part(number, record.facts) for number, packed, _ in shown),
        cursor=Cursor("part", number=shown[-1][0]).encode() if len(shown) < len(rows) else None,
        checksum_algorithm=record.checksum_algorithm,
        checksum_type=record.checksum_type,
        owner=record.facts.owner,
        storage_class=record.facts.storage_class,
        abort=abort_time(bucket, upload.key.decode(), record.initiated_at),
    )


class Limits(NamedTuple):
    """The limits of the store that completing needs, in bytes."""

    min_part_size: int
    max_object_size: int


def complete(
    connection: sqlite3.Connection,
    bucket: Bucket,
    upload: StoredUpload,
    parts: tuple[CompletedPart, ...],
    options: CompleteOptions,
    limits: Limits,
    now: datetime,
) -> ObjectRow:
    """Makes an object of the parts, without copying their bytes.

    Raises:
        BucketryError: As `select_parts`, `UploadChecksums.of_object` and `versions.check_conditions`.
        TooLarge: The object would be too large.
    """
    record = upload.record
    rows = connection.execute(_PARTS, (upload.id, 0, _ALL)).fetchall()
    stored = {number: _part_of(row, packed) for number, packed, row in rows}
    chosen = select_parts(parts, stored, record.checksums, limits.min_part_size)
    ends = tuple(accumulate(part.size_bytes for part in chosen))
    if ends[-1] > limits.max_object_size:
        most = limits.max_object_size
        raise TooLarge(f"an object has at most {most} bytes", max_size_bytes=most)
    checksum = record.checksums.of_object(chosen, options)
    versions.check_conditions(connection, bucket, upload.key, options)
    pieces = MovedPieces([(-part.id, end - part.size_bytes) for part, end in zip(chosen, ends, strict=True)])
    made = StoredObject(
        etag_of_parts(chosen), now, record.headers, record.stored_tags, checksum, True, upload.upload_id, record.facts
    )
    digests = tuple(part.checksum.digest for part in chosen if part.checksum is not None)
    row = versions.put(connection, bucket, upload.key, ends[-1], made, pieces, PartsRecord(ends, digests))
    abort(connection, upload)
    _remember(connection, bucket, upload, parts, row)
    return row


def _part_of(row: int, packed: bytes) -> _Part:
    record = decode_part(packed)
    return _Part(row, record.etag, record.size_bytes, record.checksum)


def _remember(
    connection: sqlite3.Connection,
    bucket: Bucket,
    upload: StoredUpload,
    parts: tuple[CompletedPart, ...],
    made: ObjectRow,
) -> None:
    """Remembers a completion, and forgets those that are too old or too many."""
    now = made.stored.last_modified
    row = (upload.upload_id, bucket.id, upload.key, fingerprint(parts), now.timestamp(), made.stored.version_id)
    connection.execute("INSERT INTO completions VALUES (?, ?, ?, ?, ?, ?)", row)
    connection.execute(_FORGET, (_oldest(now), MAX_COMPLETIONS))


def made_before(
    connection: sqlite3.Connection,
    bucket: Bucket,
    key: bytes,
    upload_id: str,
    parts: tuple[CompletedPart, ...],
    options: CompleteOptions,
    now: datetime,
) -> ObjectRow | None:
    """Returns the version that the same call made before, not long ago, if the key still has it.

    Raises:
        BucketryError: As `check_repeated`.
    """
    wanted = (upload_id, bucket.id, key, fingerprint(parts), _oldest(now))
    row = connection.execute(_COMPLETED, wanted).fetchone()
    version = None if row is None else versions.find(connection, bucket, key, row[0])
    made = None if version is None else versions.object_of(version)
    if made is None or made.stored.upload_id != upload_id:
        return None
    digests = versions.parts_of(connection, made).digests
    check_repeated(made.stored.checksum, digests, made.size_bytes, parts, options)
    return made


def _oldest(now: datetime, kept_for: timedelta = COMPLETIONS_KEPT_FOR) -> float:
    return (now - kept_for).timestamp()
