"""The contract suite's way behind the driver's back, and ways to make its gateway fail."""

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
from tests.servers.handles import RgwServer

PART_BYTES = 8 * 1024**2


def location(server: RgwServer, *, secure: bool = False) -> str:
    return urlsplit(server.tls_url if secure else server.url).netloc


def store_on(
    server: RgwServer,
    layers: Sequence[object] = (),
    *,
    at: str | None = None,
    secure: bool = False,
    plain: bool = False,
    **more: object,
) -> Store:
    """Opens a store; ``plain``: as the user without any capability."""
    keys: dict[str, object] = {
        "access_key": server.plain_access_key if plain else server.access_key,
        "secret_key": server.plain_secret_key if plain else server.secret_key,
    }
    if secure:
        keys |= {"secure": True, "ca_file": server.ca_file}
    url = f"rgw://{at or location(server, secure=secure)}"
    return open_store(url, settings=keys | more, layers=layers, environ={})


def raw_client(server: RgwServer, *, secure: bool = False) -> S3Client:
    return boto3.client(
        "s3",
        endpoint_url=server.tls_url if secure else server.url,
        verify=server.ca_file,
        region_name="us-east-1",
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        config=Config(
            s3={"addressing_style": "path"},
            signature_version="s3v4",
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


class RgwBackend(Backend):
    """A Ceph RGW, looked into with boto3."""

    serves_presigned_urls = True
    part_bytes = PART_BYTES

    def __init__(self, server: RgwServer, *, secure: bool = False, **more: object) -> None:
        self._server = server
        self._secure = secure
        self._more = more
        self.secrets = [server.secret_key, server.plain_secret_key, server.swift_secret]
        self._open = ExitStack()
        self._client = raw_client(server, secure=secure)

    def _store(self, layers: Sequence[object] = (), **more: object) -> Store:
        settings = {"secure": self._secure, **self._more, **more}
        return store_on(self._server, layers, **settings)  # type: ignore[arg-type]

    def open(self, layers: Sequence[object]) -> Store:
        return self._store(layers)

    def raw_object(self, bucket: str, key: str) -> bytes | None:
        try:
            return self._client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            return None

    def raw_uploads(self, bucket: str) -> Collection[str]:
        return [found["UploadId"] for found in self._client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])]

    def unreachable(self) -> Store:
        return self._store(at="127.0.0.1:1", connect_timeout=0.5, read_timeout=0.5, retries=0)

    def bad_credentials(self) -> Store:
        return self._store(secret_key="not the user's secret key")

    def breaking_reads(self) -> Store:
        target = location(self._server, secure=self._secure)
        proxy = self._open.enter_context(CuttingProxy(target, cut_after=3 * 1024**2))
        return self._store(at=proxy.location)

    def cleanup(self) -> None:
        self._open.close()
        self._client.close()
        self._server.collect_garbage()
