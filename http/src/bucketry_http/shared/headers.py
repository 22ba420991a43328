"""Headers of requests and responses, above all those of an object."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping
from datetime import datetime
from time import time
from typing import Any, Final
from urllib.parse import parse_qsl, quote

from bucketry import Deleted, Expiration, InvalidArgument, ObjectInfo
from bucketry.clock import Clock
from bucketry.expiration_header import EXPIRATION, expiration_value
from bucketry.headers import METADATA_PREFIX, OBJECT_HEADERS, header_values
from bucketry.s3 import http_date_at

from bucketry_http.shared.response_body import RawHeaders

TAGGING: Final = "x-amz-tagging"
"""The header of a write that gives the object's tags (S3 API reference, PutObject)."""

VERSION_ID: Final = "x-amz-version-id"
DELETE_MARKER: Final = "x-amz-delete-marker"
"""Headers of responses about a version (S3 API reference, GetObject)."""

_RAW_NAMES: Final = tuple(header.name.encode() for header in OBJECT_HEADERS)
_RAW_METADATA_PREFIX: Final = METADATA_PREFIX.encode()

_MAX_FIELDS: Final = 100
"""Most tags that are read from the header. It is more than any object may have, so the store says what is too many."""

_FALLBACK_CHARS: Final = frozenset(map(chr, range(0x20, 0x7F))) - set('"\\%')


def headers_of(scope: Any) -> dict[str, str]:
    """Returns a request's headers by lower-case name. Values of the same name are joined (RFC 9110, 5.3)."""
    result: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        result[name] = f"{result[name]}, {value}" if name in result else value
    return result


def last_modified(moment: datetime, clock: Clock) -> str:
    """Returns the value of ``Last-Modified``, which is never later than ``Date`` (RFC 9110, 8.8.2.1).

    A backend's clock may be ahead of this one, and this one may have been turned and reset.
    """
    return http_date_at(min(math.floor(moment.timestamp()), int(time() + clock.ahead)))


def object_headers(info: ObjectInfo, clock: Clock) -> RawHeaders:
    """Returns the headers of every response about an object, except for its length, range and checksum.

    ``x-amz-tagging-count`` and ``x-amz-mp-parts-count`` are in the S3 API reference, GetObject.
    """
    headers = [
        (b"etag", b'"%s"' % encoded(info.etag)),
        (b"last-modified", last_modified(info.last_modified, clock).encode()),
        (b"accept-ranges", b"bytes"),
    ]
    for name, value in zip(_RAW_NAMES, header_values(info), strict=True):
        if value:
            headers.append((name, encoded(value)))
    if info.metadata:
        headers += [(_RAW_METADATA_PREFIX + encoded(name), encoded(value)) for name, value in info.metadata.items()]
    if info.tag_count:
        headers.append((b"x-amz-tagging-count", b"%d" % info.tag_count))
    if info.parts_count:
        headers.append((b"x-amz-mp-parts-count", b"%d" % info.parts_count))
    return headers


def version_headers(version_id: str | None) -> RawHeaders:
    """Returns the header that names a version; none in a bucket that never had versions."""
    return [] if version_id is None else [(VERSION_ID.encode(), encoded(version_id))]


def expiration_headers(expiration: Expiration | None) -> RawHeaders:
    """Returns the header that says when lifecycle will delete an object."""
    return [] if expiration is None else [(EXPIRATION.encode(), expiration_value(expiration).encode())]


def deletion_headers(deleted: Deleted) -> RawHeaders:
    """Returns the headers that say what a delete did (S3 API reference, DeleteObject)."""
    marker = [(DELETE_MARKER.encode(), b"true")] if deleted.delete_marker else []
    return [*version_headers(deleted.version_id), *marker]


def encoded(value: str) -> bytes:
    """Returns the value of a header as bytes. As in `headers_of` and in the drivers, each character is one byte."""
    return value.encode("latin-1", "replace")


def tag_pairs(header: str) -> list[tuple[str, str]]:
    """Returns keys and values in ``x-amz-tagging``, which is encoded like a query. A key without ``=`` has no value.

    Raises:
        InvalidArgument: It is not UTF-8 behind its percent-encoding, or has very many tags.
    """
    try:
        # Each character of a header is a byte. Bytes beyond ASCII are UTF-8 that the client did not percent-encode.
        text = header.encode("latin-1").decode()
    except ValueError:
        raise _malformed_tags(TAGGING) from None
    return _pairs_in(text, TAGGING)


def _pairs_in(text: str, name: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise _malformed_tags(name) from None


def _malformed_tags(name: str) -> InvalidArgument:
    return InvalidArgument(f"{name} is encoded like a query, in UTF-8: project=one&stage=draft", field="tags")


def tags_of(headers: Mapping[str, str]) -> dict[str, str]:
    """Returns the tags in ``x-amz-tagging``.

    Raises:
        InvalidArgument: It cannot be read, or names a tag twice.
    """
    header = headers.get(TAGGING)
    return _tags_by_key(tag_pairs(header), TAGGING) if header else {}


def tags_in(text: str, name: str) -> dict[str, str]:
    """Returns the tags in a text that is encoded as ``x-amz-tagging`` is.

    Args:
        text: The text.
        name: What it is, for messages.

    Raises:
        InvalidArgument: It cannot be read, or names a tag twice.
    """
    return _tags_by_key(_pairs_in(text, name), name)


def _tags_by_key(pairs: list[tuple[str, str]], name: str) -> dict[str, str]:
    tags = dict(pairs)
    if len(tags) < len(pairs):
        raise InvalidArgument(f"{name} names a tag twice", field="tags")
    return tags


def content_md5_of(headers: dict[str, str]) -> bytes | None:
    """Returns the digest in ``Content-MD5`` (RFC 1864).

    Raises:
        InvalidArgument: It is not base64.
    """
    header = headers.get("content-md5")
    if header is None:
        return None
    try:
        return base64.b64decode(header.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidArgument("Content-MD5 is the digest's 16 bytes in base64", field="content_md5") from None


def disposition(kind: str, key: str) -> str:
    """Returns a ``Content-Disposition`` with the file name that a key ends with (RFC 6266).

    The name stands there in US-ASCII for old clients, and in UTF-8 where that says more (RFC 8187).

    Args:
        kind: ``attachment`` or ``inline``.
        key: The object's key.
    """
    name = key.rpartition("/")[2] or "download"
    if _FALLBACK_CHARS.issuperset(name):
        return f'{kind}; filename="{name}"'
    plain = "".join(char if char in _FALLBACK_CHARS else "_" for char in name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
