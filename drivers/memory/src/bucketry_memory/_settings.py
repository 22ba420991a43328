"""The driver's settings."""

from __future__ import annotations

from typing import ClassVar

from bucketry import InvalidSettings, ServedSettings
from bucketry.features import GIB
from bucketry.s3 import MAX_PART_BYTES, MIN_PART_BYTES


class MemorySettings(ServedSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a store in memory; every one has a default.

    The limits are there for runaway programs: they get ``QuotaExceeded`` before the machine runs out of memory.

    Attributes:
        max_bytes: Most bytes of content: all objects, the parts of uploads in progress, and what is just coming in, so
            that an object which replaces another counts beside it until it is complete. 1 GiB. A copy counts in full,
            though it shares its bytes with the original.
        max_entries: Most buckets, objects, uploads and parts together: what ``max_bytes`` does not see, since an empty
            object takes memory too, some 300 bytes with a short key and no metadata. 2,000,000.
        min_part_size: Smallest part of an upload but the last, in bytes. S3's own 5 MiB; tests may want less.

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
