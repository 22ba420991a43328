"""Server-side encryption of objects: what a request asks for, and what an object has.

Source: S3 user guide, "Protecting data with server-side encryption".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from typing import Final, Literal, TypeVar, final

import msgspec

from bucketry.decoding import from_json
from bucketry.errors import CustomerKeyNeeded, CustomerKeyNotNeeded, InvalidArgument
from bucketry.secret import Secret

EncryptionAlgorithm = Literal["AES256", "aws:kms", "aws:kms:dsse"]
"""Keys of the store itself (SSE-S3), keys of a key service (SSE-KMS), or the latter twice (DSSE-KMS)."""

SSE_S3: Final = "AES256"
SSE_KMS: Final = "aws:kms"
DSSE_KMS: Final = "aws:kms:dsse"

CUSTOMER_KEY_BYTES: Final = 32
"""Size of a customer's key: AES-256 is the only algorithm (S3 user guide, "Using server-side encryption with
customer-provided keys")."""

_SALT_BYTES: Final = 16

MAX_KMS_KEY_ID: Final = 2048
"""Longest id or ARN of a key (KMS API reference, ``KeyId``)."""

MAX_KMS_CONTEXT: Final = 8192
"""Longest encryption context, in base64 (KMS API reference, "Encryption context")."""


class Encryption(msgspec.Struct, frozen=True, kw_only=True):
    """How an object is encrypted with keys that the client does not hold.

    Attributes:
        algorithm: Which keys.
        key_id: Id or ARN of the key of a key service; ``None``: the default key. Not with ``AES256``.
        context: The encryption context for the key service, as JSON in base64. Not with ``AES256``.
        bucket_key: Whether a key of the bucket saves calls to the key service; ``None``: not said.
    """

    algorithm: EncryptionAlgorithm
    key_id: str | None = None
    context: str | None = None
    bucket_key: bool | None = None

    @property
    def feature(self) -> str:
        """The feature that a driver declares if it has this."""
        return "encrypt_sse_s3" if self.algorithm == SSE_S3 else "encrypt_sse_kms"

    def checked(self) -> Encryption:
        """Returns this encryption if it is valid.

        Raises:
            InvalidArgument: The algorithm does not exist, or a field is malformed or goes with another algorithm.
        """
        if self.algorithm not in {SSE_S3, SSE_KMS, DSSE_KMS}:
            raise InvalidArgument(f"the encryption is {SSE_S3}, {SSE_KMS} or {DSSE_KMS}", field="encryption")
        if self.algorithm == SSE_S3 and (self.key_id is not None or self.context is not None):
            raise InvalidArgument(f"{SSE_S3} takes neither key_id nor context", field="encryption")
        if self.key_id is not None and (
            not 1 <= len(self.key_id) <= MAX_KMS_KEY_ID or not self.key_id.isprintable() or not self.key_id.isascii()
        ):
            raise InvalidArgument("key_id is not the id of a key", field="encryption")
        if self.context is not None:
            if len(self.context) > MAX_KMS_CONTEXT:
                raise InvalidArgument(f"context has at most {MAX_KMS_CONTEXT} characters", field="encryption")
            if not _is_context(self.context):
                raise InvalidArgument("context is a JSON object of texts, in base64", field="encryption")
        if self.bucket_key and self.algorithm != SSE_KMS:
            raise InvalidArgument(f"bucket_key goes with {SSE_KMS} only", field="encryption")
        return self


def _is_context(encoded: str) -> bool:
    try:
        from_json(base64.b64decode(encoded, validate=True), dict[str, str])
    except (binascii.Error, ValueError):  # msgspec's errors are ValueErrors.
        return False
    return True


@final
class CustomerKey:
    """A key that the client sends with each request (SSE-C). It is a secret: no ``repr`` shows it.

    Attributes:
        md5: Its MD5, which S3 shows; 16 bytes.
    """

    __slots__ = ("_secret", "md5")

    def __init__(self, key: bytes) -> None:
        """Takes the key, 32 bytes.

        Raises:
            InvalidArgument: It has another size.
        """
        if len(key) != CUSTOMER_KEY_BYTES:
            raise InvalidArgument(f"a customer's key has {CUSTOMER_KEY_BYTES} bytes", field="customer_key")
        self._secret = Secret(base64.b64encode(key).decode())
        self.md5 = hashlib.md5(key, usedforsecurity=False).digest()

    def reveal(self) -> bytes:
        """Returns the key itself."""
        return base64.b64decode(self._secret.reveal())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CustomerKey) and self._secret == other._secret

    def __hash__(self) -> int:
        return hash(self.md5)

    def __repr__(self) -> str:
        return "CustomerKey('**********')"


def require_customer_key(key: CustomerKey | None, *, needed: bool) -> None:
    """Checks that a call brings a customer's key if one is needed, and only then. The driver compares the key itself.

    Raises:
        CustomerKeyNeeded: It brings none.
        CustomerKeyNotNeeded: It brings one, and none is needed.
    """
    if needed and key is None:
        raise CustomerKeyNeeded
    if key is not None and not needed:
        raise CustomerKeyNotNeeded


def opaque_etag(etag: str) -> str:
    """Returns an etag for content whose MD5 is ``etag``, and which does not tell that MD5."""
    return hashlib.md5(secrets.token_bytes(_SALT_BYTES) + etag.encode(), usedforsecurity=False).hexdigest()


ToldT = TypeVar("ToldT", bound=msgspec.Struct)


def with_key(told: ToldT, key: CustomerKey | None) -> ToldT:
    """Returns a result as whoever sent this key, which is the right one, gets it.

    Args:
        told: An object, a part or an upload, with the field ``customer_key_md5``. A driver does not store that.
        key: The key of the call.
    """
    return told if key is None else msgspec.structs.replace(told, customer_key_md5=key.md5)
