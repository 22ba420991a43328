"""What lifecycle rules say about an object, a version, a delete marker or an upload. Pure functions.

Each returns the earliest `Expiration` of the rules, since S3 lets the shorter one win (S3 user guide, "Examples of
Amazon S3 Lifecycle configurations", "Overlapping"). Transitions do not count: expiration wins over them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from bucketry.bucket_settings import LifecycleFilter, LifecycleRule
from bucketry.models import Expiration

Rules = Iterable[LifecycleRule]
Tags = Mapping[str, str]

_DAY = timedelta(days=1)


def midnight_after(moment: datetime, days: int) -> datetime | None:
    """Returns the next midnight UTC once so many days have passed.

    Source: S3 user guide, "Lifecycle rules: based on an object's age".

    Args:
        moment: When the days begin.
        days: The days.

    Returns:
        The time, or ``None`` if it is beyond the year 9999.
    """
    try:
        midnight = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + timedelta(days=days) + _DAY
    except OverflowError:
        return None


def expiration_of(
    rules: Rules, key: str, size_bytes: int, last_modified: datetime, tags: Tags | None = None
) -> Expiration | None:
    """Says when the current version of an object expires.

    Args:
        rules: The rules of the bucket.
        key: The object's key.
        size_bytes: Its size.
        last_modified: When it was stored.
        tags: Its tags. ``None``: they are not known, so the result is the earliest time that any tags could give.
    """
    return _earliest(rules, lambda rule: _end(rule, last_modified), key, size_bytes, tags)


def noncurrent_expiration_of(
    rules: Rules, key: str, size_bytes: int | None, since: datetime, newer: int, tags: Tags | None = None
) -> Expiration | None:
    """Says when a version expires that is no longer the current one.

    Args:
        rules: The rules of the bucket.
        key: The object's key.
        size_bytes: The version's size; ``None``: it is a delete marker.
        since: When the next newer version was stored.
        newer: How many versions there are between it and the current one.
        tags: As in `expiration_of`.
    """

    def end(rule: LifecycleRule) -> datetime | None:
        action = rule.noncurrent_version_expiration
        if action is None or newer < (action.newer_noncurrent_versions or 0):
            return None
        return midnight_after(since, action.noncurrent_days or 0)

    return _earliest(rules, end, key, size_bytes, tags)


def marker_expiration_of(rules: Rules, key: str, last_modified: datetime) -> Expiration | None:
    """Says when a delete marker expires that is the only version of its key.

    A rule with ``expired_object_delete_marker`` removes it at the next midnight. One with days or a date removes it
    when it is old enough (S3 API reference, ``LifecycleExpiration``).

    Args:
        rules: The rules of the bucket.
        key: The marker's key.
        last_modified: When it was made.
    """

    def end(rule: LifecycleRule) -> datetime | None:
        action = rule.expiration
        is_about_markers = action is not None and action.expired_object_delete_marker
        return midnight_after(last_modified, 0) if is_about_markers else _end(rule, last_modified)

    return _earliest(rules, end, key, None, None)


def abort_of(rules: Rules, key: str, initiated_at: datetime) -> Expiration | None:
    """Says when an upload in progress is aborted.

    Args:
        rules: The rules of the bucket.
        key: The key of its object.
        initiated_at: When it began.
    """

    def end(rule: LifecycleRule) -> datetime | None:
        action = rule.abort_incomplete_multipart_upload
        return None if action is None else midnight_after(initiated_at, action.days_after_initiation)

    return _earliest(rules, end, key, None, None)


def _end(rule: LifecycleRule, last_modified: datetime) -> datetime | None:
    """Returns when an expiration by days or by date comes; ``None``: the rule has neither, or it never comes."""
    action = rule.expiration
    if action is None or (action.days is None and action.date is None):
        return None
    return action.date if action.days is None else midnight_after(last_modified, action.days)


def _fits(conditions: LifecycleFilter, key: str, size_bytes: int | None, tags: Tags | None) -> bool:
    """Says whether the conditions of a rule hold. Delete markers and uploads have neither a size nor tags."""
    if not key.startswith(conditions.prefix or ""):
        return False
    if size_bytes is None:
        return not conditions.is_about_content
    greater, less = conditions.size_greater_than, conditions.size_less_than
    if (greater is not None and size_bytes <= greater) or (less is not None and size_bytes >= less):
        return False
    return tags is None or all(tags.get(tag.key) == tag.value for tag in conditions.tags)


def _earliest(
    rules: Rules, end: Callable[[LifecycleRule], datetime | None], key: str, size_bytes: int | None, tags: Tags | None
) -> Expiration | None:
    """Returns the earliest end of the rules that are in force and fit; of several, that of the first rule."""
    found: Expiration | None = None
    for rule in rules:
        if rule.status != "Enabled" or not _fits(rule.conditions, key, size_bytes, tags):
            continue
        at = end(rule)
        if at is not None and (found is None or at < found.at):
            found = Expiration(at, rule.id)
    return found
