"""Looks into real servers past the driver, and makes buckets for one test."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from typing import Any

import boto3
import pytest
import urllib3
from botocore.client import Config
from bucketry import Store
from bucketry_contract import Backend
from bucketry_s3client import S3Client, request_target
from types_boto3_s3 import S3Client as Boto3Client

from tests.servers.cutting import CuttingProxy
from tests.servers.handles import Reachable

BREAK_AFTER = 3 * 1024**2


def raw_client(server: Reachable, url: str | None = None) -> Boto3Client:
    """A client that knows nothing of the driver, as the server's administrator; at another of its URLs if given."""
    return boto3.client(
        "s3",
        endpoint_url=url or server.url,
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


class S3Backend(Backend):
    """A server that speaks S3, looked into with boto3."""

    serves_presigned_urls = True

    def __init__(self, client: Boto3Client) -> None:
        self._client = client
        self._open = ExitStack()

    def raw_object(self, bucket: str, key: str) -> bytes | None:
        try:
            return self._client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            return None

    def raw_uploads(self, bucket: str) -> Collection[str]:
        return [found["UploadId"] for found in self._client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])]

    def cutting_proxy(self, location: str) -> str:
        """Where a proxy listens that breaks downloads off; it goes with the backend."""
        return self._open.enter_context(CuttingProxy(location, cut_after=BREAK_AFTER)).location

    def cleanup(self) -> None:
        self._open.close()
        self._client.close()


def bucket_on(store: Store, prefix: str) -> Iterator[str]:
    """Yield the name of a new bucket, and remove it and what is in it after."""
    name = f"{prefix}-{secrets.token_hex(6)}"
    store.create_bucket(name)
    yield name
    store.delete_objects(name, [info.key for info in store.iter_objects(name)])
    store.delete_bucket(name)


def requests_seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requests from now on, SDKs' and retries included: ``GET /bucket?…``."""
    made: list[str] = []
    send: Callable[..., object] = urllib3.connectionpool.HTTPConnectionPool._make_request

    def counted(pool: object, connection: object, method: str, url: str, *args: object, **kwargs: object) -> object:
        made.append(f"{method} {url}")
        return send(pool, connection, method, url, *args, **kwargs)

    quickly = S3Client._send_quickly

    def quickly_counted(client: S3Client, method: str, bucket: str, key: str, query: Any, *more: Any) -> Any:
        made.append(f"{method} {request_target(bucket, key, query)}")
        return quickly(client, method, bucket, key, query, *more)

    monkeypatch.setattr(urllib3.connectionpool.HTTPConnectionPool, "_make_request", counted)
    monkeypatch.setattr(S3Client, "_send_quickly", quickly_counted)
    return made
