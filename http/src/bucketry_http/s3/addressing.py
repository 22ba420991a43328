"""Which bucket and key a request is about, byte for byte.

Source: S3 user guide, "Virtual hosting of general purpose buckets".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from bucketry.s3 import MAX_KEY_BYTES

from bucketry_http.s3.errors import S3Error, invalid_argument

NULL_VERSION: Final = "null"
"""The id of the only version of an object in a bucket that never had versioning (S3 user guide, "How S3 Versioning
works")."""

_VERSION_ID: Final = re.compile(r"[A-Za-z0-9._-]{32}")
"""What the ids that S3 makes look like; it refuses others as malformed."""


class Domains:
    """The names of the endpoint, and which bucket is in a host name below them."""

    def __init__(self, domains: Iterable[str], endpoints: Iterable[str] = ()) -> None:
        """Prepares to look into hosts.

        Args:
            domains: Host names below which the first label is a bucket.
            endpoints: URLs of the endpoint, whose hosts are names of its own as well.
        """
        # Below several domains, the longest one counts.
        self._suffixes = sorted((f".{domain}" for domain in domains), key=len, reverse=True)
        hosts = (urlsplit(url).hostname or "" for url in endpoints)
        self._own = frozenset([*domains, *(host.rstrip(".") for host in hosts)])
        self._last = ("", "")

    def bucket_of(self, host: str) -> str:
        """Returns the bucket that a ``Host`` header names; empty if it names none.

        The endpoint's own name is never a bucket, even if it lies below another of its domains.
        """
        if not self._suffixes:
            return ""
        last, bucket = self._last
        if host != last:
            # Most requests come under the same name as the one before.
            bucket = self._bucket_of(host)
            self._last = (host, bucket)
        return bucket

    def _bucket_of(self, host: str) -> str:
        name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
        name = name.lower().rstrip(".")
        if name in self._own:
            return ""
        return next((name.removesuffix(suffix) for suffix in self._suffixes if name.endswith(suffix)), "")


def locate(raw_path: bytes, host: str, domains: Domains) -> tuple[str, bytes]:
    """Returns the bucket, and the key as it was received; empty where the request names none.

    Args:
        raw_path: The path as it was received.
        host: The ``Host`` header.
        domains: The endpoint's names.

    Raises:
        S3Error: The bucket is not UTF-8 behind its percent-encoding, or is too long.
    """
    bucket = domains.bucket_of(host)
    if bucket:
        return bucket, raw_path[1:]
    # The first slash ends the bucket; all others are the key's.
    raw_bucket, _, raw_key = raw_path[1:].partition(b"/")
    if raw_key and not raw_bucket:
        raise S3Error("InvalidBucketName", "The path names no bucket before the key.")
    return decoded(raw_bucket), raw_key


def decoded(raw: bytes) -> str:
    """Returns the name of a bucket or an object without its percent-encoding.

    Raises:
        S3Error: It is not UTF-8 behind that, or is too long.
    """
    try:
        text = (unquote_to_bytes(raw) if b"%" in raw else raw).decode()
    except UnicodeDecodeError:
        raise S3Error("InvalidURI", "The path is not UTF-8 behind its percent-encoding.") from None
    return _checked(text)


def _checked(text: str) -> str:
    # A character has up to four bytes: short texts need no second encoding.
    if len(text) * 4 > MAX_KEY_BYTES and len(text.encode()) > MAX_KEY_BYTES:
        raise S3Error("KeyTooLongError")
    return text


def copy_source(header: str) -> tuple[str, str]:
    """Returns bucket and key of ``x-amz-copy-source``.

    S3 decodes the header before it splits it, so its first slashes may be encoded too, and takes a raw ``+`` for a
    blank: clients encode it in different ways (S3 API reference, CopyObject; aws/aws-sdk-js, issue 1821). A version
    stands behind a raw ``?``, which is why an encoded one belongs to the key.

    Raises:
        S3Error: The header is malformed, or names a version that does not exist.
    """
    path, mark, query = header.partition("?")
    if mark:
        name, _, version = query.partition("=")
        if name != "versionId":
            raise invalid_argument("x-amz-copy-source", header, "Encode the ? of a key in the copy source as %3F.")
        check_version(version)
    try:
        text = unquote_to_bytes(path.encode("latin-1").replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise S3Error("InvalidURI", "The copy source is not UTF-8 behind its percent-encoding.") from None
    bucket, slash, key = text.removeprefix("/").partition("/")
    if not bucket or not slash or not key:
        raise invalid_argument(
            "x-amz-copy-source",
            header,
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
        )
    return _checked(bucket), _checked(key)


def check_version(version_id: str | None, name: str = "versionId") -> None:
    """Checks the id of a version, where no bucket has another version than ``null``.

    Args:
        version_id: The id; ``None``: the request names no version.
        name: The parameter that it stands in.

    Raises:
        S3Error: The id is malformed, or names a version that does not exist.
    """
    if version_id is None or version_id == NULL_VERSION:
        return
    if not version_id:
        raise invalid_argument(name, "", "Version id cannot be the empty string")
    if not _VERSION_ID.fullmatch(version_id):
        raise invalid_argument(name, version_id, "Invalid version id specified")
    raise S3Error("NoSuchVersion", elements={"VersionId": version_id})
