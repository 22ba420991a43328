"""The MinIO driver of bucketry: ``minio://host:9000``."""

from __future__ import annotations

from bucketry_minio.driver import MinioDriver
from bucketry_minio.settings import MinioSettings

__all__ = ["MinioDriver", "MinioSettings"]
