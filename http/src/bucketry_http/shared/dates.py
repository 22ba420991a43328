"""Dates as HTTP writes them (RFC 9110, 5.6.7)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime


def http_date(moment: datetime) -> str:
    """Returns a time as an IMF-fixdate, such as ``Mon, 15 Jan 2024 10:30:00 GMT``."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def parse_http_date(text: str | None) -> datetime | None:
    """Reads an HTTP date in any of its three forms; what is none is ignored (RFC 9110, 13.1.3)."""
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
