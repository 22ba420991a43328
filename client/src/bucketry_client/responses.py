"""What is read from responses: JSON within limits, and the facts of an object in headers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import msgspec
from bucketry import ContentRange, Expiration, NotModifiedInfo, ObjectInfo, Retention
from bucketry.decoding import from_json
from bucketry.expiration_header import EXPIRATION, parse_expiration
from bucketry.headers import header_fields
from bucketry.models import NO_METADATA
from bucketry.object_lock import LEGAL_HOLD, LEGAL_HOLDS, LOCK_MODE, LOCK_UNTIL, RETENTION_MODES
from bucketry.rest_api import STORED_DISPOSITION
from bucketry.s3 import parse_http_date

from bucketry_client.errors import NOT_JSON, media_type, refuse
from bucketry_client.requests import JSON
from bucketry_client.sending import Incoming


async def read_all(incoming: Incoming, most: int) -> bytes | None:
    """Reads a body.

    Returns:
        The body; ``None``: it has more than ``most`` bytes.
    """
    pieces: list[bytes] = []
    left = most
    while piece := await incoming.next():
        left -= len(piece)
        if left < 0:
            return None
        pieces.append(piece)
    return b"".join(pieces)


async def read_json(incoming: Incoming, kind: Any, most: int, address: str) -> Any:
    """Reads a body of JSON.

    Raises:
        BackendError: It is too large, is not JSON, or is of another shape.
    """
    if media_type(incoming.headers) != JSON:
        refuse(address, f"it is {media_type(incoming.headers)[:100] or 'of no type'}, not JSON")
    body = await read_all(incoming, most)
    if body is None:
        refuse(address, f"it has more than {most} bytes")
    try:
        return from_json(body, kind)
    except msgspec.ValidationError as error:
        refuse(address, f"its JSON has another shape ({error})")
    except NOT_JSON:
        refuse(address, "it is not JSON")


def info_of(key: str, headers: Mapping[str, str], size_bytes: int) -> ObjectInfo:
    """Returns an object as the headers of a download tell it."""
    fields = header_fields(headers)
    fields["metadata"] = MappingProxyType(fields["metadata"]) if "metadata" in fields else NO_METADATA
    fields["content_disposition"] = headers.get(STORED_DISPOSITION)
    return ObjectInfo(
        key=key,
        size_bytes=size_bytes,
        etag=headers.get("etag", "").removeprefix("W/").strip('"'),
        last_modified=_time(headers),
        tag_count=_number(headers.get("x-amz-tagging-count", "")) or 0,
        version_id=headers.get("x-amz-version-id"),
        expiration=expiration_of(headers),
        retention=retention_of(headers),
        legal_hold=LEGAL_HOLDS.get(headers.get(LEGAL_HOLD, "")),
        **fields,
    )


def expiration_of(headers: Mapping[str, str]) -> Expiration | None:
    """Returns when lifecycle will delete an object; ``None`` if nothing says so."""
    try:
        return parse_expiration(headers.get(EXPIRATION, ""))
    except ValueError:
        return None


def retention_of(headers: Mapping[str, str]) -> Retention | None:
    """Returns until when a version is kept; ``None`` if nothing says so."""
    mode = RETENTION_MODES.get(headers.get(LOCK_MODE, ""))
    try:
        until = datetime.fromisoformat(headers.get(LOCK_UNTIL, "")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return None if mode is None else Retention(mode=mode, until=until)


def not_modified_info(headers: Mapping[str, str]) -> NotModifiedInfo:
    """Returns what the headers of a 304 tell."""
    return NotModifiedInfo(
        etag=headers["etag"].strip('"') if "etag" in headers else None,
        last_modified=_time(headers) if "last-modified" in headers else None,
        cache_control=headers.get("cache-control"),
        expires=headers.get("expires"),
    )


def length_of(headers: Mapping[str, str], address: str) -> int:
    """Returns the length of a download.

    Raises:
        BackendError: The response does not say it.
    """
    length = _number(headers.get("content-length", ""))
    return refuse(address, "it does not say its length") if length is None else length


def range_of(headers: Mapping[str, str], address: str) -> ContentRange:
    """Returns which bytes a 206 has.

    Raises:
        BackendError: The response does not say it.
    """
    unit, _, rest = headers.get("content-range", "").partition(" ")
    ends, _, size = rest.partition("/")
    numbers = [_number(text) for text in (*ends.partition("-")[::2], size)]
    if unit.lower() != "bytes" or None in numbers:
        refuse(address, "it does not say which bytes it has")
    first, last, total = (number or 0 for number in numbers)
    if not first <= last < total or length_of(headers, address) != last + 1 - first:
        refuse(address, "it has other bytes than it says")
    return ContentRange(first, last + 1, total)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _time(headers: Mapping[str, str]) -> datetime:
    return parse_http_date(headers.get("last-modified")) or datetime.fromtimestamp(0, UTC)
