"""The headers that an object keeps: one table for the store, the drivers and both ports.

A header that is added to `ObjectHeaders` gets a row in `OBJECT_HEADERS`, and everything else follows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from functools import cache, lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, TypeVar

import msgspec

from bucketry.errors import InvalidArgument
from bucketry.models import NO_METADATA, ObjectHeaders
from bucketry.s3 import MAX_METADATA_BYTES, http_date, parse_http_date

METADATA_PREFIX: Final = "x-amz-meta-"
"""What the names of an object's own metadata begin with (S3 user guide, "Working with object metadata")."""

METADATA_FEATURE: Final = "put_metadata"
"""The feature that metadata needs."""

MAX_HEADER_BYTES: Final = 1024
"""Longest value of a header. The S3 API sets no figure; HTTP servers take 8 KiB of headers in all."""

_VALUE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_METADATA_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_MEDIA_TYPE: Final = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+*-]+(?:\s*;[\x20-\x7e]*)?", re.ASCII)
_HTTP_DATE: Final = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT", re.ASCII)

HeadersT = TypeVar("HeadersT", bound=ObjectHeaders)


def _is_media_type(value: str) -> bool:
    return _MEDIA_TYPE.fullmatch(value) is not None


def _is_http_date(value: str) -> bool:
    """Says whether a date has the form that senders must use (RFC 9110, 5.6.7), with the right day of the week."""
    try:
        return _HTTP_DATE.fullmatch(value) is not None and http_date(parsedate_to_datetime(value)) == value
    except ValueError:
        return False


def _preferred_date(value: str) -> str | None:
    moment = parse_http_date(value)
    return None if moment is None else http_date(moment)


class ObjectHeader(msgspec.Struct, frozen=True, kw_only=True):
    """A header that an object keeps.

    Attributes:
        field: The field of `ObjectHeaders`.
        name: The header's name in HTTP, in lower case.
        feature: The feature that storing it needs; ``None``: it needs none.
        is_valid: Whether a value has the header's form; ``None``: it may be any text that a header can hold.
        form: What that form is, for messages.
        read: Turns what a client sent into that form, or into ``None`` if it cannot; ``None``: it is taken as it is.
    """

    field: str
    name: str
    feature: str | None = "put_headers"
    is_valid: Callable[[str], bool] | None = None
    form: str = ""
    read: Callable[[str], str | None] | None = None

    def check(self, value: str, field: str | None = None) -> None:
        """Checks a value.

        Args:
            value: The value.
            field: The field that it comes from, if it has another name than in `ObjectHeaders`.

        Raises:
            InvalidArgument: The value cannot stand in an HTTP header, is too long, or does not have the header's form.
        """
        field = field or self.field
        if len(value) > MAX_HEADER_BYTES:
            raise InvalidArgument(
                f"{field} has at most {MAX_HEADER_BYTES} characters", field=field, limit=MAX_HEADER_BYTES
            )
        if not _VALUE.fullmatch(value):
            raise InvalidArgument(f"{field} is not printable US-ASCII without blanks around it", field=field)
        if self.is_valid is not None and not self.is_valid(value):
            raise InvalidArgument(f"{field} is {self.form}", field=field)

    def received(self, value: str) -> str:
        """Returns the value of a client's header in the form that objects keep.

        Raises:
            InvalidArgument: It cannot be read.
        """
        if self.read is None:
            return value
        result = self.read(value)
        if result is None:
            raise InvalidArgument(f"{self.name.title()} is {self.form}", field=self.field)
        return result


OBJECT_HEADERS: Final = (
    ObjectHeader(
        field="content_type",
        name="content-type",
        feature=None,
        is_valid=_is_media_type,
        form="a media type such as text/plain; charset=utf-8",
    ),
    ObjectHeader(field="cache_control", name="cache-control"),
    ObjectHeader(field="content_disposition", name="content-disposition"),
    ObjectHeader(field="content_encoding", name="content-encoding"),
    ObjectHeader(field="content_language", name="content-language"),
    ObjectHeader(
        field="expires",
        name="expires",
        is_valid=_is_http_date,
        form="a date such as Sun, 06 Nov 1994 08:49:37 GMT",
        read=_preferred_date,
    ),
)
"""The headers of `ObjectHeaders`, in the order of its fields. Its last field, ``metadata``, holds any number more."""

HEADER_OF: Final[Mapping[str, ObjectHeader]] = MappingProxyType({header.field: header for header in OBJECT_HEADERS})
"""The headers by field."""

HEADER_FEATURES: Final[Mapping[str, str]] = MappingProxyType(
    {header.field: header.feature for header in OBJECT_HEADERS if header.feature is not None}
    | {"metadata": METADATA_FEATURE}
)
"""The feature that each field of `ObjectHeaders` needs. A content type needs none."""

_NAMES: Final = tuple(header.name for header in OBJECT_HEADERS)
_FIELD_NAMES: Final = tuple((header.field, header.name) for header in OBJECT_HEADERS)
_FIELDS: Final = (*HEADER_OF, "metadata")
if ObjectHeaders.__struct_fields__ != _FIELDS:
    raise TypeError("OBJECT_HEADERS does not describe the fields of ObjectHeaders")

header_values: Final[Callable[[ObjectHeaders], tuple[str | None, ...]]] = attrgetter(*HEADER_OF)
"""Returns the values of an object's headers, in the order of `OBJECT_HEADERS`; ``None`` where it has no such header."""


def check_headers(headers: ObjectHeaders) -> None:
    """Checks the headers of an object, except for its metadata.

    Raises:
        InvalidArgument: A value cannot stand in an HTTP header, is too long, or does not have the header's form.
    """
    for field, value in zip(HEADER_OF, header_values(headers), strict=True):
        if value is not None:
            check_header(field, value)


@lru_cache(maxsize=1024)  # Most writers send the same few values. An entry has at most 1 KiB: others raise.
def check_header(field: str, value: str) -> None:
    """Checks one header of an object.

    Raises:
        InvalidArgument: As `check_headers`.
    """
    HEADER_OF[field].check(value)


def copy_headers(source: ObjectHeaders, kind: type[HeadersT], **rest: Any) -> HeadersT:
    """Makes a Struct with the headers and metadata of another one.

    Args:
        source: Where the headers come from: options, an `ObjectInfo`, or headers alone.
        kind: The Struct to make: `ObjectHeaders` itself or a Struct that inherits from it.
        rest: The other fields of the new Struct.
    """
    result: HeadersT = _cached_copier(kind, *rest)(source, **rest)
    return result


def header_copier(kind: type[HeadersT], *rest: str) -> Callable[..., HeadersT]:
    """Returns a function that does what `copy_headers` does for one Struct, in a quarter of the time.

    Args:
        kind: The Struct that it makes.
        rest: The other fields of the Struct. The function takes them after the source of the headers, in this order.
    """
    # Written out as code, as attrs and namedtuple do: a driver copies headers in every read.
    arguments = ", ".join([*(f"{field}=source.{field}" for field in _FIELDS), *(f"{name}={name}" for name in rest)])
    result: Callable[..., HeadersT] = eval(  # noqa: S307 - of the names of fields alone
        f"lambda {', '.join(['source', *rest])}: kind({arguments})", {"kind": kind}
    )
    return result


_cached_copier: Final[Any] = cache(header_copier)  # mypy doubts that a class can be hashed.


def header_pairs(headers: ObjectHeaders) -> list[tuple[str, str]]:
    """Returns an object's headers and metadata as HTTP sends them: pairs of a lower-case name and a value."""
    pairs = [(name, value) for name, value in zip(_NAMES, header_values(headers), strict=True) if value]
    if headers.metadata:
        pairs.extend((METADATA_PREFIX + name, value) for name, value in headers.metadata.items())
    return pairs


def header_fields(headers: Mapping[str, str]) -> dict[str, Any]:
    """Returns the fields of `ObjectHeaders` that the headers of a request or response give, as they are.

    Args:
        headers: Headers by lower-case name.
    """
    fields: dict[str, Any] = {field: value for field, name in _FIELD_NAMES if (value := headers.get(name)) is not None}
    if metadata := metadata_in(headers):
        fields["metadata"] = metadata
    return fields


def received_fields(headers: Mapping[str, str]) -> dict[str, Any]:
    """Returns the same for headers of a client, each in the form that objects keep.

    Raises:
        InvalidArgument: A header cannot be read: an ``Expires`` that is not a date.
    """
    fields = header_fields(headers)
    for header in OBJECT_HEADERS:
        if header.read is not None and header.field in fields:
            fields[header.field] = header.received(fields[header.field])
    return fields


def metadata_in(headers: Mapping[str, str]) -> dict[str, str]:
    """Returns the metadata among headers by lower-case name, without the prefix."""
    start = len(METADATA_PREFIX)
    return {name[start:]: value for name, value in headers.items() if name.startswith(METADATA_PREFIX)}


def normalised_metadata(metadata: Mapping[str, str]) -> Mapping[str, str]:
    """Returns metadata as it is stored: names in lower case, and immutable.

    Raises:
        InvalidArgument: A name is no HTTP token, a value is not printable US-ASCII or has blanks around it, two
            names differ in case only, or all together are over 2 KiB.
    """
    if not metadata:
        return NO_METADATA
    result = {name.lower(): value for name, value in metadata.items()}
    for name, value in result.items():
        if not _METADATA_NAME.fullmatch(name):
            raise _invalid_metadata(f"the metadata name {name[:MAX_HEADER_BYTES]!r} is not an HTTP header token")
        if value and not _VALUE.fullmatch(value):
            raise _invalid_metadata(f"the metadata {name!r} is not printable US-ASCII without blanks around it")
    if len(result) != len(metadata):
        raise _invalid_metadata("two metadata names differ in case only")
    if sum(len(name) + len(value) for name, value in result.items()) > MAX_METADATA_BYTES:
        raise InvalidArgument(
            f"metadata has at most {MAX_METADATA_BYTES} bytes, names and values together",
            field="metadata",
            limit=MAX_METADATA_BYTES,
        )
    return MappingProxyType(result)


def _invalid_metadata(detail: str) -> InvalidArgument:
    return InvalidArgument(detail, field="metadata")
