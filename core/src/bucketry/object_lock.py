"""Object lock: retention and legal hold of a version of an object.

Source: S3 user guide, "Locking objects with Object Lock".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, Protocol

import msgspec

from bucketry.clock import LAST
from bucketry.errors import InvalidArgument, ObjectLocked

RetentionMode = Literal["GOVERNANCE", "COMPLIANCE"]
"""Who may end a retention early: whoever may bypass governance, or nobody."""

GOVERNANCE: Final = "GOVERNANCE"
COMPLIANCE: Final = "COMPLIANCE"

RETENTION_MODES: Final[Mapping[str, RetentionMode]] = {GOVERNANCE: GOVERNANCE, COMPLIANCE: COMPLIANCE}
"""The modes, by how requests and responses name them."""

LEGAL_HOLDS: Final[Mapping[str, bool]] = {"ON": True, "OFF": False}
"""Whether there is a legal hold, by how requests and responses say it."""

LOCK_MODE: Final = "x-amz-object-lock-mode"
LOCK_UNTIL: Final = "x-amz-object-lock-retain-until-date"
LEGAL_HOLD: Final = "x-amz-object-lock-legal-hold"
"""Headers of requests and responses (S3 API reference, PutObject and GetObject)."""

BUCKET_LOCK: Final = "x-amz-bucket-object-lock-enabled"
"""The header that creates a bucket with object lock (S3 API reference, CreateBucket)."""

BYPASS_GOVERNANCE: Final = "x-amz-bypass-governance-retention"
"""The header that ends a retention early (S3 API reference, DeleteObject)."""


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """Until when a version is kept. `Retention()` means that there is none.

    Attributes:
        mode: Who may end it early.
        until: When it ends, in UTC.
    """

    mode: RetentionMode | None = None
    until: datetime | None = None

    def checked(self) -> Retention:
        """Returns this retention with its time in UTC.

        Raises:
            InvalidArgument: It has a mode without a time, a time without a mode, or a time without a time zone.
        """
        if (self.mode is None) != (self.until is None):
            raise InvalidArgument("a retention has a mode and a time, or neither", field="retention")
        if self.until is None:
            return self
        if self.mode not in {GOVERNANCE, COMPLIANCE}:
            raise InvalidArgument(f"the mode of a retention is {GOVERNANCE} or {COMPLIANCE}", field="retention")
        if self.until.tzinfo is None:
            raise InvalidArgument("a time needs a time zone: datetime(…, tzinfo=UTC)", field="retention")
        try:
            return msgspec.structs.replace(self, until=self.until.astimezone(UTC))
        except OverflowError:
            raise InvalidArgument("a time lies between the years 1 and 9999, in UTC too", field="retention") from None

    def is_active(self, now: datetime) -> bool:
        """Says whether it protects its version at this time."""
        return self.until is not None and now < self.until


class Locked(Protocol):
    """A version as far as its lock goes. `ObjectInfo` is one."""

    @property
    def retention(self) -> Retention | None:
        """Its retention."""

    @property
    def legal_hold(self) -> bool | None:
        """Whether it has a legal hold."""


def check_version_delete(version: Locked, now: datetime, *, bypass_governance: bool) -> None:
    """Checks that the lock of a version lets it be deleted.

    Raises:
        ObjectLocked: It has a legal hold; or a retention that has not ended, and that the caller does not bypass.
    """
    if version.legal_hold:
        raise ObjectLocked("the version has a legal hold")
    kept = version.retention
    if kept is None or not kept.is_active(now):
        return
    if kept.mode == COMPLIANCE or not bypass_governance:
        raise ObjectLocked(f"the version is retained in {kept.mode} mode until {kept.until}")


def check_new_retention(retention: Retention, now: datetime) -> None:
    """Checks that a retention ends in the future, or is none.

    Raises:
        InvalidArgument: It has ended already, or ends at a time that the clock cannot show.
    """
    if retention.until is not None and not retention.is_active(now):
        raise InvalidArgument("a retention ends in the future", field="retention")
    if retention.until is not None and retention.until >= LAST:
        raise InvalidArgument(f"a retention ends before the year {LAST.year}", field="retention")


def check_retention_change(
    current: Retention | None, wanted: Retention, now: datetime, *, bypass_governance: bool
) -> None:
    """Checks that the retention of a version may be replaced.

    A retention that has not ended can be made longer in the same mode. A caller who bypasses governance can also make
    one in governance mode shorter, remove it, or give it another mode.

    Raises:
        ObjectLocked: The change is not allowed.
    """
    if current is None or current.until is None or not current.is_active(now):
        return
    if wanted.mode == current.mode and wanted.until is not None and wanted.until >= current.until:
        return
    if current.mode == COMPLIANCE or not bypass_governance:
        raise ObjectLocked(f"the version is retained in {current.mode} mode until {current.until}")


def retention_for(mode: RetentionMode, now: datetime, *, days: int | None, years: int | None) -> Retention:
    """Returns the retention of a version that is written now and kept for so many days, or years of the calendar."""
    if years is None:
        return Retention(mode=mode, until=now + timedelta(days=days or 0))
    try:
        return Retention(mode=mode, until=now.replace(year=now.year + years))
    except ValueError:  # That year has no 29 February.
        return Retention(mode=mode, until=now.replace(year=now.year + years, month=3, day=1))
