"""The driver of bucketry for any server that speaks S3: ``open_store("s3://host:9000")``, and ``s3://`` for AWS."""

from __future__ import annotations

from bucketry_s3.driver import S3Driver
from bucketry_s3.settings import S3StoreSettings

__all__ = ["S3Driver", "S3StoreSettings"]
