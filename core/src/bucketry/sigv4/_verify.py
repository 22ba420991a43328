"""Verifying requests and POST policies."""

from __future__ import annotations

import hmac
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, final

from bucketry.secret import Secret

from ._canonical import canonical_headers, canonical_path, canonical_query, parse_query, request_hash
from ._claims import Claim, claim, header_claim, malformed, parse_timestamp, query_claim, wrong_mechanism
from ._errors import SignatureError
from ._keys import ALGORITHM, credential_scope, derive_key, sign_string, string_to_sign
from ._request import UNSIGNED_PAYLOAD, is_payload_declaration
from ._verified import Verified

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


_MISMATCH: Final = (
    "The signature does not match the request. Check the secret key, and that method, path, query and signed headers "
    "arrive as they were signed: a proxy that rewrites Host or the path breaks the signature."
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
