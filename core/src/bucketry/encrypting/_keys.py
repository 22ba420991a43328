"""Keys that wrap the keys of contents: the store's master keys, and customers' keys."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Iterable
from typing import Final, Self, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bucketry.encrypting._content import CHUNK_BYTES, ContentKey, Envelope
from bucketry.encryption import CustomerKey
from bucketry.errors import BackendError, InvalidSettings, NoSuchKmsKey, WrongCustomerKey
from bucketry.secret import Secret

_KEY_BYTES: Final = 32
_SALT_BYTES: Final = 32
_PURPOSE: Final = b"bucketry envelope 1"
_NONCE: Final = bytes(12)
"""Each wrapping has a key of its own, which the salt makes, so the nonce can be constant."""

_ID: Final = re.compile(r"[A-Za-z0-9_./-]{1,100}")


@final
class WrappingKey:
    """A key that wraps the keys of contents. It is a secret: no ``repr`` shows it.

    It may wrap any number of keys: each time it derives a key from itself and a random salt, by HKDF (RFC 5869).

    Attributes:
        id: Id of a master key; ``None`` for a customer's key.
    """

    __slots__ = ("_secret", "id")

    def __init__(self, key: bytes, key_id: str | None) -> None:
        """Takes a key of 32 bytes."""
        self._secret = Secret(base64.b64encode(key).decode())
        self.id = key_id

    @classmethod
    def of_customer(cls, key: CustomerKey) -> Self:
        """Returns the key that a customer sent (SSE-C)."""
        return cls(key.reveal(), None)

    def wrap(self, key: ContentKey, *, size_bytes: int, context: bytes, chunk_bytes: int = CHUNK_BYTES) -> Envelope:
        """Wraps the key of a content that is encrypted completely.

        Args:
            key: The content's key.
            size_bytes: Size of the content.
            context: What the content is, such as bucket and key: an envelope that is moved elsewhere does not open.
            chunk_bytes: Size of each chunk but the last.
        """
        salt = secrets.token_bytes(_SALT_BYTES)
        about = _about(self.id, size_bytes, chunk_bytes, context)
        return Envelope(
            wrapped_key=salt + self._cipher(salt).encrypt(_NONCE, key.reveal(), about),
            size_bytes=size_bytes,
            chunk_bytes=chunk_bytes,
            master_key_id=self.id,
        )

    def unwrap(self, envelope: Envelope, *, context: bytes) -> ContentKey:
        """Returns the key of a content.

        Raises:
            WrongCustomerKey: The content is encrypted with another customer's key.
            BackendError: The envelope was changed, or belongs to something else.
        """
        salt, wrapped = envelope.wrapped_key[:_SALT_BYTES], envelope.wrapped_key[_SALT_BYTES:]
        about = _about(self.id, envelope.size_bytes, envelope.chunk_bytes, context)
        try:
            return ContentKey(self._cipher(salt).decrypt(_NONCE, wrapped, about))
        except (InvalidTag, ValueError):
            if self.id is None:
                raise WrongCustomerKey from None
            raise BackendError(
                f"the wrapped key of the content does not open with the master key {self.id!r}: it was changed or moved"
            ) from None

    def _cipher(self, salt: bytes) -> AESGCM:
        key = base64.b64decode(self._secret.reveal())
        return AESGCM(HKDF(SHA256(), _KEY_BYTES, salt, _PURPOSE).derive(key))

    def __repr__(self) -> str:
        return f"WrappingKey('***', {self.id!r})"


@final
class MasterKeys:
    """The master keys of a store. The first one wraps what is new; the others open what they wrapped before.

    To rotate, put a new key in front and keep the old ones until nothing needs them (`rewrap`).
    """

    __slots__ = ("_keys", "current")

    def __init__(self, keys: Iterable[WrappingKey]) -> None:
        """Takes the keys, the current one first.

        Raises:
            InvalidSettings: There is none, or two have the same id.
        """
        listed = tuple(keys)
        self._keys = {key.id: key for key in listed}
        if not listed or len(self._keys) < len(listed) or None in self._keys:
            raise InvalidSettings("a store that encrypts has at least one master key, and each has an id of its own")
        self.current = listed[0]

    @classmethod
    def parse(cls, text: str | Secret) -> Self:
        """Reads keys from a setting: ``id:key,id:key``, each key 32 bytes in base64.

        Raises:
            InvalidSettings: It is malformed. The message never repeats a key.
        """
        shown = text.reveal() if isinstance(text, Secret) else text
        return cls(_parsed(entry.strip()) for entry in shown.split(","))

    def named(self, key_id: str) -> WrappingKey:
        """Returns a key by its id.

        Raises:
            NoSuchKmsKey: There is no such key.
        """
        found = self._keys.get(key_id)
        if found is None:
            raise NoSuchKmsKey(f"there is no key {key_id[:100]!r}")
        return found

    def unwrap(self, envelope: Envelope, *, context: bytes) -> ContentKey:
        """Returns the key of a content that one of these keys wrapped.

        Raises:
            BackendError: That key is not among these, or the envelope was changed or belongs to something else.
        """
        key = self._keys.get(envelope.master_key_id)
        if key is None or key.id is None:
            raise BackendError(f"the content needs the master key {envelope.master_key_id!r}, which is not set")
        return key.unwrap(envelope, context=context)

    def rewrap(self, envelope: Envelope, *, context: bytes) -> Envelope:
        """Returns an envelope of the current key for the same content, which stays as it is."""
        key = self.unwrap(envelope, context=context)
        return self.current.wrap(key, size_bytes=envelope.size_bytes, context=context, chunk_bytes=envelope.chunk_bytes)

    def __repr__(self) -> str:
        return f"MasterKeys({', '.join(map(repr, self._keys))})"


def _parsed(entry: str) -> WrappingKey:
    key_id, _, encoded = entry.partition(":")
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _ID.fullmatch(key_id) or len(key) != _KEY_BYTES:
        raise InvalidSettings(f"master keys look like ID:KEY,ID:KEY, each key {_KEY_BYTES} bytes in base64")
    return WrappingKey(key, key_id)


def _about(key_id: str | None, size_bytes: int, chunk_bytes: int, context: bytes) -> bytes:
    """Returns what an envelope is about, without ambiguity: it is authenticated with the wrapped key."""
    owner = b"customer" if key_id is None else b"master:" + key_id.encode()
    return b"%s %d %d\n%s" % (owner, size_bytes, chunk_bytes, context)
