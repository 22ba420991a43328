"""Analytics and request metrics of a bucket. They are stored, and nobody here analyses or counts.

Source: S3 API reference, ``AnalyticsConfiguration`` and ``MetricsConfiguration``.
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from typing_extensions import override

from bucketry._xml_names import Xml
from bucketry.bucket_settings._base import invalid
from bucketry.bucket_settings._configurations import Configuration, ConfigurationSettings, check_destination
from bucketry.bucket_settings._filters import ObjectFilter

_ACCESS_POINT: Final = re.compile(r"arn:[a-z0-9-]+:s3:[A-Za-z0-9-]*:[A-Za-z0-9]*:accesspoint/[A-Za-z0-9.-]{1,255}")


class AnalyticsExport(msgspec.Struct, frozen=True, kw_only=True):
    """Where the results of an analysis go.

    Attributes:
        output_schema_version: Version of their format.
        format: Their format.
        bucket_account: The account that owns the bucket, 12 digits.
        bucket: ARN of the bucket.
        prefix: What their keys begin with.
    """

    output_schema_version: Literal["V_1"]
    format: Annotated[Literal["CSV"], Xml("Destination/S3BucketDestination/Format")]
    bucket_account: Annotated[str | None, Xml("Destination/S3BucketDestination/BucketAccountId")] = None
    bucket: Annotated[str, Xml("Destination/S3BucketDestination/Bucket")]
    prefix: Annotated[str | None, Xml("Destination/S3BucketDestination/Prefix")] = None


class StorageClassAnalysis(msgspec.Struct, frozen=True, kw_only=True):
    """An analysis of how objects are used; ``export`` ``None``: only the console shows it."""

    export: Annotated[AnalyticsExport | None, Xml("DataExport")] = None


class AnalyticsConfiguration(Configuration, frozen=True, kw_only=True):
    """An analysis of objects of a bucket.

    Attributes:
        id: Its id, unique in the bucket.
        filter: Which objects; ``None``: all of them.
        storage_class_analysis: What is analysed.
    """

    filter: ObjectFilter | None = None
    storage_class_analysis: StorageClassAnalysis

    @override
    def check(self) -> None:
        if self.filter is not None:
            self.filter.check()
        export = self.storage_class_analysis.export
        if export is not None:
            check_destination(export.bucket, export.bucket_account, export.prefix)


class AnalyticsSettings(ConfigurationSettings, frozen=True, kw_only=True, tag="analytics"):
    """The analyses of a bucket.

    Attributes:
        configurations: The analyses, at most 1,000.
    """

    feature: ClassVar[str] = "bucket_analytics"

    configurations: Annotated[tuple[AnalyticsConfiguration, ...], Xml("AnalyticsConfiguration")] = ()


class MetricsFilter(ObjectFilter, frozen=True, kw_only=True):
    """Which requests count. All conditions must hold.

    Attributes:
        access_point_arn: The access point that they come by.
    """

    access_point_arn: str | None = None

    @override
    def check(self) -> None:
        super().check()
        if self.access_point_arn is not None and not _ACCESS_POINT.fullmatch(self.access_point_arn):
            raise invalid("AccessPointArn is not the ARN of an access point", "value")


class MetricsConfiguration(Configuration, frozen=True, kw_only=True):
    """Metrics of requests for objects of a bucket.

    Attributes:
        id: Its id, unique in the bucket.
        filter: Which requests; ``None``: all of them.
    """

    filter: MetricsFilter | None = None

    @override
    def check(self) -> None:
        if self.filter is not None:
            self.filter.check()


class MetricsSettings(ConfigurationSettings, frozen=True, kw_only=True, tag="metrics"):
    """The request metrics of a bucket.

    Attributes:
        configurations: The metrics, at most 1,000.
    """

    feature: ClassVar[str] = "bucket_metrics"

    configurations: Annotated[tuple[MetricsConfiguration, ...], Xml("MetricsConfiguration")] = ()
