"""An object's headers on the wire, and the conditions of requests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from types import MappingProxyType
from typing import Final

from bucketry import DEFAULT_CONTENT_TYPE, HeadOptions, ObjectHeaders, ObjectInfo

NO_TYPE: Final = "binary/octet-stream"
"""What RGW answers for an object that was stored without a content type."""

_FIELDS: Final = {
    "content_type": "content-type",
    "cache_control": "cache-control",
    "content_disposition": "content-disposition",
    "content_encoding": "content-encoding",
    "content_language": "content-language",
}
_METADATA: Final = "x-amz-meta-"


def of_object(headers: ObjectHeaders) -> dict[str, str]:
    """Returns the request headers that give an object its headers and metadata."""
    sent = {name: value for field, name in _FIELDS.items() if (value := getattr(headers, field)) is not None}
    for name, value in headers.metadata.items():
        sent[_METADATA + name] = value
    return sent


def of_read(options: HeadOptions) -> dict[str, str]:
    """Returns the headers of a read's conditions. RGW takes etags unquoted, and an asterisk for an etag."""
    sent = {}
    if options.if_match is not None:
        if options.if_match != "*":
            sent["if-match"] = options.if_match
    elif options.if_unmodified_since is not None:
        sent["if-unmodified-since"] = _http_date(options.if_unmodified_since)
    if options.if_none_match is not None:
        if options.if_none_match != "*":
            sent["if-none-match"] = options.if_none_match
    elif options.if_modified_since is not None:
        sent["if-modified-since"] = _http_date(options.if_modified_since)
    return sent


def of_write(if_match: str | None, if_none_match: str | None) -> dict[str, str]:
    """Returns the headers of a write's conditions. RGW honours an etag only without quotes."""
    sent = {} if if_match is None else {"if-match": if_match}
    return sent if if_none_match is None else {**sent, "if-none-match": if_none_match}


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
        etag=answer["etag"].strip('"'),
        last_modified=parsedate_to_datetime(answer["last-modified"]),
        content_type=answer.get("content-type") or DEFAULT_CONTENT_TYPE,
        cache_control=answer.get("cache-control"),
        content_disposition=answer.get("content-disposition"),
        content_encoding=answer.get("content-encoding"),
        content_language=answer.get("content-language"),
        metadata=MappingProxyType(metadata),
    )


def stored_info(key: str, headers: ObjectHeaders, size_bytes: int, etag: str, moment: datetime) -> ObjectInfo:
    """Describes an object that was just stored, as `object_info` would."""
    return ObjectInfo(
        key=key,
        size_bytes=size_bytes,
        etag=etag.strip('"'),
        last_modified=moment,
        content_type=headers.content_type,
        cache_control=headers.cache_control,
        content_disposition=headers.content_disposition,
        content_encoding=headers.content_encoding,
        content_language=headers.content_language,
        metadata=headers.metadata,
    )


def date_of(answer: Mapping[str, str]) -> datetime:
    """Returns when the gateway answered, to the second."""
    text = answer.get("date")
    return parsedate_to_datetime(text) if text else datetime.now(UTC).replace(microsecond=0)


def begun_at(answer: Mapping[str, str]) -> int | None:
    """Returns the second, since 1970, in which RGW began with a request: it stands in the request id.

    ``tx000001719098c7d200174-006b0358fd-1010-default``: the second number is hexadecimal (``rgw_tools``,
    ``XMLTransactionId``).
    """
    parts = answer.get("x-amz-request-id", "").split("-")
    if len(parts) < 3 or not parts[0].startswith("tx"):
        return None
    try:
        return int(parts[1], 16)
    except ValueError:
        return None


def written_at(answer: Mapping[str, str]) -> datetime | None:
    """Returns the second in which an object was written, out of the answer to its put; ``None`` if that is not sure.

    RGW does not say it, but takes it between the beginning of the request and the ``Date`` of its answer. Where both
    lie in one second, so does the object's time, and nobody needs to ask for it.
    """
    begun, date = begun_at(answer), answer.get("date")
    if begun is None or date is None:
        return None
    ended = parsedate_to_datetime(date)
    return ended if int(ended.timestamp()) == begun else None


def _http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def now_in_seconds() -> datetime:
    """Returns the present, cut to the second."""
    return datetime.now(UTC).replace(microsecond=0)
