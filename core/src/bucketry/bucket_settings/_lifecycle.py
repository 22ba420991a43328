"""Lifecycle of objects: rules that say when objects expire.

Source: S3 API reference, ``LifecycleRule``; S3 user guide, "Lifecycle configuration elements".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self, TypeVar

import msgspec
from typing_extensions import override

from bucketry._xml_names import Xml
from bucketry.bucket_settings._base import BucketSettings, check_count, check_text, check_unique, invalid, new_id
from bucketry.bucket_settings._filters import ObjectFilter
from bucketry.bucket_settings._lifecycle_times import check_days, check_newer, midnight
from bucketry.bucket_settings._transitions import (
    NoncurrentVersionTransition,
    Transition,
    check_noncurrent_transitions,
    checked_transitions,
)
from bucketry.s3 import MAX_KEY_BYTES, MAX_LIFECYCLE_ID, MAX_LIFECYCLE_RULES, MAX_OBJECT_BYTES

_Time = TypeVar("_Time", int, datetime)

RuleStatus = Literal["Enabled", "Disabled"]
"""Whether a rule is in force."""


class LifecycleFilter(ObjectFilter, frozen=True, kw_only=True):
    """Which objects a rule is about. All conditions must hold. Without conditions, it is about every object.

    Attributes:
        size_greater_than: Only objects with more bytes than this.
        size_less_than: Only objects with fewer bytes than this.
    """

    size_greater_than: Annotated[int | None, Xml("ObjectSizeGreaterThan")] = None
    size_less_than: Annotated[int | None, Xml("ObjectSizeLessThan")] = None

    @override
    def check(self) -> None:
        super().check()
        for size in (self.size_greater_than, self.size_less_than):
            if size is not None and not 0 <= size <= MAX_OBJECT_BYTES:
                raise invalid(f"sizes in a filter are 0 to {MAX_OBJECT_BYTES} bytes", "value")
        if self.size_less_than is not None and self.size_less_than <= (self.size_greater_than or 0):
            raise invalid("ObjectSizeLessThan must be greater than ObjectSizeGreaterThan", "refused")

    @property
    def is_about_content(self) -> bool:
        """Whether it has conditions that neither delete markers nor uploads can meet: tags or sizes."""
        return bool(self.tags) or self.size_greater_than is not None or self.size_less_than is not None


class LifecycleExpiration(msgspec.Struct, frozen=True, kw_only=True):
    """When the current version expires; exactly one of the three is set.

    Attributes:
        date: From this day on, midnight UTC.
        days: So many days after it was stored.
        expired_object_delete_marker: A delete marker goes once it is the only version.
    """

    date: datetime | None = None
    days: int | None = None
    expired_object_delete_marker: bool | None = None


class NoncurrentVersionExpiration(msgspec.Struct, frozen=True, kw_only=True):
    """When versions that are no longer current expire.

    Attributes:
        noncurrent_days: So many days after a newer version was stored.
        newer_noncurrent_versions: How many of the newest of them are kept in any case, 1 to 100; ``None``: none.
    """

    noncurrent_days: int | None = None
    newer_noncurrent_versions: int | None = None


class AbortIncompleteMultipartUpload(msgspec.Struct, frozen=True, kw_only=True):
    """When uploads in progress are aborted: so many days after they began."""

    days_after_initiation: int


class LifecycleRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, with at least one of the actions.

    Attributes:
        id: Name of the rule, unique in the bucket; a rule without one gets it when it is put.
        prefix: The old form of a filter, with a prefix only; empty: every object.
        filter: Which objects it is about. A rule has either this or ``prefix``.
        status: Whether it is in force.
        transitions: When objects get another storage class.
        expiration: When objects expire. In a bucket with versions, they get a delete marker.
        noncurrent_version_transitions: When versions that are not current get another storage class.
        noncurrent_version_expiration: When they expire.
        abort_incomplete_multipart_upload: When uploads in progress are aborted.
    """

    id: Annotated[str, Xml("ID")] = ""
    prefix: str | None = None
    filter: LifecycleFilter | None = None
    status: RuleStatus
    transitions: Annotated[tuple[Transition, ...], Xml("Transition")] = ()
    expiration: LifecycleExpiration | None = None
    noncurrent_version_transitions: Annotated[
        tuple[NoncurrentVersionTransition, ...], Xml("NoncurrentVersionTransition")
    ] = ()
    noncurrent_version_expiration: NoncurrentVersionExpiration | None = None
    abort_incomplete_multipart_upload: AbortIncompleteMultipartUpload | None = None

    @property
    def conditions(self) -> LifecycleFilter:
        """Which objects it is about, whichever of the two forms says it."""
        return LifecycleFilter(prefix=self.prefix) if self.filter is None else self.filter


class LifecycleSettings(BucketSettings, frozen=True, kw_only=True, tag="lifecycle"):
    """When objects of a bucket expire. The driver or the backend executes the rules.

    Attributes:
        rules: The rules, 1 to 1,000.
    """

    feature: ClassVar[str] = "bucket_lifecycle"

    rules: Annotated[tuple[LifecycleRule, ...], Xml("Rule")] = ()

    @override
    def validated(self) -> Self:
        """Checks the rules, and gives an id to those that have none.

        Raises:
            InvalidBucketSettings: A rule is malformed, or two have the same id.
            InvalidArgument: A tag in a filter is malformed.
        """
        check_count(len(self.rules), "lifecycle rules", MAX_LIFECYCLE_RULES)
        rules = tuple(_normalised(rule) for rule in self.rules)
        check_unique((rule.id for rule in rules), "two lifecycle rules have the same ID", "value")
        return msgspec.structs.replace(self, rules=rules)


def _normalised(rule: LifecycleRule) -> LifecycleRule:
    """Returns a rule with an id, and with times in UTC."""
    check_text(rule.id, "the ID of a lifecycle rule", MAX_LIFECYCLE_ID)
    if (rule.prefix is None) == (rule.filter is None):
        raise invalid("a lifecycle rule has either a Filter or a Prefix", "schema")
    check_text(rule.prefix or "", "the prefix of a lifecycle rule", MAX_KEY_BYTES)
    rule.conditions.check()
    if not any(_actions(rule)):
        raise invalid("at least one action needs to be specified in a lifecycle rule", "refused")
    changes: dict[str, object] = {} if rule.id else {"id": new_id()}
    if rule.expiration is not None:
        changes["expiration"] = _checked_expiration(rule.expiration, rule.conditions)
    _check_noncurrent(rule)
    _check_uploads(rule)
    check_noncurrent_transitions(rule.noncurrent_version_transitions)
    changes["transitions"] = checked_transitions(rule.transitions)
    rule = msgspec.structs.replace(rule, **changes)
    _check_together(rule)
    return rule


def _actions(rule: LifecycleRule) -> tuple[object, ...]:
    return (
        rule.transitions,
        rule.expiration,
        rule.noncurrent_version_transitions,
        rule.noncurrent_version_expiration,
        rule.abort_incomplete_multipart_upload,
    )


def _checked_expiration(expiration: LifecycleExpiration, conditions: LifecycleFilter) -> LifecycleExpiration:
    marker = expiration.expired_object_delete_marker
    if sum(value is not None for value in (expiration.date, expiration.days, marker)) != 1:
        raise invalid("an Expiration has one of Days, Date and ExpiredObjectDeleteMarker", "schema")
    if marker is not None and conditions.is_about_content:
        raise invalid("ExpiredObjectDeleteMarker goes neither with tags nor with sizes", "refused")
    check_days(expiration.days, "'Days' for Expiration action")
    if expiration.date is None:
        return expiration
    return msgspec.structs.replace(expiration, date=midnight(expiration.date))


def _check_noncurrent(rule: LifecycleRule) -> None:
    expiration = rule.noncurrent_version_expiration
    if expiration is None:
        return
    if expiration.noncurrent_days is None:
        raise invalid("a NoncurrentVersionExpiration has NoncurrentDays", "schema")
    check_days(expiration.noncurrent_days, "'NoncurrentDays'")
    check_newer(expiration.newer_noncurrent_versions)
    if expiration.newer_noncurrent_versions is not None and rule.filter is None:
        raise invalid("NewerNoncurrentVersions needs a Filter in place of the Prefix", "refused")


def _check_uploads(rule: LifecycleRule) -> None:
    action = rule.abort_incomplete_multipart_upload
    if action is None:
        return
    check_days(action.days_after_initiation, "'DaysAfterInitiation'")
    if rule.conditions.is_about_content:
        raise invalid("AbortIncompleteMultipartUpload goes neither with tags nor with sizes", "refused")


def _check_together(rule: LifecycleRule) -> None:
    """Refuses actions of which one makes another pointless, or that count time in two ways."""
    expiration = rule.expiration or LifecycleExpiration()
    days = [one.days for one in rule.transitions if one.days is not None]
    dates = [one.date for one in rule.transitions if one.date is not None]
    if (days or expiration.days is not None) and (dates or expiration.date is not None):
        raise invalid("found mixed 'Date' and 'Days' based Expiration and Transition actions in a rule", "refused")
    _check_last(expiration.days, days, "Days")
    _check_last(expiration.date, dates, "Date")
    noncurrent = rule.noncurrent_version_expiration
    if noncurrent is not None:
        moved = [one.noncurrent_days for one in rule.noncurrent_version_transitions if one.noncurrent_days is not None]
        _check_last(noncurrent.noncurrent_days, moved, "NoncurrentDays")


def _check_last(end: _Time | None, transitions: Sequence[_Time], what: str) -> None:
    if end is not None and transitions and end <= max(transitions):
        raise invalid(
            f"'{what}' in the Expiration action must be greater than '{what}' in the Transition action", "value"
        )
