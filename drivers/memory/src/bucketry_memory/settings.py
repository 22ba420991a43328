"""The settings of the driver."""

from __future__ import annotations

from typing import ClassVar

from bucketry import InvalidSettings, ServedSettings
from bucketry.features import GIB
from bucketry.s3 import MAX_PART_BYTES, MIN_PART_BYTES


class MemorySettings(ServedSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a store in memory. Each has a default.

    The limits stop a program that runs away: it gets ``QuotaExceeded`` before the machine runs out of memory.

    Attributes:
        max_bytes: Limit on the bytes of content: all versions of objects, parts of uploads in progress, and bodies that
            are being read; and on settings of buckets. A new object counts beside the one that it replaces until it is
            complete. A copy counts in full, though it shares its bytes with the original. The default is 1 GiB.
        max_entries: Limit on buckets, their settings, versions of objects, delete markers, uploads and parts together.
            It covers what ``max_bytes`` does not: an empty object also takes memory, about 300 bytes with a short key
            and no metadata. The default is 2,000,000.
        min_part_size: Smallest part of an upload, except the last, in bytes. The default is 5 MiB, as in S3. Tests may
            want less.
        kms_keys: Ids or ARNs of the keys that exist for SSE-KMS, separated by commas. By default every well-formed id
            is that of a key, so that a test needs no set-up.

    Raises:
        InvalidSettings: A limit is out of bounds, or the secret key is empty.
    """

    scheme: ClassVar[str] = "memory"

    max_bytes: int = GIB
    max_entries: int = 2_000_000
    min_part_size: int = MIN_PART_BYTES
    kms_keys: str = ""

    def __post_init__(self) -> None:
        for name, value in (("max_bytes", self.max_bytes), ("max_entries", self.max_entries)):
            if value < 0:
                raise InvalidSettings(f"{name} cannot be negative")
        if not 1 <= self.min_part_size <= MAX_PART_BYTES:
            raise InvalidSettings(f"min_part_size is 1 to {MAX_PART_BYTES} bytes")
        if not self.secret_key:
            raise InvalidSettings("secret_key is empty")
