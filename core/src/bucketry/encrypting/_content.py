"""The key of one content, and its chunks.

The key is random and encrypts one content only, so the number of a chunk can be its nonce: no pair of key and nonce
comes twice (NIST SP 800-38D, 8.2.1).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from typing import Final, final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bucketry.errors import BackendError

CHUNK_BYTES: Final = 64 * 1024
"""How much of a content is encrypted at once, unless the driver chooses another size."""

TAG_BYTES: Final = 16
"""By how many bytes a stored chunk is longer than its content (NIST SP 800-38D, 5.2.1.2)."""

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What a driver stores beside an encrypted content. Without the right key it tells nothing but the size.

    Attributes:
        wrapped_key: The content's key, encrypted.
        size_bytes: Size of the content. It cannot be changed without the key that wrapped it.
        chunk_bytes: Size of each chunk before encryption, but the last.
        master_key_id: The master key that wrapped it; ``None``: a customer's key.
    """

    wrapped_key: bytes
    size_bytes: int
    chunk_bytes: int = CHUNK_BYTES
    master_key_id: str | None = None

    @property
    def stored_bytes(self) -> int:
        """How many bytes all encrypted chunks have together."""
        return self.size_bytes + TAG_BYTES * -(-self.size_bytes // self.chunk_bytes)

    def stored_range(self, start: int, stop: int) -> tuple[int, int]:
        """Returns which bytes of the joined encrypted chunks hold the content from ``start`` to ``stop``."""
        stored, last = self.chunk_bytes + TAG_BYTES, -(-stop // self.chunk_bytes)
        return start // self.chunk_bytes * stored, min(last * stored, self.stored_bytes)

    def length_of(self, index: int) -> int:
        """Returns how many bytes of content a chunk has: 0 for one that does not exist."""
        return max(0, min(self.chunk_bytes, self.size_bytes - index * self.chunk_bytes))


@final
class ContentKey:
    """The key of one content. It is a secret: no ``repr`` shows it."""

    __slots__ = ("_cipher", "_key")

    def __init__(self, key: bytes | None = None) -> None:
        """Takes a key of 32 bytes, or makes one."""
        self._key = secrets.token_bytes(_KEY_BYTES) if key is None else key
        self._cipher = AESGCM(self._key)

    def reveal(self) -> bytes:
        """Returns the key itself."""
        return self._key

    def encrypt(self, index: int, chunk: bytes) -> bytes:
        """Encrypts one chunk. Never encrypt two chunks with the same number.

        Args:
            index: Its number, from 0.
            chunk: Its content. All chunks but the last have the same size.
        """
        return self._cipher.encrypt(_nonce(index), chunk, None)

    def decrypt(self, index: int, stored: bytes, envelope: Envelope) -> bytes:
        """Decrypts one chunk.

        Args:
            index: Its number, from 0.
            stored: What `encrypt` returned.
            envelope: The envelope that the key was unwrapped from, which says how long the chunk is.

        Raises:
            BackendError: It was changed or cut, or stands in another place.
        """
        if len(stored) != envelope.length_of(index) + TAG_BYTES:
            raise _damaged(index)
        try:
            return self._cipher.decrypt(_nonce(index), stored, None)
        except InvalidTag:
            raise _damaged(index) from None

    def __repr__(self) -> str:
        return "ContentKey('***')"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a ContentKey cannot be pickled: keep its Envelope")


def decrypted(key: ContentKey, envelope: Envelope, pieces: Iterable[bytes], start: int, stop: int) -> Iterator[bytes]:
    """Yields the content from ``start`` to ``stop``, a chunk at a time.

    Args:
        key: The content's key.
        envelope: Its envelope.
        pieces: The stored bytes of `Envelope.stored_range`, in pieces of any size.
        start: Offset of the first byte.
        stop: Offset after the last byte.

    Raises:
        BackendError: The stored bytes were changed or cut. What was yielded before is right.
    """
    buffer, source = bytearray(), iter(pieces)
    while start < stop:
        index, within = divmod(start, envelope.chunk_bytes)
        size = envelope.length_of(index) + TAG_BYTES
        while len(buffer) < size and (piece := next(source, b"")):
            buffer += piece
        chunk = key.decrypt(index, bytes(buffer[:size]), envelope)
        del buffer[:size]
        wanted = chunk[within : within + stop - start]
        yield wanted
        start += len(wanted)


def _nonce(index: int) -> bytes:
    return index.to_bytes(_NONCE_BYTES, "big")


def _damaged(index: int) -> BackendError:
    return BackendError(f"chunk {index} of the stored content was changed, cut or moved: its authentication fails")
