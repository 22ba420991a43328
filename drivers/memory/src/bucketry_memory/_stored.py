"""What is kept of an object beside its key, in as little memory as it takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

import msgspec
from bucketry import (
    AttributesOptions,
    Checksum,
    ContentRange,
    InvalidRange,
    ObjectAttributes,
    ObjectHeaders,
    ObjectInfo,
    ObjectPart,
)
from bucketry.models import NO_METADATA
from bucketry.tagging import NO_TAGS

from bucketry_memory._data import Content


class Extras(msgspec.Struct, frozen=True, gc=False):
    """What few objects have; the others do without all of it.

    Attributes:
        tags: Its tags.
        checksum: Its checksum.
        part_ends: Of an object that was uploaded in parts: the offset after each part.
        part_digests: Likewise: the digest of each part's checksum, where it has a checksum.
        upload_id: Likewise: the upload that made it.
    """

    tags: Mapping[str, str] = NO_TAGS
    checksum: Checksum | None = None
    part_ends: tuple[int, ...] = ()
    part_digests: tuple[bytes, ...] = ()
    upload_id: str = ""


_NO_EXTRAS = Extras()


class StoredObject(msgspec.Struct, frozen=True, gc=False):
    """One version of an object; a new one takes its place when it is written again.

    The key is its key in the bucket's index; headers and time are shared with other objects. It is in no reference
    cycle, so the garbage collector need not look at it.

    Attributes:
        content: Its bytes.
        etag: MD5 of the content in hexadecimal; of a multipart upload, the MD5 of its parts' MD5s, ``-``, and their
            number, as in S3.
        last_modified: When it was written.
        headers: What its writer said about it.
        extras: What else there is, from `kept_extras`; always there where the headers have a date.
    """

    content: Content
    etag: str
    last_modified: datetime
    headers: ObjectHeaders
    extras: Extras | None = None

    @property
    def more(self) -> Extras:
        """What else there is; of most objects, nothing."""
        return _NO_EXTRAS if self.extras is None else self.extras

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags."""
        return self.more.tags

    def info(self, key: str) -> ObjectInfo:
        """Returns this object as the contract describes it."""
        headers = self.headers
        info = ObjectInfo(
            key=key,
            size_bytes=len(self.content),
            etag=self.etag,
            last_modified=self.last_modified,
            content_type=headers.content_type,
            cache_control=headers.cache_control,
            content_disposition=headers.content_disposition,
            content_encoding=headers.content_encoding,
            content_language=headers.content_language,
            metadata=headers.metadata,
        )
        if self.extras is None:
            return info
        return msgspec.structs.replace(
            info, expires=headers.expires, tag_count=len(self.extras.tags), checksum=self.extras.checksum
        )

    def part_info(self, key: str, number: int) -> ObjectInfo:
        """Returns this object as the contract describes it to who asks for one part.

        Raises:
            InvalidRange: It has no part of that number.
        """
        ends = self.more.part_ends
        bounds = (0, *ends) if ends else (0, len(self.content))
        if number >= len(bounds):
            raise InvalidRange(f"the object has no part {number}")
        return msgspec.structs.replace(
            self.info(key),
            checksum=self._part_checksum(number) if ends else self.more.checksum,
            part_range=ContentRange(bounds[number - 1], bounds[number], len(self.content)),
            parts_count=len(ends) or None,
        )

    def attributes(self, key: str, options: AttributesOptions) -> ObjectAttributes:
        """Returns this object with one page of the parts that it was uploaded in."""
        ends = self.more.part_ends
        bounds = (0, *ends)
        last = min(options.after + options.limit, len(ends))
        parts = tuple(
            ObjectPart(
                part_number=number,
                size_bytes=bounds[number] - bounds[number - 1],
                checksum=self._part_checksum(number),
            )
            for number in range(options.after + 1, last + 1)
        )
        return ObjectAttributes(
            info=self.info(key),
            parts_count=len(ends) or None,
            parts=parts,
            next_after=last if last < len(ends) else None,
        )

    def _part_checksum(self, number: int) -> Checksum | None:
        checksum, digests = self.more.checksum, self.more.part_digests
        return Checksum(checksum.algorithm, digests[number - 1]) if checksum is not None and digests else None

    def with_tags(self, tags: Mapping[str, str]) -> StoredObject:
        """Returns this object with these tags and no others; nothing else changes."""
        return msgspec.structs.replace(
            self, extras=kept_extras(self.headers, msgspec.structs.replace(self.more, tags=tags))
        )


def kept_extras(headers: ObjectHeaders, extras: Extras) -> Extras | None:
    """Returns what an object has that few have, or ``None`` for an object like most."""
    return extras if headers.expires is not None or extras != _NO_EXTRAS else None


def headers_of(source: ObjectHeaders) -> ObjectHeaders:
    """Returns the headers alone; objects without metadata or a date of their own share them."""
    if source.metadata or source.expires is not None:
        return ObjectHeaders(
            content_type=source.content_type,
            cache_control=source.cache_control,
            content_disposition=source.content_disposition,
            content_encoding=source.content_encoding,
            content_language=source.content_language,
            expires=source.expires,
            metadata=source.metadata,
        )
    return _shared(
        source.content_type,
        source.cache_control,
        source.content_disposition,
        source.content_encoding,
        source.content_language,
    )


@lru_cache(maxsize=1024)
def _shared(
    content_type: str, cache_control: str | None, disposition: str | None, encoding: str | None, language: str | None
) -> ObjectHeaders:
    return ObjectHeaders(
        content_type=content_type,
        cache_control=cache_control,
        content_disposition=disposition,
        content_encoding=encoding,
        content_language=language,
        metadata=NO_METADATA,
    )
