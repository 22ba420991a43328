"""The headers of object lock: retention and legal hold of a version.

Source: S3 user guide, "Locking objects with Object Lock"; S3 API reference, ``PutObject`` and ``GetObject``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from bucketry import Retention
from bucketry.object_lock import LEGAL_HOLD, LOCK_MODE, LOCK_UNTIL
from bucketry.s3 import xml_time

from bucketry_http.shared.response_body import RawHeaders

LOCK_HEADERS: Final = frozenset({LOCK_MODE, LOCK_UNTIL, LEGAL_HOLD})

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)", re.ASCII)
"""ISO 8601 with date, time and zone, as SDKs write it: with seconds, milliseconds, microseconds or nanoseconds."""


def lock_parts(headers: Mapping[str, str]) -> Iterable[str]:
    """Yields what of a lock the headers of a write set: ``legal_hold``, ``retention``."""
    if LEGAL_HOLD in headers:
        yield "legal_hold"
    if LOCK_MODE in headers or LOCK_UNTIL in headers:
        yield "retention"


def moment_in(text: str) -> datetime | None:
    """Returns a time in UTC and to the millisecond; ``None`` if the text is not a time."""
    try:
        if not _TIME.fullmatch(text.strip()):
            return None
        moment = datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def retention_headers(retention: Retention) -> RawHeaders:
    """Returns the headers that tell the retention of a version."""
    if retention.mode is None or retention.until is None:
        return []
    return [(LOCK_MODE.encode(), retention.mode.encode()), (LOCK_UNTIL.encode(), xml_time(retention.until).encode())]


def legal_hold_headers(legal_hold: bool) -> RawHeaders:
    """Returns the header that tells whether a version has a legal hold."""
    return [(LEGAL_HOLD.encode(), b"ON" if legal_hold else b"OFF")]
