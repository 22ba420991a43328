"""The driver's settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from bucketry.s3 import MIN_PART_BYTES
from bucketry_s3client import S3Settings


class MinioSettings(S3Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a store on a MinIO server: those of every S3 server (`S3Settings`), and MinIO's own.

    In the environment, ``access_key`` is ``BUCKETRY_MINIO_ACCESS_KEY``; the secrets may also be in a file that
    ``BUCKETRY_MINIO_SECRET_KEY_FILE`` names, such as a mounted secret. The server's own variables
    (``MINIO_ROOT_USER``, …) are not read: they belong to its administrator, and name no server.

    Attributes:
        part_size: As in `S3Settings`: 5 MiB, the least that MinIO takes.
        upload_threads: As in `S3Settings`.
        usage_list_limit: Up to this many objects a bucket is counted by listing it, which is exact. Of a larger one the
            figures are the server's own, where the credentials may see them.
        kms: Whether the server has a key service (``MINIO_KMS_SECRET_KEY``, or KES). Only then it encrypts with its own
            keys (SSE-S3) and with named keys (SSE-KMS).
        check_paths: Whether a write asks first if it would hide objects from listings; see `InvalidKey` in the README.

    Raises:
        InvalidSettings: One of them is malformed or out of bounds.
    """

    scheme: ClassVar[str] = "minio"
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {"usage_list_limit": (0, 100_000_000)}

    part_size: int = MIN_PART_BYTES
    upload_threads: int = 4
    usage_list_limit: int = 10_000
    kms: bool = False
    check_paths: bool = True
