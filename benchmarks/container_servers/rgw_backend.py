"""A real Ceph RGW, and boto3."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import boto3
import msgspec
import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import Config
from botocore.credentials import Credentials
from typing_extensions import override

from benchmarks.container_servers.backend import Backend, backend_on
from benchmarks.container_servers.plain import BUCKET
from benchmarks.container_servers.sdk import Sdk
from benchmarks.container_servers.starting import started
from tests.servers.containers import start_rgw
from tests.servers.handles import RgwServer

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def rgw_backend(stack: ExitStack, *, swift: bool = False) -> Backend:
    """Starts a Ceph RGW; raises what `started` raises.

    Args:
        stack: What removes it.
        swift: Whether the store has a Swift secret.
    """
    server = started(stack, start_rgw)
    secrets = {"BUCKETRY_RGW_SWIFT_USER": server.swift_user, "BUCKETRY_RGW_SWIFT_SECRET": server.swift_secret}
    return backend_on(
        stack,
        location=urlsplit(server.url).netloc,
        scheme="rgw",
        keys=(server.access_key, server.secret_key),
        sdk=Boto(server),
        more=secrets if swift else None,
        free=server.collect_garbage,
        bucket_usage=_admin_call(server, stack),
    )


def _admin_call(server: RgwServer, stack: ExitStack) -> Callable[[], int]:
    """Returns what asks the admin API for all buckets of a user, and returns how many there are."""
    pool = urllib3.PoolManager()
    stack.callback(pool.clear)
    query = urlencode({"format": "json", "stats": "true", "uid": server.uid})
    url = f"{server.url}/admin/bucket?{query}"
    signer = S3SigV4Auth(Credentials(server.access_key, server.secret_key), "s3", "us-east-1")

    def call() -> int:
        request = AWSRequest("GET", url)
        signer.add_auth(request)
        response = pool.request("GET", url, headers=dict(request.headers))
        if response.status != 200:
            raise RuntimeError(f"the admin API responds with {response.status}")
        return len(msgspec.json.decode(response.data))

    return call


class Boto(Sdk):
    """boto3, set up as RGW needs it."""

    name = "boto3"

    def __init__(self, server: RgwServer) -> None:
        self._client: S3Client = boto3.client(
            "s3",
            endpoint_url=server.url,
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

    @override
    def head(self, key: str) -> object:
        return self._client.head_object(Bucket=BUCKET, Key=key)

    @override
    def get(self, key: str) -> bytes:
        return self._client.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    @override
    def put(self, key: str, data: bytes) -> object:
        return self._client.put_object(Bucket=BUCKET, Key=key, Body=data)

    @override
    def delete(self, key: str) -> object:
        return self._client.delete_object(Bucket=BUCKET, Key=key)

    @override
    def list_page(self) -> int:
        return len(self._client.list_objects_v2(Bucket=BUCKET)["Contents"])

    @override
    def list_all(self) -> int:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return sum(len(page["Contents"]) for page in pages)

    @override
    def upload(self, key: str, file: Path) -> None:
        self._client.upload_file(str(file), BUCKET, key)

    @override
    def download(self, key: str, file: Path) -> None:
        self._client.download_file(BUCKET, key, str(file))
