"""Signatures of webhooks, as Standard Webhooks defines them (standardwebhooks.com, "Signature scheme").

Receivers in many languages have a library for it. In Python, `verify_webhook` does.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Final

from bucketry import Secret

ID_HEADER: Final = "webhook-id"
TIME_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"

TOLERANCE_SECONDS: Final = 300
"""How far a request's time may be from the receiver's clock."""

_VERSION: Final = "v1"
_PREFIX: Final = "whsec_"
_KEY_BYTES: Final = range(24, 64 + 1)


class InvalidSignature(Exception):
    """The request is not from somebody who knows the secret, or it is too old."""


def key_of(secret: Secret) -> bytes:
    """Returns the key that a secret stands for.

    Raises:
        ValueError: The secret is not base64, or has not 24 to 64 bytes. The message does not repeat it.
    """
    try:
        key = base64.b64decode(secret.reveal().removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("it must be base64; make one with: openssl rand -base64 32") from None
    if len(key) not in _KEY_BYTES:
        raise ValueError(f"it must have 24 to 64 bytes, and has {len(key)}; make one with: openssl rand -base64 32")
    return key


def signed_headers(secret: Secret | None, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Returns the headers that identify and sign a request.

    Args:
        secret: The secret; ``None``: the request is not signed.
        message_id: Id of the message. It stays the same when the message is sent again.
        timestamp: The time of this request, in seconds since 1970.
        body: The request's body.
    """
    headers = {ID_HEADER: message_id, TIME_HEADER: str(timestamp)}
    if secret is not None:
        headers[SIGNATURE_HEADER] = f"{_VERSION},{_signature(key_of(secret), message_id, str(timestamp), body)}"
    return headers


def verify_webhook(
    headers: Mapping[str, str], body: bytes, secret: Secret | str, *, tolerance_seconds: int = TOLERANCE_SECONDS
) -> None:
    """Checks a request that a webhook sent. Use it in the receiver before you read the body.

    Args:
        headers: The request's headers, by lower-case name.
        body: The request's body, byte for byte.
        secret: The webhook's secret.
        tolerance_seconds: How far the request's time may be from this machine's clock.

    Raises:
        InvalidSignature: A header is missing, the signature is wrong, or the request is too old or from the future.
        ValueError: The secret is malformed.
    """
    key = key_of(secret if isinstance(secret, Secret) else Secret(secret))
    message_id, timestamp, signatures = (headers.get(name) for name in (ID_HEADER, TIME_HEADER, SIGNATURE_HEADER))
    if message_id is None or timestamp is None or signatures is None:
        raise InvalidSignature("the request has no signature")
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 19):
        raise InvalidSignature("the request's time cannot be read")
    expected = _signature(key, message_id, timestamp, body)
    # Several signatures stand there while a secret is replaced.
    found = [each.partition(",") for each in signatures.split(" ")]
    if not any(
        version == _VERSION and hmac.compare_digest(value.encode("utf-8", "replace"), expected.encode())
        for version, _, value in found
    ):
        raise InvalidSignature("the signature is wrong")
    if abs(time.time() - int(timestamp)) > tolerance_seconds:
        raise InvalidSignature("the request is too old, or from the future")


def _signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
