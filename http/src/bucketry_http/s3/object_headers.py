"""What an object carries, as S3's headers say it, in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bucketry import InvalidArgument, ObjectInfo
from bucketry.s3 import MAX_METADATA_BYTES, MAX_TAGS, http_date, parse_http_date
from bucketry.tagging import normalised_tags

from bucketry_http.s3.errors import S3Error, invalid_argument
from bucketry_http.shared.dates import last_modified
from bucketry_http.shared.headers import HEADER_FIELDS, METADATA_PREFIX, tag_pairs
from bucketry_http.shared.sending import RawHeaders

DEFAULT_TYPE: Final = "binary/octet-stream"
"""The type of an object that is stored without ``Content-Type`` (S3 API reference, PutObject)."""

_STORED: Final = tuple((field, name.encode()) for name, field in HEADER_FIELDS.items() if field not in {"content_type"})
_PREFIX: Final = METADATA_PREFIX.encode()

OVERRIDES: Final = {
    "response-content-type": b"content-type",
    "response-content-language": b"content-language",
    "response-expires": b"expires",
    "response-cache-control": b"cache-control",
    "response-content-disposition": b"content-disposition",
    "response-content-encoding": b"content-encoding",
}
"""Parameters of GetObject and HeadObject that replace a header of the answer (S3 API reference)."""


def written_headers(headers: Mapping[str, str]) -> dict[str, Any]:
    """Returns the fields of ``ObjectHeaders`` that a request gives.

    Raises:
        S3Error: The metadata is too large.
    """
    fields: dict[str, Any] = {field: headers[name] for name, field in HEADER_FIELDS.items() if headers.get(name)}
    fields.setdefault("content_type", DEFAULT_TYPE)
    if "content_encoding" in fields:
        # How the body came over the wire is not how the object is encoded. Codings ignore case (RFC 9110, 8.4.1).
        codings = [coding.strip() for coding in fields["content_encoding"].split(",")]
        kept = [coding for coding in codings if coding.lower() != "aws-chunked"]
        fields["content_encoding"] = ", ".join(kept) or None
    if "expires" in fields:
        moment = parse_http_date(fields["expires"])
        if moment is None:
            raise invalid_argument("Expires", fields["expires"], "Expires is no HTTP date")
        fields["expires"] = http_date(moment)
    start = len(METADATA_PREFIX)
    if metadata := {name[start:]: headers[name] for name in headers if name.startswith(METADATA_PREFIX)}:
        if sum(len(name) + len(value) for name, value in metadata.items()) > MAX_METADATA_BYTES:
            raise S3Error("MetadataTooLarge")
        fields["metadata"] = metadata
    return fields


def written_tags(header: str | None) -> Mapping[str, str] | None:
    """Returns the tags in ``x-amz-tagging``, which is encoded like a query; ``None`` without that header.

    Raises:
        S3Error: It is malformed, or there are too many.
    """
    if header is None:
        return None
    try:
        pairs = tag_pairs(header)
    except InvalidArgument:
        raise invalid_argument(
            "x-amz-tagging",
            header,
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then "
            "URLEncoded URL query parameters without tag name duplicates.",
        ) from None
    return checked_tags(pairs)


def checked_tags(pairs: list[tuple[str, str]]) -> Mapping[str, str]:
    """Returns tags that are within S3's bounds.

    Raises:
        S3Error: They are not, or two have the same key.
    """
    if len(pairs) > MAX_TAGS:
        raise S3Error("BadRequest", f"Object tags cannot be greater than {MAX_TAGS}")
    tags = dict(pairs)
    if len(tags) < len(pairs):
        raise S3Error("InvalidTag", "Cannot provide multiple Tags with the same key")
    try:
        return normalised_tags(tags)
    except InvalidArgument as error:
        raise S3Error("InvalidTag", error.detail) from None


def answered_headers(info: ObjectInfo) -> RawHeaders:
    """Returns the headers of every answer that is about an object."""
    headers = [
        (b"content-type", info.content_type.encode()),
        (b"etag", b'"%s"' % info.etag.encode()),
        (b"last-modified", last_modified(info.last_modified).encode()),
        (b"accept-ranges", b"bytes"),
    ]
    for field, name in _STORED:
        value = getattr(info, field)
        if value:
            headers.append((name, value.encode()))
    if info.metadata:
        headers.extend((_PREFIX + name.encode(), value.encode()) for name, value in info.metadata.items())
    if info.tag_count:
        headers.append((b"x-amz-tagging-count", b"%d" % info.tag_count))
    if info.parts_count:
        headers.append((b"x-amz-mp-parts-count", b"%d" % info.parts_count))
    return headers


def overridden(headers: RawHeaders, query: Mapping[str, str], *, signed: bool) -> RawHeaders:
    """Returns the headers with those replaced that the query names.

    Raises:
        S3Error: The request is not signed, or a value cannot stand in a header.
    """
    wanted = {OVERRIDES[name]: value for name, value in query.items() if name in OVERRIDES}
    if not wanted:
        return headers
    if not signed:
        raise S3Error("InvalidRequest", "Request specific response headers cannot be used for anonymous GET requests.")
    for name, value in wanted.items():
        if not value.isprintable():
            raise invalid_argument(f"response-{name.decode()}", "", "A header's value has printable characters only.")
    return [pair for pair in headers if pair[0] not in wanted] + [
        (name, value.encode()) for name, value in wanted.items()
    ]
