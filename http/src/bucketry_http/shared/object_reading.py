"""Reading an object for a client: conditions, a range or a part, and the facts for the response.

Both ports read through `open_object` (GET) and `head_object` (HEAD). A request without conditions and ranges is one
call of the store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Final, TypeVar

import msgspec
from bucketry import (
    ByteRange,
    ContentRange,
    GetOptions,
    HeadOptions,
    InvalidArgument,
    InvalidRange,
    ObjectInfo,
    OpenedObject,
    Store,
)
from bucketry.s3 import parse_http_date

from bucketry_http.shared.calls import StoreCalls
from bucketry_http.shared.conditions import CONDITIONS, read_options
from bucketry_http.shared.response_body import PIECE_BYTES, ContentReader

T = TypeVar("T")

WHOLE: Final = GetOptions()
"""Reads the latest version, whole."""

_NOT_PLAIN: Final = CONDITIONS | {"range"}
"""A request without these headers reads the whole object, without conditions."""

OK: Final = HTTPStatus.OK.value
PARTIAL_CONTENT: Final = HTTPStatus.PARTIAL_CONTENT.value


class ReadResult(msgspec.Struct, frozen=True, gc=False):
    """What a read found.

    Attributes:
        status: 200 or 206.
        info: The object.
        content_range: The bytes that a GET sends; ``None``: all bytes. If the range has no bytes, the status is 200,
            since ``Content-Range`` cannot say that (RFC 9110, 14.4).
        body: The whole content, if it is small and in memory already. Empty for HEAD.
        reader: The content, if it must be read while it is sent. Send it, which closes it, or close it.
    """

    status: int
    info: ObjectInfo
    content_range: ContentRange | None = None
    body: bytes = b""
    reader: ContentReader | None = None

    @property
    def length(self) -> int:
        """The value of ``Content-Length``."""
        found = self.content_range
        return self.info.size_bytes if found is None else found.stop - found.start

    async def close(self) -> None:
        """Frees what the content holds. Call this if the content is not sent."""
        if self.reader is not None:
            await self.reader.close()


async def open_object(
    calls: StoreCalls, bucket: str, key: str, headers: Mapping[str, str], wanted: GetOptions = WHOLE
) -> ReadResult:
    """Opens an object, or the range or part that is asked for, under the request's conditions.

    A range is ignored if it is malformed, in another unit, or one of several (RFC 9110, 14.2 allows that), or if
    ``If-Range`` does not hold (13.1.5).

    Args:
        calls: The store.
        bucket: The bucket.
        key: The key.
        headers: The request's headers, by lower-case name.
        wanted: Which version or part, and its key. Conditions and the range come from the headers, and a part must not
            come with a range.

    Raises:
        InvalidArgument: A condition is malformed.
        NotModified: The client's copy is current; ``info`` is for the headers of the 304.
        InvalidRange: No byte is in the range, or the object has no such part.
        BucketryError: What the store raised.
    """
    if wanted is WHOLE and _NOT_PLAIN.isdisjoint(headers):
        read = calls.store.get_object
        opened = read(bucket, key) if calls.inline else await calls.read(bucket, key, read, bucket, key)
    else:
        opened = await _read(calls, bucket, key, wanted, partial(_open, calls.store, bucket, key, headers, wanted))
    found, length = opened.content_range, opened.length
    status = OK if found is None or not length else PARTIAL_CONTENT
    if length <= PIECE_BYTES and opened.is_held:
        return ReadResult(status, opened.info, found, opened.read())
    return ReadResult(status, opened.info, found, reader=ContentReader(calls, opened))


async def head_object(
    calls: StoreCalls,
    bucket: str,
    key: str,
    headers: Mapping[str, str],
    wanted: GetOptions = WHOLE,
    *,
    ranged: bool = False,
) -> ReadResult:
    """Looks at an object under the request's conditions.

    Args:
        calls: The store.
        bucket: The bucket.
        key: The key.
        headers: The request's headers, by lower-case name.
        wanted: As in `open_object`.
        ranged: Whether ``Range`` counts, as in S3. HTTP defines it only for GET (RFC 9110, 14.2).

    Raises:
        InvalidArgument: A condition is malformed.
        NotModified: The client's copy is current; ``info`` is for the headers of the 304.
        InvalidRange: No byte is in the range, or the object has no such part.
        BucketryError: What the store raised.
    """
    if wanted is WHOLE and CONDITIONS.isdisjoint(headers):
        info = await calls.read(bucket, key, calls.store.head_object, bucket, key)
    else:
        info = await _read(calls, bucket, key, wanted, partial(_head, calls.store, bucket, key, headers, wanted))
    found = info.part_range
    if found is None and ranged and (byte_range := requested_range(headers)) is not None:
        validator = headers.get("if-range")
        if validator is None or _is_current(validator, info):
            found = byte_range.resolve(info.size_bytes)
    return ReadResult(OK if found is None or found.start == found.stop else PARTIAL_CONTENT, info, found)


async def _read(calls: StoreCalls, bucket: str, key: str, wanted: GetOptions, read: Callable[[], T]) -> T:
    """Reads in the event loop only what the driver may have in memory: the object as it is now."""
    if wanted.version_id is None and wanted.part_number is None:
        return await calls.read(bucket, key, read)
    return await calls.call(read)


def requested_range(headers: Mapping[str, str]) -> ByteRange | None:
    """Returns the range in the header ``Range``, or ``None`` if it has no range that can be read."""
    header = headers.get("range")
    try:
        return None if header is None else ByteRange.parse(header)
    except InvalidArgument:
        return None


def _head(store: Store, bucket: str, key: str, headers: Mapping[str, str], wanted: GetOptions) -> ObjectInfo:
    options = _conditional(store, bucket, key, headers, wanted)
    return store.head_object(bucket, key, _head_options(options))


def _conditional(store: Store, bucket: str, key: str, headers: Mapping[str, str], wanted: GetOptions) -> GetOptions:
    """Returns what is wanted, under the conditions of the headers."""
    conditions = read_options(headers, lambda: store.head_object(bucket, key, _head_options(wanted)))
    stated = {name: value for name, value in msgspec.structs.asdict(conditions).items() if value is not None}
    return msgspec.structs.replace(wanted, **stated)


def _head_options(options: GetOptions) -> HeadOptions:
    return HeadOptions(**{name: getattr(options, name) for name in HeadOptions.__struct_fields__})


def _open(store: Store, bucket: str, key: str, headers: Mapping[str, str], wanted: GetOptions) -> OpenedObject:
    conditions = _conditional(store, bucket, key, headers, wanted)
    byte_range, validator = requested_range(headers), headers.get("if-range")
    options = msgspec.structs.replace(conditions, range=byte_range)
    if byte_range is None or validator is None:
        return store.get_object(bucket, key, options)
    # Another write may replace the object at any time, so the object that was opened is compared.
    try:
        opened = store.get_object(bucket, key, options)
    except InvalidRange:
        opened = store.get_object(bucket, key, conditions)
        if not _is_current(validator, opened.info):
            return opened
        opened.close()
        raise
    if _is_current(validator, opened.info):
        return opened
    opened.close()
    return store.get_object(bucket, key, conditions)


def _is_current(validator: str, info: ObjectInfo) -> bool:
    validator = validator.strip()
    if validator.startswith('"'):
        return validator == f'"{info.etag}"'
    moment = parse_http_date(validator)
    return moment is not None and moment == info.last_modified.replace(microsecond=0)
