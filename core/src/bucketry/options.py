"""The options of each operation: one frozen Struct each, so that hook signatures never have defaults.

``feature`` marks an option that a driver must declare in its `Features`; `Store` refuses it with
``Unsupported`` where the driver did not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final, Literal

import msgspec

from bucketry.checksums import Checksum, ChecksumType
from bucketry.headers import HEADER_FEATURES
from bucketry.models import ObjectHeaders
from bucketry.ranges import ByteRange
from bucketry.s3 import MAX_PAGE
from bucketry.tagging import NO_TAGS

DEFAULT_EXPIRES_IN: Final = 3600
"""Seconds that a presigned URL works if its maker says nothing, as in AWS's SDKs."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all options.

    Attributes:
        feature_of: Which declared feature each optional field needs.
    """

    feature_of: ClassVar[Mapping[str, str]] = {}


class HeadOptions(Options, frozen=True, kw_only=True):
    """Conditions of a read, evaluated in the order of RFC 9110, 13.2.2, and which part is meant.

    Attributes:
        if_match: Only if the object has this etag (``*``: any).
        if_none_match: Only if it has not this etag; else `NotModified`.
        if_modified_since: Only if it changed after this time; else `NotModified`. Ignored beside ``if_none_match``.
        if_unmodified_since: Only if it did not change after this time. Ignored beside ``if_match``.
        part_number: Only this part of an object that was uploaded in parts 1, 2, 3 and so on, 1 to 10,000; any other
            object has one part, number 1. Where the uploader left numbers out, which part this is depends on the
            backend. Not beside ``range``. ``None``: the whole object.
    """

    feature_of: ClassVar[Mapping[str, str]] = {
        "if_match": "get_if_match",
        "if_none_match": "get_if_none_match",
        "if_modified_since": "get_if_modified_since",
        "if_unmodified_since": "get_if_unmodified_since",
        "part_number": "get_part_number",
    }

    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since: datetime | None = None
    if_unmodified_since: datetime | None = None
    part_number: int | None = None


class GetOptions(HeadOptions, frozen=True, kw_only=True):
    """Conditions of a read, and the range to read (``None``: all)."""

    range: ByteRange | None = None


class WriteConditions(Options, frozen=True, kw_only=True):
    """Conditions on what the key holds before a write.

    Attributes:
        if_match: Only if the object there has this etag (``*``: any). Where there is none: `NoSuchKey`.
        if_none_match: ``*``, the only value: only if the key holds no object yet.
    """

    if_match: str | None = None
    if_none_match: Literal["*"] | None = None


class PutOptions(ObjectHeaders, Options, frozen=True, kw_only=True):
    """The new object's headers and tags, and the conditions of writing it.

    Attributes:
        if_match: As in `WriteConditions`.
        if_none_match: As in `WriteConditions`.
        content_md5: MD5 that the body must have, 16 bytes (RFC 1864); `Store` checks it as the body passes.
        tags: The object's tags, at most 10.
        checksum_algorithm: Algorithm of the checksum that the object gets; ``None``: that of ``checksum``, or none.
        checksum: The checksum that the body must have; `Store` checks it as the body passes.
    """

    feature_of: ClassVar[Mapping[str, str]] = {
        "if_match": "put_if_match",
        "if_none_match": "put_if_none_match",
        **HEADER_FEATURES,
        "tags": "put_tagging",
        "checksum_algorithm": "checksums",
        "checksum": "checksums",
    }

    if_match: str | None = None
    if_none_match: Literal["*"] | None = None
    content_md5: bytes | None = None
    tags: Mapping[str, str] = NO_TAGS
    checksum_algorithm: str | None = None
    checksum: Checksum | None = None


class CopyOptions(WriteConditions, frozen=True, kw_only=True):
    """The conditions of a copy, and what the copy carries.

    Attributes:
        source_if_match: Only if the source has this etag (``*``: any).
        headers: The copy's headers, all of them; ``None``: those of the source.
        tags: The copy's tags, all of them; ``None``: those of the source. Independent of ``headers``.
        checksum_algorithm: Algorithm of the copy's checksum; ``None``: that of the source, if it has a checksum.
    """

    feature_of: ClassVar[Mapping[str, str]] = {
        "if_match": "copy_if_match",
        "if_none_match": "copy_if_none_match",
        "source_if_match": "copy_source_if_match",
        "tags": "copy_tagging",
        "checksum_algorithm": "checksums",
    }

    source_if_match: str | None = None
    headers: ObjectHeaders | None = None
    tags: Mapping[str, str] | None = None
    checksum_algorithm: str | None = None


class DeleteOptions(Options, frozen=True, kw_only=True):
    """The condition of a delete: only if the object has this etag (``*``: any); where there is none: `NoSuchKey`."""

    feature_of: ClassVar[Mapping[str, str]] = {"if_match": "delete_if_match"}

    if_match: str | None = None


class ListOptions(Options, frozen=True, kw_only=True):
    """Which objects to list.

    Attributes:
        prefix: Only keys that begin with it.
        delimiter: Rolls keys up to their next delimiter after the prefix into common prefixes.
        start_after: Only keys after it in byte order; with ``cursor``, the later of the two counts.
        cursor: Where the page before ended.
        limit: Most objects and common prefixes on the page, 1 to 1,000.
        content_type: Whether ``content_type`` is wanted; without it, backends that list none save the look-ups.
    """

    feature_of: ClassVar[Mapping[str, str]] = {"delimiter": "list_delimiter", "start_after": "list_start_after"}

    prefix: str = ""
    delimiter: str = ""
    start_after: str = ""
    cursor: str | None = None
    limit: int = MAX_PAGE
    content_type: bool = True


class PageOptions(Options, frozen=True, kw_only=True):
    """Which page of an upload's parts to list; ``limit`` is 1 to 1,000."""

    cursor: str | None = None
    limit: int = MAX_PAGE


class UploadListOptions(PageOptions, frozen=True, kw_only=True):
    """Which uploads in progress to list: those whose key begins with ``prefix``."""

    prefix: str = ""


class VersionListOptions(PageOptions, frozen=True, kw_only=True):
    """Which versions of objects to list; each field is as in `ListOptions`."""

    feature_of: ClassVar[Mapping[str, str]] = {
        "delimiter": "list_delimiter",
        "start_after": "list_versions_start_after",
    }

    prefix: str = ""
    delimiter: str = ""
    start_after: str = ""

    def of_objects(self) -> ListOptions:
        """Returns the options of `list_objects` that list the same keys, without their content types."""
        return ListOptions(
            prefix=self.prefix,
            delimiter=self.delimiter,
            start_after=self.start_after,
            cursor=self.cursor,
            limit=self.limit,
            content_type=False,
        )


class AttributesOptions(Options, frozen=True, kw_only=True):
    """Which page of an object's parts to list: those above number ``after``; ``limit`` is 1 to 1,000."""

    after: int = 0
    limit: int = MAX_PAGE


class UploadOptions(ObjectHeaders, Options, frozen=True, kw_only=True):
    """The headers and tags that the finished object will have, and its checksum.

    Attributes:
        tags: As in `PutOptions`.
        checksum_algorithm: Algorithm of its checksum and of its parts'; ``None``: it gets none.
        checksum_type: What its checksum is of; ``None``: what is usual for the algorithm.
    """

    feature_of: ClassVar[Mapping[str, str]] = {
        **HEADER_FEATURES,
        "tags": "upload_tagging",
        "checksum_algorithm": "checksums",
        "checksum_type": "checksums",
    }

    tags: Mapping[str, str] = NO_TAGS
    checksum_algorithm: str | None = None
    checksum_type: ChecksumType | None = None


class PartOptions(Options, frozen=True, kw_only=True):
    """What a part's body must be.

    Attributes:
        content_md5: As in `PutOptions`.
        checksum_algorithm: Algorithm of the part's checksum, which is that of the upload if that has one; ``None``:
            that of ``checksum``, or the upload's.
        checksum: As in `PutOptions`.
    """

    feature_of: ClassVar[Mapping[str, str]] = {"checksum_algorithm": "checksums", "checksum": "checksums"}

    content_md5: bytes | None = None
    checksum_algorithm: str | None = None
    checksum: Checksum | None = None


class PartCopyOptions(Options, frozen=True, kw_only=True):
    """What of a source a part is copied from, and the condition.

    Attributes:
        range: The bytes, which name their first and their last and lie within the source; ``None``: all of it.
        source_if_match: Only if the source has this etag (``*``: any).
    """

    feature_of: ClassVar[Mapping[str, str]] = {"source_if_match": "part_copy_source_if_match"}

    range: ByteRange | None = None
    source_if_match: str | None = None


class CompleteOptions(WriteConditions, frozen=True, kw_only=True):
    """The conditions of making an upload's parts the object, and what that must be.

    Attributes:
        checksum: The checksum that it must have. Of a composite one the number of parts may be left out.
        checksum_type: What its checksum must be of: what the upload began with.
        size_bytes: The size that it must have.
    """

    feature_of: ClassVar[Mapping[str, str]] = {
        "if_match": "complete_if_match",
        "if_none_match": "complete_if_none_match",
        "checksum": "checksums",
        "checksum_type": "checksums",
        "size_bytes": "checksums",
    }

    checksum: Checksum | None = None
    checksum_type: ChecksumType | None = None
    size_bytes: int | None = None


class PresignOptions(Options, frozen=True, kw_only=True):
    """What a presigned URL is good for.

    Attributes:
        method: ``GET`` (download) or ``PUT`` (upload).
        expires_in: Seconds that it works, 1 to 604,800 (S3 API reference, "Authenticating requests: using query
            parameters").
        content_type: For ``PUT``: the ``Content-Type`` that the client must send; signed. ``None``: any.
        response_content_type: For ``GET``: the ``Content-Type`` of the answer.
        response_content_disposition: For ``GET``: the ``Content-Disposition`` of the answer.
    """

    feature_of: ClassVar[Mapping[str, str]] = {
        "content_type": "presign_content_type",
        "response_content_type": "presign_response_headers",
        "response_content_disposition": "presign_response_headers",
    }

    method: Literal["GET", "PUT"] = "GET"
    expires_in: int = DEFAULT_EXPIRES_IN
    content_type: str | None = None
    response_content_type: str | None = None
    response_content_disposition: str | None = None
