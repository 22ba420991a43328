"""Values of headers: an object's own, etags, numbers and times."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import md5

from bucketry import ObjectHeaders
from bucketry.headers import header_pairs

from bucketry_s3client.errors import reading


def object_headers(headers: ObjectHeaders) -> dict[str, str]:
    """Returns the request headers that give an object its headers and metadata."""
    return dict(header_pairs(headers))


def unquoted(text: str) -> str:
    """Returns an etag as the contract writes it: without quotes."""
    return text.strip('"')


def response_etag(response: Mapping[str, str]) -> str:
    """Returns the etag in the response to a write.

    Raises:
        Unavailable: There is none. Then it may not be the server's response.
    """
    with reading("the response to a write"):
        return read_etag(response["etag"])


def read_etag(text: str) -> str:
    """Returns an etag as `unquoted` does.

    Raises:
        ValueError: It is empty.
    """
    etag = unquoted(text)
    if not etag:
        raise ValueError("the etag is empty")
    return etag


def read_count(text: str) -> int:
    """Reads a number that a server writes, of bytes or of entries.

    Raises:
        ValueError: The text is not a number.
    """
    if not (text.isascii() and text.isdecimal()):
        raise ValueError("that is not a number")
    return int(text)


def quoted(etag: str) -> str:
    """Returns an etag as HTTP writes it (RFC 9110, 8.8.3)."""
    return etag if etag == "*" else f'"{etag}"'


def response_date(response: Mapping[str, str]) -> datetime:
    """Returns when the server received, to the second; where it does not say, the time is now (RFC 9110, 6.6.1)."""
    with suppress(ValueError):
        return parsedate_to_datetime(response.get("date", ""))
    return datetime.now(UTC).replace(microsecond=0)


def written_within(begun: int | None, response: Mapping[str, str]) -> datetime | None:
    """Returns the second in which an object was written, from the response to its put; ``None`` if that is not sure.

    S3 does not say it. But the object was written between the beginning of the request and the ``Date`` of its
    response. Where both lie in one second, so does the object's time, and no second request is needed.

    Args:
        begun: When the server began with the request, in seconds since 1970; ``None`` if it did not say.
        response: Headers of the response.
    """
    date = response.get("date")
    if begun is None or date is None:
        return None
    try:
        ended = parsedate_to_datetime(date)
    except ValueError:
        return None
    return ended if int(ended.timestamp()) == begun else None


def md5_header(content: bytes) -> dict[str, str]:
    """Returns the header that S3 asks for with the bodies of some requests (S3 API reference, PutObjectTagging)."""
    return {"content-md5": b64encode(md5(content, usedforsecurity=False).digest()).decode()}
