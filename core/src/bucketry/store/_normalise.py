"""Brings options into the one form that drivers get."""

from __future__ import annotations

from typing import Final, TypeVar

from bucketry import _validation as check
from bucketry.body import Body, BodySource
from bucketry.errors import InvalidArgument
from bucketry.models import ObjectHeaders
from bucketry.options import (
    CompleteOptions,
    CopyOptions,
    GetOptions,
    HeadOptions,
    Options,
    PartCopyOptions,
    PresignOptions,
    PutOptions,
    UploadOptions,
)
from bucketry.tagging import NO_TAGS, normalised_tags

_TEXT_HEADERS: Final = (
    "content_type",
    "cache_control",
    "content_disposition",
    "content_encoding",
    "content_language",
    "expires",
)

HeadersT = TypeVar("HeadersT", bound=ObjectHeaders)
ReadT = TypeVar("ReadT", bound=HeadOptions)
WriteT = TypeVar("WriteT", PutOptions, CopyOptions, CompleteOptions)


def content(body: Body | BodySource) -> Body:
    """Makes a body of whatever is put, and refuses one that is not whole any more."""
    if not isinstance(body, Body):
        return Body(body)
    body.require_unread()
    return body


def headers(options: HeadersT) -> HeadersT:
    """Checks an object's headers and makes its metadata lower case and immutable."""
    for field in _TEXT_HEADERS:
        value = getattr(options, field)
        if value is not None:
            check.check_header(field, value)
    metadata = check.normalised_metadata(options.metadata)
    # Always the immutable copy: the caller may change his own mapping later.
    return check.changed(options, metadata=metadata)


def read_conditions(options: ReadT) -> ReadT:
    """Unquotes the etags, brings the times into UTC, and checks the number of a part."""
    if options.part_number is not None and not 1 <= options.part_number <= check.MAX_PART_NUMBER:
        raise InvalidArgument(f"a part number is 1 to {check.MAX_PART_NUMBER}, not {options.part_number}")
    return check.changed(
        options,
        if_match=check.normalised_etag(options.if_match),
        if_none_match=check.normalised_etag(options.if_none_match),
        if_modified_since=check.normalised_time(options.if_modified_since),
        if_unmodified_since=check.normalised_time(options.if_unmodified_since),
    )


def write_conditions(options: WriteT) -> WriteT:
    """Unquotes the etag, and allows the only ``if_none_match`` that a write can have."""
    if options.if_none_match not in {None, "*"}:
        raise InvalidArgument("if_none_match of a write is *: only if the key holds no object yet")
    return check.changed(options, if_match=check.normalised_etag(options.if_match))


def get(options: GetOptions) -> GetOptions:
    """Checks the range and the conditions."""
    if options.range is not None:
        options.range.checked()
        if options.part_number is not None:
            raise InvalidArgument("a read names a range or a part, not both")
    return read_conditions(options)


def put(options: PutOptions) -> PutOptions:
    """Checks headers, tags, conditions and digest."""
    if options.content_md5 is not None:
        check.check_md5(options.content_md5)
    if options.tags is not NO_TAGS:
        options = check.changed(options, tags=normalised_tags(options.tags))
    return write_conditions(headers(options))


def upload(options: UploadOptions) -> UploadOptions:
    """Checks the headers and tags of the finished object."""
    return headers(check.changed(options, tags=normalised_tags(options.tags)))


def part_copy(options: PartCopyOptions) -> PartCopyOptions:
    """Checks the range, which names both its ends (S3 API reference, UploadPartCopy), and the condition."""
    wanted = options.range
    if wanted is not None and (wanted.checked().first is None or wanted.last is None):
        raise InvalidArgument("the range of a part's copy has a first and a last byte")
    return check.changed(options, source_if_match=check.normalised_etag(options.source_if_match))


def copy(options: CopyOptions) -> CopyOptions:
    """Checks the conditions on both sides, and the new headers and tags if there are any."""
    options = check.changed(options, source_if_match=check.normalised_etag(options.source_if_match))
    if isinstance(options.headers, Options):
        raise InvalidArgument(f"CopyOptions.headers is ObjectHeaders, not {type(options.headers).__name__}")
    if options.headers is not None:
        options = check.changed(options, headers=headers(options.headers))
    if options.tags is not None:
        options = check.changed(options, tags=normalised_tags(options.tags))
    return write_conditions(options)


def presign(options: PresignOptions) -> None:
    """Checks what a URL is to be good for."""
    if options.method not in {"GET", "PUT"}:
        raise InvalidArgument("a URL can be presigned for GET (download) or PUT (upload)")
    if not 1 <= options.expires_in <= check.MAX_EXPIRES_IN:
        raise InvalidArgument(f"expires_in is 1 to {check.MAX_EXPIRES_IN} seconds, not {options.expires_in}")
    only_for = {"content_type": "PUT", "response_content_type": "GET", "response_content_disposition": "GET"}
    for field, method in only_for.items():
        value: str | None = getattr(options, field)
        if value is not None and options.method != method:
            raise InvalidArgument(f"{field} goes with {method} only")
        check.check_header(field.removeprefix("response_"), value)
