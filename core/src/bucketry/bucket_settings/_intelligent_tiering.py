"""Intelligent tiering of a bucket. It is stored, and nobody here moves objects.

Source: S3 API reference, ``IntelligentTieringConfiguration``.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

import msgspec
from typing_extensions import override

from bucketry._xml_names import Xml
from bucketry.bucket_settings._base import check_unique, invalid
from bucketry.bucket_settings._configurations import Configuration, ConfigurationSettings
from bucketry.bucket_settings._filters import ObjectFilter

_LEAST_DAYS: Final = {"ARCHIVE_ACCESS": 90, "DEEP_ARCHIVE_ACCESS": 180}
_MAX_DAYS: Final = 730


class Tiering(msgspec.Struct, frozen=True, kw_only=True):
    """When objects that nobody reads get another access tier.

    Attributes:
        days: After so many days: 90 to 730 for ``ARCHIVE_ACCESS``, 180 to 730 for ``DEEP_ARCHIVE_ACCESS``.
        access_tier: The tier.
    """

    days: int
    access_tier: Literal["ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS"]


class IntelligentTieringConfiguration(Configuration, frozen=True, kw_only=True):
    """When objects of the storage class ``INTELLIGENT_TIERING`` get another access tier.

    Attributes:
        id: Its id, unique in the bucket.
        filter: Which objects; ``None``: all of them.
        status: Whether it is in force.
        tierings: The tiers, at least one.
    """

    filter: ObjectFilter | None = None
    status: Literal["Enabled", "Disabled"]
    tierings: Annotated[tuple[Tiering, ...], Xml("Tiering")]

    @override
    def check(self) -> None:
        if self.filter is not None:
            self.filter.check()
        if not self.tierings:
            raise invalid("an IntelligentTieringConfiguration has at least one Tiering", "schema")
        check_unique((tiering.access_tier for tiering in self.tierings), "an AccessTier comes twice", "schema")
        for tiering in self.tierings:
            least = _LEAST_DAYS[tiering.access_tier]
            if not least <= tiering.days <= _MAX_DAYS:
                raise invalid(f"Days for {tiering.access_tier} is {least} to {_MAX_DAYS}", "value")


class IntelligentTieringSettings(ConfigurationSettings, frozen=True, kw_only=True, tag="intelligent_tiering"):
    """The intelligent tiering of a bucket.

    Attributes:
        configurations: The configurations, at most 1,000.
    """

    feature: ClassVar[str] = "bucket_intelligent_tiering"

    configurations: Annotated[tuple[IntelligentTieringConfiguration, ...], Xml("IntelligentTieringConfiguration")] = ()
