"""The contract suite's way behind the driver's back, and ways to make its server fail."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import ExitStack
from urllib.parse import urlsplit

import boto3
from botocore.client import Config
from bucketry import Store, open_store
from bucketry_contract import Backend
from types_boto3_s3 import S3Client

from tests.minio.cutting import CuttingProxy
from tests.servers.handles import MinioServer


def location(server: MinioServer) -> str:
    return urlsplit(server.url).netloc


def settings(server: MinioServer, **more: object) -> dict[str, object]:
    keys: dict[str, object] = {"access_key": server.access_key, "secret_key": server.secret_key}
    if server.ca_file is not None:
        keys |= {"secure": True, "ca_file": server.ca_file}
    return keys | more


def store_on(server: MinioServer, layers: Sequence[object] = (), *, at: str | None = None, **more: object) -> Store:
    return open_store(f"minio://{at or location(server)}", settings=settings(server, **more), layers=layers, environ={})


class MinioBackend(Backend):
    """A MinIO server, looked into with boto3."""

    serves_presigned_urls = True
    part_bytes = 5 * 1024**2

    def __init__(self, server: MinioServer) -> None:
        self._server = server
        self.secrets = [server.secret_key]
        self._open = ExitStack()
        self._client: S3Client = boto3.client(
            "s3",
            endpoint_url=server.url,
            verify=server.ca_file,
            region_name="us-east-1",
            aws_access_key_id=server.access_key,
            aws_secret_access_key=server.secret_key,
            config=Config(s3={"addressing_style": "path"}, signature_version="s3v4"),
        )

    def open(self, layers: Sequence[object]) -> Store:
        return store_on(self._server, layers)

    def raw_object(self, bucket: str, key: str) -> bytes | None:
        try:
            return self._client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            return None

    def raw_uploads(self, bucket: str) -> Collection[str]:
        return [found["UploadId"] for found in self._client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])]

    def raw_uploads_to(self, bucket: str, key: str) -> Collection[str]:
        """The uploads to one key, which MinIO looks up on its disk."""
        listed = self._client.list_multipart_uploads(Bucket=bucket, Prefix=key)
        return [found["UploadId"] for found in listed.get("Uploads", [])]

    def unreachable(self) -> Store:
        return store_on(self._server, at="127.0.0.1:1", connect_timeout=0.5, read_timeout=0.5, retries=0)

    def bad_credentials(self) -> Store:
        return store_on(self._server, secret_key="not the server's secret key")

    def breaking_reads(self) -> Store:
        proxy = self._open.enter_context(CuttingProxy(location(self._server), cut_after=3 * 1024**2))
        return store_on(self._server, at=proxy.location)

    def cleanup(self) -> None:
        self._open.close()
        self._client.close()
