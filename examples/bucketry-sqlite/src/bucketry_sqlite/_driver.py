"""The driver: what bucketry calls, in the terms of the tables in schema.sql."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, ClassVar

import msgspec
from bucketry import (
    DELETED,
    DONE,
    AnyBucketSettings,
    BatchDeleteOptions,
    Body,
    BucketAlreadyExists,
    BucketInfo,
    BucketNotEmpty,
    BucketryError,
    Classified,
    CopyOptions,
    CreateBucketOptions,
    Deleted,
    DeleteOptions,
    DeleteResult,
    Done,
    DriverSettings,
    Features,
    GetOptions,
    HeadOptions,
    ListOptions,
    NoSuchBucket,
    ObjectInfo,
    ObjectPage,
    ObjectToDelete,
    OpenedObject,
    PutOptions,
    Status,
    Usage,
)
from bucketry.conditions import check_copy_source, check_delete, check_read, check_write
from bucketry.cursors import encode_cursor
from bucketry.decoding import from_json
from bucketry.encrypting import MasterKeys
from bucketry.hookspecs import DriverSpec, hookimpl
from bucketry.secret import Secret
from typing_extensions import override

from bucketry_sqlite._contents import keep, read, receive
from bucketry_sqlite._database import MAX_FILE_BYTES, Database
from bucketry_sqlite._encryption import Keys, Protection, envelope_of
from bucketry_sqlite._errors import classify
from bucketry_sqlite._listing import OBJECTS_CURSOR, walk
from bucketry_sqlite._records import (
    Piece,
    StoredObject,
    delete_object,
    find_object,
    new_info,
    replace_object,
    require_bucket,
    require_object,
    to_json,
    told,
)
from bucketry_sqlite._uploads import UploadOperations


class SqliteSettings(DriverSettings, frozen=True, kw_only=True):
    """Settings of ``sqlite://``.

    Attributes:
        location: Path of the file, which is made where there is none; its folder must exist.
        busy_timeout: Seconds (over 0) that a write waits for other processes before it fails with ``Throttled``.
        max_bytes: Largest size of the file, 1 MiB or more; a write beyond it fails with ``QuotaExceeded``.
        encryption_keys: Master keys for SSE-S3 and SSE-KMS, as ``id:key,id:key``, each key 32 bytes in base64. The
            first one encrypts what is new, unless a write names another. Without them, only SSE-C is there.
    """

    scheme: ClassVar[str] = "sqlite"

    location: str
    busy_timeout: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 5.0
    max_bytes: Annotated[int, msgspec.Meta(ge=1024**2, le=MAX_FILE_BYTES)] = MAX_FILE_BYTES
    encryption_keys: Secret | None = None


class SqliteDriver(UploadOperations, DriverSpec):
    """A whole store in one SQLite file, for any number of threads and processes of one machine."""

    name = "sqlite"
    contract_version = 3
    Settings = SqliteSettings
    features = Features(
        get_if_match=True,
        get_if_none_match=True,
        get_if_modified_since=True,
        get_if_unmodified_since=True,
        put_if_match=True,
        put_if_none_match=True,
        put_headers=True,
        put_metadata=True,
        bucket_cors=True,
        copy_if_match=True,
        copy_if_none_match=True,
        copy_source_if_match=True,
        complete_if_match=True,
        complete_if_none_match=True,
        complete_subset=True,
        delete_if_match=True,
        encrypt_sse_c=True,
        list_delimiter=True,
        list_start_after=True,
        persistent=True,
        encrypts_at_rest=True,
        min_part_size=1,
    )

    def __init__(self, settings: SqliteSettings) -> None:
        self._database = Database(settings.location, busy_timeout=settings.busy_timeout, max_bytes=settings.max_bytes)
        masters = None if settings.encryption_keys is None else MasterKeys.parse(settings.encryption_keys)
        self._keys = Keys(masters)
        if masters is not None:
            self.features = msgspec.structs.replace(
                self.features, bucket_encryption=True, encrypt_sse_s3=True, encrypt_sse_kms=True
            )

    @override
    @hookimpl
    def status(self) -> Status:
        # There is no S3 endpoint; the store's own URL at least says which store it is.
        endpoint = f"sqlite://{self._database.path}"
        try:
            with self._database.reading() as connection:
                connection.execute("SELECT count(*) FROM buckets").fetchone()
        except (BucketryError, sqlite3.Error) as error:
            detail = error.detail if isinstance(error, BucketryError) else classify(error).detail
            advice = "the file's folder must exist, and both must be writable"
            return Status(available=False, endpoint=endpoint, region="", detail=f"{detail}: {advice}")
        return Status(available=True, endpoint=endpoint, region="")

    @override
    @hookimpl
    def close(self) -> Done:
        self._database.close()
        return DONE

    @override
    @hookimpl
    def classify_error(self, error: Exception) -> Classified:
        return classify(error)

    @override
    @hookimpl
    def list_buckets(self) -> tuple[BucketInfo, ...]:
        with self._database.reading() as connection:
            rows = connection.execute("SELECT name, created_at FROM buckets ORDER BY name").fetchall()
        return tuple(_bucket_info(*row) for row in rows)

    @override
    @hookimpl
    def bucket_usage(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        query = "SELECT object_count, size_bytes FROM buckets WHERE name = ?"
        with self._database.reading() as connection:
            now = datetime.now(UTC)
            rows = {bucket: connection.execute(query, (bucket,)).fetchone() for bucket in buckets}
        return {
            bucket: Usage(object_count=row[0], size_bytes=row[1], source="index", as_of=now)
            for bucket, row in rows.items()
            if row is not None
        }

    @override
    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        created_at = datetime.now(UTC).isoformat()
        query = "INSERT INTO buckets (name, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING"
        with self._database.writing() as connection:
            if not connection.execute(query, (bucket, created_at)).rowcount:
                raise BucketAlreadyExists(bucket=bucket)
        return _bucket_info(bucket, created_at)

    @override
    @hookimpl
    def head_bucket(self, bucket: str) -> BucketInfo:
        with self._database.reading() as connection:
            row = connection.execute("SELECT name, created_at FROM buckets WHERE name = ?", (bucket,)).fetchone()
        if row is None:
            raise NoSuchBucket(bucket=bucket)
        return _bucket_info(*row)

    @override
    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        with self._database.writing() as connection:
            require_bucket(connection, bucket)
            if connection.execute("SELECT 1 FROM objects WHERE bucket = ?", (bucket,)).fetchone():
                raise BucketNotEmpty(bucket=bucket)
            connection.execute("DELETE FROM buckets WHERE name = ?", (bucket,))
        return DONE

    @override
    @hookimpl
    def get_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> AnyBucketSettings:
        query = "SELECT value FROM settings WHERE bucket = ? AND kind = ?"
        with self._database.reading() as connection:
            require_bucket(connection, bucket)
            row = connection.execute(query, (bucket, kind.__name__)).fetchone()
        return kind() if row is None else from_json(row[0], AnyBucketSettings)

    @override
    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        query = "INSERT INTO settings VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
        with self._database.writing() as connection:
            require_bucket(connection, bucket)
            connection.execute(query, (bucket, type(settings).__name__, to_json(settings)))
        return DONE

    @override
    @hookimpl
    def delete_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> Done:
        with self._database.writing() as connection:
            require_bucket(connection, bucket)
            connection.execute("DELETE FROM settings WHERE bucket = ? AND kind = ?", (bucket, kind.__name__))
        return DONE

    @override
    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        with self._database.reading() as connection, closing(walk(connection, bucket, options)) as entries:
            require_bucket(connection, bucket)
            page = list(islice(entries, options.limit))
            has_more = next(entries, None) is not None
        return ObjectPage(
            objects=tuple(entry.shown for entry in page if isinstance(entry.shown, ObjectInfo)),
            prefixes=tuple(entry.shown for entry in page if isinstance(entry.shown, str)),
            cursor=encode_cursor(OBJECTS_CURSOR, page[-1].resume) if has_more else None,
        )

    @override
    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        with self._database.reading() as connection:
            stored = require_object(connection, bucket, key)
        self._keys.check_customer_key((bucket, key), stored, options.customer_key)
        check_read(stored.info, options)
        return told(stored.info, options.customer_key)

    @override
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        with ExitStack() as stack:
            connection = stack.enter_context(self._database.reading())
            stored = require_object(connection, bucket, key)
            protection = self._keys.existing((bucket, key), stored, options.customer_key)
            info = told(stored.info, options.customer_key)
            check_read(info, options)
            part = None if options.range is None else options.range.resolve(info.size_bytes)
            start, stop = (0, info.size_bytes) if part is None else (part.start, part.stop)
            chunks = stack.enter_context(closing(read(connection, stored.id, start, stop, self._keys, protection)))
            # From here on the transaction belongs to the reader.
            return OpenedObject(info, chunks, content_range=part, close=stack.pop_all().close)

    @override
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        # Asked before, so that no body is taken in for nothing; and after, since that is what counts.
        protection = self._new_protection(bucket, key, options)
        most = self.features.max_put_size
        with receive(self._database, body, most, protection) as blob, self._database.writing() as connection:
            old = find_object(connection, bucket, key)
            check_write(old and old.info, options)
            keep(connection, blob)
            info = new_info(key, blob.size_bytes, blob.md5, options, protection.encryption)
            pieces = [Piece(blob.size_bytes, blob.id, blob.envelope)]
            replace_object(connection, bucket, old, info, pieces, protection.key_check())
        return told(info, options.customer_key)

    @override
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        protection, place = self._new_protection(bucket, key, options), (source_bucket, source_key)
        with self._database.writing() as connection:
            source = require_object(connection, *place)
            opened = self._keys.existing(place, source, options.source_customer_key)
            check_copy_source(source.info, options)
            if opened.is_encrypted == protection.is_encrypted:
                pieces = self._shared(connection, source, opened, protection)
                return self._put_copy(connection, bucket, key, source, pieces, protection, options)
        return self._recoded(place, bucket, key, protection, options)

    def _shared(
        self, connection: sqlite3.Connection, source: StoredObject, opened: Protection, protection: Protection
    ) -> list[Piece]:
        """Returns the pieces of a copy, which share the blobs of the source: their keys are wrapped anew."""
        query = "SELECT size_bytes, blob, envelope FROM pieces WHERE object = ? ORDER BY start"
        pieces = [Piece(*row) for row in connection.execute(query, (source.id,))]
        return [piece._replace(envelope=self._rewrapped(piece.envelope, opened, protection)) for piece in pieces]

    def _rewrapped(self, text: str | None, opened: Protection, protection: Protection) -> str | None:
        if text is None:
            return None
        envelope = envelope_of(text)
        return protection.sealed(self._keys.opened(envelope, opened), envelope.size_bytes, envelope.chunk_bytes)

    def _recoded(
        self, place: tuple[str, str], bucket: str, key: str, protection: Protection, options: CopyOptions
    ) -> ObjectInfo:
        """Copies the content itself, since one of source and copy is encrypted and the other is not."""
        with self._database.reading() as connection:
            source = require_object(connection, *place)
            opened = self._keys.existing(place, source, options.source_customer_key)
            check_copy_source(source.info, options)
            size, most = source.info.size_bytes, self.features.max_object_size
            body = Body(read(connection, source.id, 0, size, self._keys, opened), size)
            with receive(self._database, body, most, protection) as blob, self._database.writing() as writing:
                keep(writing, blob)
                pieces = [Piece(blob.size_bytes, blob.id, blob.envelope)]
                return self._put_copy(writing, bucket, key, source, pieces, protection, options)

    def _put_copy(
        self,
        connection: sqlite3.Connection,
        bucket: str,
        key: str,
        source: StoredObject,
        pieces: list[Piece],
        protection: Protection,
        options: CopyOptions,
    ) -> ObjectInfo:
        old = find_object(connection, bucket, key)
        check_write(old and old.info, options)
        headers = options.headers or source.info
        info = new_info(key, source.info.size_bytes, source.info.etag, headers, protection.encryption)
        replace_object(connection, bucket, old, info, pieces, protection.key_check())
        return told(info, options.customer_key)

    @override
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        with self._database.writing() as connection:
            old = find_object(connection, bucket, key)
            check_delete(old and old.info, options)
            if old is not None:
                delete_object(connection, old)
        return DELETED

    @override
    @hookimpl
    def delete_objects(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        with self._database.writing() as connection:
            require_bucket(connection, bucket)
            connection.executemany(
                "DELETE FROM objects WHERE bucket = ? AND key = ?", [(bucket, entry.key.encode()) for entry in objects]
            )
        return DeleteResult.without_versions(entry.key for entry in objects)


def _bucket_info(name: str, created_at: str) -> BucketInfo:
    return BucketInfo(name=name, created_at=datetime.fromisoformat(created_at))
