"""Cursors: after what a page of objects ended."""

from __future__ import annotations

from typing import Final

from bucketry import cursors

_OBJECTS: Final = "rgw objects"


def encode_cursor(last: str) -> str:
    """Writes after which key or common prefix a page ended."""
    return cursors.encode_cursor(_OBJECTS, last)


def decode_cursor(cursor: str) -> str:
    """Reads a cursor of `encode_cursor`.

    Raises:
        InvalidArgument: It is none.
    """
    return cursors.decode_cursor(_OBJECTS, cursor, str)
