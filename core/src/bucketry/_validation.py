"""Checks and normalises what callers hand to a store, so that drivers need not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeVar

import msgspec

from bucketry._types import check_type, type_name
from bucketry.errors import InvalidArgument, InvalidBucketName, InvalidKey, NoSuchUpload, Unsupported
from bucketry.features import Features
from bucketry.models import NO_METADATA
from bucketry.options import ListOptions, PageOptions
from bucketry.s3 import BUCKET_NAME, MAX_KEY_BYTES, MAX_METADATA_BYTES, MAX_PAGE, http_date

MAX_HEADER_BYTES: Final = 1024
"""Longest of the other headers that an object keeps; the S3 API sets no figure, HTTP servers take 8 KiB in all."""

_MAX_CURSOR: Final = 4096
_MAX_UPLOAD_ID: Final = 1024
_MD5_BYTES: Final = 16
_EXISTING_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9_-]")
_NEW_NAME: Final = re.compile(BUCKET_NAME)
_IP_ADDRESS: Final = re.compile(r"\d+\.\d+\.\d+\.\d+")
_RESERVED_PREFIXES: Final = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES: Final = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_METADATA_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_HEADER_VALUE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_HTTP_DATE: Final = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT", re.ASCII)
_CONTENT_TYPE: Final = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+*-]+(?:\s*;[\x20-\x7e]*)?", re.ASCII)

StructT = TypeVar("StructT", bound=msgspec.Struct)


def check_new_bucket(name: str) -> None:
    """Checks a new bucket's name against S3's rules (S3 user guide, "General purpose bucket naming rules").

    Raises:
        InvalidBucketName: It breaks one; the message says which.
    """
    _check_text(name)
    if not _NEW_NAME.fullmatch(name):
        raise InvalidBucketName(
            "a bucket name has 3 to 63 lower-case letters, digits, hyphens and dots, "
            "and begins and ends with a letter or digit",
            bucket=name,
        )
    if ".." in name:
        raise InvalidBucketName("a bucket name has no two dots side by side", bucket=name)
    if _IP_ADDRESS.fullmatch(name):
        raise InvalidBucketName("a bucket name does not look like an IP address", bucket=name)
    if name.startswith(_RESERVED_PREFIXES) or name.endswith(_RESERVED_SUFFIXES):
        raise InvalidBucketName("names with this beginning or ending are reserved in S3", bucket=name)


def check_bucket(name: str) -> None:
    """Checks an existing bucket's name: older servers hold names that the rules for new ones forbid.

    Raises:
        InvalidBucketName: No server can hold a bucket of that name.
    """
    _check_text(name)  # Before the cache, whose keys have a hash.
    _check_existing(name)


@lru_cache(maxsize=1024)
def _check_existing(name: str) -> None:
    if not _EXISTING_NAME.fullmatch(name):
        raise InvalidBucketName(
            "a bucket name has 3 to 255 letters, digits, dots, hyphens and underscores", bucket=name
        )


def _check_text(name: object) -> None:
    if not isinstance(name, str):
        raise InvalidBucketName(f"a bucket name must be str, not {type_name(name)}")


def check_key(key: str) -> None:
    """Checks a key: any UTF-8, 1 to 1,024 bytes; nothing is normalised.

    Raises:
        InvalidKey: It is empty, too long or no valid Unicode.
    """
    if type(key) is str and key.isascii() and 0 < len(key) <= MAX_KEY_BYTES:
        return
    if not isinstance(key, str):
        raise InvalidKey(f"a key must be str, not {type_name(key)}")
    if not key:
        raise InvalidKey("a key cannot be empty")
    if _utf8_length(key) > MAX_KEY_BYTES:
        raise InvalidKey(f"a key has at most {MAX_KEY_BYTES} bytes in UTF-8")


def _utf8_length(text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise InvalidKey("it holds a lone surrogate, which is no valid Unicode") from None


def check_prefix(prefix: str) -> None:
    """Checks a prefix or delimiter, which may be empty but is otherwise as bounded as a key."""
    if prefix:
        check_key(prefix)


def check_cursor(cursor: str | None) -> None:
    """Checks a cursor's size; what it means is the driver's affair."""
    if cursor is not None and not 0 < len(cursor) <= _MAX_CURSOR:
        raise InvalidArgument(f"a cursor is what the page before gave, of at most {_MAX_CURSOR} characters")


def check_md5(digest: bytes) -> None:
    """Checks the size of an MD5."""
    check_type(digest, bytes, "content_md5")
    if len(digest) != _MD5_BYTES:
        raise InvalidArgument(
            f"content_md5 has {_MD5_BYTES} bytes: the digest itself, not its hexadecimal or base64 form"
        )


def check_limit(limit: int) -> None:
    """Checks the size of a page."""
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidArgument(f"a page's limit is 1 to {MAX_PAGE}, not {limit}")


def check_page_options(options: ListOptions | PageOptions) -> None:
    """Checks the size of a page, and where it begins."""
    check_limit(options.limit)
    check_cursor(options.cursor)


def check_part_number(part_number: int, most: int) -> None:
    """Checks the number of a part of an upload."""
    check_type(part_number, int, "a part number")
    if not 1 <= part_number <= most:
        raise InvalidArgument(f"a part number is 1 to {most}, not {part_number}")


def check_upload_id(bucket: str, key: str, upload_id: str) -> None:
    """Refuses what cannot be the id of an upload.

    Raises:
        NoSuchUpload: No backend gives such an id.
    """
    check_type(upload_id, str, "an upload id")
    if not upload_id or len(upload_id) > _MAX_UPLOAD_ID or not upload_id.isascii() or not upload_id.isprintable():
        raise NoSuchUpload("that is no upload id", bucket=bucket, key=key)


def check_options(options: object, kind: type[msgspec.Struct]) -> None:
    """Checks that options are those of the operation, and their fields of the right types.

    Options of another operation are refused too, also where they inherit from these: what they add would be ignored.

    Raises:
        InvalidArgument: They are not; the message says which type is wanted.
    """
    if type(options) is not kind:
        advice = f": write {kind.__name__}(name=value)" if isinstance(options, dict) else ""
        raise InvalidArgument(f"the options must be {kind.__name__}, not {type_name(options)}{advice}")
    check_type(options, kind, "the options")


def check_declared(options: msgspec.Struct, feature_of: Mapping[str, str], features: Features, driver: str) -> None:
    """Refuses options that the driver did not declare.

    Raises:
        Unsupported: One is set without its feature.
    """
    for field, feature in feature_of.items():
        value = getattr(options, field)
        # A number is set also where it is 0.
        if (value or type(value) is int) and not getattr(features, feature):
            raise Unsupported(
                f"the driver {driver!r} does not declare {feature}, which the option {field} needs", feature=feature
            )


def normalised_etag(etag: str | None) -> str | None:
    """Returns an etag as the contract writes it, without the quotes that HTTP puts around it.

    Raises:
        InvalidArgument: It is empty, weak (S3 has strong etags only) or holds more than one.
    """
    if etag is None:
        return None
    bare = etag[1:-1] if len(etag) >= 2 and etag[0] == etag[-1] == '"' else etag
    if not bare or len(bare) > MAX_HEADER_BYTES or '"' in bare or not bare.isprintable() or not bare.isascii():
        raise InvalidArgument("a condition holds one etag, as the store gave it, or *")
    return bare


def normalised_time(moment: datetime | None) -> datetime | None:
    """Returns a condition's time in UTC.

    Raises:
        InvalidArgument: It has no time zone, or lies before the year 1 or after 9999 in UTC.
    """
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise InvalidArgument("a time needs a time zone: datetime(…, tzinfo=UTC)")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidArgument("a time lies between the years 1 and 9999, in UTC too") from None


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
            raise InvalidArgument(f"the metadata name {name[:MAX_HEADER_BYTES]!r} is no HTTP header token")
        if value and not _HEADER_VALUE.fullmatch(value):
            raise InvalidArgument(f"the metadata value of {name!r} is not printable US-ASCII without blanks around it")
    if len(result) != len(metadata):
        raise InvalidArgument("two metadata names differ in case only")
    if sum(len(name) + len(value) for name, value in result.items()) > MAX_METADATA_BYTES:
        raise InvalidArgument(f"metadata has at most {MAX_METADATA_BYTES} bytes, names and values together")
    return MappingProxyType(result)


def check_header(field: str, value: str | None) -> None:
    """Checks a header that an object keeps.

    Raises:
        InvalidArgument: It cannot stand in an HTTP header, or is too long.
    """
    if value is None:
        return
    if len(value) > MAX_HEADER_BYTES:
        raise InvalidArgument(f"{field} has at most {MAX_HEADER_BYTES} characters")
    if not _HEADER_VALUE.fullmatch(value):
        raise InvalidArgument(f"{field} is not printable US-ASCII without blanks around it")
    if field == "content_type" and not _CONTENT_TYPE.fullmatch(value):
        raise InvalidArgument("content_type is a media type such as text/plain; charset=utf-8")
    if field == "expires" and not _is_http_date(value):
        raise InvalidArgument("expires is a date such as Sun, 06 Nov 1994 08:49:37 GMT")


def _is_http_date(value: str) -> bool:
    """Whether it is a date in the form that senders have to use (RFC 9110, 5.6.7), its day of the week included."""
    try:
        return _HTTP_DATE.fullmatch(value) is not None and http_date(parsedate_to_datetime(value)) == value
    except ValueError:
        return False


def changed(options: StructT, **fields: object) -> StructT:
    """Returns the options with these fields; themselves where all have these values already."""
    if all(getattr(options, name) is value for name, value in fields.items()):
        return options
    return msgspec.structs.replace(options, **fields)
