"""One request as the operations see it."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Mapping
from typing import Any, Final, final
from urllib.parse import unquote_to_bytes

from bucketry.ranges import whole_number

from bucketry_http.s3.addressing import Domains, decoded, locate
from bucketry_http.s3.errors import S3Error, invalid_argument
from bucketry_http.s3.settings import S3Rights
from bucketry_http.shared.headers import headers_of
from bucketry_http.shared.receiving import RequestContent

_PROCESS: Final = secrets.token_hex(4).upper()
_NUMBERS: Final = itertools.count(1)

NO_QUERY: Final[dict[str, str]] = {}


@final
class S3Request:
    """A request, with what it is about.

    Attributes:
        id: Unique; in every answer and log line.
        scope: The ASGI scope.
        method: The HTTP method.
        headers: By lower-case name.
        query: Decoded parameters by name.
        bucket: The bucket; empty for the service itself.
        key: The key; empty for a bucket.
        content: The body as it comes over the wire.
        payload: What the signature says of the body: a hash or one of the literals; ``None``: nothing is said.
        verified: The signature; ``None`` for a request without one.
        rights: What the one who asks may do.
    """

    __slots__ = (
        "bucket",
        "content",
        "headers",
        "id",
        "key",
        "method",
        "payload",
        "query",
        "rights",
        "scope",
        "verified",
    )

    def __init__(self, scope: Any, receive: Any, idle_seconds: float) -> None:
        """Takes what cannot be wrong; `read_target` takes the rest."""
        self.id = f"{_PROCESS}{next(_NUMBERS) & 0xFFFFFFFF:08X}"
        self.scope = scope
        self.method: str = scope["method"]
        self.headers = headers_of(scope)
        self.content = RequestContent(receive, idle_seconds)
        self.query = NO_QUERY
        self.bucket = self.key = ""
        self.payload: str | None = None
        self.verified: Any = None
        self.rights: S3Rights | None = None

    def read_target(self, domains: Domains) -> None:
        """Reads what the request is about.

        Raises:
            S3Error: Path or query is malformed.
        """
        # The bucket first: what is refused for its key still says where the bucket is.
        self.bucket, raw_key = locate(self.scope["raw_path"], self.headers.get("host", ""), domains)
        self.key = decoded(raw_key)
        if raw := self.scope["query_string"]:
            self.query = parse_query(raw)

    @property
    def resource(self) -> str:
        """The path as it was asked for."""
        raw: bytes = self.scope["raw_path"]
        return raw.decode("latin-1")

    @property
    def is_signed(self) -> bool:
        """Whether somebody known asks."""
        return self.verified is not None

    @property
    def has_body(self) -> bool:
        """Whether a body comes with it that has not been read to its end."""
        headers = self.headers
        declared = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        return declared and not self.content.ended


def parse_query(raw: bytes) -> dict[str, str]:
    """Returns the parameters of a query.

    Raises:
        S3Error: One comes twice or is not UTF-8.
    """
    query: dict[str, str] = {}
    for part in raw.split(b"&"):
        if not part:
            continue
        raw_name, _, raw_value = part.partition(b"=")
        name, value = _decoded(raw_name), _decoded(raw_value)
        if name in query:
            raise S3Error("InvalidArgument", f"The parameter {name[:100]!r} comes twice.")
        query[name] = value
    return query


def _decoded(raw: bytes) -> str:
    # As the signature's own canonical form reads it: "+" is a space.
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    try:
        return (unquote_to_bytes(raw) if b"%" in raw else raw).decode()
    except UnicodeDecodeError:
        raise S3Error("InvalidURI", "The query is not UTF-8 behind its percent-encoding.") from None


def number(query: Mapping[str, str], name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
    """Returns a parameter that is a number.

    Raises:
        S3Error: It is none, or out of bounds.
    """
    text = query.get(name)
    if text is None or (not text and name != "partNumber"):
        return default
    if not (text.isascii() and text.isdecimal()) or not least <= (value := whole_number(text)) <= most:
        raise invalid_argument(name, text, f"Argument {name} must be an integer between {least} and {most}")
    return value
