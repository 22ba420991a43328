"""What a request is made of: paths with byte-exact keys, queries, headers and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx
import msgspec
from bucketry import InvalidArgument, InvalidSettings, Retention
from bucketry.headers import METADATA_PREFIX, OBJECT_HEADERS, normalised_metadata
from bucketry.object_lock import LEGAL_HOLD, LOCK_MODE, LOCK_UNTIL
from bucketry.rest_api import PREFIX
from bucketry.s3 import http_date, xml_time

from bucketry_client.bodies import Content, Upload
from bucketry_client.operations import Operation
from bucketry_client.texts import header_value, utf8

JSON: Final = "application/json"

_DOTS: Final = {".": "%2E", "..": "%2E%2E"}
"""Segments that clients and proxies would resolve."""


class Request(msgspec.Struct, kw_only=True):
    """A request of an operation.

    Attributes:
        operation: The operation.
        path: Its path, percent-encoded.
        query: Its query; parameters that are ``None`` are left out.
        headers: Its headers; likewise.
        content: Its body.
        conditional: Whether it changes something under a condition. Then it is not repeated: it would meet itself.
        once: Whether it is not repeated whatever happens.
    """

    operation: Operation[Any]
    path: str
    query: Mapping[str, object] = msgspec.field(default_factory=dict)
    headers: Mapping[str, str | None] = msgspec.field(default_factory=dict)
    content: Content | None = None
    conditional: bool = False
    once: bool = False

    def target(self) -> str:
        """Returns path and query.

        Raises:
            InvalidArgument: A parameter is not UTF-8.
        """
        pairs = {name: utf8(_text(value), name) for name, value in self.query.items() if value is not None}
        return f"{self.path}?{urlencode(pairs, quote_via=quote)}" if pairs else self.path

    def sent_headers(self) -> dict[str, str]:
        """Returns the headers, with those of the body.

        Raises:
            InvalidArgument: A header has a value that cannot be sent.
        """
        headers = {name: header_value(value, name) for name, value in self.headers.items() if value is not None}
        if self.content is not None:
            if self.content.media_type is not None:
                headers["content-type"] = self.content.media_type
            if self.content.length is not None:
                headers["content-length"] = str(self.content.length)
        return headers


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def path_of(operation: Operation[Any], *, bucket: str = "", key: str = "", kind: str = "") -> str:
    """Returns the path of an operation. Every byte of the key stands in it, percent-encoded once.

    Raises:
        InvalidArgument: The bucket's name or the key is empty or not UTF-8.
    """
    path = operation.path
    for name, value, field in (("{name}", bucket, "bucket"), ("{kind}", kind, "kind"), ("{key}", key, "key")):
        if name in path:
            if not value:
                raise InvalidArgument("it must not be empty", field=field)
            path = path.replace(name, _encoded(value, field, "/" if field == "key" else ""))
    return path


def _encoded(value: str, field: str, safe: str) -> str:
    segments = quote(utf8(value, field), safe=safe).split("/")
    return "/".join(_DOTS.get(segment, segment) for segment in segments)


def json_body(value: object) -> Upload:
    """Returns a body of JSON.

    Raises:
        InvalidArgument: A text in it is not UTF-8.
    """
    try:
        return Upload(msgspec.json.encode(value), media_type=JSON)
    except UnicodeEncodeError:
        raise InvalidArgument("it has a text that cannot be written in UTF-8", field="body") from None


def etag_header(etag: str | None) -> str | None:
    """Returns the value of a condition on an etag."""
    return etag if etag is None or etag == "*" else f'"{etag}"'


def date_header(moment: datetime | None) -> str | None:
    """Returns the value of a condition on a time."""
    return None if moment is None else http_date(moment)


def kept_headers(
    fields: Mapping[str, str | None], metadata: Mapping[str, str], tags: Mapping[str, str]
) -> dict[str, str | None]:
    """Returns the headers of an upload that are kept with its object.

    Args:
        fields: The fields of `bucketry.models.ObjectHeaders`, but its metadata.
        metadata: The metadata.
        tags: The tags.

    Raises:
        InvalidArgument: A value, a name or a tag cannot be stored.
    """
    headers: dict[str, str | None] = {}
    for header in OBJECT_HEADERS:
        if (value := fields.get(header.field)) is not None:
            headers[header.name] = received = header.received(value)
            header.check(received)
    headers |= {METADATA_PREFIX + name: value for name, value in normalised_metadata(metadata).items()}
    headers["x-amz-tagging"] = encoded_tags(tags) or None
    return headers


def lock_headers(retention: Retention | None, legal_hold: bool | None) -> dict[str, str | None]:
    """Returns the headers of an upload that lock the version.

    Raises:
        InvalidArgument: The retention has a mode without a time, or a time without a mode or a time zone.
    """
    kept = Retention() if retention is None else retention.checked()
    return {
        LOCK_MODE: kept.mode,
        LOCK_UNTIL: None if kept.until is None else xml_time(kept.until),
        LEGAL_HOLD: None if legal_hold is None else "ON" if legal_hold else "OFF",
    }


def encoded_tags(tags: Mapping[str, str]) -> str:
    """Returns tags as an upload carries them; empty: there are none.

    Raises:
        InvalidArgument: A tag is not UTF-8.
    """
    pairs = [(utf8(name, "tags"), utf8(value, "tags")) for name, value in tags.items()]
    return urlencode(pairs, quote_via=quote)


def read_conditions(
    if_match: str | None,
    if_none_match: str | None,
    if_modified_since: datetime | None,
    if_unmodified_since: datetime | None,
) -> dict[str, str | None]:
    """Returns the headers of the conditions of a read."""
    return {
        "if-match": etag_header(if_match),
        "if-none-match": etag_header(if_none_match),
        "if-modified-since": date_header(if_modified_since),
        "if-unmodified-since": date_header(if_unmodified_since),
    }


def tag_of(kind: object) -> str:
    """Returns the name of a kind of settings in paths.

    Raises:
        InvalidArgument: It is not a kind of settings.
    """
    tag = getattr(getattr(kind, "__struct_config__", None), "tag", None)
    if not isinstance(tag, str):
        raise InvalidArgument("the kind is a class of settings, such as VersioningSettings", field="kind")
    return tag


def next_cursor(headers: Mapping[str, str]) -> str | None:
    """Returns the cursor of the next page from a ``Link`` header (RFC 8288); ``None``: this page is the last.

    Only the cursor counts: behind a proxy, host and path of the link may be others.
    """
    for link in headers.get("link", "").split(","):
        address, _, parameters = link.strip().partition(">")
        if address.startswith("<") and 'rel="next"' in parameters.replace(" ", ""):
            return dict(parse_qsl(urlsplit(address[1:]).query)).get("cursor")
    return None


def base_of(url: str) -> str:
    """Returns where the API is: scheme, host and port, and the path that a proxy puts in front.

    Raises:
        InvalidSettings: It is not such a URL.
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it checks the port
        httpx.URL(url)
        (parts.hostname or "").encode("idna")  # Names in the DNS are looked up so; one may be too long for it.
    except (ValueError, httpx.InvalidURL):
        raise InvalidSettings("the URL of the REST API cannot be read: write http://host:8000") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InvalidSettings("the URL of the REST API looks like http://host:8000 or https://host/path")
    if parts.username is not None or parts.password is not None:
        raise InvalidSettings("credentials do not belong in the URL of the REST API: give a token")
    if parts.query or parts.fragment:
        raise InvalidSettings("the URL of the REST API has neither a query nor a fragment")
    # People copy the URL with the API's own path.
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/").removesuffix(PREFIX)
