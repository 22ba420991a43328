"""An object's headers on the wire."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from types import MappingProxyType
from typing import Final

import msgspec
from bucketry import (
    DEFAULT_CONTENT_TYPE,
    BackendError,
    ByteRange,
    ContentRange,
    InvalidRange,
    ObjectHeaders,
    ObjectInfo,
    OpenedObject,
)
from bucketry.features import MIB
from bucketry.models import NO_METADATA
from urllib3 import BaseHTTPResponse

from bucketry_s3client._broken import not_whole, reading

_FIELDS: Final = {
    "content_type": "content-type",
    "cache_control": "cache-control",
    "content_disposition": "content-disposition",
    "content_encoding": "content-encoding",
    "content_language": "content-language",
    "expires": "expires",
}
_METADATA: Final = "x-amz-meta-"
_CHUNK_BYTES: Final = MIB // 4
_CONTENT_RANGE: Final = re.compile(r"bytes (\d{1,20})-(\d{1,20})/(\d{1,20})")


def of_object(headers: ObjectHeaders) -> dict[str, str]:
    """Returns the request headers that give an object its headers and metadata."""
    sent = {name: value for field, name in _FIELDS.items() if (value := getattr(headers, field)) is not None}
    for name, value in headers.metadata.items():
        sent[_METADATA + name] = value
    return sent


def object_info(key: str, answer: Mapping[str, str], size_bytes: int | None = None) -> ObjectInfo:
    """Reads an object's headers out of an answer to GET or HEAD.

    Args:
        key: The object's key.
        answer: Headers of the answer, found by their names in lower case.
        size_bytes: The object's size; ``None`` for the length of the answer.

    Raises:
        Unavailable: Length, etag or time are missing or malformed.
    """
    try:
        return _info_of(key, answer, size_bytes)
    except (KeyError, ValueError) as error:
        not_whole("the response about an object", error)


def _info_of(key: str, answer: Mapping[str, str], size_bytes: int | None) -> ObjectInfo:
    metadata = {
        lower.removeprefix(_METADATA): value
        for name, value in answer.items()
        if (lower := name.lower()).startswith(_METADATA)
    }
    return ObjectInfo(
        key=key,
        size_bytes=count_of(answer["content-length"]) if size_bytes is None else size_bytes,
        etag=some_etag(answer["etag"]),
        last_modified=parsedate_to_datetime(answer["last-modified"]),
        content_type=answer.get("content-type") or DEFAULT_CONTENT_TYPE,
        cache_control=answer.get("cache-control"),
        content_disposition=answer.get("content-disposition"),
        content_encoding=answer.get("content-encoding"),
        content_language=answer.get("content-language"),
        expires=answer.get("expires"),
        metadata=MappingProxyType(metadata) if metadata else NO_METADATA,
        tag_count=count_of(answer.get("x-amz-tagging-count", "0")),
    )


def info_of_part(key: str, answer: Mapping[str, str]) -> ObjectInfo:
    """Reads an object's headers out of an answer about one of its parts.

    Raises:
        BackendError: The server says something of another kind.
    """
    part_range = _range_in(answer)
    if part_range is None and answer.get("content-length") == "0":
        part_range = ContentRange(0, 0, 0)
    if part_range is None:
        raise BackendError("a part was asked for, and the server gives something else")
    info = object_info(key, answer, part_range.size_bytes)
    count = answer.get("x-amz-mp-parts-count")
    with reading("the number of an object's parts"):
        parts_count = None if count is None else count_of(count)
    return msgspec.structs.replace(info, part_range=part_range, parts_count=parts_count)


def stored_info(
    key: str, headers: ObjectHeaders, size_bytes: int, etag: str, moment: datetime, tag_count: int = 0
) -> ObjectInfo:
    """Describes an object that was just stored, as `object_info` would."""
    return ObjectInfo(
        key=key,
        size_bytes=size_bytes,
        etag=etag_of(etag),
        last_modified=moment,
        content_type=headers.content_type,
        cache_control=headers.cache_control,
        content_disposition=headers.content_disposition,
        content_encoding=headers.content_encoding,
        content_language=headers.content_language,
        expires=headers.expires,
        metadata=headers.metadata,
        tag_count=tag_count,
    )


def etag_of(text: str) -> str:
    """Returns an etag as the contract writes it: without quotes."""
    return text.strip('"')


def etag_in(answer: Mapping[str, str]) -> str:
    """Returns the etag in the answer to a write.

    Raises:
        Unavailable: There is none, so nobody knows whether that was the server's answer.
    """
    with reading("the response to a write"):
        return some_etag(answer["etag"])


def some_etag(text: str) -> str:
    """Returns an etag as `etag_of` does.

    Raises:
        ValueError: It is empty.
    """
    etag = etag_of(text)
    if not etag:
        raise ValueError("the etag is empty")
    return etag


def count_of(text: str) -> int:
    """Reads a number that a server writes, of bytes or of entries.

    Raises:
        ValueError: It is none.
    """
    if not (text.isascii() and text.isdecimal()):
        raise ValueError("that is no number")
    return int(text)


def quoted(etag: str) -> str:
    """Returns an etag as HTTP writes it (RFC 9110, 8.8.3)."""
    return etag if etag == "*" else f'"{etag}"'


def http_date(moment: datetime) -> str:
    """Returns a time as HTTP writes it (RFC 9110, 5.6.7)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def date_of(answer: Mapping[str, str]) -> datetime:
    """Returns when the server answered, to the second; where it does not say, the time is now (RFC 9110, 6.6.1)."""
    with suppress(ValueError):
        return parsedate_to_datetime(answer.get("date", ""))
    return datetime.now(UTC).replace(microsecond=0)


def written_within(begun: int | None, answer: Mapping[str, str]) -> datetime | None:
    """Returns the second in which an object was written, out of the answer to its put; ``None`` if that is not sure.

    S3 does not say it. But the object was written between the beginning of the request and the ``Date`` of its answer,
    and where both lie in one second, so does the object's time, and nobody needs to ask for it.

    Args:
        begun: When the server began with the request, in seconds since 1970; ``None`` if it did not say.
        answer: Headers of the answer.
    """
    date = answer.get("date")
    if begun is None or date is None:
        return None
    try:
        ended = parsedate_to_datetime(date)
    except ValueError:
        return None
    return ended if int(ended.timestamp()) == begun else None


def opened_object(
    key: str, answer: BaseHTTPResponse, wanted: ByteRange | None, part_number: int | None = None
) -> OpenedObject:
    """Makes an opened object of an answer to GET that is not read yet.

    What is stored is what is given, whatever its content encoding. The caller closes the answer if this raises.

    Raises:
        InvalidRange: Another range than the last bytes was wanted of an object that is empty.
        BackendError: A range or a part was wanted, and the server gives something else.
    """
    if part_number is not None:
        info = info_of_part(key, answer.headers)
        content_range = info.part_range
    elif wanted is None:
        content_range, info = None, object_info(key, answer.headers)
    else:
        content_range = _content_range(answer, wanted)
        info = object_info(key, answer.headers, content_range.size_bytes)

    def close() -> None:
        # Content that was not read would come before the next answer on this connection.
        answer.close()
        answer.release_conn()

    chunks: Iterator[bytes] = answer.stream(_CHUNK_BYTES, decode_content=False)
    return OpenedObject(info, chunks, content_range=content_range, close=close)


def _content_range(answer: BaseHTTPResponse, wanted: ByteRange) -> ContentRange:
    found = _range_in(answer.headers)
    if found is not None and _is_meant(found, wanted):
        return found
    # Of an empty object servers send 200 without a range, or 206 with one that ends before it begins (bytes 0--1/0).
    is_empty = answer.status == 200 or answer.headers.get("content-range", "").endswith("/0")
    if is_empty and answer.headers.get("content-length") == "0":
        return wanted.resolve(0)
    raise BackendError("a range was asked for, and the server gives something else")


def _is_meant(found: ContentRange, wanted: ByteRange) -> bool:
    """Whether these are the bytes that were asked for: a cache may give others."""
    try:
        return found == wanted.resolve(found.size_bytes)
    except InvalidRange:
        return False


def _range_in(answer: Mapping[str, str]) -> ContentRange | None:
    match = _CONTENT_RANGE.fullmatch(answer.get("content-range", ""))
    return None if match is None else ContentRange(int(match[1]), int(match[2]) + 1, int(match[3]))
