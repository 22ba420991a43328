"""Cursors: after what a page ended."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from bucketry import InvalidArgument

_MARK: Final = b"rgw1:"
_MAX_BYTES: Final = 4096


def encode_cursor(last: str) -> str:
    """Writes after which key or common prefix a page ended."""
    return base64.urlsafe_b64encode(_MARK + last.encode()).decode()


def decode_cursor(cursor: str) -> str:
    """Reads a cursor of `encode_cursor`.

    Raises:
        InvalidArgument: It is none.
    """
    try:
        content = base64.b64decode(cursor, altchars=b"-_", validate=True)
        mark, last = content[: len(_MARK)], content[len(_MARK) :]
        if mark != _MARK or not last or len(last) > _MAX_BYTES:
            raise ValueError("the mark is missing")
        return last.decode()
    except (ValueError, binascii.Error):
        raise InvalidArgument("the cursor is none that this listing gave") from None
