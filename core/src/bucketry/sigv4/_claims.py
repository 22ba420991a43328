"""Reading what a request claims: who signed it, when, where, and over which headers. Nothing is believed yet."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from bucketry.s3 import BASIC_TIME, MAX_EXPIRES_IN, basic_time, parse_basic_time, parse_http_date

from ._errors import SignatureError
from ._keys import ALGORITHM, REGION, SERVICE, TERMINATOR
from ._request import HEADER_NAME, UNSIGNED_PAYLOAD

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
