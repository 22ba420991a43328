"""Where a page ended."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec
from bucketry import InvalidArgument
from bucketry.cursors import decode_cursor, encode_cursor

Kind: TypeAlias = Literal["object", "prefix", "upload", "part"]

_LISTINGS: Final = "memory"


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
        return encode_cursor(_LISTINGS, self)


def decode(cursor: str, *kinds: Kind) -> Cursor:
    """Reads a cursor that `Cursor.encode` wrote.

    Raises:
        InvalidArgument: It is none, or none of these kinds.
    """
    decoded = decode_cursor(_LISTINGS, cursor, Cursor)
    if decoded.kind not in kinds:
        raise InvalidArgument("the cursor is none that this listing gave")
    return decoded
