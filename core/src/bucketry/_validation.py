"""Checks the arguments that callers pass to a store, so that drivers need not."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final, TypeVar

import msgspec

from bucketry._type_checks import check_type, type_name
from bucketry.errors import InvalidArgument, InvalidBucketName, InvalidKey, NoSuchUpload
from bucketry.headers import check_header
from bucketry.options import ListOptions, PageOptions, PutOptions, has_type_alone
from bucketry.s3 import BUCKET_NAME, MAX_KEY_BYTES, MAX_PAGE

MAX_ETAG_CHARS: Final = 1024
"""Longest etag in a condition; backends have 32 to 64 characters."""

_MAX_CURSOR: Final = 4096
_LISTING_TEXTS: Final = ("prefix", "delimiter", "start_after")
_MAX_UPLOAD_ID: Final = 1024
_MAX_VERSION_ID: Final = 1024
_MD5_BYTES: Final = 16
_EXISTING_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9_-]")
_NEW_NAME: Final = re.compile(BUCKET_NAME)
_BROKEN_LABEL: Final = re.compile(r"[.-]\.|\.-")
_IP_ADDRESS: Final = re.compile(r"\d+\.\d+\.\d+\.\d+")
_RESERVED_PREFIXES: Final = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES: Final = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")

_MOST_NAMES: Final = 1024
_valid_names: Final[set[str]] = set()
"""Names of buckets that were found valid. Every call looks here first, which is faster than calling a cache."""

StructT = TypeVar("StructT", bound=msgspec.Struct)


def check_new_bucket(name: str) -> None:
    """Checks a new bucket's name against S3's rules (S3 user guide, "General purpose bucket naming rules").

    Raises:
        InvalidBucketName: The name breaks a rule; the message says which.
    """
    _check_text(name)
    if not _NEW_NAME.fullmatch(name):
        raise InvalidBucketName(
            "a bucket name has 3 to 63 lower-case letters, digits, hyphens and dots, "
            "and begins and ends with a letter or digit",
            bucket=name,
        )
    if _BROKEN_LABEL.search(name):
        raise InvalidBucketName(
            "a bucket name is a series of labels with dots between them, and each begins and ends with a letter or "
            "digit: clients put the name before the host's (virtual-host addressing)",
            bucket=name,
        )
    if _IP_ADDRESS.fullmatch(name):
        raise InvalidBucketName("a bucket name does not look like an IP address", bucket=name)
    if name.startswith(_RESERVED_PREFIXES) or name.endswith(_RESERVED_SUFFIXES):
        raise InvalidBucketName("names with this beginning or ending are reserved in S3", bucket=name)


def check_target(bucket: str, key: str) -> None:
    """Checks the name of an existing bucket, and a key.

    Raises:
        InvalidBucketName: As `check_bucket`.
        InvalidKey: As `check_key`.
    """
    if type(bucket) is not str:
        _check_text(bucket)
    if bucket not in _valid_names:
        _check_existing(bucket)
    # As `check_key` begins. Every call passes here, and calling it takes as long as the test.
    if not (type(key) is str and key.isascii() and 0 < len(key) <= MAX_KEY_BYTES):
        check_key(key)


def check_bucket(name: str) -> None:
    """Checks the name of an existing bucket. Servers may have buckets whose names the rules for new buckets forbid.

    Raises:
        InvalidBucketName: No server can hold a bucket of that name.
    """
    if type(name) is not str:  # First: what is looked up in a set must have a hash.
        _check_text(name)
    if name not in _valid_names:
        _check_existing(name)


def _check_existing(name: str) -> None:
    if not _EXISTING_NAME.fullmatch(name):
        raise InvalidBucketName(
            "a bucket name has 3 to 255 letters, digits, dots, hyphens and underscores", bucket=name
        )
    if len(_valid_names) == _MOST_NAMES:
        _valid_names.clear()
    _valid_names.add(name)


def _check_text(name: object) -> None:
    if not isinstance(name, str):
        raise InvalidBucketName(f"a bucket name must be str, not {type_name(name)}")


def check_key(key: str) -> None:
    """Checks a key: any UTF-8, 1 to 1,024 bytes; nothing is normalised.

    Raises:
        InvalidKey: It is empty, too long or not valid Unicode.
    """
    if type(key) is str and key.isascii() and 0 < len(key) <= MAX_KEY_BYTES:
        return
    if not isinstance(key, str):
        raise InvalidKey(f"a key must be str, not {type_name(key)}")
    if not key:
        raise InvalidKey("a key cannot be empty")
    if _utf8_length(key) > MAX_KEY_BYTES:
        raise InvalidKey(f"a key has at most {MAX_KEY_BYTES} bytes in UTF-8", limit=MAX_KEY_BYTES)


def _utf8_length(text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise InvalidKey("it holds a lone surrogate, which is not valid Unicode") from None


def check_prefix(prefix: str) -> None:
    """Checks a prefix or delimiter. It may be empty; otherwise the limits of keys apply."""
    if prefix:
        check_key(prefix)


def has_checked_type_alone(options: PutOptions) -> bool:
    """Says whether options of a put hold nothing but a content type, and checks that.

    Raises:
        InvalidArgument: The content type is malformed.
    """
    if not has_type_alone(options) or type(options.content_type) is not str:
        return False
    check_header("content_type", options.content_type)
    return True


def check_cursor(cursor: str | None) -> None:
    """Checks the size of a cursor. Only the driver knows what it means."""
    if cursor is not None and not 0 < len(cursor) <= _MAX_CURSOR:
        raise InvalidArgument(
            f"a cursor is what the page before gave, of at most {_MAX_CURSOR} characters", field="cursor"
        )


def check_md5(digest: bytes) -> None:
    """Checks the size of an MD5."""
    check_type(digest, bytes, "content_md5", field="content_md5")
    if len(digest) != _MD5_BYTES:
        raise InvalidArgument(
            f"content_md5 has {_MD5_BYTES} bytes: the digest itself, not its hexadecimal or base64 form",
            field="content_md5",
        )


def check_limit(limit: int) -> None:
    """Checks the size of a page."""
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidArgument(f"a page's limit is 1 to {MAX_PAGE}, not {limit}", field="limit", limit=MAX_PAGE)


def check_listing(options: ListOptions | PageOptions) -> None:
    """Checks which entries are listed, the size of the page, and where it begins."""
    check_limit(options.limit)
    check_cursor(options.cursor)
    for field in _LISTING_TEXTS:
        check_prefix(getattr(options, field, ""))


def check_part_number(part_number: int, most: int) -> None:
    """Checks the number of a part of an upload."""
    check_type(part_number, int, "a part number", field="part_number")
    if not 1 <= part_number <= most:
        raise InvalidArgument(f"a part number is 1 to {most}, not {part_number}", field="part_number", limit=most)


def check_upload(bucket: str, key: str, upload_id: str) -> None:
    """Checks the target and the id of an upload.

    Raises:
        InvalidBucketName: As `check_target`.
        InvalidKey: As `check_target`.
        NoSuchUpload: As `check_upload_id`.
    """
    check_target(bucket, key)
    check_upload_id(bucket, key, upload_id)


def check_upload_id(bucket: str, key: str, upload_id: str) -> None:
    """Checks the id of an upload.

    Raises:
        NoSuchUpload: No backend makes such an id.
    """
    check_type(upload_id, str, "an upload id", field="upload_id")
    if not upload_id or len(upload_id) > _MAX_UPLOAD_ID or not upload_id.isascii() or not upload_id.isprintable():
        raise NoSuchUpload("that is not an upload id", bucket=bucket, key=key)


def check_version_id(version_id: str | None) -> None:
    """Checks the id of a version. Only the driver knows the form of its own ids.

    Raises:
        InvalidArgument: No backend makes such an id.
    """
    if version_id is None:
        return
    check_type(version_id, str, "the id of a version", field="version_id")
    if not 1 <= len(version_id) <= _MAX_VERSION_ID or not version_id.isascii() or not version_id.isprintable():
        raise InvalidArgument(
            f"the id of a version has 1 to {_MAX_VERSION_ID} printable ASCII characters", field="version_id"
        )


def check_options(options: object, kind: type[msgspec.Struct]) -> None:
    """Checks that options are of the operation's class, and that their fields have the right types.

    Options of another operation are refused even if their class inherits from this one: their other fields would be
    ignored.

    Raises:
        InvalidArgument: They are something else. The message says which type is wanted.
    """
    if type(options) is not kind:
        advice = f": write {kind.__name__}(name=value)" if isinstance(options, dict) else ""
        raise InvalidArgument(f"the options must be {kind.__name__}, not {type_name(options)}{advice}", field="options")
    check_type(options, kind, "the options")


def normalised_etag(etag: str | None, field: str) -> str | None:
    """Returns an etag as the contract writes it, without the quotes that HTTP puts around it.

    Raises:
        InvalidArgument: It is empty, it is weak (S3 has only strong etags), or it holds more than one etag.
    """
    if etag is None:
        return None
    bare = etag[1:-1] if len(etag) >= 2 and etag[0] == etag[-1] == '"' else etag
    if not bare or len(bare) > MAX_ETAG_CHARS or '"' in bare or not bare.isprintable() or not bare.isascii():
        raise InvalidArgument("a condition holds one etag, as the store gave it, or *", field=field)
    return bare


def normalised_time(moment: datetime | None, field: str) -> datetime | None:
    """Returns a condition's time in UTC.

    Raises:
        InvalidArgument: It has no time zone, or in UTC it is before the year 1 or after the year 9999.
    """
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise InvalidArgument("a time needs a time zone: datetime(…, tzinfo=UTC)", field=field)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidArgument("a time lies between the years 1 and 9999, in UTC too", field=field) from None


def changed(options: StructT, **fields: object) -> StructT:
    """Returns the options with these values; the same object if it has all of them already."""
    if all(getattr(options, name) is value for name, value in fields.items()):
        return options
    return msgspec.structs.replace(options, **fields)
