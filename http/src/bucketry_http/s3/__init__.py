"""An S3 endpoint over any store."""

from __future__ import annotations

from bucketry_http.s3.app import S3App, create_s3_app
from bucketry_http.s3.settings import S3Credential, S3Rights, S3Settings

__all__ = ["S3App", "S3Credential", "S3Rights", "S3Settings", "create_s3_app"]
