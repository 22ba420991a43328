"""Days and dates in lifecycle rules."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Final

from bucketry.bucket_settings._base import invalid
from bucketry.s3 import MAX_NEWER_VERSIONS

MAX_DAYS: Final = 2**31 - 1
"""Most days of a rule; S3 states no limit, and its field is an integer of 32 bits."""


def check_days(days: int | None, what: str, *, least: int = 1) -> None:
    """Refuses a number of days that is not positive, or too large.

    Args:
        days: The days; ``None``: nothing is to be checked.
        what: What the message calls it.
        least: 0 if there may be none.
    """
    if days is not None and not least <= days <= MAX_DAYS:
        raise invalid(f"{what} must be a {'positive' if least else 'nonnegative'} integer of 32 bits", "value")


def check_newer(count: int | None) -> None:
    """Refuses a number of versions that cannot be kept."""
    if count is not None and not 1 <= count <= MAX_NEWER_VERSIONS:
        raise invalid(f"'NewerNoncurrentVersions' is 1 to {MAX_NEWER_VERSIONS}", "value")


def midnight(date: datetime) -> datetime:
    """Returns a date in UTC.

    Raises:
        InvalidBucketSettings: It has no time zone, or is not midnight UTC.
    """
    if date.tzinfo is None:
        raise invalid("a 'Date' needs a time zone: datetime(…, tzinfo=UTC)", "value")
    try:
        date = date.astimezone(UTC)
    except OverflowError:
        raise invalid("a 'Date' lies between the years 1 and 9999, in UTC too", "value") from None
    if date.time() != time():
        raise invalid("'Date' must be at midnight GMT", "value")
    return date
