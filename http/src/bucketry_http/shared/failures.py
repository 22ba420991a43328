"""What the log says of requests that fail: one line each, since a backend that is down fails them all."""

from __future__ import annotations

import logging
import re
from typing import Final

from bucketry import BucketryError

logger = logging.getLogger("bucketry_http")

_MOST: Final = 300
"""Characters of a cause's own text."""

_QUERY: Final = re.compile(r"\?[^\s'\")]*")
"""Of a URL: it may hold a signature."""


def log_failure(what: str, error: BucketryError) -> None:
    """Writes one line about an error of the contract, with its cause; with the traceback at the level ``debug``.

    Args:
        what: What failed.
        error: The error.
    """
    detailed = error.__cause__ if logger.isEnabledFor(logging.DEBUG) else None
    logger.warning("%s", _one_line(f"{what}: {error}{_because(error.__cause__)}"), exc_info=detailed)


def _because(cause: BaseException | None) -> str:
    if cause is None:
        return ""
    text = _QUERY.sub("?…", str(cause))[:_MOST]
    return f" (caused by {type(cause).__name__}{': ' + text if text else ''})"


def _one_line(text: str) -> str:
    # A key, and so a path, may have a line end in it.
    return text if text.isprintable() else "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
