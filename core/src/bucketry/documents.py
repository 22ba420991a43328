"""Settings of buckets as the documents of S3: one codec and one table for all kinds.

A document is a tree of `Element`. Ports and drivers have an XML parser and writer of their own, and read and write this
tree with `read_settings` and `write_settings`. What the elements are called stands beside the fields of the Structs.

Source: S3 API reference, the actions ``GetBucket…`` and ``PutBucket…``, their data types and errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeVar

import msgspec

from bucketry._xml_structs import Element, read_struct, write_struct
from bucketry.bucket_settings import (
    MAX_SETTINGS_BYTES,
    AccelerateSettings,
    AclSettings,
    AnalyticsConfiguration,
    AnalyticsSettings,
    BucketSettings,
    Configuration,
    ConfigurationSettings,
    CorsSettings,
    EncryptionSettings,
    IntelligentTieringConfiguration,
    IntelligentTieringSettings,
    InventoryConfiguration,
    InventorySettings,
    LifecycleSettings,
    LoggingSettings,
    MetricsConfiguration,
    MetricsSettings,
    NotificationSettings,
    ObjectLockSettings,
    OwnershipSettings,
    PolicySettings,
    PublicAccessSettings,
    RequestPaymentSettings,
    TagSettings,
    VersioningSettings,
    WebsiteSettings,
)
from bucketry.errors import InvalidBucketSettings

_NOT_FOUND: Final = ("NoSuchConfiguration", "The specified configuration does not exist.")


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """How S3 has one kind of settings.

    Attributes:
        kind: The class of the settings.
        subresource: The parameter that names the kind in a request.
        root: Name of the root element; empty: it is JSON text.
        missing: Code and message of the 404 if nothing is set; empty: S3 sends a document that says so.
        has_delete: Whether S3 has a ``DELETE`` for it.
        empty_removes: Whether putting a document in which nothing is set removes the settings; else it is refused.
        needs_digest: Whether S3 refuses a put without ``Content-MD5`` or a checksum.
        max_elements: Most elements of a document.
        neutral: Texts by element with which the element means the same as if it were missing.
        max_list_bytes: Most bytes of a document that is a long list; 0: it is short, and its reader limits it.
    """

    kind: type[BucketSettings]
    subresource: str
    root: str
    missing: tuple[str, str] | tuple[()] = ()
    has_delete: bool = False
    empty_removes: bool = False
    needs_digest: bool = False
    max_elements: int = 100
    max_list_bytes: int = 0
    neutral: Mapping[str, str] = MappingProxyType({})


class ConfigurationDocument(Document, frozen=True, kw_only=True):
    """How S3 has a kind with several configurations. Each has a document of its own.

    Attributes:
        entry: The class of one configuration. Its name is that of the root element.
        listing: Name of the root element of a list of configurations.
    """

    entry: type[Configuration]
    listing: str


def _configurations(
    kind: type[ConfigurationSettings], entry: type[Configuration], subresource: str, listing: str
) -> ConfigurationDocument:
    return ConfigurationDocument(
        kind=kind,
        subresource=subresource,
        root=entry.__name__,
        missing=_NOT_FOUND,
        has_delete=True,
        entry=entry,
        listing=listing,
    )


_ALL: Final = (
    Document(
        kind=CorsSettings,
        subresource="cors",
        root="CORSConfiguration",
        missing=("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
        has_delete=True,
        needs_digest=True,
        max_elements=5_000,  # The longest document in S3 has 64 KiB, which is about 2,000 elements.
    ),
    Document(
        kind=VersioningSettings,
        subresource="versioning",
        root="VersioningConfiguration",
        neutral={"MfaDelete": "Disabled"},
    ),
    Document(
        kind=ObjectLockSettings,
        subresource="object-lock",
        root="ObjectLockConfiguration",
        missing=(
            "ObjectLockConfigurationNotFoundError",
            "Object Lock configuration does not exist for this bucket",
        ),
        needs_digest=True,
    ),
    Document(
        kind=LifecycleSettings,
        subresource="lifecycle",
        root="LifecycleConfiguration",
        missing=("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
        has_delete=True,
        needs_digest=True,
        max_elements=50_000,  # 1,000 rules, most with about ten elements.
        max_list_bytes=MAX_SETTINGS_BYTES,
    ),
    Document(
        kind=PolicySettings,
        subresource="policy",
        root="",
        missing=("NoSuchBucketPolicy", "The bucket policy does not exist"),
        has_delete=True,
    ),
    Document(kind=AclSettings, subresource="acl", root="AccessControlPolicy", max_elements=1_000),
    Document(
        kind=OwnershipSettings,
        subresource="ownershipControls",
        root="OwnershipControls",
        missing=("OwnershipControlsNotFoundError", "The bucket ownership controls were not found"),
        has_delete=True,
    ),
    Document(
        kind=PublicAccessSettings,
        subresource="publicAccessBlock",
        root="PublicAccessBlockConfiguration",
        missing=("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"),
        has_delete=True,
    ),
    Document(
        kind=EncryptionSettings,
        subresource="encryption",
        root="ServerSideEncryptionConfiguration",
        missing=(
            "ServerSideEncryptionConfigurationNotFoundError",
            "The server side encryption configuration was not found",
        ),
        has_delete=True,
    ),
    Document(
        kind=TagSettings,
        subresource="tagging",
        root="Tagging",
        missing=("NoSuchTagSet", "The TagSet does not exist"),
        has_delete=True,
        empty_removes=True,
        needs_digest=True,
        max_elements=1_000,
    ),
    Document(
        kind=NotificationSettings,
        subresource="notification",
        root="NotificationConfiguration",
        empty_removes=True,
        max_elements=10_000,
    ),
    Document(
        kind=LoggingSettings, subresource="logging", root="BucketLoggingStatus", empty_removes=True, max_elements=1_000
    ),
    Document(
        kind=WebsiteSettings,
        subresource="website",
        root="WebsiteConfiguration",
        missing=("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"),
        has_delete=True,
        max_elements=1_000,
    ),
    Document(kind=AccelerateSettings, subresource="accelerate", root="AccelerateConfiguration"),
    Document(
        kind=RequestPaymentSettings,
        subresource="requestPayment",
        root="RequestPaymentConfiguration",
        empty_removes=True,
    ),
    _configurations(InventorySettings, InventoryConfiguration, "inventory", "ListInventoryConfigurationsResult"),
    _configurations(AnalyticsSettings, AnalyticsConfiguration, "analytics", "ListBucketAnalyticsConfigurationResult"),
    _configurations(MetricsSettings, MetricsConfiguration, "metrics", "ListMetricsConfigurationsResult"),
    _configurations(
        IntelligentTieringSettings,
        IntelligentTieringConfiguration,
        "intelligent-tiering",
        "ListBucketIntelligentTieringConfigurationsOutput",
    ),
)

DOCUMENTS: Final[Mapping[type[BucketSettings], Document]] = MappingProxyType({one.kind: one for one in _ALL})
"""The document of each kind."""

BY_SUBRESOURCE: Final[Mapping[str, Document]] = MappingProxyType({one.subresource: one for one in _ALL})
"""The same by sub-resource."""

OF_CONFIGURATIONS: Final[Mapping[str, ConfigurationDocument]] = MappingProxyType(
    {one.subresource: one for one in _ALL if isinstance(one, ConfigurationDocument)}
)
"""Those of them that have several configurations."""

SettingsT = TypeVar("SettingsT", bound=BucketSettings)
ConfigurationT = TypeVar("ConfigurationT", bound=Configuration)


def write_settings(settings: BucketSettings) -> Element:
    """Returns the document of settings. For a kind with several configurations, use `write_configuration`."""
    return write_struct(DOCUMENTS[type(settings)].root, settings)


def read_settings(root: Element, kind: type[SettingsT]) -> SettingsT:
    """Reads a document. `BucketSettings.checked` checks the values.

    Raises:
        InvalidBucketSettings: It is another document, or an element is missing, unknown, there too often, or not of its
            type.
    """
    neutral = DOCUMENTS[kind].neutral
    children = tuple(child for child in root.children if neutral.get(child.name) != child.text.strip())
    return _read(root._replace(children=children), DOCUMENTS[kind].root, kind)


def write_configuration(configuration: Configuration) -> Element:
    """Returns the document of one configuration of several."""
    return write_struct(type(configuration).__name__, configuration)


def read_configuration(root: Element, kind: type[ConfigurationT]) -> ConfigurationT:
    """Reads the document of one configuration of several; errors as in `read_settings`."""
    return _read(root, kind.__name__, kind)


StructT = TypeVar("StructT", bound=msgspec.Struct)


def _read(root: Element, name: str, kind: type[StructT]) -> StructT:
    if root.name != name:
        raise InvalidBucketSettings(f"the document is not {name}", fault="schema")
    return read_struct(root, kind)


__all__ = [
    "BY_SUBRESOURCE",
    "DOCUMENTS",
    "OF_CONFIGURATIONS",
    "ConfigurationDocument",
    "Document",
    "Element",
    "read_configuration",
    "read_settings",
    "write_configuration",
    "write_settings",
]
