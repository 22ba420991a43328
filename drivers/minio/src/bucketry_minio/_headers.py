"""An object's headers on the wire, and the conditions of requests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from types import MappingProxyType
from typing import Final

from bucketry import DEFAULT_CONTENT_TYPE, HeadOptions, ObjectHeaders, ObjectInfo

_FIELDS: Final = {
    "content_type": "content-type",
    "cache_control": "cache-control",
    "content_disposition": "content-disposition",
    "content_encoding": "content-encoding",
    "content_language": "content-language",
}
_METADATA: Final = "x-amz-meta-"
_NANOSECONDS: Final = 10**9


def of_object(headers: ObjectHeaders) -> dict[str, str]:
    """Returns the request headers that give an object its headers and metadata."""
    sent = {name: value for field, name in _FIELDS.items() if (value := getattr(headers, field)) is not None}
    for name, value in headers.metadata.items():
        sent[_METADATA + name] = value
    return sent


def of_read(options: HeadOptions) -> dict[str, str]:
    """Returns the header of a read's first condition, in the order of RFC 9110, 13.2.2.

    MinIO evaluates all that it is sent, in an order of its own; so the others are for `bucketry.conditions`.
    """
    if options.if_match is not None:
        return {"if-match": quoted(options.if_match)}
    if options.if_unmodified_since is not None:
        return {"if-unmodified-since": _http_date(options.if_unmodified_since)}
    if options.if_none_match is not None:
        return {"if-none-match": quoted(options.if_none_match)}
    if options.if_modified_since is not None:
        return {"if-modified-since": _http_date(options.if_modified_since)}
    return {}


def of_write(if_match: str | None, if_none_match: str | None) -> dict[str, str]:
    """Returns the headers of a write's conditions."""
    sent = {} if if_match is None else {"if-match": quoted(if_match)}
    return sent if if_none_match is None else {**sent, "if-none-match": if_none_match}


def quoted(etag: str) -> str:
    """Returns an etag as HTTP writes it (RFC 9110, 8.8.3)."""
    return etag if etag == "*" else f'"{etag}"'


def etag_of(text: str) -> str:
    """Returns an etag as the contract writes it."""
    return text.strip('"')


def _http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def object_info(key: str, answer: Mapping[str, str], size_bytes: int) -> ObjectInfo:
    """Reads an object's headers out of an answer to GET or HEAD."""
    metadata = {
        lower.removeprefix(_METADATA): value
        for name, value in answer.items()
        if (lower := name.lower()).startswith(_METADATA)
    }
    return ObjectInfo(
        key=key,
        size_bytes=size_bytes,
        etag=etag_of(answer["etag"]),
        last_modified=parsedate_to_datetime(answer["last-modified"]),
        content_type=answer.get("content-type") or DEFAULT_CONTENT_TYPE,
        cache_control=answer.get("cache-control"),
        content_disposition=answer.get("content-disposition"),
        content_encoding=answer.get("content-encoding"),
        content_language=answer.get("content-language"),
        metadata=MappingProxyType(metadata),
    )


def date_of(answer: Mapping[str, str]) -> datetime:
    """Returns when the server answered, to the second."""
    text = answer.get("date")
    return parsedate_to_datetime(text) if text else datetime.now(UTC).replace(microsecond=0)


def written_at(answer: Mapping[str, str]) -> datetime | None:
    """Returns the second in which an object was written, out of the answer to its put; ``None`` if that is not sure.

    The answer does not say it, but MinIO writes an object between the time in its request id, which is in nanoseconds
    (hexadecimal), and that of its ``Date``. Where both lie in one second, so does the object's time, and nobody
    needs to ask for it.
    """
    request_id, date = answer.get("x-amz-request-id", ""), answer.get("date")
    if date is None or len(request_id) != 16:
        return None
    try:
        begun = int(request_id, 16) // _NANOSECONDS
        ended = parsedate_to_datetime(date)
    except ValueError:
        return None
    return ended if int(ended.timestamp()) == begun else None
