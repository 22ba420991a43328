"""Inventory reports of a bucket. They are stored, and nobody here makes reports.

Source: S3 API reference, ``InventoryConfiguration``.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec
from typing_extensions import override

from bucketry._xml_names import Xml
from bucketry.bucket_settings._base import check_text, check_unique, invalid
from bucketry.bucket_settings._configurations import Configuration, ConfigurationSettings, check_destination
from bucketry.encryption import MAX_KMS_KEY_ID
from bucketry.s3 import MAX_KEY_BYTES

InventoryField = Literal[
    "Size",
    "LastModifiedDate",
    "StorageClass",
    "ETag",
    "IsMultipartUploaded",
    "ReplicationStatus",
    "EncryptionStatus",
    "ObjectLockRetainUntilDate",
    "ObjectLockMode",
    "ObjectLockLegalHoldStatus",
    "IntelligentTieringAccessTier",
    "BucketKeyStatus",
    "ChecksumAlgorithm",
    "ObjectAccessControlList",
    "ObjectOwner",
    "LifecycleExpirationDate",
]
"""What a report says of each object, besides its key."""


class InventoryDestination(msgspec.Struct, frozen=True, kw_only=True):
    """Where reports go.

    Attributes:
        account: The account that owns the bucket, 12 digits.
        bucket: ARN of the bucket.
        format: Format of the reports.
        prefix: What their keys begin with.
        sse_s3: Whether they are encrypted with keys of the store.
        kms_key_id: Id of the key of a key service that they are encrypted with. Not with ``sse_s3``.
    """

    account: Annotated[str | None, Xml("AccountId")] = None
    bucket: str
    format: Literal["CSV", "ORC", "Parquet"]
    prefix: str | None = None
    sse_s3: Annotated[bool, Xml("Encryption/SSE-S3", flag="")] = False
    kms_key_id: Annotated[str | None, Xml("Encryption/SSE-KMS/KeyId")] = None


class InventoryConfiguration(Configuration, frozen=True, kw_only=True):
    """A report on the objects of a bucket.

    Attributes:
        id: Its id, unique in the bucket.
        destination: Where it goes.
        is_enabled: Whether it is made.
        prefix: What the keys of the objects begin with; ``None``: all objects.
        included_object_versions: Which versions it lists.
        optional_fields: What it says of each object, besides the key.
        frequency: How often it is made.
    """

    destination: Annotated[InventoryDestination, Xml("Destination/S3BucketDestination")]
    is_enabled: bool
    prefix: Annotated[str | None, Xml("Filter/Prefix")] = None
    included_object_versions: Literal["All", "Current"]
    optional_fields: Annotated[tuple[InventoryField, ...], Xml("OptionalFields/Field")] = ()
    frequency: Annotated[Literal["Daily", "Weekly"], Xml("Schedule/Frequency")]

    @override
    def check(self) -> None:
        to = self.destination
        check_destination(to.bucket, to.account, to.prefix)
        check_text(self.prefix or "", "the Prefix of a filter", MAX_KEY_BYTES)
        check_unique(self.optional_fields, "a field comes twice", "value")
        if to.sse_s3 and to.kms_key_id is not None:
            raise invalid("Encryption has either SSE-S3 or SSE-KMS", "schema")
        if to.kms_key_id is not None:
            check_text(to.kms_key_id, "KeyId", MAX_KMS_KEY_ID, least=1)


class InventorySettings(ConfigurationSettings, frozen=True, kw_only=True, tag="inventory"):
    """The inventory reports of a bucket.

    Attributes:
        configurations: The reports, at most 1,000.
    """

    feature: ClassVar[str] = "bucket_inventory"

    configurations: Annotated[tuple[InventoryConfiguration, ...], Xml("InventoryConfiguration")] = ()
