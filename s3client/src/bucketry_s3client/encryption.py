"""Encryption: what a response says of it, and why a request with a customer's key, or without one, was refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from bucketry import (
    CustomerKey,
    CustomerKeyNeeded,
    CustomerKeyNotNeeded,
    Encryption,
    NoSuchKmsKey,
    WrongCustomerKey,
)
from bucketry.encryption import SSE_S3

from bucketry_s3client.errors import S3ResponseError
from bucketry_s3client.version_headers import version_fields

_PARAMETERS: Final = frozenset({"InvalidRequest", "BadRequest"})
"""S3's code for keys that are missing or not needed, and what stands for it in a response to ``HEAD``."""

_FIELDS: Final = ("encryption", "customer_key_md5")


def encryption_fields(response: Mapping[str, str]) -> dict[str, Any]:
    """Returns the fields of ``Upload`` and ``Part`` that a response's headers about encryption give.

    Raises:
        ValueError: A header is malformed.
    """
    found = version_fields(response)
    return {name: found[name] for name in _FIELDS if name in found}


@contextmanager
def explaining_customer_key(sent: CustomerKey | None) -> Iterator[None]:
    """Raises the contract's error where the block is refused because of a customer's key. It asks the server nothing.

    Source: S3 API reference, GetObject ("Encryption"), and user guide ("Using server-side encryption with
    customer-provided keys"): 400 without the key, and 403 with another one.

    Raises:
        CustomerKeyNeeded: No key was sent, and one is needed.
        CustomerKeyNotNeeded: One was sent, and none is needed.
        WrongCustomerKey: Another one was sent. Or the credentials do not allow the request, which the server does not
            tell apart.
        S3ResponseError: It was refused for another reason.
    """
    try:
        yield
    except S3ResponseError as error:
        if error.status == 400 and error.code in _PARAMETERS:
            raise (CustomerKeyNeeded if sent is None else CustomerKeyNotNeeded) from error
        if sent is not None and error.status == 403 and error.code == "AccessDenied":
            raise WrongCustomerKey from error
        raise


@contextmanager
def explaining_kms_key(encryption: Encryption | None) -> Iterator[None]:
    """Raises the contract's error where a write is refused because the key service has no such key.

    MinIO has the code ``NoSuchKey`` for that. A write of this kind cannot miss an object.

    Args:
        encryption: What the write asks for.

    Raises:
        NoSuchKmsKey: The key service has no such key.
        S3ResponseError: It was refused for another reason.
    """
    try:
        yield
    except S3ResponseError as error:
        if error.code == "NoSuchKey" and encryption is not None and encryption.algorithm != SSE_S3:
            raise NoSuchKmsKey from error
        raise
