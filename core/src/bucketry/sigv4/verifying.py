"""Verifying requests, presigned URLs and POST policies."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from time import time as clock_time
from typing import TYPE_CHECKING, Final, final

import msgspec

from bucketry.clock import Clock
from bucketry.s3 import BASIC_TIME, MAX_EXPIRES_IN, REGION, basic_time, parse_basic_time, parse_http_date
from bucketry.secret import Secret

from .canonical import (
    ALGORITHM,
    HEADER_NAME,
    PAYLOAD_LITERALS,
    UNSIGNED_PAYLOAD,
    USUAL_NAMES,
    HeaderLines,
    RequestHeaders,
    canonical_headers,
    canonical_path,
    canonical_query,
    header_lines,
    is_payload_declaration,
    parse_query,
    request_hash,
    sign_string,
    string_to_sign,
)
from .credentials import SERVICE, TERMINATOR, credential_scope, derive_key
from .errors import SignatureError
from .refusals import Kind, malformed, mismatch, missing_headers, unsigned_headers, wrong_mechanism
from .times import Times

if TYPE_CHECKING:
    from .chunks import ChunkDecoder

# A key of 1,024 bytes, every one percent-encoded, takes 3 KiB; a session token up to 4 KiB.
_MAX_URI: Final = 16_384
_MAX_HEADERS: Final = 256
_MAX_HEADER_BYTES: Final = 65_536
_MAX_AUTHORIZATION: Final = 8_192
_MAX_SIGNED_HEADERS: Final = 128
_MAX_POLICY: Final = 65_536
_MAX_REMEMBERED: Final = 1_024
"""Longest text that a cache holds: an ``Authorization`` header without its signature, or a date."""

_SIGNATURE: Final = re.compile(r"[0-9a-f]{64}")
_ACCESS_KEY: Final = re.compile(r"[\x21-\x7e]{1,256}")
_EXPIRES: Final = re.compile(r"-?[0-9]{1,7}")
_USUAL_AUTHORIZATION: Final = re.compile(rf"{ALGORITHM} Credential=([^, \t]+), ?SignedHeaders=([^, \t]+), ?Signature=")
"""An ``Authorization`` header as clients write it, up to the signature."""

_FIELDS: Final = frozenset({"Credential", "SignedHeaders", "Signature"})
_PARAMETERS: Final = frozenset(f"X-Amz-{name}" for name in ("Algorithm", "Date", "Expires", *_FIELDS))
_QUERY_MARKS: Final = frozenset({b"X-Amz-Algorithm", b"X-Amz-Credential", b"X-Amz-Signature"})
_POLICY_FIELDS: Final = ("policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature")
_SINGLE_HEADERS: Final = ("authorization", "date", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token")
_MUST_BE_SIGNED: Final = "x-amz-"
_USUALLY_UNSIGNED: Final = frozenset(name for name in USUAL_NAMES.values() if not name.startswith(_MUST_BE_SIGNED))


@final
class Verified(msgspec.Struct, frozen=True):
    """A valid signature.

    Attributes:
        access_key: Who signed.
        date: When, UTC, to the second.
        region: The region of the credential scope.
        signed_headers: Lower-case names, sorted; empty for a policy.
        kind: ``header``, ``query`` (a presigned URL) or ``policy`` (a form upload).
        payload: The signed value of ``x-amz-content-sha256``: a hash of the body in lower-case hex, or one of the
            literals. ``UNSIGNED-PAYLOAD`` where none was sent with a presigned URL.
        session_token: The token that was sent. The verifier does not know it: a service that issues tokens must check
            it, and any other service must refuse it.
        expires_at: When a presigned URL expires; None for the other kinds.
        signature: The signature, which is the seed of the chunk signatures.
        signing_key: The key that the chunks are signed with. Never log it.
    """

    access_key: str
    date: datetime
    region: str
    signed_headers: tuple[str, ...]
    kind: Kind
    payload: str
    session_token: Secret | None
    expires_at: datetime | None
    signature: str
    signing_key: bytes

    def __repr__(self) -> str:
        return f"Verified({self.kind}, access_key={self.access_key!r}, date={self.date!r}, region={self.region!r})"

    def check_payload(self, sha256: str) -> None:
        """Compares the body with what was signed. Does nothing where the payload is not declared by its hash.

        Args:
            sha256: The SHA-256 of the whole body, lower-case hex.

        Raises:
            SignatureError: It is another body (``XAmzContentSHA256Mismatch``).
        """
        if self.payload not in PAYLOAD_LITERALS and not hmac.compare_digest(self.payload, sha256):
            raise SignatureError(
                "XAmzContentSHA256Mismatch", "The body is not the one whose SHA-256 x-amz-content-sha256 holds."
            )

    def chunk_decoder(self, decoded_length: int, trailers: Collection[str] = ()) -> ChunkDecoder:
        """Returns the decoder for the body of a request whose payload is one of the ``STREAMING_…`` constants.

        Args:
            decoded_length: The value of ``x-amz-decoded-content-length``.
            trailers: The names in ``x-amz-trailer``.

        Raises:
            ValueError: The payload is not aws-chunked, or the length is negative.
        """
        from .chunks import ChunkDecoder, ChunkSigner  # Only here: a server starts sooner without it.

        stamp = basic_time(self.date)
        signer = ChunkSigner(self.signing_key, stamp, credential_scope(stamp[:8], self.region), self.signature)
        return ChunkDecoder(self.payload, decoded_length, signer=signer, trailers=trailers)


@final
class Verifier:
    """Verifies Signature Version 4 for S3. Threads may share it."""

    __slots__ = ("_decoy", "_lookup", "_max_skew", "_region", "_times")

    def __init__(
        self, lookup: Callable[[str], Secret | None], *, region: str | None = None, times: Times | None = None
    ) -> None:
        """Prepares to verify.

        Args:
            lookup: Returns the secret key of an access key, or None for one that it does not know. An empty secret key
                counts as none.
            region: The only region to accept; None for any.
            times: Judges the times of requests; None: by the system's clock.
        """
        self._lookup = lookup
        self._region = region
        self._times = times or Times(Clock())
        self._max_skew = self._times.max_skew
        # An unknown access key is verified with this and itself, so that it takes as long as a known one.
        self._decoy = secrets.token_urlsafe(30)

    def verify(
        self,
        method: str,
        path: bytes,
        query: bytes,
        headers: RequestHeaders | Iterable[tuple[bytes, bytes]],
        *,
        now: datetime | None = None,
    ) -> Verified:
        """Verifies a request as it came over the wire. The body is not touched.

        Args:
            method: The HTTP method.
            path: The path, still encoded (``raw_path`` in ASGI).
            query: The query, still encoded, without the ``?``.
            headers: All headers in order, repeated ones too, with names in any case; at most 256 of 64 KiB together.
                A caller that has read them already passes them as `RequestHeaders`.
            now: The time to judge by, with a time zone; the clock's and real time for None.

        Raises:
            SignatureError: The request is not signed (``AccessDenied``), or its signature is wrong. No other error is
                raised, whatever a client sends.
        """
        if len(path) + len(query) > _MAX_URI:
            raise SignatureError("InvalidURI", f"The path and the query are limited to {_MAX_URI} bytes together.")
        if not method.isascii():
            raise SignatureError("InvalidRequest", "The method is not an HTTP method.")
        if not isinstance(headers, RequestHeaders):
            headers = RequestHeaders(list(headers))
        values = headers.values
        # To join names and values is the fastest way to measure them.
        if len(headers.raw) > _MAX_HEADERS or len("".join([*values, *values.values()])) > _MAX_HEADER_BYTES:
            raise _too_large()
        pairs = parse_query(query) if query else []
        claimed = _claimed(pairs, headers)
        scope = claimed.scope
        if scope.region != self._region:
            self._check_region(claimed)
        age = (clock_time() if now is None else now.timestamp()) - claimed.second
        if claimed.expires_in is not None or not -self._max_skew <= age <= self._max_skew:
            self._check_age(claimed, now)
        if not values.keys() <= scope.expected:
            _check_unsigned(scope, headers)
        try:
            lines = canonical_headers(scope.lines, headers)
        except KeyError:
            raise missing_headers(scope.signed - headers.values.keys()) from None
        if claimed.kind == "query":
            pairs = [pair for pair in pairs if pair[0] != b"X-Amz-Signature"]
        digest = request_hash(
            method,
            canonical_path(path),
            canonical_query(pairs) if pairs else "",
            lines,
            scope.signed_headers,
            claimed.payload,
        )
        return self._decide(claimed, string_to_sign(claimed.timestamp, scope.text, digest))

    def verify_policy(self, fields: Mapping[str, str]) -> Verified:
        """Verifies the signature over the policy of a form upload.

        The caller checks what the policy says, and whether it has expired.

        Args:
            fields: The form's fields by lower-case name.

        Raises:
            SignatureError: A field is missing or malformed, or the signature does not match.
        """
        values = {name: fields[name] for name in _POLICY_FIELDS if name in fields}
        if len(values) < len(_POLICY_FIELDS):
            raise malformed("policy", f"the form needs the fields {', '.join(_POLICY_FIELDS)}")
        if values["x-amz-algorithm"] != ALGORITHM:
            raise wrong_mechanism()
        policy = values["policy"]
        if len(policy) > _MAX_POLICY or not policy.isascii():
            raise malformed("policy", f"the policy is base64, of at most {_MAX_POLICY} bytes")
        claimed = _claim(
            "policy",
            scope=_scope("policy", values["x-amz-credential"], ""),
            time=_time("policy", values["x-amz-date"]),
            signature=values["x-amz-signature"],
            payload=UNSIGNED_PAYLOAD,
            session_token=fields.get("x-amz-security-token"),
        )
        self._check_region(claimed)
        return self._decide(claimed, policy)

    def _check_region(self, claimed: _Claim) -> None:
        if self._region is not None and (region := claimed.scope.region) != self._region:
            raise malformed(claimed.kind, f"the region {region!r} is wrong; sign for {self._region!r}")

    def _check_age(self, claimed: _Claim, now: datetime | None) -> None:
        """Checks the age of a signature against the skew of clocks, or the time that its URL works."""
        times, second = self._times, None if now is None else now.timestamp()
        if claimed.expires_in is None:
            if not times.is_near(claimed.time, second):
                raise SignatureError(
                    "RequestTimeTooSkewed",
                    f"The request was signed more than {times.max_skew} seconds from the server's time. Set the clock.",
                )
            return
        age = times.age_of_url(claimed.time, claimed.expires_in, second)
        if age == "over":
            raise SignatureError("AccessDenied", "Request has expired. Ask for a new presigned URL.")
        if age == "early":
            raise SignatureError("AccessDenied", "Request is not valid yet. Set the clock of whoever presigned it.")

    def _decide(self, claimed: _Claim, to_sign: str) -> Verified:
        scope = claimed.scope
        known = self._lookup(scope.access_key)
        # An empty secret key would let everybody sign: it counts as none.
        secret = "" if known is None else known.reveal()
        key = derive_key(secret or self._decoy + scope.access_key, scope.date, scope.region)
        matches = claimed.signature.isascii() and hmac.compare_digest(sign_string(key, to_sign), claimed.signature)
        if not matches and not _SIGNATURE.fullmatch(claimed.signature):
            raise malformed(claimed.kind, "the signature must be 64 lower-case hex digits")
        if not secret:
            raise SignatureError("InvalidAccessKeyId", "The access key is not known here.")
        if not matches:
            raise mismatch()
        return Verified(
            access_key=scope.access_key,
            date=claimed.time,
            region=scope.region,
            signed_headers=scope.names,
            kind=claimed.kind,
            payload=claimed.payload,
            session_token=claimed.session_token,
            expires_at=None if claimed.expires_in is None else claimed.time + timedelta(seconds=claimed.expires_in),
            signature=claimed.signature,
            signing_key=key,
        )


class _Scope(msgspec.Struct, frozen=True):
    """Who signs, where, on which day, and over which headers: the same for many requests.

    Attributes:
        access_key: Who signs.
        date: The day, ``YYYYMMDD``.
        region: The region.
        text: The credential scope.
        signed_headers: The names of the signed headers, sorted, with ``;`` between them.
        names: The same as a tuple.
        signed: The same as a set.
        expected: Signed names, and usual ones that need not be signed.
        lines: The canonical headers.
    """

    access_key: str
    date: str
    region: str
    text: str
    signed_headers: str
    names: tuple[str, ...]
    signed: frozenset[str]
    expected: frozenset[str]
    lines: HeaderLines


class _Claim(msgspec.Struct, frozen=True):
    """What a request says about its signature: well-formed, but not verified.

    Attributes:
        kind: Where it says so.
        scope: Who signed, and what.
        time: When, UTC, to the second.
        timestamp: The same as ``YYYYMMDDTHHMMSSZ``.
        second: The same in seconds since 1970.
        signature: Lower-case hex.
        payload: The value of ``x-amz-content-sha256``.
        session_token: The session token.
        expires_in: Seconds that a presigned URL works; None for the other kinds.
    """

    kind: Kind
    scope: _Scope
    time: datetime
    timestamp: str
    second: float
    signature: str
    payload: str
    session_token: Secret | None
    expires_in: int | None


def _too_large() -> SignatureError:
    message = f"At most {_MAX_HEADERS} headers of {_MAX_HEADER_BYTES} bytes together are read."
    return SignatureError("RequestHeaderSectionTooLarge", message)


def _claimed(pairs: list[tuple[bytes, bytes]], headers: RequestHeaders) -> _Claim:
    """Reads what a request says about its signature.

    Raises:
        SignatureError: It says nothing, something malformed, or too much.
    """
    values = headers.values
    is_header = "authorization" in values
    # A claim with a date or a session token is read the careful way.
    takes_care = headers.has_repeated or "date" in values or "x-amz-security-token" in values
    if is_header and not (takes_care or pairs) and "host" in values and values["host"].isascii():
        try:
            return _header_claim(values)
        except SignatureError:
            pass  # Blanks around a value may be the reason. They are dropped below.
    single = _single_headers(headers)
    in_query = any(name in _QUERY_MARKS for name, _ in pairs)
    if is_header and in_query:
        raise SignatureError("InvalidArgument", "Sign with the Authorization header or in the query, not both.")
    if is_header and single["authorization"]:
        return _header_claim(single)
    if in_query:
        return _query_claim(pairs, single)
    if any(name == b"AWSAccessKeyId" for name, _ in pairs):
        raise wrong_mechanism()
    raise SignatureError("AccessDenied", "The request is not signed. Sign it with AWS Signature Version 4.")


def _single_headers(headers: RequestHeaders) -> dict[str, str]:
    """Returns the headers that signing sets."""
    grouped = dict(headers.grouped())
    single: dict[str, str] = {}
    for name in _SINGLE_HEADERS:
        values = grouped.get(name, [])
        if len(values) > 1:
            raise SignatureError("InvalidRequest", f"The header {name} may come only once.")
        try:
            single.update((name, value.strip().decode("ascii")) for value in values)
        except UnicodeDecodeError:
            raise SignatureError("InvalidRequest", f"The header {name} must be ASCII.") from None
    return single


def _header_claim(headers: Mapping[str, str]) -> _Claim:
    """Reads the ``Authorization`` header.

    Args:
        headers: The headers by lower-case name. Those that signing sets come once.

    Raises:
        SignatureError: It is malformed, not Signature Version 4, or lacks a date or payload hash beside it.
    """
    authorization = headers["authorization"]
    if len(authorization) > _MAX_AUTHORIZATION:
        raise malformed("header", "it is too long")
    scope, signature = None, authorization[-64:]
    if len(authorization) <= _MAX_REMEMBERED:
        scope = _usual_scope(authorization[:-64])
    if scope is None:
        fields = _fields(authorization)
        scope, signature = _scope("header", fields["Credential"], fields["SignedHeaders"]), fields["Signature"]
    if "x-amz-content-sha256" not in headers:
        raise SignatureError("MissingSecurityHeader", "Send the header x-amz-content-sha256, and sign it.")
    return _claim(
        "header",
        scope=scope,
        time=_time("header", headers["x-amz-date"]) if "x-amz-date" in headers else _header_time(headers),
        signature=signature,
        payload=headers["x-amz-content-sha256"],
        session_token=headers.get("x-amz-security-token"),
    )


def _query_claim(query: list[tuple[bytes, bytes]], headers: Mapping[str, str]) -> _Claim:
    """Reads the parameters of a presigned URL.

    Raises:
        SignatureError: They are malformed, incomplete, repeated, or not Signature Version 4.
    """
    parameters = _query_parameters(query)
    if not parameters.keys() >= _PARAMETERS:
        missing = ", ".join(sorted(_PARAMETERS - parameters.keys()))
        raise malformed("query", f"a presigned URL needs the parameters {missing} as well")
    if parameters["X-Amz-Algorithm"] != ALGORITHM:
        raise malformed("query", f"X-Amz-Algorithm must be {ALGORITHM}")
    expires = parameters["X-Amz-Expires"]
    if not _EXPIRES.fullmatch(expires):
        raise malformed("query", f"X-Amz-Expires must be 1 to {MAX_EXPIRES_IN} seconds")
    if not 1 <= int(expires) <= MAX_EXPIRES_IN:
        # Ceph RGW's code and status. S3 documents the one above, with 400, for any wrong parameter.
        raise SignatureError("AccessDenied", f"X-Amz-Expires must be 1 to {MAX_EXPIRES_IN} seconds.")
    declared = parameters.get("X-Amz-Content-Sha256", headers.get("x-amz-content-sha256"))
    return _claim(
        "query",
        scope=_scope("query", parameters["X-Amz-Credential"], parameters["X-Amz-SignedHeaders"]),
        time=_time("query", parameters["X-Amz-Date"]),
        signature=parameters["X-Amz-Signature"],
        payload=UNSIGNED_PAYLOAD if declared is None else declared,
        session_token=parameters.get("X-Amz-Security-Token", headers.get("x-amz-security-token")),
        expires_in=int(expires),
    )


def _claim(
    kind: Kind,
    *,
    scope: _Scope,
    time: tuple[datetime, str, float],
    signature: str,
    payload: str,
    session_token: str | None,
    expires_in: int | None = None,
) -> _Claim:
    """Checks what all kinds have.

    Raises:
        SignatureError: A field is malformed, or the credential's scope is not the day of the signature.
    """
    moment, timestamp, second = time
    if scope.date != timestamp[:8]:
        raise malformed(kind, "the date in the credential is not the day of the signature, in UTC")
    if not is_payload_declaration(payload):
        raise SignatureError(
            "InvalidArgument",
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING-… payload for Signature Version 4, "
            "or a SHA-256 in lower-case hex.",
        )
    token = None if session_token is None else Secret(session_token)
    return _Claim(kind, scope, moment, timestamp, second, signature, payload, token, expires_in)


@lru_cache(maxsize=256)
def _usual_scope(authorization: str) -> _Scope | None:
    """Returns the scope in an ``Authorization`` header up to the signature; None if it is written in another way."""
    match = _USUAL_AUTHORIZATION.fullmatch(authorization)
    return None if match is None else _scope("header", match[1], match[2])


def _scope(kind: Kind, credential: str, signed_headers: str) -> _Scope:
    """Reads a credential and the names of the signed headers.

    Raises:
        SignatureError: One of them is malformed, or the credential's scope is not S3.
    """
    access_key, *scope = credential.rsplit("/", 4)
    if len(scope) != 4 or not _ACCESS_KEY.fullmatch(access_key):
        raise malformed(kind, f"the credential must be ACCESS_KEY/YYYYMMDD/REGION/{SERVICE}/{TERMINATOR}")
    date, region, *ending = scope
    if ending != [SERVICE, TERMINATOR]:
        raise malformed(kind, f"the credential must end in {SERVICE}/{TERMINATOR}")
    if not REGION.fullmatch(region):
        raise malformed(kind, "the region in the credential is malformed")
    names = _names(kind, signed_headers)
    return _Scope(
        access_key=access_key,
        date=date,
        region=region,
        text=credential_scope(date, region),
        signed_headers=";".join(names),
        names=names,
        signed=frozenset(names),
        expected=_USUALLY_UNSIGNED.union(names),
        lines=header_lines(names or ("host",)),  # A policy has no headers.
    )


def _names(kind: Kind, text: str) -> tuple[str, ...]:
    if kind == "policy":
        return ()
    names = text.split(";", _MAX_SIGNED_HEADERS)
    if len(names) > _MAX_SIGNED_HEADERS or len(set(names)) < len(names):
        raise malformed(kind, "SignedHeaders holds too many names, or one name twice")
    if not all(HEADER_NAME.fullmatch(name) and name == name.lower() for name in names):
        raise malformed(kind, "SignedHeaders must be lower-case header names with ';' between them")
    if "host" not in names:
        raise malformed(kind, "the header host must be signed")
    return tuple(sorted(names))


def _fields(authorization: str) -> dict[str, str]:
    """Reads an ``Authorization`` header that has its fields in any order, with blanks and tabs around them."""
    algorithm, _, text = authorization.strip().partition(" ")
    if algorithm != ALGORITHM:
        # Other versions of AWS's signatures have a code of their own in S3.
        raise wrong_mechanism("InvalidRequest" if algorithm.startswith("AWS") else "InvalidArgument")
    parts = [part.strip(" \t").partition("=") for part in text.split(",")]
    fields = {name: value for name, equals, value in parts if equals}
    if fields.keys() != _FIELDS or len(parts) != len(_FIELDS):
        raise malformed("header", "it must hold Credential=…, SignedHeaders=… and Signature=…, each once")
    return fields


def _query_parameters(query: list[tuple[bytes, bytes]]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for raw_name, raw_value in query:
        if not raw_name.startswith(b"X-Amz-"):
            continue
        try:
            name, value = raw_name.decode("ascii"), raw_value.decode("ascii")
        except UnicodeDecodeError:
            raise malformed("query", "an X-Amz-… parameter is not ASCII") from None
        if name in parameters:
            raise malformed("query", "an X-Amz-… parameter comes twice")
        parameters[name] = value
    return parameters


def _header_time(headers: Mapping[str, str]) -> tuple[datetime, str, float]:
    if (date := headers.get("date")) is None:
        raise SignatureError("AccessDenied", "A signed request needs the header x-amz-date, or else Date.")
    if BASIC_TIME.fullmatch(date):
        return _time("header", date)
    if (time := parse_http_date(date)) is None:
        raise SignatureError("AccessDenied", "The header Date must be an HTTP date. Send x-amz-date instead.")
    return time, basic_time(time), time.timestamp()


@lru_cache(maxsize=256)
def _time(kind: Kind, text: str) -> tuple[datetime, str, float]:
    """Reads ``YYYYMMDDTHHMMSSZ``, and returns it too, and in seconds since 1970. Requests of one second have the same.

    Raises:
        SignatureError: It is malformed or no such time exists.
    """
    try:
        time = parse_basic_time(text)
        return time, text, time.timestamp()
    except ValueError:
        reason = "the date must be a time in UTC as YYYYMMDDTHHMMSSZ"
        # S3 refuses a header that is no date as it refuses a request without one.
        wrong = SignatureError("AccessDenied", f"The signature cannot be read: {reason}.")
        raise (wrong if kind == "header" else malformed(kind, reason)) from None


def _check_unsigned(scope: _Scope, headers: RequestHeaders) -> None:
    if names := [name for name in headers.values if name.startswith(_MUST_BE_SIGNED) and name not in scope.signed]:
        raise unsigned_headers(names)
