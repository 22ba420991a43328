"""The SDK: a minio-py client for the same server, over connections of this package.

minio-py takes about 0.2 s and 12 MB to import. So it is imported with the first use.

It takes a pool manager of urllib3. With `SdkPools`, TLS, timeouts and retries are the store's, and a response that
broke off is an error.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from bucketry_minio.connection import Connection
from bucketry_minio.settings import MinioSettings

if TYPE_CHECKING:
    from bucketry_s3client import SdkPools
    from minio import Minio


class Sdk:
    """Makes the minio-py client when it is first asked for. Threads may share it."""

    def __init__(self, connection: Connection, settings: MinioSettings) -> None:
        self._connection = connection
        self._settings = settings
        self._lock = threading.Lock()
        self._made: tuple[Minio, SdkPools] | None = None

    def client(self) -> Minio:
        """Returns the client; always the same one."""
        with self._lock:
            if self._made is None:
                pools = self._connection.sdk_pools()
                self._made = _make_client(self._settings, pools), pools
            return self._made[0]

    def close(self) -> None:
        """Closes its connections."""
        with self._lock:
            if self._made is not None:
                self._made[1].clear()


def _make_client(settings: MinioSettings, pools: SdkPools) -> Minio:
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
