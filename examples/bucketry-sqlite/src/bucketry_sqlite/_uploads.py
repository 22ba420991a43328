"""The driver's multipart uploads: parts are blobs, and completing makes them pieces of the object."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import md5
from typing import Annotated, Final

import msgspec
from bucketry import (
    DONE,
    Body,
    CompletedPart,
    CompleteOptions,
    CopyOptions,
    Done,
    Encryption,
    InvalidPart,
    ObjectHeaders,
    ObjectInfo,
    PageOptions,
    Part,
    PartOptions,
    PartPage,
    PartTooSmall,
    PutOptions,
    TooLarge,
    Upload,
    UploadListOptions,
    UploadOptions,
    UploadPage,
)
from bucketry.conditions import check_write
from bucketry.cursors import decode_cursor, encode_cursor
from bucketry.decoding import from_json
from bucketry.headers import copy_headers
from bucketry.hookspecs import DriverSpec, hookimpl
from bucketry.s3 import MAX_PARTS
from typing_extensions import override

from bucketry_sqlite._contents import keep, receive
from bucketry_sqlite._database import Database
from bucketry_sqlite._encryption import Keys, Protection
from bucketry_sqlite._listing import end_of
from bucketry_sqlite._records import (
    Piece,
    default_encryption,
    find_object,
    new_info,
    replace_object,
    require_bucket,
    require_upload,
    to_json,
    told,
)

_UPLOADS_CURSOR: Final = "sqlite uploads"
_PARTS_CURSOR: Final = "sqlite parts"
_PartNumber = Annotated[int, msgspec.Meta(ge=1, le=MAX_PARTS)]


class UploadOperations(DriverSpec):
    """Multipart uploads."""

    _database: Database
    _keys: Keys

    def _new_protection(self, bucket: str, key: str, options: PutOptions | CopyOptions | UploadOptions) -> Protection:
        """Returns how an object with these options is protected.

        Raises:
            NoSuchBucket: The bucket does not exist.
        """
        with self._database.reading() as connection:
            default = default_encryption(connection, bucket)
        return self._keys.new((bucket, key), default, options.encryption, options.customer_key)

    @override
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        protection = self._new_protection(bucket, key, options)
        upload = Upload(
            key=key,
            upload_id=secrets.token_hex(16),
            initiated_at=datetime.now(UTC),
            encryption=protection.encryption,
        )
        encryption = None if protection.encryption is None else to_json(protection.encryption)
        headers = to_json(copy_headers(options, ObjectHeaders))
        initiated_at = upload.initiated_at.isoformat(timespec="microseconds")
        with self._database.writing() as connection:
            require_bucket(connection, bucket)
            connection.execute(
                "INSERT INTO uploads (id, bucket, key, initiated_at, headers, encryption, key_check)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (upload.upload_id, bucket, key.encode(), initiated_at, headers, encryption, protection.key_check()),
            )
        return told(upload, options.customer_key)

    @override
    @hookimpl
    def list_multipart_uploads(self, bucket: str, options: UploadListOptions) -> UploadPage:
        prefix, after = options.prefix.encode(), (b"", "", "")
        if options.cursor is not None:
            after = decode_cursor(_UPLOADS_CURSOR, options.cursor, tuple[bytes, str, str])
        with self._database.reading() as connection:
            require_bucket(connection, bucket)
            rows = connection.execute(
                "SELECT key, initiated_at, id, encryption FROM uploads WHERE bucket = ? AND key >= ? AND key < ?"
                " AND (key, initiated_at, id) > (?, ?, ?) ORDER BY key, initiated_at, id LIMIT ?",
                (bucket, prefix, end_of(prefix), *after, options.limit + 1),
            ).fetchall()
        shown = rows[: options.limit]
        uploads = tuple(
            Upload(
                key=key.decode(),
                upload_id=upload_id,
                initiated_at=datetime.fromisoformat(initiated_at),
                encryption=None if encryption is None else from_json(encryption, Encryption),
            )
            for key, initiated_at, upload_id, encryption in shown
        )
        cursor = encode_cursor(_UPLOADS_CURSOR, shown[-1][:3]) if len(rows) > options.limit else None
        return UploadPage(uploads=uploads, cursor=cursor)

    @override
    @hookimpl
    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Body, options: PartOptions
    ) -> Part:
        # Asked before, so that no body is taken in for nothing; and after, since that is what counts.
        with self._database.reading() as connection:
            upload = require_upload(connection, bucket, key, upload_id)
        protection = self._keys.existing((bucket, key), upload, options.customer_key)
        most = self.features.max_part_size
        with receive(self._database, body, most, protection) as blob, self._database.writing() as connection:
            require_upload(connection, bucket, key, upload_id)
            keep(connection, blob)
            part = Part(
                part_number=part_number,
                etag=blob.md5,
                size_bytes=blob.size_bytes,
                last_modified=datetime.now(UTC),
                encryption=protection.encryption,
            )
            connection.execute("DELETE FROM parts WHERE upload = ? AND part_number = ?", (upload_id, part_number))
            connection.execute(
                "INSERT INTO parts (upload, part_number, info, blob, envelope) VALUES (?, ?, ?, ?, ?)",
                (upload_id, part_number, to_json(part), blob.id, blob.envelope),
            )
        return told(part, options.customer_key)

    @override
    @hookimpl
    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
        (after,) = (0,) if options.cursor is None else decode_cursor(_PARTS_CURSOR, options.cursor, tuple[_PartNumber])
        with self._database.reading() as connection:
            require_upload(connection, bucket, key, upload_id)
            rows = connection.execute(
                "SELECT info FROM parts WHERE upload = ? AND part_number > ? ORDER BY part_number LIMIT ?",
                (upload_id, after, options.limit + 1),
            ).fetchall()
        parts = tuple(from_json(info, Part) for (info,) in rows[: options.limit])
        cursor = encode_cursor(_PARTS_CURSOR, (parts[-1].part_number,)) if len(rows) > options.limit else None
        return PartPage(parts=parts, cursor=cursor)

    @override
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        with self._database.writing() as connection:
            upload = require_upload(connection, bucket, key, upload_id)
            if options.customer_key is not None:
                self._keys.check_customer_key((bucket, key), upload, options.customer_key)
            pieces, etag = self._assemble(connection, upload_id, parts)
            old = find_object(connection, bucket, key)
            check_write(old and old.info, options)
            size = sum(piece.size_bytes for piece in pieces)
            info = new_info(key, size, etag, upload.headers, upload.encryption)
            if info.size_bytes > self.features.max_object_size:
                most = self.features.max_object_size
                raise TooLarge(f"an object has at most {most} bytes", max_size_bytes=most)
            replace_object(connection, bucket, old, info, pieces, upload.key_check)
            connection.execute("DELETE FROM uploads WHERE id = ?", (upload_id,))
        return told(info, options.customer_key)

    @override
    @hookimpl
    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> Done:
        with self._database.writing() as connection:
            require_upload(connection, bucket, key, upload_id)
            connection.execute("DELETE FROM uploads WHERE id = ?", (upload_id,))
        return DONE

    def _assemble(
        self, connection: sqlite3.Connection, upload_id: str, parts: Sequence[CompletedPart]
    ) -> tuple[list[Piece], str]:
        """Checks the listed parts; returns them as pieces, and the object's etag, which is S3's for such objects."""
        query = "SELECT part_number, info, blob, envelope FROM parts WHERE upload = ?"
        rows = connection.execute(query, (upload_id,))
        stored = {number: (from_json(info, Part), *rest) for number, info, *rest in rows}
        pieces, digests = [], b""
        for listed in parts:
            part, blob, envelope = stored.get(listed.part_number, (None, 0, None))
            if part is None or part.etag != listed.etag:
                raise InvalidPart(
                    f"part {listed.part_number} was not uploaded, or has another etag", part_number=listed.part_number
                )
            if listed is not parts[-1] and part.size_bytes < self.features.min_part_size:
                raise PartTooSmall(
                    f"part {listed.part_number} has {part.size_bytes} bytes",
                    part_number=listed.part_number,
                    size_bytes=part.size_bytes,
                    min_size_bytes=self.features.min_part_size,
                )
            pieces.append(Piece(part.size_bytes, blob, envelope))
            digests += bytes.fromhex(part.etag)
        return pieces, f"{md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"
