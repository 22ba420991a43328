"""Settings of each kind that probes put into their own bucket, to see whether the server keeps them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from bucketry import (
    AccelerateSettings,
    Acl,
    AclSettings,
    BucketSettings,
    CorsRule,
    CorsSettings,
    EncryptionSettings,
    LifecycleSettings,
    LoggingSettings,
    NotificationSettings,
    Owner,
    OwnershipSettings,
    PolicySettings,
    PublicAccessSettings,
    RequestPaymentSettings,
    TagSettings,
    WebsiteSettings,
)
from bucketry.acls import Grant, Grantee
from bucketry.bucket_settings import (
    AnalyticsConfiguration,
    AnalyticsSettings,
    IntelligentTieringConfiguration,
    IntelligentTieringSettings,
    InventoryConfiguration,
    InventoryDestination,
    InventorySettings,
    LifecycleExpiration,
    LifecycleFilter,
    LifecycleRule,
    LogTarget,
    MetricsConfiguration,
    MetricsSettings,
    StorageClassAnalysis,
    Tag,
    Tiering,
    TopicConfiguration,
)
from bucketry.owners import DEFAULT_OWNER
from bucketry_s3client import S3Client

_LIFECYCLE: Final = LifecycleSettings(
    rules=(
        LifecycleRule(
            id="old", filter=LifecycleFilter(prefix="old/"), status="Enabled", expiration=LifecycleExpiration(days=30)
        ),
    )
)
_INTELLIGENT_TIERING: Final = IntelligentTieringSettings(
    configurations=(
        IntelligentTieringConfiguration(
            id="all", status="Enabled", tierings=(Tiering(days=90, access_tier="ARCHIVE_ACCESS"),)
        ),
    )
)
_ANALYTICS: Final = AnalyticsSettings(
    configurations=(AnalyticsConfiguration(id="all", storage_class_analysis=StorageClassAnalysis()),)
)
_PUBLIC_ACCESS: Final = PublicAccessSettings(
    block_public_acls=True, ignore_public_acls=True, block_public_policy=True, restrict_public_buckets=True
)
_NOTIFICATION: Final = NotificationSettings(
    topics=(
        TopicConfiguration(
            id="probe", arn="arn:aws:sns:us-east-1:123456789012:bucketry-probe", events=("s3:ObjectCreated:*",)
        ),
    )
)


def _policy(_: S3Client, bucket: str) -> BucketSettings:
    """A policy that gives nobody a right that he does not have: it forbids."""
    statement = {
        "Effect": "Deny",
        "Principal": {"AWS": ["*"]},
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bucket}/nothing/*"],
    }
    return PolicySettings(document=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def _acl(_client: S3Client, _bucket: str) -> BucketSettings:
    """A list that lets all users with keys list the bucket of the probes.

    Its owner is the one that callers know: no result of this driver has another. RGW refuses it.
    """
    return AclSettings(acl=shared_acl(DEFAULT_OWNER))


def shared_acl(of: Owner) -> Acl:
    """Returns a list with this owner, and with a right for all users that have keys."""
    owner = Grant(grantee=Grantee(kind="user", id=of.id), permission="FULL_CONTROL")
    others = Grant(grantee=Grantee(kind="group", id="AuthenticatedUsers"), permission="READ")
    return Acl(owner=of, grants=(owner, others))


def _logging(_: S3Client, bucket: str) -> BucketSettings:
    return LoggingSettings(target=LogTarget(bucket=bucket, prefix="logs/"))


def _inventory(_: S3Client, bucket: str) -> BucketSettings:
    destination = InventoryDestination(bucket=f"arn:aws:s3:::{bucket}", format="CSV")
    one = InventoryConfiguration(
        id="daily",
        destination=destination,
        is_enabled=False,
        included_object_versions="Current",
        frequency="Weekly",
    )
    return InventorySettings(configurations=(one,))


def _always(settings: BucketSettings) -> Callable[[S3Client, str], BucketSettings]:
    return lambda _client, _bucket: settings


EXAMPLES: Final[Mapping[type[BucketSettings], Callable[[S3Client, str], BucketSettings]]] = {
    AccelerateSettings: _always(AccelerateSettings(status="Enabled")),
    AclSettings: _acl,
    AnalyticsSettings: _always(_ANALYTICS),
    CorsSettings: _always(
        CorsSettings(rules=(CorsRule(allowed_methods=("GET",), allowed_origins=("https://example.com",)),))
    ),
    EncryptionSettings: _always(EncryptionSettings(algorithm="aws:kms", bucket_key=True)),
    IntelligentTieringSettings: _always(_INTELLIGENT_TIERING),
    InventorySettings: _inventory,
    LifecycleSettings: _always(_LIFECYCLE),
    LoggingSettings: _logging,
    MetricsSettings: _always(MetricsSettings(configurations=(MetricsConfiguration(id="all"),))),
    NotificationSettings: _always(_NOTIFICATION),
    OwnershipSettings: _always(OwnershipSettings(ownership="ObjectWriter")),
    PolicySettings: _policy,
    PublicAccessSettings: _always(_PUBLIC_ACCESS),
    RequestPaymentSettings: _always(RequestPaymentSettings(payer="Requester")),
    TagSettings: _always(TagSettings(tags=(Tag(key="colour", value="red"),))),
    WebsiteSettings: _always(WebsiteSettings(index_suffix="index.html")),
}
"""What makes the example of each kind, for a client and a bucket."""
