"""The canonical request: what is signed, to the byte.

Source: S3 API reference, "Signature calculations for the Authorization header", task 1. S3 differs from other AWS
services in that the path is encoded once and never normalised: ``a//b`` and ``..`` stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from urllib.parse import quote, unquote_to_bytes

# quote() and unquote_to_bytes() take several times as long as seeing that there is nothing to do.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_.~/-]*")
_PLAIN = re.compile(rb"[A-Za-z0-9_.~-]*")


def encode_path(path: str) -> str:
    """Returns a path with everything but unreserved characters (RFC 3986) and ``/`` percent-encoded, from UTF-8.

    Raises:
        UnicodeEncodeError: The path holds a lone surrogate.
    """
    return path if _PLAIN_PATH.fullmatch(path) else quote(path, safe="/")


def encode(value: str | bytes) -> str:
    """Returns a name or value of a query with everything but unreserved characters percent-encoded, from UTF-8.

    Raises:
        UnicodeEncodeError: The value is text that holds a lone surrogate.
    """
    raw = value.encode() if isinstance(value, str) else value
    return raw.decode() if _PLAIN.fullmatch(raw) else quote(raw, safe="")


def canonical_path(raw: bytes) -> str:
    """Returns the canonical form of a path as it was received: decoded once, encoded once.

    Clients differ in what they encode (``(``, ``+``, ``~``, lower-case escapes); the canonical form does not. A ``%``
    that starts no escape stands for itself.
    """
    return quote(_decode(raw), safe="/") or "/"


def parse_query(raw: bytes) -> list[tuple[bytes, bytes]]:
    """Returns the decoded names and values of a query string, in order. ``+`` is a space, as MinIO and RGW read it."""
    pairs = (part.replace(b"+", b" ").partition(b"=") for part in raw.split(b"&") if part)
    return [(_decode(name), _decode(value)) for name, _, value in pairs]


def canonical_query(pairs: Iterable[tuple[bytes, bytes]]) -> str:
    """Returns decoded names and values in canonical form: encoded, then sorted by name and value."""
    return "&".join(f"{name}={value}" for name, value in sorted((encode(name), encode(value)) for name, value in pairs))


def canonical_headers(names: Sequence[str], values: Mapping[str, Sequence[bytes]]) -> bytes:
    """Returns the lines of the canonical headers, each with its line feed, in the order of ``names``.

    Args:
        names: Lower-case names, each of which is in ``values``.
        values: The values of each header as they were sent; several are joined by a comma. White space at both ends
            is dropped, and runs of it within become one space.
    """
    lines = (name.encode() + b":" + b",".join(b" ".join(v.split()) for v in values[name]) + b"\n" for name in names)
    return b"".join(lines)


def request_hash(
    method: str, path: str, query: str, headers: bytes, signed_headers: Sequence[str], payload: str
) -> str:
    """Returns the SHA-256 of the canonical request, as lower-case hex.

    Args:
        method: The HTTP method.
        path: The canonical path.
        query: The canonical query.
        headers: The canonical headers.
        signed_headers: Their names, in the same order.
        payload: The value of ``x-amz-content-sha256``.
    """
    head = f"{method}\n{path}\n{query}\n".encode()
    tail = f"\n{';'.join(signed_headers)}\n{payload}".encode()
    return sha256(head + headers + tail).hexdigest()


def _decode(raw: bytes) -> bytes:
    return unquote_to_bytes(raw) if b"%" in raw else raw
