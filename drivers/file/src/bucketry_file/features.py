"""What the driver declares: every feature of the contract, with S3's limits."""

from __future__ import annotations

from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bucketry import CHECKSUM_ALGORITHMS, Features
from bucketry.s3 import MAX_PART_BYTES
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bucketry_file.settings import FileSettings

FEATURES: Final = Features(
    get_if_match=True,
    get_if_none_match=True,
    get_if_modified_since=True,
    get_if_unmodified_since=True,
    get_part_number=True,
    put_if_match=True,
    put_if_none_match=True,
    put_headers=True,
    put_metadata=True,
    put_tagging=True,
    checksums=True,
    upload_checksums=True,
    checksum_algorithms=tuple(CHECKSUM_ALGORITHMS),
    bucket_cors=True,
    bucket_lifecycle=True,
    bucket_encryption=True,
    bucket_policy=True,
    bucket_acl=True,
    bucket_ownership=True,
    bucket_public_access=True,
    owners=True,
    put_acl=True,
    bucket_tagging=True,
    bucket_notification=True,
    bucket_logging=True,
    bucket_website=True,
    bucket_accelerate=True,
    bucket_request_payment=True,
    bucket_inventory=True,
    bucket_analytics=True,
    bucket_metrics=True,
    bucket_intelligent_tiering=True,
    copy_if_match=True,
    copy_if_none_match=True,
    copy_source_if_match=True,
    copy_tagging=True,
    copy_own_etag=True,
    upload_tagging=True,
    part_copy_source_if_match=True,
    complete_if_match=True,
    complete_if_none_match=True,
    complete_subset=True,
    complete_again=True,
    bucket_versioning=True,
    bucket_object_lock=True,
    upload_object_lock=True,
    object_lock_later=True,
    storage_class=True,
    website_redirect=True,
    bucket_region=True,
    delete_if_match=True,
    delete_if_last_modified=True,
    encrypt_sse_s3=True,
    encrypt_sse_kms=True,
    encrypt_sse_c=True,
    list_delimiter=True,
    list_start_after=True,
    list_versions_start_after=True,
    presign_content_type=True,
    presign_response_headers=True,
    persistent=True,
    encrypts_at_rest=True,
    max_put_size=MAX_PART_BYTES,
)

_OF_MASTER_KEYS: Final = ("encrypt_sse_s3", "encrypt_sse_kms", "bucket_encryption")
_OF_ENCRYPTION: Final = ("encrypt_sse_c", "encrypts_at_rest")


def features_of(settings: FileSettings) -> tuple[Features, Mapping[str, str]]:
    """Returns the features of a store, and the reason for each that is missing."""
    lacks: dict[str, str] = {}
    if find_spec("cryptography") is None:
        lacks = dict.fromkeys((*_OF_MASTER_KEYS, *_OF_ENCRYPTION), "install bucketry[encryption]")
    elif settings.encryption_keys is None:
        lacks = dict.fromkeys(_OF_MASTER_KEYS, "the store has no encryption_keys")
    features = replace(FEATURES, min_part_size=settings.min_part_size, **dict.fromkeys(lacks, False))
    return features, MappingProxyType(lacks)
