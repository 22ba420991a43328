"""The header ``Date``."""

from __future__ import annotations

import time

from bucketry.s3 import http_date_at

_now: tuple[int, bytes] = (-1, b"")


def date_now() -> bytes:
    """Returns the value of ``Date`` (RFC 9110, 6.6.1): now, and so never before the ``Last-Modified`` beside it."""
    global _now  # noqa: PLW0603 - the same for all connections
    now = int(time.time())
    # Read and written in one step, since servers in several threads share it.
    second, written = _now
    if second != now:
        written = http_date_at(now).encode()
        _now = (now, written)
    return written
