"""The SDK: a minio-py client for the same server, over connections of this package.

minio-py takes about 0.2 s and 12 MB to import. So it is imported with the first use.

It takes a pool manager of urllib3. With `SdkPools`, TLS, timeouts and retries are the store's, and a response that
broke off is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bucketry_minio.settings import MinioSettings

if TYPE_CHECKING:
    from bucketry_s3client import SdkPools
    from minio import Minio


def make_sdk(settings: MinioSettings, pools: SdkPools) -> Minio:
    """Makes a minio-py client over these pools."""
    from minio import Minio

    return Minio(
        endpoint=settings.location,
        access_key=settings.access_key,
        secret_key=settings.secret_key.reveal(),
        session_token=settings.session_token.reveal() if settings.session_token is not None else None,
        secure=settings.secure,
        region=settings.region,
        http_client=pools,
    )
