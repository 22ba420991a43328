"""Versioning of a bucket."""

from __future__ import annotations

from typing import ClassVar, Literal

from bucketry.bucket_settings._base import BucketSettings

VersioningStatus = Literal["Enabled", "Suspended"]
"""Whether writes make new versions."""


class VersioningSettings(BucketSettings, frozen=True, kw_only=True, tag="versioning"):
    """Whether a bucket keeps versions of its objects. The driver does it (S3 user guide, "How S3 Versioning works").

    Attributes:
        status: ``None``: versioning was never on. It can be suspended, but never removed.
    """

    feature: ClassVar[str] = "bucket_versioning"
    removable: ClassVar[bool] = False

    status: VersioningStatus | None = None
