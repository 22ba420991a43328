"""Reads, puts and copies of objects: what they read before, the bytes that they move, and the step that writes."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias, final

from bucketry import (
    Body,
    BucketryError,
    Checksum,
    ContentRange,
    CopyOptions,
    CustomerKey,
    EncryptionSettings,
    GetOptions,
    HeadOptions,
    ObjectInfo,
    OpenedObject,
    PutOptions,
    Unavailable,
    UploadOptions,
)
from bucketry.bucket_rules import check_lock_of_write
from bucketry.checksums import checksum_of
from bucketry.conditions import check_copy_source, check_read
from bucketry.encryption import opaque_etag, with_key
from bucketry.object_parts import part_info
from bucketry.version_facts import VersionFacts, facts_of

from bucketry_file import versions
from bucketry_file.buckets import Bucket, Buckets, is_noted
from bucketry_file.cleaning import Garbage
from bucketry_file.contents import DraftPieces, NewPieces, SharedPiece, SharedPieces, pieces_of
from bucketry_file.encryption import Keys, Protection
from bucketry_file.index import Index
from bucketry_file.reading import Content, Plan, Reader, Span
from bucketry_file.receiving import Draft, Receiver, inline_draft, is_inline
from bucketry_file.recent_keys import RecentKeys
from bucketry_file.records import StoredHeaders, StoredObject
from bucketry_file.small_reads import find_small
from bucketry_file.small_writes import put_small
from bucketry_file.times import StoredTimes
from bucketry_file.versions import ObjectRow

COPY_TRIES: Final = 3
"""How often a copy is tried whose source goes meanwhile. The last time its bytes are copied, and no pieces shared."""

_NOT_TOLD: Final = 0
"""The number of a version that was just put: nobody asks for it."""

Place: TypeAlias = tuple[str, str]
"""A bucket and a key."""


class Target(NamedTuple):
    """What is known of a write before its body is read.

    Attributes:
        way: How its content is encrypted.
        facts: The facts of its version.
    """

    way: Protection
    facts: VersionFacts


class Source(NamedTuple):
    """The source of a copy, and how it is encrypted."""

    row: ObjectRow
    way: Protection


class SourceGone(Exception):
    """The source of a copy was deleted while it was read."""


@final
class Objects:
    """The objects of a store. Threads may share it.

    Attributes:
        recent: The small objects that were used lately.
    """

    def __init__(
        self,
        index: Index,
        known: Buckets,
        reader: Reader,
        receiver: Receiver,
        garbage: Garbage,
        keys: Keys,
        times: StoredTimes,
    ) -> None:
        self._index = index
        self._buckets = known
        self._reader = reader
        self._receiver = receiver
        self._garbage = garbage
        self._keys = keys
        self._times = times
        self.recent: Final = RecentKeys()

    # Reads

    def find(self, connection: sqlite3.Connection, place: Place, options: HeadOptions) -> tuple[ObjectRow, ObjectInfo]:
        """Returns a version for a read, and what the contract says of it.

        Raises:
            BucketryError: As `versions.read`; or the customer's key is not right, or a condition does not hold.
        """
        bucket = self._buckets.find(connection, place[0])
        row = versions.read(connection, bucket, place[1].encode(), options.version_id)
        return row, self._described(connection, place, bucket, row, options)

    def _described(
        self, connection: sqlite3.Connection, place: Place, bucket: Bucket, row: ObjectRow, options: HeadOptions
    ) -> ObjectInfo:
        self._keys.check_customer_key(place, row.stored.facts, options.customer_key)
        info = with_key(versions.describe(bucket, row), options.customer_key)
        check_read(info, options)
        if options.part_number is not None:
            parts = versions.parts_of(connection, row)
            info = part_info(info, options.part_number, parts.ends, parts.digests)
        return info

    def head(self, place: Place, options: HeadOptions) -> ObjectInfo:
        """Returns an object without its content."""
        with self._index.reading() as connection:
            return self.find(connection, place, options)[1]

    def open(self, place: Place, options: GetOptions) -> OpenedObject:
        """Opens an object."""
        with self._index.asking() as connection:
            small = None if options.version_id is not None else find_small(connection, self._buckets, place)
            if small is not None:
                info = self._described(connection, place, small.bucket, small.row, options)
                planned = self._plan(place, small.row, info, options)
                self.recent.note(place)
                return OpenedObject(
                    info, self._reader.small(planned, small.piece), content_range=_wanted(info, options)
                )
        if options.version_id is None:
            self.recent.forget(place)
        found: ObjectInfo | None = None

        def plan(connection: sqlite3.Connection) -> Plan:
            nonlocal found
            row, found = self.find(connection, place, options)
            return self._plan(place, row, found, options)

        _, content = self._reader.open(plan)
        assert found is not None  # noqa: S101 - the plan was made
        close = content.close if isinstance(content, Content) else None
        return OpenedObject(found, content, content_range=_wanted(found, options), close=close)

    def _plan(self, place: Place, row: ObjectRow, info: ObjectInfo, options: GetOptions) -> Plan:
        wanted = _wanted(info, options)
        span = Span(0, row.size_bytes) if wanted is None else Span(wanted.start, wanted.stop)
        return Plan(row, self._keys.existing(place, row.stored.facts, options.customer_key), span)

    # Writes

    def target(self, place: Place, options: PutOptions | CopyOptions | UploadOptions) -> Target:
        """Returns what a write needs before its body is read, so that no body is read in vain.

        Raises:
            BucketryError: A condition does not hold, the lock is refused, or there is no such key to encrypt with.
        """
        with self._index.reading() as connection:
            bucket = self._checked(connection, place, options, self._times.clock.now(), writing=False)
        return self._target_in(bucket, place, options)

    def _checked(
        self,
        connection: sqlite3.Connection,
        place: Place,
        options: PutOptions | CopyOptions | UploadOptions,
        now: datetime,
        *,
        writing: bool,
    ) -> Bucket:
        """Returns the bucket of a write, if conditions and locks allow the write."""
        bucket = self._buckets.find(connection, place[0], writing=writing)
        if not isinstance(options, UploadOptions):
            versions.check_conditions(connection, bucket, place[1].encode(), options)
        check_lock_of_write(options.retention, options.legal_hold, bucket.lock, now)
        return bucket

    def _target_in(self, bucket: Bucket, place: Place, options: PutOptions | CopyOptions | UploadOptions) -> Target:
        default = bucket.get(EncryptionSettings)
        way = self._keys.new(place, default, options.encryption, options.customer_key)
        return Target(way, way.given_to(facts_of(options)))

    def put(self, place: Place, body: Body, options: PutOptions) -> ObjectInfo:
        """Stores an object, once its body is complete."""
        body.track_md5()
        if body.is_held and not body.is_checked and is_inline(body.length or 0):
            return self._put_held(place, body, options)
        target = self.target(place, options)
        key = target.way.new_key()
        with self._receiver.receive(body, key) as draft:
            etag, checksum = _hidden(body.md5_hex(), target.facts), body.checksum()
            headers = StoredHeaders.of(options)
            pieces = DraftPieces(draft, target.way.sealed(key, draft.size_bytes))

            def work(connection: sqlite3.Connection) -> tuple[Bucket, ObjectRow]:
                tags = dict(options.tags)
                stored = StoredObject(etag, self._times.now(), headers, tags, checksum, facts=target.facts)
                return self._write(connection, place, options, stored, draft.size_bytes, pieces)

            written = self._index.write(work)
        return self._told(place, written, options.customer_key)

    def _put_held(self, place: Place, body: Body, options: PutOptions) -> ObjectInfo:
        """Stores a small body that is in memory already: all is found out in the step that writes."""
        content = body.read()
        md5, checksum, headers = body.md5_hex(), body.checksum(), StoredHeaders.of(options)

        is_plain = not (options.if_match or options.if_none_match or options.retention or options.legal_hold)

        def made(bucket: Bucket, now: datetime) -> tuple[StoredObject, Draft, bytes | None]:
            target = self._target_in(bucket, place, options)
            key = target.way.new_key()
            draft, etag = inline_draft(content, key), _hidden(md5, target.facts)
            stored = StoredObject(etag, now, headers, dict(options.tags), checksum, facts=target.facts)
            return stored, draft, target.way.sealed(key, draft.size_bytes)

        def put_as_usual(connection: sqlite3.Connection, now: datetime) -> tuple[Bucket, ObjectRow] | None:
            known = self._buckets.last_known(place[0]) if is_plain else None
            if known is None or known.has_versions:
                return None
            with suppress(BucketryError):  # It may be right no more: what is known of the bucket may be old.
                stored, draft, envelope = made(known, now)
                key = place[1].encode()
                if is_noted(known, stored.facts) and put_small(connection, known, key, stored, draft, envelope):
                    return known, ObjectRow(_NOT_TOLD, key, 0, True, draft.size_bytes, stored)
            return None

        def work(connection: sqlite3.Connection) -> tuple[Bucket, ObjectRow]:
            now = self._times.now()
            written = put_as_usual(connection, now)
            if written is not None:
                return written
            bucket = self._checked(connection, place, options, now, writing=True)
            stored, draft, envelope = made(bucket, now)
            pieces = DraftPieces(draft, envelope)
            return bucket, versions.put(connection, bucket, place[1].encode(), draft.size_bytes, stored, pieces)

        written = self._index.write(work)
        return self._told(place, written, options.customer_key, is_small=True)

    def _write(
        self,
        connection: sqlite3.Connection,
        place: Place,
        options: PutOptions | CopyOptions,
        stored: StoredObject,
        size_bytes: int,
        pieces: NewPieces,
    ) -> tuple[Bucket, ObjectRow]:
        """Checks what may have changed since `target`, and makes the version of these pieces."""
        bucket = self._checked(connection, place, options, stored.last_modified, writing=True)
        return bucket, versions.put(connection, bucket, place[1].encode(), size_bytes, stored, pieces)

    def _told(
        self,
        place: Place,
        written: tuple[Bucket, ObjectRow],
        customer_key: CustomerKey | None,
        *,
        is_small: bool = False,
    ) -> ObjectInfo:
        (self.recent.note if is_small else self.recent.forget)(place)
        self._buckets.keep(written[0])
        self._garbage.collect(own=True)
        return with_key(versions.describe(*written), customer_key)

    # Copies

    def source(
        self, connection: sqlite3.Connection, place: Place, version_id: str | None, customer_key: CustomerKey | None
    ) -> Source:
        """Returns the source of a copy.

        Raises:
            BucketryError: As `versions.read`, or the customer's key is not right.
        """
        bucket = self._buckets.find(connection, place[0])
        row = versions.read(connection, bucket, place[1].encode(), version_id)
        return Source(row, self._keys.existing(place, row.stored.facts, customer_key))

    def copy(self, source_place: Place, place: Place, options: CopyOptions) -> ObjectInfo:
        """Copies an object, which shares its contents with the original wherever that is possible."""
        for attempt in range(COPY_TRIES):
            with self._index.reading() as connection:
                version_id, customer_key = options.source_version_id, options.source_customer_key
                source = self.source(connection, source_place, version_id, customer_key)
            check_copy_source(source.row, options)
            target = self.target(place, options)
            try:
                if source.way.is_encrypted == target.way.is_encrypted and attempt < COPY_TRIES - 1:
                    return self._told(place, self._shared_copy(source, place, target, options), options.customer_key)
                return self._told(place, self._moved_copy(source, place, target, options), options.customer_key)
            except SourceGone:
                continue
        raise Unavailable("the source was replaced again and again while it was copied")

    def _shared_copy(
        self, source: Source, place: Place, target: Target, options: CopyOptions
    ) -> tuple[Bucket, ObjectRow]:
        etag, checksum = self._digests_of_copy(source, target, options)

        def shared(connection: sqlite3.Connection) -> list[SharedPiece]:
            return self.shared_pieces(connection, source, target.way, Span(0, source.row.size_bytes))

        def work(connection: sqlite3.Connection) -> tuple[Bucket, ObjectRow]:
            stored = self._copied(source, target, options, etag, checksum)
            return self._write(connection, place, options, stored, source.row.size_bytes, SharedPieces(shared))

        return self._index.write(work)

    def _moved_copy(
        self, source: Source, place: Place, target: Target, options: CopyOptions
    ) -> tuple[Bucket, ObjectRow]:
        """Copies the bytes, since only one of source and copy is encrypted, or since the source may go meanwhile."""
        key, algorithm = target.way.new_key(), _algorithm_of_copy(source, options)
        with closing(self.content(source, Span(0, source.row.size_bytes))) as content:
            body = Body(content, source.row.size_bytes)
            body.track_md5()
            if algorithm is not None:
                body.track_checksum(algorithm)
            with self._receiver.receive(body, key) as draft:
                etag, checksum = _hidden(body.md5_hex(), target.facts), body.checksum()
                pieces = DraftPieces(draft, target.way.sealed(key, draft.size_bytes))

                def work(connection: sqlite3.Connection) -> tuple[Bucket, ObjectRow]:
                    stored = self._copied(source, target, options, etag, checksum)
                    return self._write(connection, place, options, stored, draft.size_bytes, pieces)

                return self._index.write(work)

    def _copied(
        self, source: Source, target: Target, options: CopyOptions, etag: str, checksum: Checksum | None
    ) -> StoredObject:
        stored = source.row.stored
        headers = stored.headers if options.headers is None else StoredHeaders.of(options.headers)
        tags = stored.stored_tags if options.tags is None else dict(options.tags)
        return StoredObject(etag, self._times.now(), headers, tags, checksum, facts=target.facts)

    def shared_pieces(
        self, connection: sqlite3.Connection, source: Source, way: Protection, span: Span
    ) -> list[SharedPiece]:
        """Returns a stretch of a version as pieces of another one: the keys of their contents are wrapped anew.

        Raises:
            SourceGone: The version was deleted meanwhile.
        """
        if not versions.is_there(connection, source.row):
            raise SourceGone
        found = []
        for piece in pieces_of(connection, source.row.id, *span):
            skipped = max(0, span.start - piece.at)
            length = min(piece.at + piece.length, span.stop) - piece.at - skipped
            envelope = self._keys.rewrapped(piece.envelope, source.way, way)
            found.append((piece.at + skipped - span.start, piece.content, piece.start + skipped, length, envelope))
        return found

    def content(self, source: Source, span: Span) -> Content:
        """Opens the content of the source of a copy.

        Raises:
            SourceGone: It was deleted meanwhile.
        """

        def plan(connection: sqlite3.Connection) -> Plan:
            if not versions.is_there(connection, source.row):
                raise SourceGone
            return Plan(source.row, source.way, span)

        _, content = self._reader.open(plan)
        return Content(iter(content), {}, None) if isinstance(content, tuple) else content

    def _digests_of_copy(self, source: Source, target: Target, options: CopyOptions) -> tuple[str, Checksum | None]:
        """Returns etag and checksum of a copy. A copy is one part, even if its source has many."""
        stored, algorithm = source.row.stored, _algorithm_of_copy(source, options)
        kept = stored.checksum if stored.checksum is not None and not stored.checksum.parts_count else None
        has_checksum = algorithm is None or (kept is not None and kept.algorithm == algorithm)
        has_md5 = target.facts.hides_md5 or not (stored.in_parts or stored.facts.hides_md5)
        if has_md5 and has_checksum:
            return _hidden(stored.etag, target.facts), None if algorithm is None else kept
        with closing(self.content(source, Span(0, source.row.size_bytes))) as content:
            md5, checksum = digests(content, algorithm)
        return _hidden(md5, target.facts), checksum


def _wanted(info: ObjectInfo, options: GetOptions) -> ContentRange | None:
    """Returns the bytes that a read asks for; ``None``: all."""
    return info.part_range if options.range is None else options.range.resolve(info.size_bytes)


def _algorithm_of_copy(source: Source, options: CopyOptions) -> str | None:
    checksum = source.row.stored.checksum
    return options.checksum_algorithm or (None if checksum is None else checksum.algorithm)


def _hidden(etag: str, facts: VersionFacts) -> str:
    return opaque_etag(etag) if facts.hides_md5 else etag


def digests(content: Iterable[bytes], algorithm: str | None) -> tuple[str, Checksum | None]:
    """Returns the MD5 in hexadecimal and the checksum of a content."""
    md5 = hashlib.md5(usedforsecurity=False)

    def passing() -> Iterable[bytes]:
        for chunk in content:
            md5.update(chunk)
            yield chunk

    if algorithm is not None:
        checksum = checksum_of(algorithm, passing())
        return md5.hexdigest(), checksum
    for chunk in content:
        md5.update(chunk)
    return md5.hexdigest(), None
