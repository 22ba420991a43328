"""Server access logging of a bucket. It is stored, and nobody here writes logs.

Source: S3 API reference, ``LoggingEnabled``.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

import msgspec
from typing_extensions import override

from bucketry._xml_names import Xml
from bucketry.acls import Grantee
from bucketry.bucket_settings._base import BucketSettings, check_count, check_text, invalid
from bucketry.s3 import MAX_BUCKET_NAME, MAX_KEY_BYTES, MAX_LOG_GRANTS

LogPermission = Literal["FULL_CONTROL", "READ", "WRITE"]
"""What a grant allows on the logs."""

PartitionDate = Literal["EventTime", "DeliveryTime"]
"""Which time the name of a log holds."""


class LogGrant(msgspec.Struct, frozen=True, kw_only=True):
    """A right to the logs, and who gets it."""

    grantee: Grantee
    permission: LogPermission


class LogKeyFormat(msgspec.Struct, frozen=True, kw_only=True):
    """How logs are named: one of the two.

    Attributes:
        simple_prefix: With the prefix alone.
        partition_date: With a path of account, region, bucket and date; which date it is.
    """

    simple_prefix: Annotated[bool, Xml(flag="")] = False
    partition_date: Annotated[PartitionDate | None, Xml("PartitionedPrefix/PartitionDateSource")] = None


class LogTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Where logs go.

    Attributes:
        bucket: The bucket.
        grants: Who may use them; at most 100.
        prefix: What their keys begin with.
        key_format: How they are named; ``None``: S3 decides.
    """

    bucket: Annotated[str, Xml("TargetBucket")]
    grants: Annotated[tuple[LogGrant, ...], Xml("TargetGrants/Grant")] = ()
    prefix: Annotated[str, Xml("TargetPrefix")]
    key_format: Annotated[LogKeyFormat | None, Xml("TargetObjectKeyFormat")] = None


class LoggingSettings(BucketSettings, frozen=True, kw_only=True, tag="logging"):
    """Where the log of requests to a bucket goes.

    Attributes:
        target: ``None``: there is no log.
    """

    feature: ClassVar[str] = "bucket_logging"

    target: Annotated[LogTarget | None, Xml("LoggingEnabled")] = None

    @override
    def validated(self) -> Self:
        """Checks where logs go.

        Raises:
            InvalidBucketSettings: The target is malformed.
        """
        if self.target is not None:
            check_text(self.target.bucket, "TargetBucket", MAX_BUCKET_NAME, least=1)
            check_text(self.target.prefix, "TargetPrefix", MAX_KEY_BYTES)
            check_count(len(self.target.grants), "TargetGrants", MAX_LOG_GRANTS, least=0)
            _check_format(self.target.key_format)
        return self


def _check_format(key_format: LogKeyFormat | None) -> None:
    if key_format is not None and key_format.simple_prefix == (key_format.partition_date is not None):
        raise invalid("TargetObjectKeyFormat has either SimplePrefix or PartitionedPrefix", "schema")
