"""Stored objects: what the store keeps of an object beside its key, in as little memory as possible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from time import time
from typing import Final, final

import msgspec
from bucketry import (
    AttributesOptions,
    Checksum,
    CopyOptions,
    HeadOptions,
    ObjectAttributes,
    ObjectHeaders,
    ObjectInfo,
    PartCopyOptions,
)
from bucketry.checksums import checksum_of
from bucketry.clock import Clock
from bucketry.conditions import check_copy_source, check_read
from bucketry.encryption import with_key
from bucketry.headers import HEADER_OF, copy_headers, header_copier, header_values
from bucketry.object_parts import attributes_of, part_info, range_of_copy
from bucketry.s3 import NULL_VERSION
from bucketry.tagging import NO_TAGS
from bucketry.version_facts import NO_FACTS, VersionFacts, shown_facts

from bucketry_memory.content import Content, md5_hex, whole
from bucketry_memory.encryption import check_customer_key

_TICKS_PER_SECOND: Final = 1000
"""Stored times have whole milliseconds, as S3's listings show them."""


@final
class StoredTimes:
    """The driver's clock in UTC and whole milliseconds. It never goes back, even if the machine's clock is set back.

    Only a reset of the driver's clock sets it back. Writes of the same millisecond share one object. Call it under the
    store's lock.

    Attributes:
        clock: The driver's clock. The store may give it another one.
    """

    __slots__ = ("_ahead", "_moment", "_next", "clock")

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._ahead = 0.0
        self._advance(time())

    def now(self) -> datetime:
        """Returns the time, which is at or after every time that it returned before, unless the clock was reset."""
        ahead = self.clock.ahead
        seconds = time() + ahead
        if seconds >= self._next or ahead < self._ahead:
            self._ahead = ahead
            self._advance(seconds)
        return self._moment

    def _advance(self, seconds: float) -> None:
        tick = int(seconds * _TICKS_PER_SECOND)
        self._moment = datetime.fromtimestamp(tick / _TICKS_PER_SECOND, UTC)
        self._next = (tick + 1) / _TICKS_PER_SECOND


class Extras(msgspec.Struct, frozen=True, gc=False):
    """Facts that few objects have. The other objects keep none of them.

    Attributes:
        tags: The tags.
        checksum: The checksum.
        part_ends: The offset after each part, for an object that was uploaded in parts.
        part_digests: The digest of each part's checksum, for an object in parts with checksums.
        upload_id: The upload that made it, for an object in parts.
        facts: Facts of the version.
    """

    tags: Mapping[str, str] = NO_TAGS
    checksum: Checksum | None = None
    part_ends: tuple[int, ...] = ()
    part_digests: tuple[bytes, ...] = ()
    upload_id: str = ""
    facts: VersionFacts = NO_FACTS


_NO_EXTRAS = Extras()
_info_of = header_copier(ObjectInfo, "key", "size_bytes", "etag", "last_modified")


class StoredObject(msgspec.Struct, frozen=True, gc=False):
    """A stored object. It never changes: a new write stores a new one in its place.

    The bucket's index holds the key. Objects share headers and times. It is part of no reference cycle, so the garbage
    collector need not track it.

    Attributes:
        content: The bytes.
        etag: The MD5 of the content in hexadecimal, unless `VersionFacts.hides_md5`. For a multipart upload it is the
            MD5 of the parts' MD5s, ``-``, and the number of parts, as in S3.
        last_modified: When it was written.
        headers: The headers that its writer gave.
        extras: More facts, from `kept_extras`.
    """

    content: Content
    etag: str
    last_modified: datetime
    headers: ObjectHeaders
    extras: Extras | None = None

    @property
    def more(self) -> Extras:
        """More facts. Most objects have none."""
        return _NO_EXTRAS if self.extras is None else self.extras

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags."""
        return self.more.tags

    @property
    def facts(self) -> VersionFacts:
        """The facts of this version."""
        return self.more.facts

    @property
    def version_id(self) -> str:
        """Its id as a version."""
        return self.more.facts.version_id or NULL_VERSION

    @property
    def number(self) -> int:
        """Its place among the versions of its key."""
        return self.more.facts.number

    @property
    def size_bytes(self) -> int:
        """The size of its content."""
        return len(self.content)

    def info(self, key: str) -> ObjectInfo:
        """Returns this object as the contract describes it."""
        info = _info_of(self.headers, key, len(self.content), self.etag, self.last_modified)
        more = self.extras
        if more is None:
            return info
        facts = {} if more.facts is NO_FACTS else shown_facts(more.facts)
        return msgspec.structs.replace(info, tag_count=len(more.tags), checksum=more.checksum, **facts)

    def listed(self, key: str) -> ObjectInfo:
        """Returns what a listing says of this object: what the contract promises, and no more."""
        return ObjectInfo(
            key=key,
            size_bytes=len(self.content),
            etag=self.etag,
            last_modified=self.last_modified,
            content_type=self.headers.content_type,
            checksum=self.more.checksum,
            version_id=self.more.facts.version_id,
            owner=self.more.facts.owner,
            storage_class=self.more.facts.storage_class,
        )

    def info_if(self, key: str, options: HeadOptions) -> ObjectInfo:
        """Returns this object as the contract describes it, if the key is right and the conditions of a read hold.

        Raises:
            CustomerKeyNeeded: It is under a customer's key, and none was sent.
            CustomerKeyNotNeeded: It is not under the key that was sent, nor under another one.
            WrongCustomerKey: It is under another customer's key.
            PreconditionFailed: ``if_match`` or ``if_unmodified_since`` does not hold.
            NotModified: The caller's copy is current.
            InvalidRange: It has no part of that number.
        """
        extras = self.extras
        if extras is None:
            info, digest = _info_of(self.headers, key, len(self.content), self.etag, self.last_modified), None
        else:
            info, digest = self.info(key), extras.facts.key_digest
        if digest is not None or options.customer_key is not None:
            check_customer_key(digest, options.customer_key)
            info = with_key(info, options.customer_key)
        if options.if_match or options.if_none_match or options.if_modified_since or options.if_unmodified_since:
            check_read(info, options)
        return (
            info
            if options.part_number is None
            else part_info(info, options.part_number, self.more.part_ends, self.more.part_digests)
        )

    def attributes(self, key: str, options: AttributesOptions) -> ObjectAttributes:
        """Returns this object with one page of its parts.

        Raises:
            BucketryError: The customer's key is not right, as in `info_if`.
        """
        check_customer_key(self.facts.key_digest, options.customer_key)
        info = with_key(self.info(key), options.customer_key)
        return attributes_of(info, options, self.more.part_ends, self.more.part_digests)

    def range_of_copy(self, options: PartCopyOptions, max_part_size: int) -> tuple[int, int]:
        """Returns the bytes that a part copies: the offset of the first one, and the end.

        Raises:
            PreconditionFailed: ``source_if_match`` does not hold.
            BucketryError: As `bucketry.object_parts.range_of_copy`.
        """
        check_copy_source(self, options)
        return range_of_copy(len(self.content), options, max_part_size)

    def digests_of_copy(self, options: CopyOptions) -> tuple[str, Checksum | None]:
        """Returns the MD5 and the checksum of a copy. A copy is one part, even if this object has many."""
        content, checksum = self.content, self.more.checksum
        etag = md5_hex(content) if self.more.part_ends or self.facts.hides_md5 else self.etag
        algorithm = options.checksum_algorithm or (None if checksum is None else checksum.algorithm)
        if algorithm is None:
            return etag, None
        if checksum is not None and checksum.algorithm == algorithm and not checksum.parts_count:
            return etag, checksum
        return etag, checksum_of(algorithm, whole(content))

    def with_tags(self, tags: Mapping[str, str]) -> StoredObject:
        """Returns this object with these tags instead of its own."""
        return msgspec.structs.replace(self, extras=kept_extras(msgspec.structs.replace(self.more, tags=tags)))

    def with_facts(self, facts: VersionFacts) -> StoredObject:
        """Returns this object with these facts of its version instead of its own."""
        return msgspec.structs.replace(self, extras=kept_extras(msgspec.structs.replace(self.more, facts=facts)))


def listed_infos(keys: Iterable[str], found: Iterable[StoredObject]) -> list[ObjectInfo]:
    """Returns what a listing says of these objects."""
    # Written out for those without extras: a page has 1,000 of them, and a call takes as long as half of the rest.
    return [
        ObjectInfo(
            key=key,
            size_bytes=len(stored.content),
            etag=stored.etag,
            last_modified=stored.last_modified,
            content_type=stored.headers.content_type,
        )
        if stored.extras is None
        else stored.listed(key)
        for key, stored in zip(keys, found, strict=True)
    ]


def kept_extras(extras: Extras) -> Extras | None:
    """Returns the extras, or ``None`` if there is nothing to keep."""
    return extras if extras != _NO_EXTRAS else None


def headers_of(source: ObjectHeaders) -> ObjectHeaders:
    """Returns the headers alone. Objects without metadata share them."""
    if source.metadata:
        return copy_headers(source, ObjectHeaders)
    return _shared(header_values(source))


@lru_cache(maxsize=1024)
def headers_of_type(content_type: str) -> ObjectHeaders:
    """Returns the headers of an object that has a content type alone."""
    return ObjectHeaders(content_type=content_type)


@lru_cache(maxsize=1024)
def _shared(values: tuple[str | None, ...]) -> ObjectHeaders:
    return ObjectHeaders(**dict(zip(HEADER_OF, values, strict=True)))  # type: ignore[arg-type]  # The table names them.
