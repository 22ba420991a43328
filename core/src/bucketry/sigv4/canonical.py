"""The canonical request, which is what is signed, and the checks of its parts.

Source: S3 API reference, "Signature calculations for the Authorization header", task 1. S3 differs from other AWS
services in that the path is encoded once and never normalised: ``a//b`` and ``..`` stay as they are.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from operator import itemgetter
from typing import Final, NamedTuple, final
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit

ALGORITHM: Final = "AWS4-HMAC-SHA256"

UNSIGNED_PAYLOAD: Final = "UNSIGNED-PAYLOAD"
"""The payload is not signed."""

STREAMING_SIGNED: Final = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
"""The payload is aws-chunked, and every chunk is signed."""

STREAMING_SIGNED_TRAILER: Final = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
"""The same, with signed trailing headers."""

STREAMING_UNSIGNED_TRAILER: Final = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
"""The payload is aws-chunked with trailing headers, and neither is signed."""

PAYLOAD_LITERALS: Final = frozenset(
    {UNSIGNED_PAYLOAD, STREAMING_SIGNED, STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER}
)
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_METHOD: Final = re.compile(r"[A-Z]{1,32}")
# RFC 9110, 5.6.2 (token) and 5.5 (no CR, LF or NUL in a value).
HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_FORBIDDEN_IN_VALUE: Final = re.compile(r"[\r\n\0]")
_URL: Final = re.compile(r"[!-\"$-~]+")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def payload_hash(body: bytes) -> str:
    """Returns the SHA-256 of a body as ``x-amz-content-sha256`` takes it: lower-case hex."""
    return sha256(body).hexdigest()


def is_payload_declaration(value: str) -> bool:
    """Whether a string may stand in ``x-amz-content-sha256``: a hash, or one of the four literals."""
    return value in PAYLOAD_LITERALS or _SHA256.fullmatch(value) is not None


def check_method(method: str) -> None:
    """Raises ValueError unless it is an HTTP method in capitals."""
    if not _METHOD.fullmatch(method):
        raise ValueError("a method is an HTTP method in capitals, such as GET")


def split_url(url: str) -> SplitResult:
    """Splits a URL as it will be sent.

    Raises:
        ValueError: It has a fragment, or characters that no URL has unencoded (``urlsplit`` drops some of them).
    """
    if not _URL.fullmatch(url):
        raise ValueError(
            "a URL is printable ASCII without spaces and fragment: percent-encode the path, use the host's punycode"
        )
    return urlsplit(url)


def host_of(url: SplitResult) -> str:
    """Returns the ``Host`` header for a URL: lower case, and with the port unless it is the scheme's own.

    Raises:
        ValueError: It is not an http or https URL with a host, or it holds a user.
    """
    if url.scheme not in _DEFAULT_PORTS or not url.hostname:
        raise ValueError("a URL is needed that begins with http:// or https:// and a host")
    if "@" in url.netloc:
        raise ValueError("a URL holds no user and no password: credentials are passed on their own")
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    return host if url.port in (None, _DEFAULT_PORTS[url.scheme]) else f"{host}:{url.port}"


def lower_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Returns headers by lower-case name.

    Raises:
        ValueError: A name is malformed or comes twice, or a value holds a line break.
    """
    lowered: dict[str, str] = {}
    for name, value in headers.items():
        lower = name.lower()
        if not HEADER_NAME.fullmatch(name) or lower in lowered:
            raise ValueError(f"the header name {name!r} is malformed or comes twice")
        if _FORBIDDEN_IN_VALUE.search(value):
            raise ValueError(f"the value of the header {name!r} holds a line break or NUL")
        lowered[lower] = value
    return lowered


USUAL_NAMES: Final = {
    name.encode(): name
    for name in (
        "accept",
        "accept-encoding",
        "amz-sdk-invocation-id",
        "amz-sdk-request",
        "authorization",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-md5",
        "content-type",
        "expect",
        "host",
        "if-match",
        "if-none-match",
        "range",
        "transfer-encoding",
        "user-agent",
        "x-amz-acl",
        "x-amz-checksum-crc32",
        "x-amz-checksum-mode",
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-decoded-content-length",
        "x-amz-copy-source",
        "x-amz-sdk-checksum-algorithm",
        "x-amz-storage-class",
        "x-amz-tagging",
        "x-amz-trailer",
        "x-amz-user-agent",
    )
}
"""Names of headers that most requests have. Looking one up takes half as long as decoding it."""


class _Names(dict[bytes, str]):
    """Names of headers in lower case, by how they came."""

    def __missing__(self, name: bytes) -> str:
        lower = name.decode("latin-1").lower()
        # Few are kept: clients make names up.
        if len(self) < _MOST_NAMES and len(name) <= _LONGEST_NAME:
            self[name] = lower
        return lower


_MOST_NAMES: Final = 1000
_LONGEST_NAME: Final = 64
_NAMES: Final = _Names(USUAL_NAMES)


# quote() and unquote_to_bytes() take several times as long as seeing that there is nothing to do.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_.~/-]*")
_PLAIN_RAW_PATH = re.compile(rb"[A-Za-z0-9_.~/-]+")
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
    if _PLAIN_RAW_PATH.fullmatch(raw):
        return raw.decode()
    return quote(_decode(raw), safe="/") or "/"


def parse_query(raw: bytes) -> list[tuple[bytes, bytes]]:
    """Returns the decoded names and values of a query string, in order. ``+`` is a space, as MinIO and RGW read it."""
    pairs = (part.replace(b"+", b" ").partition(b"=") for part in raw.split(b"&") if part)
    return [(_decode(name), _decode(value)) for name, _, value in pairs]


def canonical_query(pairs: Iterable[tuple[bytes, bytes]]) -> str:
    """Returns decoded names and values in canonical form: encoded, then sorted by name and value."""
    return "&".join(f"{name}={value}" for name, value in sorted((encode(name), encode(value)) for name, value in pairs))


class HeaderLines(NamedTuple):
    """The canonical headers of all requests that sign the same ones.

    Attributes:
        text: The lines, with a place for each value.
        values: Returns the values for these places, given all values by name.
        number: How many lines there are.
    """

    text: str
    values: Callable[[Mapping[str, str]], object]
    number: int


def header_lines(names: Sequence[str]) -> HeaderLines:
    """Returns the lines of headers with these names, of which there is one at least."""
    text = "".join([f"{name.replace('%', '%%')}:%s\n" for name in names])
    return HeaderLines(text, itemgetter(*names), len(names))


def canonical_headers(lines: HeaderLines, headers: RequestHeaders) -> str:
    """Returns the canonical headers of a request. Each character is a byte.

    Values that are sent more than once are joined by a comma. White space at both ends of each is dropped, and runs of
    it within become one space.

    Args:
        lines: The headers that are signed.
        headers: All headers of the request.

    Raises:
        KeyError: One that is signed is not among them.
    """
    text = lines.text % lines.values(headers.values)
    # The usual values are canonical already. A colon before a space within a value only takes longer. No server passes
    # a line feed on: here it would be white space, and not the end of a line.
    if not (
        headers.has_repeated
        or (" " in text and ("  " in text or ": " in text or " \n" in text))
        or "\t" in text
        or "\r" in text
        or "\x0b" in text
        or "\x0c" in text
        or text.count("\n") > lines.number
    ):
        return text
    joined = {name: b",".join([b" ".join(value.split()) for value in values]) for name, values in headers.grouped()}
    return lines.text % lines.values({name: value.decode("latin-1") for name, value in joined.items()})


def request_hash(method: str, path: str, query: str, headers: str, signed_headers: str, payload: str) -> str:
    """Returns the SHA-256 of the canonical request, as lower-case hex.

    Args:
        method: The HTTP method.
        path: The canonical path.
        query: The canonical query.
        headers: The canonical headers. Each character is a byte.
        signed_headers: Their names in the same order, with ``;`` between them.
        payload: The value of ``x-amz-content-sha256``.
    """
    request = f"{method}\n{path}\n{query}\n{headers}\n{signed_headers}\n{payload}"
    return sha256(request.encode("latin-1")).hexdigest()


def string_to_sign(timestamp: str, scope: str, request_hash: str) -> str:
    """Returns what the signature of a whole request covers."""
    return f"{ALGORITHM}\n{timestamp}\n{scope}\n{request_hash}"


def sign_string(key: bytes, string: str) -> str:
    """Returns the signature of a string, as lower-case hex."""
    return hmac.digest(key, string.encode(), "sha256").hex()


@final
class RequestHeaders:
    """The headers of one request, read once for everybody.

    Attributes:
        raw: Names and values in order, as they were sent.
        values: The values by lower-case name; each character is a byte. The values of a header that is sent more than
            once are joined by ``", "`` (RFC 9110, 5.3).
        has_repeated: Whether a header is sent more than once.
    """

    __slots__ = ("has_repeated", "raw", "values")

    def __init__(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        """Reads all headers of a request, with names in any case."""
        self.raw = raw
        values = {_NAMES[name]: value.decode("latin-1") for name, value in raw}
        self.has_repeated = len(values) < len(raw)
        if self.has_repeated:
            values = {name: b", ".join(found).decode("latin-1") for name, found in self.grouped()}
        self.values = values

    def grouped(self) -> Iterable[tuple[str, list[bytes]]]:
        """Returns all values of each header, with its lower-case name."""
        found: dict[str, list[bytes]] = {}
        for name, value in self.raw:
            found.setdefault(name.decode("latin-1").lower(), []).append(value)
        return found.items()


def _decode(raw: bytes) -> bytes:
    return unquote_to_bytes(raw) if b"%" in raw else raw
