"""Signing requests with the Authorization header, and POST policies."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Final, final

import msgspec

from .canonical import (
    ALGORITHM,
    RequestHeaders,
    canonical_headers,
    canonical_path,
    canonical_query,
    check_method,
    header_lines,
    host_of,
    is_payload_declaration,
    lower_headers,
    parse_query,
    request_hash,
    sign_string,
    split_url,
    string_to_sign,
)
from .chunks import ChunkSigner
from .credentials import Credentials, KeyRing, Moment

# What proxies and HTTP clients add, drop or rewrite on the way (RFC 9110, 7.6.1, and what botocore leaves out).
_NOT_SIGNED: Final = frozenset(
    {
        "authorization",
        "baggage",
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "traceparent",
        "tracestate",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-amzn-trace-id",
    }
)
_SET_BY_SIGNING: Final = frozenset({"authorization", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"})
_NOTHING: Final[Mapping[str, str]] = {}


@final
class SignedRequest(msgspec.Struct, frozen=True):
    """What signing gives.

    Attributes:
        headers: The headers to add to the request, by lower-case name. They hold the session token, if there is one,
            which the repr therefore leaves out.
        signature: The signature, lower-case hex: the seed of the chunk signatures.
        host: The ``Host`` header that was signed, for whoever sends it himself: HTTP libraries send the same.
    """

    headers: Mapping[str, str]
    signature: str
    host: str
    _moment: Moment

    def __repr__(self) -> str:
        return f"SignedRequest(headers={sorted(self.headers)})"

    def chunk_signer(self) -> ChunkSigner:
        """Returns the signer of this request's aws-chunked body."""
        moment = self._moment
        return ChunkSigner(moment.key, moment.timestamp, moment.scope, self.signature)


@final
class Signer:
    """Signs requests and POST policies for one region, with one set of credentials.

    Make it once and keep it: it derives the signing key once a day. Threads may share it.
    """

    __slots__ = ("_credentials", "_keys")

    def __init__(self, credentials: Credentials, *, region: str) -> None:
        """Prepares to sign.

        Args:
            credentials: Who signs.
            region: The region that is signed.

        Raises:
            ValueError: The region is malformed.
        """
        self._credentials = credentials
        self._keys = KeyRing(credentials, region)

    def __repr__(self) -> str:
        return f"Signer({self._credentials!r}, region={self._keys.region!r})"

    def sign(
        self,
        method: str,
        url: str,
        *,
        payload: str,
        headers: Mapping[str, str] = _NOTHING,
        now: datetime | None = None,
    ) -> SignedRequest:
        """Signs a request with its headers.

        Args:
            method: The HTTP method in capitals.
            url: The whole URL, encoded as it will be sent. In the query, a space is ``%20`` and a plus is ``%2B``.
            payload: The value of ``x-amz-content-sha256``: ``payload_hash(body)``, ``UNSIGNED_PAYLOAD``, or one of the
                ``STREAMING_…`` constants for an aws-chunked body.
            headers: The headers that will be sent. All are signed but those that change on the way, such as
                ``user-agent`` and ``connection``. The host comes from the URL unless it is here.
            now: When it is signed; the present for None.

        Raises:
            ValueError: The method, the URL, a header or the payload is malformed, a header is one that signing sets,
                or ``now`` has no time zone.
        """
        check_method(method)
        if not is_payload_declaration(payload):
            raise ValueError("payload is a SHA-256 in lower-case hex, or one of the constants")
        parts = split_url(url)
        moment = self._keys.at(now)
        added = self._added_headers(payload, moment)
        given = lower_headers(headers)
        if clash := _SET_BY_SIGNING & given.keys():
            raise ValueError(f"signing sets these headers itself: {', '.join(sorted(clash))}")
        signed = {"host": host_of(parts)} | given | added
        names = sorted(signed.keys() - _NOT_SIGNED)
        raw = [(name.encode(), value.encode()) for name, value in signed.items()]
        signed_headers = ";".join(names)
        digest = request_hash(
            method,
            canonical_path(parts.path.encode()),
            canonical_query(parse_query(parts.query.encode())),
            canonical_headers(header_lines(names), RequestHeaders(raw)),
            signed_headers,
            payload,
        )
        signature = sign_string(moment.key, string_to_sign(moment.timestamp, moment.scope, digest))
        authorization = (
            f"{ALGORITHM} Credential={moment.credential}, SignedHeaders={signed_headers}, Signature={signature}"
        )
        return SignedRequest(added | {"authorization": authorization}, signature, signed["host"], moment)

    def sign_policy(self, policy: Mapping[str, object], *, now: datetime | None = None) -> dict[str, str]:
        """Signs the policy of a form upload (``POST`` on a bucket).

        Source: S3 API reference, "Browser-based uploads using POST".

        Args:
            policy: The policy, with ``expiration`` and ``conditions``. The conditions on the signing fields are added.
            now: When it is signed; the present for None.

        Returns:
            The form fields to send besides those that the policy's conditions ask for: ``policy``, ``x-amz-algorithm``,
            ``x-amz-credential``, ``x-amz-date``, ``x-amz-signature``, and ``x-amz-security-token`` if there is one.

        Raises:
            ValueError: ``conditions`` is not a list, or ``now`` has no time zone.
            TypeError: The policy holds something that JSON cannot.
        """
        conditions = policy.get("conditions", [])
        if not isinstance(conditions, list):
            raise ValueError("the policy's conditions are a list")
        moment = self._keys.at(now)
        fields = {
            "x-amz-algorithm": ALGORITHM,
            "x-amz-credential": moment.credential,
            "x-amz-date": moment.timestamp,
        }
        if token := self._credentials.session_token:
            fields["x-amz-security-token"] = token.reveal()
        whole = {**policy, "conditions": [*conditions, *({name: value} for name, value in fields.items())]}
        fields["policy"] = b64encode(json.dumps(whole).encode()).decode()
        fields["x-amz-signature"] = sign_string(moment.key, fields["policy"])
        return fields

    def _added_headers(self, payload: str, moment: Moment) -> dict[str, str]:
        headers = {"x-amz-content-sha256": payload, "x-amz-date": moment.timestamp}
        if token := self._credentials.session_token:
            headers["x-amz-security-token"] = token.reveal()
        return headers
