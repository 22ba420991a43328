"""Examples of bucket settings: for each kind two that differ, and how they are compared."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from bucketry import (
    AccelerateSettings,
    AclSettings,
    AnalyticsSettings,
    BucketSettings,
    CorsRule,
    CorsSettings,
    EncryptionSettings,
    IntelligentTieringSettings,
    InventorySettings,
    LifecycleExpiration,
    LifecycleFilter,
    LifecycleRule,
    LifecycleSettings,
    LoggingSettings,
    MetricsSettings,
    NotificationSettings,
    ObjectFilter,
    ObjectLockSettings,
    Owner,
    OwnershipSettings,
    PolicySettings,
    PublicAccessSettings,
    RequestPaymentSettings,
    Store,
    Tag,
    TagSettings,
    VersioningSettings,
    WebsiteSettings,
)
from bucketry.acls import canned_acl
from bucketry.bucket_settings import (
    AbortIncompleteMultipartUpload,
    AnalyticsConfiguration,
    AnalyticsExport,
    DefaultRetention,
    FilterRule,
    FunctionConfiguration,
    IntelligentTieringConfiguration,
    InventoryConfiguration,
    InventoryDestination,
    LogTarget,
    MetricsConfiguration,
    MetricsFilter,
    NoncurrentVersionExpiration,
    NoncurrentVersionTransition,
    QueueConfiguration,
    Redirect,
    RedirectAll,
    RoutingCondition,
    RoutingRule,
    StorageClassAnalysis,
    Tiering,
    TopicConfiguration,
    Transition,
)
from bucketry.owners import DEFAULT_OWNER

_ARN: Final = "arn:aws:s3:::reports"
_BOTH: Final = (Tag(key="colour", value="red"), Tag(key="a b/c", value=""))

_FIXED: Final[tuple[tuple[BucketSettings, BucketSettings], ...]] = (
    (
        CorsSettings(rules=(CorsRule(allowed_methods=("GET",), allowed_origins=("*",), max_age_seconds=0),)),
        CorsSettings(rules=(CorsRule(id="office", allowed_methods=("PUT",), allowed_origins=("https://*.example",)),)),
    ),
    (VersioningSettings(status="Enabled"), VersioningSettings(status="Suspended")),
    (
        ObjectLockSettings(enabled=True, default=DefaultRetention(mode="GOVERNANCE", days=1)),
        ObjectLockSettings(enabled=True, default=DefaultRetention(mode="COMPLIANCE", years=2)),
    ),
    (
        LifecycleSettings(
            rules=(
                LifecycleRule(
                    id="logs",
                    filter=LifecycleFilter(prefix="logs/", tags=_BOTH),
                    status="Enabled",
                    expiration=LifecycleExpiration(days=30),
                ),
                LifecycleRule(
                    id="old versions",
                    filter=LifecycleFilter(prefix="é&<"),
                    status="Disabled",
                    noncurrent_version_expiration=NoncurrentVersionExpiration(noncurrent_days=7),
                ),
                LifecycleRule(
                    id="tagged",
                    filter=LifecycleFilter(tags=_BOTH[:1]),
                    status="Enabled",
                    expiration=LifecycleExpiration(date=datetime(2030, 1, 1, tzinfo=UTC)),
                ),
            )
        ),
        LifecycleSettings(
            rules=(
                LifecycleRule(
                    id="markers",
                    filter=LifecycleFilter(prefix=""),
                    status="Enabled",
                    expiration=LifecycleExpiration(expired_object_delete_marker=True),
                ),
            )
        ),
    ),
    (OwnershipSettings(ownership="BucketOwnerPreferred"), OwnershipSettings(ownership="ObjectWriter")),
    (
        PublicAccessSettings(
            block_public_acls=True, ignore_public_acls=False, block_public_policy=True, restrict_public_buckets=False
        ),
        PublicAccessSettings(
            block_public_acls=False, ignore_public_acls=False, block_public_policy=False, restrict_public_buckets=False
        ),
    ),
    (EncryptionSettings(algorithm="AES256"), EncryptionSettings(algorithm="aws:kms", bucket_key=True)),
    (TagSettings(tags=_BOTH), TagSettings(tags=(Tag(key="Colour", value="a@b"),))),
    (
        NotificationSettings(
            topics=(
                TopicConfiguration(
                    id="removed", arn="arn:aws:sns:us-east-1:123456789012:topic", events=("s3:ObjectRemoved:*",)
                ),
            ),
            queues=(
                QueueConfiguration(
                    id="pictures",
                    arn="arn:aws:sqs:us-east-1:123456789012:queue",
                    events=("s3:ObjectCreated:Put", "s3:ObjectCreated:Post"),
                    filter_rules=(FilterRule(name="prefix", value="a/"), FilterRule(name="suffix", value=".jpg")),
                ),
            ),
            event_bridge=True,
        ),
        NotificationSettings(
            functions=(
                FunctionConfiguration(
                    id="all",
                    arn="arn:aws:lambda:us-east-1:123456789012:function:f",
                    events=("s3:ObjectCreated:*",),
                ),
            )
        ),
    ),
    (
        WebsiteSettings(
            index_suffix="index.html",
            error_key="error.html",
            routing_rules=(
                RoutingRule(
                    condition=RoutingCondition(key_prefix="old/", http_error_code="404"),
                    redirect=Redirect(replace_key_prefix_with="new/", protocol="https", http_redirect_code="301"),
                ),
            ),
        ),
        WebsiteSettings(redirect_all=RedirectAll(host_name="www.example.com")),
    ),
    (AccelerateSettings(status="Enabled"), AccelerateSettings(status="Suspended")),
    (
        InventorySettings(
            configurations=(
                InventoryConfiguration(
                    id="daily",
                    destination=InventoryDestination(bucket=_ARN, format="CSV", prefix="daily/", sse_s3=True),
                    is_enabled=True,
                    prefix="a/",
                    included_object_versions="All",
                    optional_fields=("Size", "ETag"),
                    frequency="Daily",
                ),
                InventoryConfiguration(
                    id="weekly",
                    destination=InventoryDestination(
                        bucket=_ARN, format="ORC", account="123456789012", kms_key_id="key"
                    ),
                    is_enabled=False,
                    included_object_versions="Current",
                    frequency="Weekly",
                ),
            )
        ),
        InventorySettings(
            configurations=(
                InventoryConfiguration(
                    id="daily",
                    destination=InventoryDestination(bucket=_ARN, format="Parquet"),
                    is_enabled=False,
                    included_object_versions="Current",
                    frequency="Weekly",
                ),
            )
        ),
    ),
    (
        AnalyticsSettings(
            configurations=(
                AnalyticsConfiguration(
                    id="some",
                    filter=ObjectFilter(prefix="a/", tags=_BOTH),
                    storage_class_analysis=StorageClassAnalysis(
                        export=AnalyticsExport(output_schema_version="V_1", format="CSV", bucket=_ARN, prefix="p")
                    ),
                ),
            )
        ),
        AnalyticsSettings(
            configurations=(AnalyticsConfiguration(id="all", storage_class_analysis=StorageClassAnalysis()),)
        ),
    ),
    (
        MetricsSettings(
            configurations=(MetricsConfiguration(id="some", filter=MetricsFilter(prefix="a/", tags=_BOTH)),)
        ),
        MetricsSettings(configurations=(MetricsConfiguration(id="all"),)),
    ),
    (
        IntelligentTieringSettings(
            configurations=(
                IntelligentTieringConfiguration(
                    id="some",
                    filter=ObjectFilter(tags=_BOTH[:1]),
                    status="Enabled",
                    tierings=(
                        Tiering(days=90, access_tier="ARCHIVE_ACCESS"),
                        Tiering(days=180, access_tier="DEEP_ARCHIVE_ACCESS"),
                    ),
                ),
            )
        ),
        IntelligentTieringSettings(
            configurations=(
                IntelligentTieringConfiguration(
                    id="all", status="Disabled", tierings=(Tiering(days=100, access_tier="ARCHIVE_ACCESS"),)
                ),
            )
        ),
    ),
)

REFUSABLE: Final[dict[str, BucketSettings]] = {
    "notification-event-bridge": NotificationSettings(event_bridge=True),
    "lifecycle-sizes": LifecycleSettings(
        rules=(
            LifecycleRule(
                id="large",
                filter=LifecycleFilter(size_greater_than=1000, size_less_than=2000),
                status="Enabled",
                expiration=LifecycleExpiration(days=1),
            ),
        )
    ),
    "lifecycle-newer-versions": LifecycleSettings(
        rules=(
            LifecycleRule(
                id="three",
                filter=LifecycleFilter(),
                status="Enabled",
                noncurrent_version_expiration=NoncurrentVersionExpiration(
                    noncurrent_days=1, newer_noncurrent_versions=3
                ),
            ),
        )
    ),
    "lifecycle-uploads": LifecycleSettings(
        rules=(
            LifecycleRule(
                id="uploads",
                prefix="tmp/",
                status="Enabled",
                abort_incomplete_multipart_upload=AbortIncompleteMultipartUpload(days_after_initiation=2),
            ),
        )
    ),
    "lifecycle-transitions": LifecycleSettings(
        rules=(
            LifecycleRule(
                id="cold",
                filter=LifecycleFilter(prefix="cold/"),
                status="Enabled",
                transitions=(
                    Transition(days=30, storage_class="STANDARD_IA"),
                    Transition(days=60, storage_class="GLACIER"),
                ),
                noncurrent_version_transitions=(
                    NoncurrentVersionTransition(
                        noncurrent_days=30, newer_noncurrent_versions=2, storage_class="GLACIER"
                    ),
                ),
            ),
        )
    ),
    "encryption-key": EncryptionSettings(
        algorithm="aws:kms", key_id="arn:aws:kms:us-east-1:123456789012:key/k", bucket_key=False
    ),
}
"""Settings that a backend may not have in full. Then it refuses them, and keeps what was set before."""

EXAMPLE_KINDS: Final[tuple[type[BucketSettings], ...]] = (
    *(type(one) for one, _ in _FIXED),
    PolicySettings,
    AclSettings,
    RequestPaymentSettings,
    LoggingSettings,
)
"""All kinds."""


def examples(store: Store, bucket: str, kind: type[BucketSettings]) -> tuple[BucketSettings, BucketSettings]:
    """Returns two settings of a kind for a bucket. Some name the bucket or its owner."""
    if kind is PolicySettings:
        return _policy(bucket, "s3:GetObject"), _policy(bucket, "s3:ListBucket")
    if kind is AclSettings:
        owner = store.head_bucket(bucket).owner or DEFAULT_OWNER
        return _acl("public-read", owner), _acl("authenticated-read", owner)
    if kind is RequestPaymentSettings:
        return (RequestPaymentSettings(payer="Requester"),) * 2
    if kind is LoggingSettings:
        targets = (LogTarget(bucket=bucket, prefix=prefix) for prefix in ("", "logs/"))
        one, other = (LoggingSettings(target=target) for target in targets)
        return one, other
    return next(pair for pair in _FIXED if type(pair[0]) is kind)


def _acl(name: str, owner: Owner) -> AclSettings:
    return AclSettings(acl=canned_acl(name, owner))


def _policy(bucket: str, action: str) -> PolicySettings:
    where = f"arn:aws:s3:::{bucket}" + ("/*" if action == "s3:GetObject" else "")
    statement = {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": [action], "Resource": [where]}
    return PolicySettings(document=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def plain(settings: BucketSettings) -> Any:
    """Returns settings for a comparison: what has no order is sorted, and a policy is the JSON that it means."""
    fields = msgspec.to_builtins(settings)
    if isinstance(settings, PolicySettings) and settings.document:
        fields["document"] = json.loads(settings.document)
    return _sorted(fields)


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        # The name of a grantee for people is the backend's own.
        return {name: _sorted(member) for name, member in value.items() if name != "display_name"}
    if isinstance(value, list | tuple):
        return sorted((_sorted(member) for member in value), key=json.dumps)
    return value
