"""What is kept of an object beside its key, in as little memory as it takes."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

import msgspec
from bucketry import ObjectHeaders, ObjectInfo
from bucketry.models import NO_METADATA

from bucketry_memory._data import Content


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
    """

    content: Content
    etag: str
    last_modified: datetime
    headers: ObjectHeaders

    def info(self, key: str) -> ObjectInfo:
        """Returns this object as the contract describes it."""
        headers = self.headers
        return ObjectInfo(
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


def headers_of(source: ObjectHeaders) -> ObjectHeaders:
    """Returns the headers alone; objects without metadata of their own share them."""
    if source.metadata:
        return ObjectHeaders(
            content_type=source.content_type,
            cache_control=source.cache_control,
            content_disposition=source.content_disposition,
            content_encoding=source.content_encoding,
            content_language=source.content_language,
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
