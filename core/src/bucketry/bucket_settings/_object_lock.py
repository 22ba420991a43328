"""Object lock of a bucket."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import msgspec
from typing_extensions import override

from bucketry._xml_names import Xml
from bucketry.bucket_settings._base import BucketSettings, invalid
from bucketry.object_lock import RetentionMode
from bucketry.s3 import MAX_RETENTION_DAYS, MAX_RETENTION_YEARS


class DefaultRetention(msgspec.Struct, frozen=True, kw_only=True):
    """How long new versions are retained where a write does not say it.

    Attributes:
        mode: The mode of their retention.
        days: For how many days, 1 to 36,500; ``None``: for a number of years.
        years: For how many years, 1 to 100; ``None``: for a number of days.
    """

    mode: RetentionMode
    days: int | None = None
    years: int | None = None


class ObjectLockSettings(BucketSettings, frozen=True, kw_only=True, tag="object_lock"):
    """Whether versions of objects can be locked. The driver does it.

    Source: S3 user guide, "Locking objects with Object Lock".

    Attributes:
        enabled: Whether they can. It cannot be turned off again.
        default: The retention of new versions; ``None``: they have none.
    """

    feature: ClassVar[str] = "bucket_object_lock"
    removable: ClassVar[bool] = False

    enabled: Annotated[bool, Xml("ObjectLockEnabled", flag="Enabled")] = False
    default: Annotated[DefaultRetention | None, Xml("Rule/DefaultRetention")] = None

    @override
    def validated(self) -> Self:
        """Checks the default retention.

        Raises:
            InvalidBucketSettings: It is not enabled; or the retention has neither or both of days and years, or an
                invalid number.
        """
        if not self.enabled:
            raise invalid("object lock cannot be turned off", "schema")
        kept = self.default
        if kept is None:
            return self
        if (kept.days is None) == (kept.years is None):
            raise invalid("the default retention has either days or years", "schema")
        for number, most in ((kept.days, MAX_RETENTION_DAYS), (kept.years, MAX_RETENTION_YEARS)):
            if number is not None and not 1 <= number <= most:
                raise invalid(
                    f"the default retention is 1 to {MAX_RETENTION_DAYS} days, or 1 to {MAX_RETENTION_YEARS} years",
                    "retention_period",
                )
        return self
