"""What lifecycle rules say about an object, a version, a delete marker or an upload. Pure functions.

Each returns the earliest `Expiration` of the rules, since S3 lets the shorter one win (S3 user guide, "Examples of
Amazon S3 Lifecycle configurations", "Overlapping"). Transitions do not count: expiration wins over them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
    return _earliest(
        (rule, at)
        for rule in _enabled(rules)
        if rule.expiration is not None
        and (at := _end(rule, last_modified)) is not None
        and _fits(rule.conditions, key, size_bytes, tags)
    )


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
    return _earliest(
        (rule, at)
        for rule in _enabled(rules)
        if (action := rule.noncurrent_version_expiration) is not None
        and newer >= (action.newer_noncurrent_versions or 0)
        and (at := midnight_after(since, action.noncurrent_days or 0)) is not None
        and _fits(rule.conditions, key, size_bytes, tags)
    )


def marker_expiration_of(rules: Rules, key: str, last_modified: datetime) -> Expiration | None:
    """Says when a delete marker expires that is the only version of its key.

    A rule with ``expired_object_delete_marker`` removes it at the next midnight. One with days or a date removes it
    when it is old enough (S3 API reference, ``LifecycleExpiration``).

    Args:
        rules: The rules of the bucket.
        key: The marker's key.
        last_modified: When it was made.
    """
    return _earliest(
        (rule, at)
        for rule in _enabled(rules)
        if (action := rule.expiration) is not None
        and (
            at := midnight_after(last_modified, 0) if action.expired_object_delete_marker else _end(rule, last_modified)
        )
        is not None
        and _fits(rule.conditions, key, None, None)
    )


def abort_of(rules: Rules, key: str, initiated_at: datetime) -> Expiration | None:
    """Says when an upload in progress is aborted.

    Args:
        rules: The rules of the bucket.
        key: The key of its object.
        initiated_at: When it began.
    """
    return _earliest(
        (rule, at)
        for rule in _enabled(rules)
        if (action := rule.abort_incomplete_multipart_upload) is not None
        and (at := midnight_after(initiated_at, action.days_after_initiation)) is not None
        and _fits(rule.conditions, key, None, None)
    )


def _enabled(rules: Rules) -> Iterator[LifecycleRule]:
    return (rule for rule in rules if rule.status == "Enabled")


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


def _earliest(found: Iterable[tuple[LifecycleRule, datetime]]) -> Expiration | None:
    first = min(found, key=lambda pair: pair[1], default=None)
    return None if first is None else Expiration(first[1], first[0].id)
