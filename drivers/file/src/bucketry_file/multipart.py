"""Multipart uploads: the bytes of parts, and completing.

Parts are files, however small they are. So only a version of one piece is inline, and all others are read from files.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from secrets import token_hex
from typing import Final, final

from bucketry import (
    Body,
    Checksum,
    CompletedPart,
    CompleteOptions,
    ObjectInfo,
    Part,
    PartCopyOptions,
    PartOptions,
    Unavailable,
    Upload,
    UploadOptions,
)
from bucketry.conditions import check_copy_source
from bucketry.encryption import opaque_etag, with_key
from bucketry.object_parts import range_of_copy
from bucketry.version_facts import VersionFacts
from msgspec.structs import replace

from bucketry_file import uploads, versions
from bucketry_file.buckets import Bucket, Buckets
from bucketry_file.cleaning import Garbage
from bucketry_file.contents import DraftPieces, NewPieces, SharedPiece, SharedPieces, pieces_of
from bucketry_file.encryption import Keys, Protection
from bucketry_file.index import Index
from bucketry_file.objects import COPY_TRIES, Objects, Place, Source, SourceGone, digests
from bucketry_file.reading import Span
from bucketry_file.receiving import Receiver
from bucketry_file.records import PartRecord, StoredHeaders, UploadRecord
from bucketry_file.times import StoredTimes
from bucketry_file.uploads import Limits, StoredUpload

_ID_BYTES: Final = 24
"""Random bytes of an upload id: enough that nobody guesses one, and that no two uploads get the same."""


@final
class Multipart:
    """The uploads of a store. Threads may share it."""

    def __init__(
        self,
        index: Index,
        known: Buckets,
        objects: Objects,
        receiver: Receiver,
        garbage: Garbage,
        keys: Keys,
        times: StoredTimes,
    ) -> None:
        self._index = index
        self._buckets = known
        self._objects = objects
        self._receiver = receiver
        self._garbage = garbage
        self._keys = keys
        self._times = times

    def begin(self, place: Place, options: UploadOptions) -> Upload:
        """Begins an upload."""
        target = self._objects.target(place, options)
        headers, upload_id = StoredHeaders.of(options), token_hex(_ID_BYTES)

        def work(connection: sqlite3.Connection) -> tuple[Bucket, StoredUpload]:
            bucket = self._buckets.find(connection, place[0], writing=True)
            record = UploadRecord(
                initiated_at=self._times.now(),
                headers=headers,
                stored_tags=dict(options.tags),
                checksum_algorithm=options.checksum_algorithm,
                checksum_type=options.checksum_type,
                facts=target.facts,
            )
            return bucket, uploads.begin(connection, bucket, place[1].encode(), upload_id, record)

        bucket, upload = self._index.write(work)
        info = replace(upload.info(), abort=versions.abort_time(bucket, place[1], upload.record.initiated_at))
        return with_key(info, options.customer_key)

    def find(self, connection: sqlite3.Connection, place: Place, upload_id: str, *, writing: bool) -> StoredUpload:
        """Returns an upload.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchUpload: The upload is not in progress, or is another key's.
        """
        bucket = self._buckets.find(connection, place[0], writing=writing)
        return uploads.find(connection, bucket, place[1].encode(), upload_id)

    def put_part(self, place: Place, upload_id: str, number: int, body: Body, options: PartOptions) -> Part:
        """Stores a part, once its body is complete and if the upload is still in progress."""
        with self._index.reading() as connection:  # Before the body is read, and again in the step that writes.
            upload = self.find(connection, place, upload_id, writing=False)
        way = self._keys.existing(place, upload.record.facts, options.customer_key)
        upload.record.checksums.check_sent(options.checksum_algorithm)
        part = self._receive(place, upload, number, body, way)
        return with_key(part, options.customer_key)

    def _receive(self, place: Place, upload: StoredUpload, number: int, body: Body, way: Protection) -> Part:
        algorithm, key = upload.record.checksum_algorithm, way.new_key()
        body.track_md5()
        if algorithm is not None:
            body.track_checksum(algorithm)
        with self._receiver.receive(body, key, in_file=True) as draft:
            envelope = way.sealed(key, draft.size_bytes)
            checksum = None if algorithm is None else body.checksum()
            made = (body.md5_hex(), checksum, draft.size_bytes)
            return self._write(place, upload, number, made, DraftPieces(draft, envelope))

    def _write(
        self,
        place: Place,
        upload: StoredUpload,
        number: int,
        made: tuple[str, Checksum | None, int],
        pieces: NewPieces,
    ) -> Part:
        """Makes a part of these pieces, if the upload is still in progress."""
        md5, checksum, size_bytes = made
        facts = upload.record.facts
        etag = opaque_etag(md5) if facts.hides_md5 else md5

        def work(connection: sqlite3.Connection) -> PartRecord:
            found = self.find(connection, place, upload.upload_id, writing=True)
            record = PartRecord(etag, size_bytes, self._times.now(), checksum)
            uploads.put_part(connection, found, number, record, pieces)
            return record

        record = self._index.write(work)
        self._garbage.collect(own=True)
        return record.part(number, facts)

    def copy_part(
        self, place: Place, upload_id: str, number: int, source_place: Place, options: PartCopyOptions, most: int
    ) -> Part:
        """Stores a part of at most ``most`` bytes, which shares them with an object wherever that is possible."""
        for attempt in range(COPY_TRIES):
            with self._index.reading() as connection:
                upload = self.find(connection, place, upload_id, writing=False)
                way = self._keys.existing(place, upload.record.facts, options.customer_key)
                version_id, customer_key = options.source_version_id, options.source_customer_key
                source = self._objects.source(connection, source_place, version_id, customer_key)
                has_versions = self._buckets.find(connection, source_place[0]).has_versions
                check_copy_source(source.row, options)
                span = Span(*range_of_copy(source.row.size_bytes, options, most))
                in_files = all(piece.data is None for piece in pieces_of(connection, source.row.id, *span))
            try:
                # The last time the bytes are copied: once they are open, they stay.
                shares = in_files and attempt < COPY_TRIES - 1
                part = self._copied(place, upload, number, source, span, way, shares=shares)
            except SourceGone:
                continue
            part = with_key(part, options.customer_key)
            return replace(part, source_version_id=source.row.stored.version_id) if has_versions else part
        raise Unavailable("the source was replaced again and again while it was copied")

    def _copied(
        self,
        place: Place,
        upload: StoredUpload,
        number: int,
        source: Source,
        span: Span,
        way: Protection,
        *,
        shares: bool,
    ) -> Part:
        size_bytes = span.stop - span.start
        with closing(self._objects.content(source, span)) as content:
            if not shares or source.way.is_encrypted != way.is_encrypted:
                return self._receive(place, upload, number, Body(content, size_bytes), way)
            md5, checksum = digests(content, upload.record.checksum_algorithm)

        def shared(connection: sqlite3.Connection) -> list[SharedPiece]:
            return self._objects.shared_pieces(connection, source, way, span)

        return self._write(place, upload, number, (md5, checksum, size_bytes), SharedPieces(shared))

    def complete(
        self,
        place: Place,
        upload_id: str,
        parts: tuple[CompletedPart, ...],
        options: CompleteOptions,
        limits: Limits,
    ) -> ObjectInfo:
        """Makes an object of the parts."""
        key = place[1].encode()

        def work(connection: sqlite3.Connection) -> ObjectInfo:
            bucket, now = self._buckets.find(connection, place[0], writing=True), self._times.now()
            row = uploads.made_before(connection, bucket, key, upload_id, parts, options, now)
            if row is None:
                upload = uploads.find(connection, bucket, key, upload_id)
                self._check_key_if_given(place, upload.record.facts, options)
                row = uploads.complete(connection, bucket, upload, parts, options, limits, now)
            else:
                self._check_key_if_given(place, row.stored.facts, options)
            return with_key(versions.describe(bucket, row), options.customer_key)

        made = self._index.write(work)
        self._objects.recent.forget(place)
        self._garbage.collect()
        return made

    def _check_key_if_given(self, place: Place, facts: VersionFacts, options: CompleteOptions) -> None:
        """Checks a customer's key, which this call need not bring (S3 API reference, CompleteMultipartUpload)."""
        if options.customer_key is not None:
            self._keys.check_customer_key(place, facts, options.customer_key)

    def abort(self, place: Place, upload_id: str) -> None:
        """Aborts an upload."""
        self._index.free(
            lambda connection: uploads.abort(connection, self.find(connection, place, upload_id, writing=True))
        )
        self._garbage.collect()
