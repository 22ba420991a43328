"""Which bucket and key a request is about, byte for byte.

Source: S3 user guide, "Virtual hosting of general purpose buckets".
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from bucketry.options import MAX_KEY_BYTES

from bucketry_http.s3.errors import S3Error


def locate(raw_path: bytes, host: str, domains: tuple[str, ...]) -> tuple[str, str]:
    """Returns bucket and key; empty where the request names none.

    Args:
        raw_path: The path as it was received.
        host: The ``Host`` header.
        domains: Host names below which the first label is a bucket.

    Raises:
        S3Error: The path is not UTF-8 behind its percent-encoding, or the key is too long.
    """
    bucket = bucket_of_host(host, domains) if domains else ""
    if bucket:
        return bucket, _decoded(raw_path[1:])
    # The first slash ends the bucket; all others are the key's.
    raw_bucket, _, raw_key = raw_path[1:].partition(b"/")
    if raw_key and not raw_bucket:
        raise S3Error("InvalidBucketName", "The path names no bucket before the key.")
    return _decoded(raw_bucket), _decoded(raw_key)


def bucket_of_host(host: str, domains: tuple[str, ...]) -> str:
    """Returns the bucket that a host name stands for; empty where it is none below a domain."""
    name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    name = name.lower().rstrip(".")
    for domain in domains:
        if name.endswith("." + domain):
            return name.removesuffix("." + domain)
    return ""


def _decoded(raw: bytes) -> str:
    try:
        text = (unquote_to_bytes(raw) if b"%" in raw else raw).decode()
    except UnicodeDecodeError:
        raise S3Error("InvalidURI", "The path is not UTF-8 behind its percent-encoding.") from None
    # A character has up to four bytes: short texts need no second encoding.
    if len(text) * 4 > MAX_KEY_BYTES and len(text.encode()) > MAX_KEY_BYTES:
        raise S3Error("KeyTooLongError")
    return text


def copy_source(header: str) -> tuple[str, str]:
    """Returns bucket and key of ``x-amz-copy-source``, which is percent-encoded and may begin with a slash.

    Raises:
        S3Error: It is malformed, or names a version other than ``null``, which is all that there is.
    """
    path, _, query = header.partition("?")
    if query and query != "versionId=null":
        raise S3Error("NoSuchVersion" if query.startswith("versionId=") else "InvalidArgument")
    bucket, slash, key = path.removeprefix("/").partition("/")
    if not bucket or not slash or not key:
        raise S3Error("InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
    raw_bucket, raw_key = (part.encode("latin-1") for part in (bucket, key))
    return _decoded(raw_bucket), _decoded(raw_key)
