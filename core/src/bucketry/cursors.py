"""Cursors: where a page of a listing ended, as the opaque text that gives the next page.

Any driver may use this, or write its cursors in a way of its own.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2s
from typing import Final, TypeVar

import msgspec

from bucketry.errors import InvalidArgument

T = TypeVar("T")

_CHECK_BYTES: Final = 6
"""Enough to tell a cursor from any other text. It is no secret: whoever wants to can make a cursor."""


def encode_cursor(listing: str, position: object) -> str:
    """Writes where a page ended.

    Args:
        listing: Which listing of which driver it is, such as ``acme objects``: a cursor is good for that one alone.
        position: The last entry of the page: text, bytes, numbers, or tuples or Structs of them (whatever
            MessagePack holds).

    Returns:
        Letters, digits, ``-`` and ``_`` (RFC 4648, 5), which need no encoding in a URL. A key of 1,024 bytes takes some
        1,400 of them.
    """
    packed = msgspec.msgpack.encode(position)
    return urlsafe_b64encode(_check(listing, packed) + packed).decode().rstrip("=")


def decode_cursor(listing: str, cursor: str, kind: type[T]) -> T:
    """Reads a cursor of `encode_cursor`.

    Args:
        listing: What `encode_cursor` was given.
        cursor: The cursor, as the caller gives it.
        kind: The type of the position.

    Raises:
        InvalidArgument: It is none, or one of another listing or driver.
    """
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        check, packed = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
        # Decoding skips what is no base64, so a cursor with dirt in it would pass unless it is compared as text.
        if check == _check(listing, packed) and urlsafe_b64encode(raw).decode().rstrip("=") == cursor:
            return msgspec.msgpack.decode(packed, type=kind)
    except ValueError:  # msgspec's errors are such too.
        pass
    raise InvalidArgument("this cursor belongs to another listing: take the cursor of the page before", field="cursor")


def _check(listing: str, packed: bytes) -> bytes:
    # The NUL keeps the two apart: no name of a listing holds one.
    return blake2s(listing.encode() + b"\0" + packed, digest_size=_CHECK_BYTES).digest()
