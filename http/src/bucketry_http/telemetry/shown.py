"""Text from clients as logs, audit and traces show it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from bucketry.redaction import redacted

_HARMLESS: Final = re.compile(r"[\w ./()#;,-]*")
"""Text without any of the characters that stand between the name of a secret and its value."""


_is_harmless = lru_cache(maxsize=512)(_HARMLESS.fullmatch)


def shown(text: str) -> str:
    """Returns a text with ``***`` in place of signatures and session tokens.

    A client that encodes the ``?`` of a presigned URL makes its signature a part of the key.
    """
    return text if _HARMLESS.fullmatch(text) else redacted(text)


def shown_again(text: str) -> str:
    """Returns the same as `shown`, for short texts that come again and again."""
    return text if _is_harmless(text) else redacted(text)
