"""What the two signers share: checked methods, hosts and headers, and the values of ``x-amz-content-sha256``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Final
from urllib.parse import SplitResult, urlsplit

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
