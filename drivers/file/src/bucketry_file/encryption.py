"""Encryption of contents: which key wraps a content's key, and what is kept of a customer's key.

A content has a key of its own. The pieces of a version hold it wrapped, so a copy wraps it anew and shares the content.
``bucketry.encrypting`` is imported where it is needed: it needs a package that few stores have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import msgspec
from bucketry import CustomerKey, Encryption, EncryptionSettings, Secret, Unsupported
from bucketry.decoding import from_msgpack
from bucketry.encryption import SSE_S3, require_customer_key
from bucketry.version_facts import VersionFacts

from bucketry_file.records import encode

if TYPE_CHECKING:
    from bucketry.encrypting import ContentKey, Envelope, MasterKeys, WrappingKey


class Protection(msgspec.Struct, frozen=True, kw_only=True):
    """How one version, or the parts of one upload, are encrypted.

    Attributes:
        encryption: With keys that the client does not hold.
        wrapping: The key that wraps the keys of contents; ``None``: they are not encrypted.
        context: What the wrapped keys belong to.
        key_digest: What is kept of the customer's key: an envelope around no content, which that key opens.
    """

    encryption: Encryption | None = None
    wrapping: WrappingKey | None = None
    context: bytes = b""
    key_digest: bytes | None = None

    @property
    def is_encrypted(self) -> bool:
        """Whether contents are encrypted."""
        return self.wrapping is not None

    def new_key(self) -> ContentKey | None:
        """Returns a key for a new content; ``None``: it is not encrypted."""
        if self.wrapping is None:
            return None
        from bucketry.encrypting import ContentKey

        return ContentKey()

    def sealed(self, key: ContentKey | None, size_bytes: int) -> bytes | None:
        """Returns the envelope of a content; ``None`` if it is not encrypted."""
        if self.wrapping is None or key is None:
            return None
        return encode(self.wrapping.wrap(key, size_bytes=size_bytes, context=self.context))

    def given_to(self, facts: VersionFacts) -> VersionFacts:
        """Returns the facts of a version that is encrypted so."""
        if self.encryption == facts.encryption and self.key_digest is None:
            return facts
        return msgspec.structs.replace(facts, encryption=self.encryption, key_digest=self.key_digest)


PLAIN = Protection()


@final
class Keys:
    """The master keys of a store, if it has any, and customers' keys."""

    def __init__(self, masters: Secret | None) -> None:
        """Takes the setting.

        Raises:
            InvalidSettings: It is malformed.
        """
        self._masters: MasterKeys | None = None
        if masters is not None:
            from bucketry.encrypting import MasterKeys

            self._masters = MasterKeys.parse(masters)

    def new(
        self,
        place: tuple[str, str],
        default: EncryptionSettings,
        encryption: Encryption | None,
        customer_key: CustomerKey | None,
    ) -> Protection:
        """Returns how a new version is protected: as the write says, or as its bucket does.

        Args:
            place: Its bucket and its key.
            default: The default encryption of the bucket.
            encryption: What the write asks for.
            customer_key: The customer's key that the write brings.

        Raises:
            NoSuchKmsKey: There is no such key.
        """
        if customer_key is not None:
            return _under_customers_key(place, customer_key)
        applied = default.applied(encryption, None)
        if applied is None:
            return PLAIN
        wrapping = self._wrapping(applied)
        if applied.algorithm != SSE_S3:
            applied = msgspec.structs.replace(applied, key_id=wrapping.id)
        return Protection(encryption=applied, wrapping=wrapping, context=_context(place, applied))

    def existing(self, place: tuple[str, str], facts: VersionFacts, customer_key: CustomerKey | None) -> Protection:
        """Returns how a version or upload is protected, after `check_customer_key`."""
        self.check_customer_key(place, facts, customer_key)
        if customer_key is not None:
            protection = _under_customers_key(place, customer_key)
            return msgspec.structs.replace(protection, key_digest=facts.key_digest)
        if facts.encryption is None:
            return PLAIN
        wrapping, context = self._wrapping(facts.encryption), _context(place, facts.encryption)
        return Protection(encryption=facts.encryption, wrapping=wrapping, context=context)

    def check_customer_key(self, place: tuple[str, str], facts: VersionFacts, customer_key: CustomerKey | None) -> None:
        """Checks that the customer's key opens what only it opens.

        Raises:
            CustomerKeyNeeded: The key is missing.
            CustomerKeyNotNeeded: There is no use for it.
            WrongCustomerKey: It is another one.
        """
        require_customer_key(customer_key, needed=facts.key_digest is not None)
        if facts.key_digest is None or customer_key is None:
            return
        from bucketry.encrypting import WrappingKey

        WrappingKey.of_customer(customer_key).unwrap(envelope_of(facts.key_digest), context=_context(place))

    def opened(self, envelope: Envelope, protection: Protection) -> ContentKey:
        """Returns the key of a content."""
        wrapping = protection.wrapping
        if wrapping is not None and wrapping.id is None:
            return wrapping.unwrap(envelope, context=protection.context)
        return self._required().unwrap(envelope, context=protection.context)

    def rewrapped(self, packed: bytes | None, before: Protection, after: Protection) -> bytes | None:
        """Returns the envelope of a content for another version, which shares it."""
        if packed is None:
            return None
        envelope = envelope_of(packed)
        return after.sealed(self.opened(envelope, before), envelope.size_bytes)

    def _wrapping(self, encryption: Encryption) -> WrappingKey:
        masters = self._required()
        return masters.current if encryption.key_id is None else masters.named(encryption.key_id)

    def _required(self) -> MasterKeys:
        if self._masters is None:
            raise Unsupported("the store has no encryption_keys", feature="encrypt_sse_s3")
        return self._masters


def envelope_of(packed: bytes) -> Envelope:
    """Returns an envelope that was stored."""
    from bucketry.encrypting import Envelope

    return from_msgpack(packed, Envelope)


def _under_customers_key(place: tuple[str, str], customer_key: CustomerKey) -> Protection:
    from bucketry.encrypting import ContentKey, WrappingKey

    wrapping, context = WrappingKey.of_customer(customer_key), _context(place)
    digest = encode(wrapping.wrap(ContentKey(), size_bytes=0, context=context))
    return Protection(wrapping=wrapping, context=context, key_digest=digest)


def _context(place: tuple[str, str], encryption: Encryption | None = None) -> bytes:
    # No bucket's name has a slash, so no other place has the same context.
    context = "/".join(place).encode()
    if encryption is None or encryption.context is None:
        return context
    # As a key service would, with the encryption context that the client gave.
    return context + b"\n" + encryption.context.encode()
