"""What a driver can do: the operations it implements, the finer features it declares, and its limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from bucketry.s3 import MAX_OBJECT_BYTES, MAX_PART_BYTES, MAX_PARTS, MIN_PART_BYTES

GIB: Final = 1024**3
MIB: Final = 1024**2


class Features(msgspec.Struct, frozen=True, kw_only=True):
    """Features and limits that a driver declares. Names read ``operation_detail``.

    The contract suite tests the declared features. `Store` refuses the others with ``Unsupported``.

    Attributes:
        get_if_match: ``get_object`` and ``head_object`` honour ``if_match``; likewise the three below.
        get_if_none_match: See above.
        get_if_modified_since: See above.
        get_if_unmodified_since: See above.
        put_if_match: ``put_object`` honours ``if_match`` atomically.
        put_if_none_match: ``put_object`` honours ``if_none_match="*"`` atomically.
        get_part_number: ``get_object`` and ``head_object`` honour ``part_number``.
        put_headers: Cache-control, content disposition, encoding and language, and expires are stored.
        put_metadata: The writer's metadata is stored.
        put_tagging: ``put_object`` stores tags.
        checksums: ``put_object`` and ``copy_object`` take checksums and keep them with what they store.
        upload_checksums: Uploads, their parts and their completions take checksums too, and keep them.
        checksum_algorithms: The algorithms of both, names from `CHECKSUM_ALGORITHMS`; empty without ``checksums``.
        bucket_cors: The bucket's settings include `CorsSettings`.
        bucket_versioning: The bucket's settings include `VersioningSettings`, and every ``version_id`` is honoured.
        bucket_object_lock: The bucket's settings include `ObjectLockSettings`, and versions can be locked.
        bucket_lifecycle: The bucket's settings include `LifecycleSettings`.
        bucket_policy: The bucket's settings include `PolicySettings`.
        bucket_acl: The bucket's settings include `AclSettings`.
        bucket_ownership: The bucket's settings include `OwnershipSettings`.
        bucket_public_access: The bucket's settings include `PublicAccessSettings`.
        bucket_encryption: The bucket's settings include `EncryptionSettings`.
        bucket_tagging: The bucket's settings include `TagSettings`.
        bucket_notification: The bucket's settings include `NotificationSettings`.
        bucket_logging: The bucket's settings include `LoggingSettings`.
        bucket_website: The bucket's settings include `WebsiteSettings`.
        bucket_accelerate: The bucket's settings include `AccelerateSettings`.
        bucket_request_payment: The bucket's settings include `RequestPaymentSettings`.
        bucket_inventory: The bucket's settings include `InventorySettings`.
        bucket_analytics: The bucket's settings include `AnalyticsSettings`.
        bucket_metrics: The bucket's settings include `MetricsSettings`.
        bucket_intelligent_tiering: The bucket's settings include `IntelligentTieringSettings`.
        upload_object_lock: ``create_multipart_upload`` takes the lock of the finished object.
        object_lock_later: Object lock can also be turned on in a bucket that was created without it.
        bucket_region: ``create_bucket`` takes the region of the bucket.
        owners: Buckets and objects have owners: ``owner`` is kept.
        put_acl: Whatever makes a version takes its ``acl``.
        storage_class: Storage classes are kept.
        website_redirect: The redirect of an object is kept.
        encrypt_sse_s3: Encryption with keys of the store (SSE-S3) is honoured.
        encrypt_sse_kms: Encryption with keys of a key service (SSE-KMS) is honoured.
        encrypt_sse_c: Encryption with a customer's key (SSE-C) is honoured.
        copy_if_match: ``copy_object`` honours ``if_match`` on its destination.
        copy_if_none_match: ``copy_object`` honours ``if_none_match="*"`` on its destination.
        copy_source_if_match: ``copy_object`` honours ``source_if_match``.
        copy_tagging: ``copy_object`` can give the copy tags of its own.
        copy_own_etag: A copy has the etag that the same bytes have after one put, even if its source was uploaded in
            parts.
        upload_tagging: ``create_multipart_upload`` takes the tags of the finished object.
        part_copy_source_if_match: ``upload_part_copy`` honours ``source_if_match``.
        complete_if_match: ``complete_multipart_upload`` honours ``if_match``.
        complete_if_none_match: ``complete_multipart_upload`` honours ``if_none_match="*"``.
        complete_subset: ``complete_multipart_upload`` can list some of the stored parts, and discards the others. A
            driver without this feature raises ``Unsupported`` itself, and the upload stays as it was.
        complete_again: ``complete_multipart_upload`` with the same parts gives the same result again, for a while.
        delete_if_match: ``delete_object`` honours ``if_match`` atomically.
        delete_if_last_modified: ``delete_object`` honours ``if_last_modified`` atomically.
        list_delimiter: ``list_objects`` rolls keys up at a delimiter.
        list_start_after: ``list_objects`` begins after a given key.
        list_versions_start_after: ``list_object_versions`` begins after a given key.
        presign_content_type: ``presign`` can sign the content type of an upload.
        presign_response_headers: ``presign`` can set headers of a download's answer.
        persistent: Data outlives the store: it is there when the store is opened again.
        encrypts_at_rest: Objects that are to be encrypted are encrypted where they are stored. A driver can honour the
            semantics of S3's encryption without it.
        non_blocking: Operations wait for nothing but their body: callers on an event loop need no thread.
        min_part_size: Smallest part except for the last one, in bytes.
        max_part_size: Largest part, in bytes.
        max_parts: Most parts in an upload; part numbers run from 1 to this.
        max_put_size: Largest object that ``put_object`` takes, in bytes.
        max_object_size: Largest object, in bytes, whichever operation makes it.
    """

    get_if_match: bool = False
    get_if_none_match: bool = False
    get_if_modified_since: bool = False
    get_if_unmodified_since: bool = False
    get_part_number: bool = False
    put_if_match: bool = False
    put_if_none_match: bool = False
    put_headers: bool = False
    put_metadata: bool = False
    put_tagging: bool = False
    checksums: bool = False
    upload_checksums: bool = False
    checksum_algorithms: tuple[str, ...] = ()
    bucket_cors: bool = False
    bucket_versioning: bool = False
    bucket_object_lock: bool = False
    bucket_lifecycle: bool = False
    bucket_policy: bool = False
    bucket_acl: bool = False
    bucket_ownership: bool = False
    bucket_public_access: bool = False
    bucket_encryption: bool = False
    bucket_tagging: bool = False
    bucket_notification: bool = False
    bucket_logging: bool = False
    bucket_website: bool = False
    bucket_accelerate: bool = False
    bucket_request_payment: bool = False
    bucket_inventory: bool = False
    bucket_analytics: bool = False
    bucket_metrics: bool = False
    bucket_intelligent_tiering: bool = False
    upload_object_lock: bool = False
    object_lock_later: bool = False
    bucket_region: bool = False
    owners: bool = False
    put_acl: bool = False
    storage_class: bool = False
    website_redirect: bool = False
    encrypt_sse_s3: bool = False
    encrypt_sse_kms: bool = False
    encrypt_sse_c: bool = False
    copy_if_match: bool = False
    copy_if_none_match: bool = False
    copy_source_if_match: bool = False
    copy_tagging: bool = False
    copy_own_etag: bool = False
    upload_tagging: bool = False
    part_copy_source_if_match: bool = False
    complete_if_match: bool = False
    complete_if_none_match: bool = False
    complete_subset: bool = False
    complete_again: bool = False
    delete_if_match: bool = False
    delete_if_last_modified: bool = False
    list_delimiter: bool = False
    list_start_after: bool = False
    list_versions_start_after: bool = False
    presign_content_type: bool = False
    presign_response_headers: bool = False
    persistent: bool = False
    encrypts_at_rest: bool = False
    non_blocking: bool = False
    min_part_size: int = MIN_PART_BYTES
    max_part_size: int = MAX_PART_BYTES
    max_parts: int = MAX_PARTS
    max_put_size: int = MAX_OBJECT_BYTES
    max_object_size: int = MAX_OBJECT_BYTES

    def behind(self, layers: Sequence[object]) -> Features:
        """Returns the features of a driver behind these layers: sizes only as large as all of them allow.

        ``non_blocking`` stays only if no layer waits.
        """
        features = self
        if self.non_blocking and any(getattr(layer, "blocks", False) for layer in layers):
            features = msgspec.structs.replace(features, non_blocking=False)
        most = min((layer.max_object_size for layer in layers if hasattr(layer, "max_object_size")), default=None)
        if most is None:
            return features
        sizes = {
            name: min(getattr(features, name), most) for name in ("max_part_size", "max_put_size", "max_object_size")
        }
        return msgspec.structs.replace(features, **sizes)


TRAIT_NAMES: Final = ("persistent", "encrypts_at_rest", "non_blocking")
"""Traits of a driver. No call needs them, so `Store` has nothing to refuse."""

FEATURE_NAMES: Final = tuple(
    field.name for field in msgspec.structs.fields(Features) if field.type is bool and field.name not in TRAIT_NAMES
)
"""The features that can be tested one by one, in the order in which they are declared."""


def whole_contract(**others: Any) -> Features:
    """Returns every feature that can be tested, with S3's limits, for a driver that keeps all of the contract itself.

    Args:
        others: Traits, limits and algorithms, which a driver states for itself.
    """
    return Features(**{**dict.fromkeys(FEATURE_NAMES, True), "max_put_size": MAX_PART_BYTES, **others})


MEASURED_FEATURES: Final = frozenset({"copy_own_etag", "complete_again", "object_lock_later"})
"""Features that no option needs, so that nothing can be refused. The contract suite measures them."""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a store can do.

    Attributes:
        driver: Name of the driver, which is the scheme of its URLs.
        contract_version: Version of the contract that the driver speaks.
        operations: The operations that the driver implements, found by looking at its class.
        features: The features that the driver declares; ``non_blocking`` only if no layer around it blocks.
        s3_endpoint: Whether the backend has an S3 endpoint of its own.
        lifecycle: Who carries out lifecycle rules: the backend, by its own clock, or core, by the store's clock.
    """

    driver: str
    contract_version: int
    operations: frozenset[str]
    features: Features
    s3_endpoint: bool = False
    lifecycle: Literal["backend", "core"] = "backend"
