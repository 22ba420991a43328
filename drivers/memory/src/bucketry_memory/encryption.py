"""Encryption as S3 shows it. Nothing is encrypted here: whoever reads this process's memory has the keys as well.

Source: S3 user guide, "Protecting data with server-side encryption".
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable
from typing import Final, final

import msgspec
from bucketry import CustomerKey, Encryption, NoSuchKmsKey, WrongCustomerKey
from bucketry.encryption import SSE_S3, require_customer_key

_SALT_BYTES: Final = 16

_KEY_ID: Final = re.compile(r"(arn:aws[\w-]*:kms:([\w-]*:\d*:(key|alias)/)?)?[\w/.-]{1,256}", re.ASCII)
"""An id, an alias or the ARN of either (KMS API reference, ``KeyId``). MinIO and Ceph RGW take any name, and MinIO puts
``arn:aws:kms:`` before it."""

_ARN: Final = re.compile(r"arn:aws[\w-]*:kms:(?:[\w-]*:\d*:)?(?:key/)?")

DEFAULT_KMS_KEY: Final = "alias/aws/s3"
"""The key of the key service for whoever names none (S3 user guide, "Using server-side encryption with AWS KMS")."""


def digest_of(key: CustomerKey) -> bytes:
    """Returns what is kept of a customer's key: a random salt and the HMAC of the key."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return salt + _hmac(salt, key)


def check_customer_key(digest: bytes | None, key: CustomerKey | None) -> None:
    """Compares the key of a call with what is kept of the right one.

    Args:
        digest: What `digest_of` returned; ``None``: no customer's key is needed.
        key: The key of the call.

    Raises:
        CustomerKeyNeeded: The call brings none.
        CustomerKeyNotNeeded: It brings one, and none is needed.
        WrongCustomerKey: It brings another one.
    """
    require_customer_key(key, needed=digest is not None)
    if digest is None or key is None:
        return
    if not hmac.compare_digest(digest[_SALT_BYTES:], _hmac(digest[:_SALT_BYTES], key)):
        raise WrongCustomerKey


def check_key_if_given(digest: bytes | None, key: CustomerKey | None) -> None:
    """Checks a key that a call need not bring (S3 API reference, CompleteMultipartUpload).

    Raises:
        CustomerKeyNotNeeded: No customer's key is needed.
        WrongCustomerKey: It is another one.
    """
    if key is not None:
        check_customer_key(digest, key)


def _hmac(salt: bytes, key: CustomerKey) -> bytes:
    return hmac.digest(salt, key.reveal(), "sha256")


@final
class KmsKeys:
    """The keys that a key service would have."""

    __slots__ = ("_ids",)

    def __init__(self, ids: Iterable[str]) -> None:
        """Takes the ids of the keys; without any, every well-formed id is that of a key."""
        self._ids = frozenset(map(_bare, ids))

    def resolve(self, encryption: Encryption) -> Encryption:
        """Returns an encryption with the id of its key.

        Raises:
            NoSuchKmsKey: There is no such key.
        """
        found = encryption
        if found.algorithm == SSE_S3:
            return found
        if found.key_id is None:
            return msgspec.structs.replace(found, key_id=DEFAULT_KMS_KEY)
        if not _KEY_ID.fullmatch(found.key_id):
            raise NoSuchKmsKey(f"Invalid keyId {found.key_id!r}")
        if self._ids and _bare(found.key_id) not in self._ids and found.key_id != DEFAULT_KMS_KEY:
            raise NoSuchKmsKey(f"Key {found.key_id!r} does not exist")
        return found


def _bare(key_id: str) -> str:
    """Returns the id in an ARN: both name the same key."""
    return _ARN.sub("", key_id.strip(), count=1)
