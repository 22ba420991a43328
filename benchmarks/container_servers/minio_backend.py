"""A real MinIO server, and minio-py."""

from __future__ import annotations

import io
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from minio import Minio
from typing_extensions import override

from benchmarks.container_servers.backend import Backend, backend_on
from benchmarks.container_servers.plain import BUCKET
from benchmarks.container_servers.sdk import Sdk
from benchmarks.container_servers.starting import started
from tests.servers.containers import start_minio


def minio_backend(stack: ExitStack, *, check_paths: bool = True) -> Backend:
    """Starts a MinIO server; raises what `started` raises.

    Args:
        stack: What removes it.
        check_paths: The setting of that name of the store.
    """
    server = started(stack, start_minio)
    location = urlsplit(server.url).netloc
    keys = (server.access_key, server.secret_key)
    more = {"BUCKETRY_MINIO_CHECK_PATHS": str(check_paths).lower()}
    return backend_on(stack, location=location, scheme="minio", keys=keys, sdk=MinioSdk(location, *keys), more=more)


class MinioSdk(Sdk):
    """minio-py. With a region given, it asks the server for none."""

    name = "minio-py"

    def __init__(self, location: str, access_key: str, secret_key: str) -> None:
        self._client = Minio(
            endpoint=location, access_key=access_key, secret_key=secret_key, secure=False, region="us-east-1"
        )

    @override
    def head(self, key: str) -> object:
        return self._client.stat_object(bucket_name=BUCKET, object_name=key)

    @override
    def get(self, key: str) -> bytes:
        response = self._client.get_object(bucket_name=BUCKET, object_name=key)
        try:
            return response.read()
        finally:
            response.close()
            response.release_conn()

    @override
    def put(self, key: str, data: bytes) -> object:
        return self._client.put_object(bucket_name=BUCKET, object_name=key, data=io.BytesIO(data), length=len(data))

    @override
    def delete(self, key: str) -> None:
        self._client.remove_object(bucket_name=BUCKET, object_name=key)

    @override
    def list_page(self) -> int:
        listed = self._client.list_objects(bucket_name=BUCKET, recursive=True, include_user_meta=True)
        return len(list(islice(listed, 1000)))

    @override
    def list_all(self) -> int:
        return sum(1 for _ in self._client.list_objects(bucket_name=BUCKET, recursive=True))

    @override
    def upload(self, key: str, file: Path) -> object:
        return self._client.fput_object(bucket_name=BUCKET, object_name=key, file_path=str(file))

    @override
    def download(self, key: str, file: Path) -> object:
        return self._client.fget_object(bucket_name=BUCKET, object_name=key, file_path=str(file))
