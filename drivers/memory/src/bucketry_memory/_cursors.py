"""Cursors: where a page ended, as opaque text."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2s
from typing import Final, Literal, TypeAlias

import msgspec
from bucketry import InvalidArgument

Kind: TypeAlias = Literal["object", "prefix", "upload", "part"]

_CHECK_BYTES: Final = 6
"""Enough to tell a cursor from any other text; nothing depends on nobody being able to make one."""


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The last entry of a page.

    Attributes:
        kind: What that entry was.
        text: Its key or common prefix.
        number: Its number, of an upload or a part.
    """

    kind: Kind
    text: str = ""
    number: int = 0

    def encode(self) -> str:
        """Returns the cursor as text for callers."""
        payload = msgspec.msgpack.encode(self)
        return urlsafe_b64encode(_check(payload) + payload).decode().rstrip("=")


def decode(cursor: str, *kinds: Kind) -> Cursor:
    """Reads a cursor that `Cursor.encode` wrote.

    Raises:
        InvalidArgument: It is none, or none of these kinds.
    """
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        payload = raw[_CHECK_BYTES:]
        if raw[:_CHECK_BYTES] == _check(payload):
            decoded = msgspec.msgpack.decode(payload, type=Cursor)
            if decoded.kind in kinds and decoded.encode() == cursor:
                return decoded
    except ValueError:
        pass
    raise InvalidArgument("the cursor is none that this listing gave")


def _check(payload: bytes) -> bytes:
    return blake2s(payload, digest_size=_CHECK_BYTES, person=b"memory").digest()
