"""Encodes and decodes cursors, the opaque texts that say where the next page of a listing begins.

Drivers may use this, or write cursors in another way.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2s
from typing import Final, TypeVar

import msgspec

from bucketry.decoding import from_msgpack
from bucketry.errors import InvalidArgument

T = TypeVar("T")

_CHECK_BYTES: Final = 6
"""Enough to tell a cursor from other text. This is not a secret: anybody can make a cursor."""


def encode_cursor(listing: str, position: object) -> str:
    """Writes where a page ended.

    Args:
        listing: Name of the listing and its driver, such as ``acme objects``. The cursor is valid for it alone.
        position: The last entry of the page: text, bytes, numbers, or tuples or Structs of them (whatever
            MessagePack holds).

    Returns:
        Letters, digits, ``-`` and ``_`` (RFC 4648, 5), which need no encoding in a URL. For a key of 1,024 bytes these
        are some 1,400 characters.
    """
    packed = msgspec.msgpack.encode(position)
    return urlsafe_b64encode(_check(listing, packed) + packed).decode().rstrip("=")


def decode_cursor(listing: str, cursor: str, kind: type[T]) -> T:
    """Reads a cursor that `encode_cursor` wrote.

    Args:
        listing: The same name as for `encode_cursor`.
        cursor: The cursor, as the caller gives it.
        kind: The type of the position.

    Raises:
        InvalidArgument: It is not a cursor, or belongs to another listing or driver.
    """
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        check, packed = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
        # Decoding ignores characters that are not base64. The comparison refuses a cursor that has such characters.
        if check == _check(listing, packed) and urlsafe_b64encode(raw).decode().rstrip("=") == cursor:
            return from_msgpack(packed, kind)
    except ValueError:  # msgspec's errors are ValueErrors.
        pass
    raise InvalidArgument("this cursor belongs to another listing: take the cursor of the page before", field="cursor")


def _check(listing: str, packed: bytes) -> bytes:
    # The NUL separates the two: names of listings have none.
    return blake2s(listing.encode() + b"\0" + packed, digest_size=_CHECK_BYTES).digest()
