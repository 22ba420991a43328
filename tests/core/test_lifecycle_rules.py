"""What lifecycle rules say, as tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from bucketry.bucket_settings import (
    AbortIncompleteMultipartUpload,
    LifecycleExpiration,
    LifecycleFilter,
    LifecycleRule,
    NoncurrentVersionExpiration,
    Tag,
    Transition,
)
from bucketry.lifecycle import (
    abort_of,
    expiration_of,
    marker_expiration_of,
    midnight_after,
    noncurrent_expiration_of,
)
from bucketry.models import Expiration

STORED = datetime(2014, 1, 15, 10, 30, tzinfo=UTC)


def day(number: int, month: int = 1) -> datetime:
    return datetime(2014, month, number, tzinfo=UTC)


def rule(rule_id: str = "r", *, status: Any = "Enabled", **fields: Any) -> LifecycleRule:
    conditions = {name: fields.pop(name) for name in tuple(fields) if name in LifecycleFilter.__struct_fields__}
    if "tags" in conditions:
        conditions["tags"] = tuple(Tag(key=key, value=value) for key, value in conditions["tags"].items())
    return LifecycleRule(id=rule_id, status=status, filter=LifecycleFilter(**conditions), **fields)


def expiring(
    rule_id: str = "r", *, days: int | None = None, date: datetime | None = None, **fields: Any
) -> LifecycleRule:
    return rule(rule_id, expiration=LifecycleExpiration(days=days, date=date), **fields)


def noncurrent(days: int, keep: int | None = None, **fields: Any) -> LifecycleRule:
    action = NoncurrentVersionExpiration(noncurrent_days=days, newer_noncurrent_versions=keep)
    return rule(noncurrent_version_expiration=action, **fields)


MARKERS = LifecycleExpiration(expired_object_delete_marker=True)


@pytest.mark.parametrize(
    ("moment", "days", "expected"),
    [
        (STORED, 3, day(19)),  # The example of the S3 user guide.
        (STORED, 0, day(16)),
        (datetime(2014, 1, 15, 23, 59, 59, 999_999, UTC), 1, day(17)),
        (day(15), 1, day(17)),  # The next day's midnight, from midnight too.
        (datetime(2014, 1, 15, 23, tzinfo=timezone(timedelta(hours=-5))), 1, day(18)),
        (datetime(2024, 2, 28, 12, tzinfo=UTC), 1, datetime(2024, 3, 1, tzinfo=UTC)),
        (STORED, 2**31 - 1, None),
        (datetime(9999, 12, 31, tzinfo=UTC), 0, None),
    ],
)
def test_days_end_at_the_next_midnight(moment: datetime, days: int, expected: datetime | None) -> None:
    assert midnight_after(moment, days) == expected


CURRENT: dict[str, tuple[list[LifecycleRule], tuple[datetime, str] | None]] = {
    "no rules": ([], None),
    "days": ([expiring(days=3)], (day(19), "r")),
    "a date": ([expiring(date=day(1, month=6))], (day(1, month=6), "r")),
    "a date in the past": ([expiring(date=day(2))], (day(2), "r")),
    "disabled": ([expiring(days=3, status="Disabled")], None),
    "the earliest rule": ([expiring("a", days=30), expiring("b", days=3), expiring("c", days=10)], (day(19), "b")),
    "the first of two with one time": ([expiring("a", days=3), expiring("b", days=3)], (day(19), "a")),
    "a date before days": ([expiring("a", days=3), expiring("b", date=day(17))], (day(17), "b")),
    "a disabled one is not the earliest": (
        [expiring("a", days=3, status="Disabled"), expiring("b", days=9)],
        (day(25), "b"),
    ),
    "too far in the future": ([expiring(days=2**31 - 1)], None),
    "the prefix": ([expiring(days=3, prefix="logs/")], (day(19), "r")),
    "another prefix": ([expiring(days=3, prefix="log/")], None),
    "the empty prefix": ([expiring(days=3, prefix="")], (day(19), "r")),
    "the old form of a prefix": (
        [LifecycleRule(id="r", status="Enabled", prefix="logs/", expiration=LifecycleExpiration(days=3))],
        (day(19), "r"),
    ),
    "the old form of another prefix": (
        [LifecycleRule(id="r", status="Enabled", prefix="x", expiration=LifecycleExpiration(days=3))],
        None,
    ),
    "its tag": ([expiring(days=3, tags={"kind": "log"})], (day(19), "r")),
    "its tags": ([expiring(days=3, tags={"kind": "log", "team": "a"})], (day(19), "r")),
    "another value": ([expiring(days=3, tags={"kind": "Log"})], None),
    "one tag too many": ([expiring(days=3, tags={"kind": "log", "x": ""})], None),
    "larger": ([expiring(days=3, size_greater_than=99)], (day(19), "r")),
    "not larger": ([expiring(days=3, size_greater_than=100)], None),
    "smaller": ([expiring(days=3, size_less_than=101)], (day(19), "r")),
    "not smaller": ([expiring(days=3, size_less_than=100)], None),
    "all conditions": (
        [expiring(days=3, prefix="logs/", tags={"team": "a"}, size_greater_than=99, size_less_than=101)],
        (day(19), "r"),
    ),
    "all conditions but one": (
        [expiring(days=3, prefix="logs/", tags={"team": "b"}, size_greater_than=99, size_less_than=101)],
        None,
    ),
    "other actions": (
        [noncurrent(1), rule(expiration=MARKERS), rule(transitions=(Transition(days=1, storage_class="GLACIER"),))],
        None,
    ),
    "a transition before": (
        [rule("t", transitions=(Transition(days=1, storage_class="GLACIER"),)), expiring("e", days=3)],
        (day(19), "e"),
    ),
}


@pytest.mark.parametrize("name", CURRENT)
def test_the_current_version(name: str) -> None:
    rules, expected = CURRENT[name]
    found = expiration_of(rules, "logs/1", 100, STORED, {"kind": "log", "team": "a"})
    assert found == (None if expected is None else Expiration(*expected))


def test_tags_that_are_not_known_could_be_any() -> None:
    rules = [expiring("tagged", days=1, tags={"a": "b"}), expiring("others", days=5)]
    assert expiration_of(rules, "k", 0, STORED) == Expiration(day(17), "tagged")
    assert expiration_of(rules, "k", 0, STORED, {}) == Expiration(day(21), "others")


@pytest.mark.parametrize(
    ("rules", "size", "newer", "expected"),
    [
        ([noncurrent(10)], 100, 0, day(26)),
        ([noncurrent(10)], 100, 7, day(26)),
        ([noncurrent(10)], None, 0, day(26)),
        ([noncurrent(10, keep=2)], 100, 1, None),
        ([noncurrent(10, keep=2)], 100, 2, day(26)),
        ([noncurrent(10, keep=2), noncurrent(20)], 100, 1, day(5, month=2)),
        ([noncurrent(10, status="Disabled")], 100, 0, None),
        ([noncurrent(10, prefix="x")], 100, 0, None),
        ([noncurrent(10, size_greater_than=200)], 100, 0, None),
        ([noncurrent(10, size_greater_than=0)], None, 0, None),
        ([noncurrent(10, tags={"a": "b"})], 100, 0, day(26)),
        ([noncurrent(10, tags={"a": "c"})], 100, 0, None),
        ([noncurrent(10, tags={"a": "b"})], None, 0, None),
        ([expiring(days=1), rule(expiration=MARKERS)], 100, 0, None),
    ],
)
def test_other_versions(rules: list[LifecycleRule], size: int | None, newer: int, expected: datetime | None) -> None:
    found = noncurrent_expiration_of(rules, "k", size, STORED, newer, {"a": "b"})
    assert found == (None if expected is None else Expiration(expected, "r"))


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([rule(expiration=MARKERS)], day(16)),
        ([rule(expiration=LifecycleExpiration(expired_object_delete_marker=False))], None),
        ([expiring(days=3)], day(19)),
        ([expiring(date=day(17))], day(17)),
        ([expiring(days=3), rule(expiration=MARKERS)], day(16)),
        ([rule(expiration=MARKERS, prefix="x")], None),
        ([expiring(days=3, tags={"a": "b"})], None),
        ([expiring(days=3, size_less_than=10)], None),
        ([noncurrent(1)], None),
    ],
)
def test_a_delete_marker_that_is_alone(rules: list[LifecycleRule], expected: datetime | None) -> None:
    found = marker_expiration_of(rules, "k", STORED)
    assert found == (None if expected is None else Expiration(expected, "r"))


@pytest.mark.parametrize(
    ("prefix", "status", "expected"),
    [("", "Enabled", day(23)), ("up", "Enabled", day(23)), ("x", "Enabled", None), ("", "Disabled", None)],
)
def test_an_upload(prefix: str, status: str, expected: datetime | None) -> None:
    action = AbortIncompleteMultipartUpload(days_after_initiation=7)
    found = abort_of([rule(abort_incomplete_multipart_upload=action, prefix=prefix, status=status)], "upload", STORED)
    assert found == (None if expected is None else Expiration(expected, "r"))
    assert abort_of([expiring(days=1)], "upload", STORED) is None
