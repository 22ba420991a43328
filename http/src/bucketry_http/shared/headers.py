"""An object's headers as HTTP sends and receives them."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final
from urllib.parse import quote

from bucketry import InvalidArgument, ObjectInfo

from bucketry_http.shared.dates import http_date

METADATA_PREFIX: Final = "x-amz-meta-"
"""How S3 names headers of user metadata ("Working with object metadata", S3 user guide)."""

_STORED: Final = ("cache_control", "content_encoding", "content_language")
_FALLBACK_CHARS: Final = frozenset(map(chr, range(0x20, 0x7F))) - set('"\\%')


def headers_of(scope: Any) -> dict[str, str]:
    """Returns a request's headers by lower-case name; those sent more than once are joined (RFC 9110, 5.3)."""
    result: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        result[name] = f"{result[name]}, {value}" if name in result else value
    return result


def object_headers(info: ObjectInfo) -> dict[str, str]:
    """Returns the headers that every answer about an object carries."""
    headers = {
        "content-type": info.content_type,
        "etag": f'"{info.etag}"',
        "last-modified": http_date(info.last_modified),
        "accept-ranges": "bytes",
    }
    for field in _STORED:
        if value := getattr(info, field):
            headers[field.replace("_", "-")] = value
    headers.update((METADATA_PREFIX + name, value) for name, value in info.metadata.items())
    return headers


def metadata_of(headers: dict[str, str]) -> dict[str, str]:
    """Returns the user metadata among a request's headers."""
    start = len(METADATA_PREFIX)
    return {name[start:]: value for name, value in headers.items() if name.startswith(METADATA_PREFIX)}


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
        raise InvalidArgument("Content-MD5 is the digest's 16 bytes in base64") from None


def disposition(kind: str, key: str) -> str:
    """Returns a ``Content-Disposition`` with the file name that a key ends with (RFC 6266).

    The name stands there in US-ASCII for old clients, and in UTF-8 where that says more (RFC 8187).

    Args:
        kind: ``attachment`` or ``inline``.
        key: The object's key.
    """
    name = key.rpartition("/")[2] or "download"
    plain = "".join(char if char in _FALLBACK_CHARS else "_" for char in name)
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'{kind}; filename="{plain}"{extended}'
