"""The MinIO driver of bucketry: ``minio://host:9000``."""

from __future__ import annotations

from bucketry_minio._driver import MinioDriver
from bucketry_minio._settings import MinioSettings

__all__ = ["MinioDriver", "MinioSettings"]
