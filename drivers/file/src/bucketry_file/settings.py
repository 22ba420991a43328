"""The settings of the driver."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec
from bucketry import InvalidSettings, ServedSettings
from bucketry.s3 import MAX_PART_BYTES, MIN_PART_BYTES
from bucketry.secret import Secret


class FileSettings(ServedSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a store in a folder.

    Attributes:
        location: The folder: an absolute path, or one that begins with ``./`` or ``../``. It is made if its parent
            exists.
        sync: Whether a write is on the disk when it returns. ``false`` is faster: after a power failure, the last
            moments may be missing, and an object whose bytes did not reach the disk fails when it is read.
        busy_timeout: Seconds (over 0, up to 3,600) that a write waits for other processes before it fails with
            ``Throttled``.
        min_part_size: Smallest part of an upload, except the last, in bytes. The default is 5 MiB, as in S3.
        encryption_keys: Master keys for SSE-S3 and SSE-KMS, as ``id:key,id:key``, each key 32 bytes in base64. The
            first one encrypts what is new, unless a write names another. Without them, only SSE-C is there.

    Raises:
        InvalidSettings: The location could be meant in another way, or a value is out of bounds.
    """

    scheme: ClassVar[str] = "file"

    location: str
    sync: bool = True
    busy_timeout: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 30.0
    min_part_size: int = MIN_PART_BYTES
    encryption_keys: Secret | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.min_part_size <= MAX_PART_BYTES:
            raise InvalidSettings(f"min_part_size is 1 to {MAX_PART_BYTES} bytes")
        if not self.secret_key:
            raise InvalidSettings("secret_key is empty")
