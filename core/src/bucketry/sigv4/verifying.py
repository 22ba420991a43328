"""Verifying requests, presigned URLs and POST policies."""

from __future__ import annotations

import hmac
import re
import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, final

from bucketry.s3 import BASIC_TIME, MAX_EXPIRES_IN, basic_time, parse_basic_time, parse_http_date
from bucketry.secret import Secret

from .canonical import (
    HEADER_NAME,
    PAYLOAD_LITERALS,
    UNSIGNED_PAYLOAD,
    canonical_headers,
    canonical_path,
    canonical_query,
    is_payload_declaration,
    parse_query,
    request_hash,
)
from .chunks import ChunkDecoder, ChunkSigner
from .credentials import (
    ALGORITHM,
    REGION,
    SERVICE,
    TERMINATOR,
    credential_scope,
    derive_key,
    sign_string,
    string_to_sign,
)
from .errors import SignatureError

MAX_SKEW: Final = 900
"""Seconds that a client's clock may be off (S3 API reference, RequestTimeTooSkewed: 15 minutes)."""

# A key of 1,024 bytes, every one percent-encoded, takes 3 KiB; a session token up to 4 KiB.
_MAX_URI: Final = 16_384
_MAX_HEADERS: Final = 256
_MAX_HEADER_BYTES: Final = 65_536
_SINGLE_HEADERS: Final = (
    "authorization",
    "date",
    "host",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
)
_QUERY_MARKS: Final = frozenset({b"X-Amz-Algorithm", b"X-Amz-Credential", b"X-Amz-Signature"})
_POLICY_FIELDS: Final = ("policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature")
_MAX_POLICY: Final = 65_536


Kind = Literal["header", "query", "policy"]

_MAX_AUTHORIZATION: Final = 8_192
_MAX_SIGNED_HEADERS: Final = 128
_SIGNATURE: Final = re.compile(r"[0-9a-f]{64}")
_ACCESS_KEY: Final = re.compile(r"[\x21-\x7e]{1,256}")
_EXPIRES: Final = re.compile(r"[0-9]{1,7}")
_FIELDS: Final = frozenset({"Credential", "SignedHeaders", "Signature"})
_PARAMETERS: Final = frozenset(f"X-Amz-{name}" for name in ("Algorithm", "Date", "Expires", *_FIELDS))
_MALFORMED: Final[dict[Kind, str]] = {
    "header": "AuthorizationHeaderMalformed",
    "query": "AuthorizationQueryParametersError",
    "policy": "InvalidArgument",
}


_MISMATCH: Final = (
    "The signature does not match the request. Check the secret key, and that method, path, query and signed headers "
    "arrive as they were signed: a proxy that rewrites Host or the path breaks the signature."
)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says about its signature, well-formed but not verified.

    Attributes:
        kind: Where it says so.
        access_key: Who signed.
        time: When, UTC, to the second.
        timestamp: The same as ``YYYYMMDDTHHMMSSZ``.
        region: The region of the scope.
        signed_headers: Lower-case names, sorted.
        signature: Lower-case hex.
        payload: The value of ``x-amz-content-sha256``.
        session_token: The session token.
        expires_in: Seconds that a presigned URL holds; None for the other kinds.
    """

    kind: Kind
    access_key: str
    time: datetime
    timestamp: str
    region: str
    signed_headers: tuple[str, ...]
    signature: str
    payload: str
    session_token: str | None = field(repr=False)
    expires_in: int | None = None


def header_claim(authorization: str, headers: dict[str, str]) -> Claim:
    """Reads an ``Authorization`` header.

    Args:
        authorization: Its value.
        headers: The single headers that signing sets, by lower-case name, as far as they were sent.

    Raises:
        SignatureError: It is malformed, not Signature Version 4, or lacks a date or payload hash beside it.
    """
    if len(authorization) > _MAX_AUTHORIZATION:
        raise malformed("header", "it is too long")
    algorithm, _, rest = authorization.strip().partition(" ")
    if algorithm != ALGORITHM:
        raise wrong_mechanism()
    fields = _fields(rest)
    payload = headers.get("x-amz-content-sha256")
    if payload is None:
        raise SignatureError("MissingSecurityHeader", "Send the header x-amz-content-sha256, and sign it.")
    return claim(
        "header",
        credential=fields["Credential"],
        time=_header_time(headers),
        signed_headers=fields["SignedHeaders"],
        signature=fields["Signature"],
        payload=payload,
        session_token=headers.get("x-amz-security-token"),
    )


def query_claim(query: list[tuple[bytes, bytes]], headers: dict[str, str]) -> Claim:
    """Reads the parameters of a presigned URL.

    Args:
        query: The decoded query.
        headers: The single headers that signing sets, by lower-case name, as far as they were sent.

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
    if not _EXPIRES.fullmatch(expires) or not 1 <= int(expires) <= MAX_EXPIRES_IN:
        raise malformed("query", f"X-Amz-Expires must be 1 to {MAX_EXPIRES_IN} seconds")
    declared = parameters.get("X-Amz-Content-Sha256", headers.get("x-amz-content-sha256"))
    return claim(
        "query",
        credential=parameters["X-Amz-Credential"],
        time=parse_timestamp("query", parameters["X-Amz-Date"]),
        signed_headers=parameters["X-Amz-SignedHeaders"],
        signature=parameters["X-Amz-Signature"],
        payload=UNSIGNED_PAYLOAD if declared is None else declared,
        session_token=parameters.get("X-Amz-Security-Token", headers.get("x-amz-security-token")),
        expires_in=int(expires),
    )


def claim(
    kind: Kind,
    *,
    credential: str,
    time: datetime,
    signed_headers: str,
    signature: str,
    payload: str,
    session_token: str | None,
    expires_in: int | None = None,
) -> Claim:
    """Checks the fields that all kinds have.

    Raises:
        SignatureError: One of them is malformed, or the credential's scope is not S3 on the day of the signature.
    """
    access_key, *scope = credential.rsplit("/", 4)
    if len(scope) != 4 or not _ACCESS_KEY.fullmatch(access_key):
        raise malformed(kind, f"the credential must be ACCESS_KEY/YYYYMMDD/REGION/{SERVICE}/{TERMINATOR}")
    date, region, service, terminator = scope
    if (service, terminator) != (SERVICE, TERMINATOR):
        raise malformed(kind, f"the credential must end in {SERVICE}/{TERMINATOR}")
    if not REGION.fullmatch(region):
        raise malformed(kind, "the region in the credential is malformed")
    if not _SIGNATURE.fullmatch(signature):
        raise malformed(kind, "the signature must be 64 lower-case hex digits")
    timestamp = basic_time(time)
    if date != timestamp[:8]:
        raise malformed(kind, "the date in the credential is not the day of the signature, in UTC")
    names = _names(kind, signed_headers)
    return Claim(kind, access_key, time, timestamp, region, names, signature, payload, session_token, expires_in)


def parse_timestamp(kind: Kind, value: str) -> datetime:
    """Reads ``YYYYMMDDTHHMMSSZ``.

    Raises:
        SignatureError: It is malformed or no such time exists.
    """
    try:
        return parse_basic_time(value)
    except ValueError:
        raise malformed(kind, "the date must be a time in UTC as YYYYMMDDTHHMMSSZ") from None


def malformed(kind: Kind, reason: str) -> SignatureError:
    """Returns the error for malformed input of that kind."""
    return SignatureError(_MALFORMED[kind], f"The signature cannot be read: {reason}.")


def wrong_mechanism() -> SignatureError:
    """Returns the error for anything but Signature Version 4."""
    return SignatureError(
        "InvalidRequest",
        f"The authorization mechanism is not supported. Use {ALGORITHM}: most clients call it s3v4 or Signature V4.",
    )


def _fields(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = part.strip(" \t").partition("=")
        if not equals or name not in _FIELDS or name in fields:
            raise malformed("header", "it must hold Credential=…, SignedHeaders=… and Signature=…, each once")
        fields[name] = value
    if fields.keys() != _FIELDS:
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


def _header_time(headers: dict[str, str]) -> datetime:
    if (stamp := headers.get("x-amz-date")) is not None:
        return parse_timestamp("header", stamp)
    date = headers.get("date")
    if date is None:
        raise SignatureError("AccessDenied", "A signed request needs the header x-amz-date, or else Date.")
    if BASIC_TIME.fullmatch(date):
        return parse_timestamp("header", date)
    time = parse_http_date(date)
    if time is None:
        raise malformed("header", "the header Date must be an HTTP date; send x-amz-date instead")
    return time


@final
@dataclass(frozen=True, slots=True)
class Verified:
    """A signature that holds.

    Attributes:
        access_key: Who signed.
        date: When, UTC, to the second.
        region: The region of the credential scope.
        signed_headers: Lower-case names, sorted; empty for a policy.
        kind: ``header``, ``query`` (a presigned URL) or ``policy`` (a form upload).
        payload: The signed value of ``x-amz-content-sha256``: a hash of the body in lower-case hex, or one of the
            literals. ``UNSIGNED-PAYLOAD`` where none was sent with a presigned URL.
        session_token: The token that was sent. The verifier does not know it: whoever gave it out must check it, and
            whoever gives out none must refuse it.
        expires_at: When a presigned URL ends to hold; None for the other kinds.
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
    signature: str = field(repr=False)
    signing_key: bytes = field(repr=False)

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
        stamp = basic_time(self.date)
        signer = ChunkSigner(self.signing_key, stamp, credential_scope(stamp[:8], self.region), self.signature)
        return ChunkDecoder(self.payload, decoded_length, signer=signer, trailers=trailers)


@final
class Verifier:
    """Verifies Signature Version 4 for S3. Threads may share it."""

    __slots__ = ("_decoy", "_lookup", "_max_skew", "_region")

    def __init__(
        self, lookup: Callable[[str], Secret | None], *, region: str | None = None, max_skew: int = MAX_SKEW
    ) -> None:
        """Prepares to verify.

        Args:
            lookup: Returns the secret key of an access key, or None for one that it does not know. An empty secret key
                counts as none.
            region: The only region to accept; None for any.
            max_skew: Seconds that the time of a request may be off, either way.
        """
        self._lookup = lookup
        self._region = region
        self._max_skew = max_skew
        # An unknown access key is verified with this, so that it takes as long as a known one.
        self._decoy = Secret(secrets.token_urlsafe(30))

    def verify(
        self,
        method: str,
        path: bytes,
        query: bytes,
        headers: Iterable[tuple[bytes, bytes]],
        *,
        now: datetime | None = None,
    ) -> Verified:
        """Verifies a request as it came over the wire. The body is not touched.

        Args:
            method: The HTTP method.
            path: The path, still encoded (``raw_path`` in ASGI).
            query: The query, still encoded, without the ``?``.
            headers: All headers in order, repeated ones too. Names in any case.
            now: The time to judge by, with a time zone; the present for None.

        Raises:
            SignatureError: It is not signed (``AccessDenied``), or not as it should be. No other error is raised,
                whatever a client sends.
        """
        if len(path) + len(query) > _MAX_URI:
            raise SignatureError("InvalidURI", f"The path and the query are limited to {_MAX_URI} bytes together.")
        if not method.isascii():
            raise SignatureError("InvalidRequest", "The method is not an HTTP method.")
        grouped = _group(headers)
        pairs = parse_query(query)
        claimed = _read_claim(pairs, grouped)
        self._check_time(claimed, now or datetime.now(UTC))
        _check_signed(claimed, grouped)
        digest = request_hash(
            method,
            canonical_path(path),
            canonical_query(pair for pair in pairs if claimed.kind == "header" or pair[0] != b"X-Amz-Signature"),
            canonical_headers(claimed.signed_headers, grouped),
            claimed.signed_headers,
            claimed.payload,
        )
        scope = credential_scope(claimed.timestamp[:8], claimed.region)
        return self._decide(claimed, string_to_sign(claimed.timestamp, scope, digest))

    def verify_policy(self, fields: Mapping[str, str]) -> Verified:
        """Verifies the signature over the policy of a form upload.

        What the policy says, with its expiration, is the caller's to check.

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
        claimed = claim(
            "policy",
            credential=values["x-amz-credential"],
            time=parse_timestamp("policy", values["x-amz-date"]),
            signed_headers="",
            signature=values["x-amz-signature"],
            payload=UNSIGNED_PAYLOAD,
            session_token=fields.get("x-amz-security-token"),
        )
        self._check_region(claimed)
        return self._decide(claimed, policy)

    def _check_time(self, claimed: Claim, now: datetime) -> None:
        self._check_region(claimed)
        age = (now - claimed.time).total_seconds()
        if claimed.expires_in is None:
            if abs(age) > self._max_skew:
                raise SignatureError(
                    "RequestTimeTooSkewed",
                    f"The request was signed more than {self._max_skew} seconds from the server's time. Set the clock.",
                )
        elif age > claimed.expires_in:
            raise SignatureError("AccessDenied", "Request has expired. Ask for a new presigned URL.")
        elif age < -self._max_skew:
            raise SignatureError("AccessDenied", "Request is not valid yet. Set the clock of whoever presigned it.")

    def _check_region(self, claimed: Claim) -> None:
        if self._region is not None and claimed.region != self._region:
            raise malformed(claimed.kind, f"the region {claimed.region!r} is wrong; sign for {self._region!r}")

    def _decide(self, claimed: Claim, to_sign: str) -> Verified:
        # An empty secret key would let everybody sign: it counts as none.
        known = self._lookup(claimed.access_key) or None
        secret = self._decoy if known is None else known
        key = derive_key(secret.reveal(), claimed.timestamp[:8], claimed.region)
        matches = hmac.compare_digest(sign_string(key, to_sign), claimed.signature)
        if known is None:
            raise SignatureError("InvalidAccessKeyId", "The access key is not known here.")
        if not matches:
            raise SignatureError("SignatureDoesNotMatch", _MISMATCH)
        return Verified(
            access_key=claimed.access_key,
            date=claimed.time,
            region=claimed.region,
            signed_headers=claimed.signed_headers,
            kind=claimed.kind,
            payload=claimed.payload,
            session_token=None if claimed.session_token is None else Secret(claimed.session_token),
            expires_at=None if claimed.expires_in is None else claimed.time + timedelta(seconds=claimed.expires_in),
            signature=claimed.signature,
            signing_key=key,
        )


def _group(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, list[bytes]]:
    grouped: defaultdict[str, list[bytes]] = defaultdict(list)
    size = 0
    for count, (name, value) in enumerate(headers, 1):
        size += len(name) + len(value)
        if size > _MAX_HEADER_BYTES or count > _MAX_HEADERS:
            raise SignatureError(
                "RequestHeaderSectionTooLarge",
                f"At most {_MAX_HEADERS} headers of {_MAX_HEADER_BYTES} bytes together are read.",
            )
        # Latin-1 takes every byte; a name beyond ASCII then matches no signed header's.
        grouped[name.decode("latin-1").lower()].append(value)
    return dict(grouped)


def _read_claim(pairs: list[tuple[bytes, bytes]], grouped: Mapping[str, list[bytes]]) -> Claim:
    single = _single_headers(grouped)
    in_query = any(name in _QUERY_MARKS for name, _ in pairs)
    authorization = single.get("authorization")
    if authorization is not None and in_query:
        raise SignatureError("InvalidArgument", "Sign with the Authorization header or in the query, not both.")
    if authorization is not None:
        claimed = header_claim(authorization, single)
    elif in_query:
        claimed = query_claim(pairs, single)
    elif any(name == b"AWSAccessKeyId" for name, _ in pairs):
        raise wrong_mechanism()
    else:
        raise SignatureError("AccessDenied", "The request is not signed. Sign it with AWS Signature Version 4.")
    if not is_payload_declaration(claimed.payload):
        raise SignatureError(
            "InvalidArgument",
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING-… payload for Signature Version 4, "
            "or a SHA-256 in lower-case hex.",
        )
    return claimed


def _single_headers(grouped: Mapping[str, list[bytes]]) -> dict[str, str]:
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


def _check_signed(claimed: Claim, grouped: Mapping[str, list[bytes]]) -> None:
    names = set(claimed.signed_headers)
    unsigned = sorted(name for name in grouped if name.startswith("x-amz-") and name not in names)
    if unsigned:
        listed = ", ".join(repr(name[:64]) for name in unsigned[:5])
        raise SignatureError(
            "AccessDenied", f"There were headers present in the request which were not signed: {listed}."
        )
    missing = sorted(names - grouped.keys())
    if missing:
        listed = ", ".join(repr(name[:64]) for name in missing[:5])
        raise SignatureError("SignatureDoesNotMatch", f"These signed headers are not in the request: {listed}.")
