"""What is logged, on standard error: never a secret or a signature, however much is asked for."""

from __future__ import annotations

import logging
import sys
from typing import Final, TextIO

from bucketry.redaction import RedactingFilter

_RETRYING: Final = "urllib3.connectionpool"
"""Warns of each attempt that failed."""

_LIBRARIES: Final = (
    "asyncio",
    "boto3",
    "botocore",
    "charset_normalizer",
    "httpcore",
    "httpx",
    "litestar",
    "minio",
    "multipart",
    "python_multipart",
    "s3transfer",
    "urllib3",
    "uvicorn",
)
"""SDKs and HTTP libraries. What they log below ``info`` are requests and responses as they are."""


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is at the moment: a test, or a shell, may put another in its place."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.addFilter(RedactingFilter())

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        """Standard error."""
        return sys.stderr


_handler: Final = _StandardError()


def log_to_standard_error(level: str, form: str = "%(message)s") -> None:
    """Has everything from a level on written to standard error, redacted; a later call changes level and form.

    Args:
        level: The least level, in capitals.
        form: How a line looks, as `logging.Formatter` takes it.
    """
    root = logging.getLogger()
    if _handler not in root.handlers:
        root.addHandler(_handler)
    _handler.setFormatter(logging.Formatter(form))
    root.setLevel(level)
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.INFO, root.level))
    # Where a backend is down, each request is tried several times. What became of it in the end is one line.
    logging.getLogger(_RETRYING).setLevel(
        max(logging.ERROR, root.level) if root.level > logging.DEBUG else logging.INFO
    )
