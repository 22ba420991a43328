"""Text from clients as logs, audit and traces show it."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Final

from bucketry.redaction import redacted

_HARMLESS: Final = re.compile(r"[\w ./()#;,-]*")
"""Text without any of the characters that stand between the name of a secret and its value."""

_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]+")

_is_harmless = lru_cache(maxsize=512)(_HARMLESS.fullmatch)


def shown(text: str) -> str:
    """Returns a text with ``***`` in place of signatures and session tokens.

    A client that encodes the ``?`` of a presigned URL makes its signature a part of the key.
    """
    return text if _HARMLESS.fullmatch(text) else redacted(text)


def shown_again(text: str) -> str:
    """Returns the same as `shown`, for short texts that come again and again."""
    return text if _is_harmless(text) else redacted(text)


def json_of_lines(lines: bytes) -> bytes:
    """Returns lines of JSON with escapes in place of characters that are not printable.

    JSON leaves those beyond US-ASCII as they are. Some end a line (U+0085, U+2028), turn text around (U+202E) or
    command a terminal (U+009B).
    """
    if lines.isascii():
        return lines  # As nearly all are. JSON escapes what ends a line there.
    return _NOT_ASCII.sub(_printable, lines.decode()).encode()


def _printable(found: re.Match[str]) -> str:
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1]
