"""Text from clients as logs, audit and traces show it."""

from __future__ import annotations

import re
from typing import Final

from bucketry.redaction import redacted

_HARMLESS: Final = re.compile(r"[\w ./()-]*")
"""Text without any of the characters that stand between the name of a secret and its value."""


def shown(text: str) -> str:
    """Returns a text with ``***`` in place of signatures and session tokens.

    A client that encodes the ``?`` of a presigned URL makes its signature a part of the key.
    """
    return text if _HARMLESS.fullmatch(text) else redacted(text)
