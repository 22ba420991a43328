"""The settings of the driver, and the features that it has."""

from __future__ import annotations

from typing import ClassVar, Final

from bucketry import Features, InvalidSettings, ServedSettings
from bucketry.features import GIB
from bucketry.s3 import MAX_PART_BYTES, MIN_PART_BYTES

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
    bucket_cors=True,
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
    delete_if_match=True,
    list_delimiter=True,
    list_start_after=True,
    presign_content_type=True,
    presign_response_headers=True,
    non_blocking=True,
    max_put_size=MAX_PART_BYTES,
)
"""Every feature of the contract, with S3's limits."""


class MemorySettings(ServedSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a store in memory. Each has a default.

    The limits stop a program that runs away: it gets ``QuotaExceeded`` before the machine runs out of memory.

    Attributes:
        max_bytes: Limit on the bytes of content: objects, parts of uploads in progress, and bodies that are being
            read. A new object counts beside the one that it replaces until it is complete. A copy counts in full,
            though it shares its bytes with the original. The default is 1 GiB.
        max_entries: Limit on buckets, objects, uploads and parts together. It covers what ``max_bytes`` does not: an
            empty object also takes memory, about 300 bytes with a short key and no metadata. The default is 2,000,000.
        min_part_size: Smallest part of an upload, except the last, in bytes. The default is 5 MiB, as in S3. Tests may
            want less.

    Raises:
        InvalidSettings: A limit is out of bounds, or the secret key is empty.
    """

    scheme: ClassVar[str] = "memory"

    max_bytes: int = GIB
    max_entries: int = 2_000_000
    min_part_size: int = MIN_PART_BYTES

    def __post_init__(self) -> None:
        for name, value in (("max_bytes", self.max_bytes), ("max_entries", self.max_entries)):
            if value < 0:
                raise InvalidSettings(f"{name} cannot be negative")
        if not 1 <= self.min_part_size <= MAX_PART_BYTES:
            raise InvalidSettings(f"min_part_size is 1 to {MAX_PART_BYTES} bytes")
        if not self.secret_key:
            raise InvalidSettings("secret_key is empty")
