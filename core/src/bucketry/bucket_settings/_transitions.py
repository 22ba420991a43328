"""Transitions in lifecycle rules: when objects get another storage class.

Source: S3 user guide, "Transitioning objects using Amazon S3 Lifecycle".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final, TypeVar

import msgspec

from bucketry.bucket_settings._base import check_unique, invalid
from bucketry.bucket_settings._lifecycle_times import check_days, check_newer, midnight

_CLASSES: Final = ("STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
"""The storage classes that objects can be moved to, in the order in which they can (same page)."""

_INFREQUENT: Final = frozenset({"STANDARD_IA", "ONEZONE_IA"})
_INFREQUENT_DAYS: Final = 30
"""Objects spend 30 days in their first class before, and 30 days in these classes (same page, "Constraints")."""


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """When the current version gets another storage class; exactly one of ``date`` and ``days`` is set.

    Attributes:
        date: From this day on, midnight UTC.
        days: So many days after it was stored; 0: at once.
        storage_class: The storage class.
    """

    date: datetime | None = None
    days: int | None = None
    storage_class: str


class NoncurrentVersionTransition(msgspec.Struct, frozen=True, kw_only=True):
    """When versions that are not current get another storage class.

    Attributes:
        noncurrent_days: So many days after a newer version was stored.
        newer_noncurrent_versions: How many of the newest of them stay, 1 to 100; ``None``: none.
        storage_class: The storage class.
    """

    noncurrent_days: int | None = None
    newer_noncurrent_versions: int | None = None
    storage_class: str


def checked_transitions(transitions: Iterable[Transition]) -> tuple[Transition, ...]:
    """Returns the transitions of a rule with times in UTC.

    Raises:
        InvalidBucketSettings: One is malformed, or two do not go together.
    """
    checked = tuple(map(_normalised, transitions))
    _check_classes([transition.storage_class for transition in checked], "Transition")
    _check_order(checked, lambda transition: transition.days)
    return checked


def check_noncurrent_transitions(transitions: Sequence[NoncurrentVersionTransition]) -> None:
    """Checks the transitions of versions that are not current.

    Raises:
        InvalidBucketSettings: One is malformed, or two do not go together.
    """
    for transition in transitions:
        if transition.noncurrent_days is None:
            raise invalid("a NoncurrentVersionTransition has NoncurrentDays", "schema")
        check_days(transition.noncurrent_days, "'NoncurrentDays'", least=0)
        check_newer(transition.newer_noncurrent_versions)
    _check_classes([transition.storage_class for transition in transitions], "NoncurrentVersionTransition")
    _check_order(transitions, lambda transition: transition.noncurrent_days)


def _normalised(transition: Transition) -> Transition:
    if (transition.days is None) == (transition.date is None):
        raise invalid("a Transition has one of Days and Date", "schema")
    check_days(transition.days, "'Days' for Transition action", least=0)
    if transition.date is None:
        return transition
    return msgspec.structs.replace(transition, date=midnight(transition.date))


def _check_classes(classes: Sequence[str], action: str) -> None:
    for name in classes:
        if name not in _CLASSES:
            raise invalid(f"the StorageClass of a {action} is one of {', '.join(_CLASSES)}", "schema")
    check_unique(classes, f"'StorageClass' must be different for '{action}' actions in the same rule", "refused")


_AnyTransition = TypeVar("_AnyTransition", Transition, NoncurrentVersionTransition)


def _check_order(transitions: Iterable[_AnyTransition], days_of: Callable[[_AnyTransition], int | None]) -> None:
    """Refuses days that do not leave enough time in each class before the next one."""
    timed = [(days, one.storage_class) for one in transitions if (days := days_of(one)) is not None]
    timed.sort(key=lambda entry: _CLASSES.index(entry[1]))
    for days, name in timed:
        if name in _INFREQUENT and days < _INFREQUENT_DAYS:
            raise invalid(
                f"'Days' must be greater than or equal to {_INFREQUENT_DAYS} for storageClass '{name}'", "value"
            )
    for (days, name), (later, next_name) in pairwise(timed):
        least = days + (_INFREQUENT_DAYS if name in _INFREQUENT else 1)
        if later < least:
            raise invalid(
                f"'Days' for storageClass '{next_name}' must be at least {least}, because of '{name}'", "value"
            )
