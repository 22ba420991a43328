"""Presigned URLs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal, final

from bucketry.s3 import MAX_EXPIRES_IN

from .canonical import (
    ALGORITHM,
    UNSIGNED_PAYLOAD,
    RequestHeaders,
    canonical_headers,
    canonical_path,
    check_method,
    encode,
    encode_path,
    header_lines,
    host_of,
    lower_headers,
    sign_string,
    split_url,
    string_to_sign,
)
from .credentials import Credentials, KeyRing, Moment

_AUTH_PARAMETERS: Final = frozenset(
    f"x-amz-{name}"
    for name in ("algorithm", "credential", "date", "expires", "security-token", "signature", "signedheaders")
)
_NOTHING: Final[Mapping[str, str]] = {}


@final
class Presigner:
    """Makes presigned URLs for one endpoint, with one set of credentials.

    Make it once and keep it: it derives the signing key once a day. Threads may share it.
    """

    __slots__ = ("_credentials", "_host", "_keys", "_prefix", "_scheme", "_token", "_virtual")

    def __init__(
        self,
        credentials: Credentials,
        *,
        endpoint: str,
        region: str,
        addressing: Literal["path", "virtual"] = "path",
    ) -> None:
        """Prepares to sign.

        Args:
            credentials: Who signs.
            endpoint: Where the users of the URLs reach the store, such as ``https://s3.example.com:9000``. Its host is
                signed, so this must be the public endpoint. Its path comes before the bucket.
            region: The region that is signed.
            addressing: ``path`` puts the bucket first in the path, ``virtual`` puts it before the host name.

        Raises:
            ValueError: The endpoint is not an http or https URL of a host, or holds a user, a query or a fragment;
                or the region is malformed.
        """
        parts = split_url(endpoint)
        if parts.query:
            raise ValueError("an endpoint has no query")
        if addressing not in ("path", "virtual"):
            raise ValueError(f"addressing is 'path' or 'virtual', not {addressing!r}")
        self._host = host_of(parts)
        self._credentials = credentials
        self._scheme = parts.scheme
        self._prefix = canonical_path(parts.path.encode()).rstrip("/") + "/"
        self._virtual = addressing == "virtual"
        self._keys = KeyRing(credentials, region)
        token = credentials.session_token
        self._token = f"&X-Amz-Security-Token={encode(token.reveal())}" if token else ""

    def __repr__(self) -> str:
        return f"Presigner({self._credentials!r}, endpoint='{self._scheme}://{self._host}{self._prefix}')"

    def presign_url(
        self,
        method: str,
        bucket: str,
        key: str = "",
        *,
        expires_in: int,
        query: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
        now: datetime | None = None,
    ) -> str:
        """Returns a URL that allows one method on one object until it expires.

        The key is encoded once, from UTF-8, and is not normalised. The payload is not signed.

        Args:
            method: The HTTP method in capitals. A URL for ``GET`` does not serve ``HEAD``.
            bucket: The bucket, a valid name.
            key: The key, to the byte; empty for the bucket itself.
            expires_in: Seconds from ``now``, 1 to 604,800.
            query: More parameters, such as ``versionId``, ``response-content-disposition``, or ``partNumber`` and
                ``uploadId``. They are in the URL, in this order, and are signed.
            headers: Headers that the request will have to carry with just these values, such as ``content-type``.
                They are signed; the host always is.
            now: When the URL begins to hold, cut to the second; the present for None. It expires ``expires_in``
                seconds after that.

        Raises:
            ValueError: ``expires_in`` is out of range, ``now`` has no time zone, a parameter or header is one that
                signing sets, the method or a header is malformed, or a string cannot be UTF-8.
        """
        if not 1 <= expires_in <= MAX_EXPIRES_IN:
            raise ValueError(f"expires_in is 1 to {MAX_EXPIRES_IN} seconds, not {expires_in}")
        check_method(method)
        moment = self._keys.at(now)
        host, path = self._locate(bucket, key)
        if headers:
            names, lines = _signed_headers(host, headers)
        else:
            names, lines = "host", f"host:{host}\n"
        # In sorted order, but for the token that the URL carries last, as botocore writes it.
        first, last = _parameters(moment, expires_in, names)
        if query:
            given = _encode_query(query)
            wire = f"{given}&{first}{last}{self._token}"
            canonical = _sort(wire)
        else:
            wire, canonical = f"{first}{last}{self._token}", f"{first}{self._token}{last}"
        request = f"{method}\n{path}\n{canonical}\n{lines}\n{names}\n{UNSIGNED_PAYLOAD}"
        digest = sha256(request.encode()).hexdigest()
        signature = sign_string(moment.key, string_to_sign(moment.timestamp, moment.scope, digest))
        return f"{self._scheme}://{host}{path}?{wire}&X-Amz-Signature={signature}"

    def _locate(self, bucket: str, key: str) -> tuple[str, str]:
        if self._virtual:
            return f"{bucket}.{self._host}", self._prefix + encode_path(key)
        return self._host, self._prefix + encode_path(f"{bucket}/{key}" if key else bucket)


def _parameters(moment: Moment, expires_in: int, signed_headers: str) -> tuple[str, str]:
    first = (
        f"X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={moment.encoded_credential}"
        f"&X-Amz-Date={moment.timestamp}&X-Amz-Expires={expires_in}"
    )
    return first, f"&X-Amz-SignedHeaders={signed_headers.replace(';', '%3B')}"


def _encode_query(query: Mapping[str, str]) -> str:
    for name in query:
        if name.lower() in _AUTH_PARAMETERS:
            raise ValueError(f"the parameter {name!r} is set by signing")
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in query.items())


def _sort(query: str) -> str:
    return "&".join(sorted(query.split("&"), key=lambda pair: pair.partition("=")))


def _signed_headers(host: str, headers: Mapping[str, str]) -> tuple[str, str]:
    lowered = lower_headers(headers)
    if "host" in lowered:
        raise ValueError("the host is the endpoint's: it is signed as it is")
    names = sorted([*lowered, "host"])
    raw = [(name.encode(), value.encode()) for name, value in (lowered | {"host": host}).items()]
    lines = canonical_headers(header_lines(names), RequestHeaders(raw))
    return ";".join(names), lines.encode("latin-1").decode()
