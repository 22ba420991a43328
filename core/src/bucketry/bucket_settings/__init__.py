"""Settings of a bucket: one frozen Struct for each kind, with its feature, its "not set" and its checks.

`BucketSettings` is their base, and `AnyBucketSettings` the union of all kinds. It is tagged, so a driver that stores
settings as JSON can decode them with it.
"""

from __future__ import annotations

from typing import Final, TypeVar, get_args

from bucketry._type_checks import type_name
from bucketry.bucket_settings._access import (
    BUCKET_OWNER_ENFORCED,
    AclSettings,
    ObjectOwnership,
    OwnershipSettings,
    PublicAccessSettings,
)
from bucketry.bucket_settings._analytics import (
    AnalyticsConfiguration,
    AnalyticsExport,
    AnalyticsSettings,
    MetricsConfiguration,
    MetricsFilter,
    MetricsSettings,
    StorageClassAnalysis,
)
from bucketry.bucket_settings._base import MAX_SETTINGS_BYTES, BucketSettings, unknown_field
from bucketry.bucket_settings._configurations import Configuration, ConfigurationSettings
from bucketry.bucket_settings._cors import MAX_CORS_AGE, CorsMethod, CorsRule, CorsSettings
from bucketry.bucket_settings._encryption import EncryptionSettings
from bucketry.bucket_settings._filters import ObjectFilter
from bucketry.bucket_settings._intelligent_tiering import (
    IntelligentTieringConfiguration,
    IntelligentTieringSettings,
    Tiering,
)
from bucketry.bucket_settings._inventory import (
    InventoryConfiguration,
    InventoryDestination,
    InventoryField,
    InventorySettings,
)
from bucketry.bucket_settings._lifecycle import (
    AbortIncompleteMultipartUpload,
    LifecycleExpiration,
    LifecycleFilter,
    LifecycleRule,
    LifecycleSettings,
    NoncurrentVersionExpiration,
    RuleStatus,
)
from bucketry.bucket_settings._logging import LoggingSettings, LogGrant, LogKeyFormat, LogPermission, LogTarget
from bucketry.bucket_settings._notification import (
    FilterRule,
    FunctionConfiguration,
    NotificationConfiguration,
    NotificationSettings,
    QueueConfiguration,
    TopicConfiguration,
)
from bucketry.bucket_settings._object_lock import DefaultRetention, ObjectLockSettings
from bucketry.bucket_settings._policy import PolicySettings
from bucketry.bucket_settings._requests import AccelerateSettings, Payer, RequestPaymentSettings
from bucketry.bucket_settings._tags import Tag, TagSettings
from bucketry.bucket_settings._transitions import NoncurrentVersionTransition, Transition
from bucketry.bucket_settings._versioning import VersioningSettings, VersioningStatus
from bucketry.bucket_settings._website import (
    Redirect,
    RedirectAll,
    RoutingCondition,
    RoutingRule,
    WebsiteSettings,
)
from bucketry.errors import InvalidArgument

__all__ = [
    "BUCKET_OWNER_ENFORCED",
    "MAX_CORS_AGE",
    "MAX_SETTINGS_BYTES",
    "SETTINGS_KINDS",
    "STORED_ONLY",
    "AbortIncompleteMultipartUpload",
    "AccelerateSettings",
    "AclSettings",
    "AnalyticsConfiguration",
    "AnalyticsExport",
    "AnalyticsSettings",
    "AnyBucketSettings",
    "BucketSettings",
    "Configuration",
    "ConfigurationSettings",
    "CorsMethod",
    "CorsRule",
    "CorsSettings",
    "DefaultRetention",
    "EncryptionSettings",
    "FilterRule",
    "FunctionConfiguration",
    "IntelligentTieringConfiguration",
    "IntelligentTieringSettings",
    "InventoryConfiguration",
    "InventoryDestination",
    "InventoryField",
    "InventorySettings",
    "LifecycleExpiration",
    "LifecycleFilter",
    "LifecycleRule",
    "LifecycleSettings",
    "LogGrant",
    "LogKeyFormat",
    "LogPermission",
    "LogTarget",
    "LoggingSettings",
    "MetricsConfiguration",
    "MetricsFilter",
    "MetricsSettings",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransition",
    "NotificationConfiguration",
    "NotificationSettings",
    "ObjectFilter",
    "ObjectLockSettings",
    "ObjectOwnership",
    "OwnershipSettings",
    "Payer",
    "PolicySettings",
    "PublicAccessSettings",
    "QueueConfiguration",
    "Redirect",
    "RedirectAll",
    "RequestPaymentSettings",
    "RoutingCondition",
    "RoutingRule",
    "RuleStatus",
    "SettingsT",
    "StorageClassAnalysis",
    "Tag",
    "TagSettings",
    "Tiering",
    "TopicConfiguration",
    "Transition",
    "VersioningSettings",
    "VersioningStatus",
    "WebsiteSettings",
    "check_kind",
    "check_settings",
    "unknown_field",
]

AnyBucketSettings = (
    CorsSettings
    | VersioningSettings
    | ObjectLockSettings
    | LifecycleSettings
    | PolicySettings
    | AclSettings
    | OwnershipSettings
    | PublicAccessSettings
    | EncryptionSettings
    | TagSettings
    | NotificationSettings
    | LoggingSettings
    | WebsiteSettings
    | AccelerateSettings
    | RequestPaymentSettings
    | InventorySettings
    | AnalyticsSettings
    | MetricsSettings
    | IntelligentTieringSettings
)
"""Settings of any kind: the union of all kinds."""

SettingsT = TypeVar("SettingsT", bound=BucketSettings)

SETTINGS_KINDS: Final[tuple[type[BucketSettings], ...]] = get_args(AnyBucketSettings)
"""All kinds of settings."""

STORED_ONLY: Final[frozenset[type[BucketSettings]]] = frozenset(
    {
        TagSettings,
        WebsiteSettings,
        LoggingSettings,
        AccelerateSettings,
        RequestPaymentSettings,
        InventorySettings,
        AnalyticsSettings,
        MetricsSettings,
        IntelligentTieringSettings,
    }
)
"""Kinds that are checked, stored and shown, and that nothing of bucketry carries out."""


def check_kind(kind: object) -> None:
    """Refuses what is not one of the kinds of settings.

    Raises:
        InvalidArgument: It is something else; the message names the kinds.
    """
    if not any(kind is known for known in SETTINGS_KINDS):
        raise InvalidArgument(
            f"the kind of a bucket's settings is a class ({_names()}), not {type_name(kind)}", field="kind"
        )


def check_settings(settings: SettingsT) -> SettingsT:
    """Returns settings as drivers get them.

    Raises:
        InvalidArgument: They are not settings, or are not valid.
    """
    if type(settings) not in SETTINGS_KINDS:
        raise InvalidArgument(f"the settings must be {_names()}, not {type_name(settings)}", field="settings")
    return settings.checked()


def _names() -> str:
    return ", ".join(kind.__name__ for kind in SETTINGS_KINDS)
