"""Encryption of blobs: which key wraps a blob's key, and what is kept of a customer's key.

A blob has a key of its own. The pieces of an object hold it wrapped, so a copy wraps it anew and shares the blob.
"""

from __future__ import annotations

from typing import Protocol, final

import msgspec
from bucketry import CustomerKey, Encryption, EncryptionSettings, Unsupported
from bucketry.decoding import from_json
from bucketry.encrypting import ContentKey, Envelope, MasterKeys, WrappingKey
from bucketry.encryption import SSE_S3, require_customer_key

from bucketry_sqlite._records import to_json


class Stored(Protocol):
    """The row of an object or upload: how it is encrypted, and the envelope that a customer's key opens."""

    @property
    def encryption(self) -> Encryption | None:
        """With keys that the client does not hold."""

    @property
    def key_check(self) -> str | None:
        """As in schema.sql."""


class Protection(msgspec.Struct, frozen=True, kw_only=True):
    """How one object, or the parts of one upload, are encrypted.

    Attributes:
        encryption: With keys that the client does not hold.
        wrapping: The key that wraps the keys of blobs; ``None``: they are not encrypted.
        context: What the wrapped keys belong to.
    """

    encryption: Encryption | None = None
    wrapping: WrappingKey | None = None
    context: bytes = b""

    @property
    def is_encrypted(self) -> bool:
        """Whether blobs are encrypted."""
        return self.wrapping is not None

    def sealed(self, key: ContentKey | None, size_bytes: int, chunk_bytes: int) -> str | None:
        """Returns the envelope of a blob as JSON; ``None`` if it is not encrypted."""
        if self.wrapping is None or key is None:
            return None
        envelope = self.wrapping.wrap(key, size_bytes=size_bytes, context=self.context, chunk_bytes=chunk_bytes)
        return to_json(envelope).decode()

    def key_check(self) -> str | None:
        """Returns an envelope around no content, which the customer's key opens; ``None`` without such a key."""
        if self.wrapping is None or self.wrapping.id is not None:
            return None
        return self.sealed(ContentKey(), 0, 1)


@final
class Keys:
    """The master keys of a store, if it has any, and customers' keys."""

    def __init__(self, masters: MasterKeys | None) -> None:
        self._masters = masters

    def new(
        self,
        place: tuple[str, str],
        default: EncryptionSettings,
        encryption: Encryption | None,
        customer_key: CustomerKey | None,
    ) -> Protection:
        """Returns how a new object is protected: as the write says, or as its bucket does."""
        context = _context(place)
        if customer_key is not None:
            return Protection(wrapping=WrappingKey.of_customer(customer_key), context=context)
        applied = default.applied(encryption, None)
        if applied is None:
            return Protection()
        wrapping = self._wrapping(applied)
        if applied.algorithm != SSE_S3:
            applied = msgspec.structs.replace(applied, key_id=wrapping.id)
        return Protection(encryption=applied, wrapping=wrapping, context=_with(context, applied))

    def existing(self, place: tuple[str, str], stored: Stored, customer_key: CustomerKey | None) -> Protection:
        """Returns how an object or upload is protected, after `check_customer_key`."""
        self.check_customer_key(place, stored, customer_key)
        context, encryption = _context(place), stored.encryption
        if customer_key is not None:
            return Protection(wrapping=WrappingKey.of_customer(customer_key), context=context)
        if encryption is None:
            return Protection()
        return Protection(
            encryption=encryption, wrapping=self._wrapping(encryption), context=_with(context, encryption)
        )

    def check_customer_key(self, place: tuple[str, str], stored: Stored, customer_key: CustomerKey | None) -> None:
        """Checks that the customer's key opens what only it opens.

        Raises:
            CustomerKeyNeeded: The key is missing.
            CustomerKeyNotNeeded: There is no use for it.
            WrongCustomerKey: It is another one.
        """
        require_customer_key(customer_key, needed=stored.key_check is not None)
        if stored.key_check is not None and customer_key is not None:
            envelope = envelope_of(stored.key_check)
            WrappingKey.of_customer(customer_key).unwrap(envelope, context=_context(place))

    def opened(self, envelope: Envelope, protection: Protection) -> ContentKey:
        """Returns the key of a blob."""
        wrapping = protection.wrapping
        if wrapping is not None and wrapping.id is None:
            return wrapping.unwrap(envelope, context=protection.context)
        return self._required().unwrap(envelope, context=protection.context)

    def _wrapping(self, encryption: Encryption) -> WrappingKey:
        masters = self._required()
        return masters.current if encryption.key_id is None else masters.named(encryption.key_id)

    def _required(self) -> MasterKeys:
        if self._masters is None:
            raise Unsupported("the store has no encryption_keys", feature="encrypt_sse_s3")
        return self._masters


def envelope_of(text: str) -> Envelope:
    """Returns an envelope that was stored as JSON."""
    return from_json(text, Envelope)


def _context(place: tuple[str, str]) -> bytes:
    # No bucket's name has a slash, so no other place has the same context.
    return "/".join(place).encode()


def _with(context: bytes, encryption: Encryption) -> bytes:
    """Adds the encryption context that the client gave, as a key service would."""
    return context if encryption.context is None else context + b"\n" + encryption.context.encode()
