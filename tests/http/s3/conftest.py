from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from botocore.client import Config
from bucketry import BatchDeleteOptions, DeleteOptions, ObjectToDelete, Store, VersionOptions
from types_boto3_s3 import S3Client

from tests.http.conftest import MODES
from tests.http.s3.client import Client
from tests.http.s3.serving import ACCESS_KEY, EVERYBODY, READER, SECRET_KEY, memory_store, serving

BUCKETS = ("guests", "public", "things")


def empty(store: Store) -> None:
    """Leaves nothing in a store but the empty buckets that tests use."""
    for bucket in store.list_buckets():
        for upload in store.list_multipart_uploads(bucket.name).uploads:
            store.abort_multipart_upload(bucket.name, upload.key, upload.upload_id)
        versions = [ObjectToDelete(found.key, found.version_id) for found in store.iter_object_versions(bucket.name)]
        for kept in store.delete_objects(bucket.name, versions, BatchDeleteOptions(bypass_governance=True)).failed:
            store.put_object_legal_hold(bucket.name, kept.key, False, VersionOptions(version_id=kept.version_id))
            named = DeleteOptions(version_id=kept.version_id, bypass_governance=True)
            store.delete_object(bucket.name, kept.key, named)
        store.delete_bucket(bucket.name)
    for name in BUCKETS:
        store.create_bucket(name)


@pytest.fixture(scope="session", params=MODES)
def s3_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with memory_store(inline=request.param == "inline") as opened:
        yield opened


@pytest.fixture(scope="session")
def s3_url(s3_store: Store) -> Iterator[str]:
    # Small enough that most bodies are streamed, as large ones are.
    with serving(s3_store, inline_body_bytes=1000, anonymous=EVERYBODY, max_list_bytes=2 * 1024**2) as url:
        yield url


@pytest.fixture
def store(s3_store: Store) -> Store:
    """A store with empty buckets."""
    empty(s3_store)
    return s3_store


@pytest.fixture
def s3(s3_url: str, store: Store) -> Client:
    """A client that sends just what it is told, to an endpoint over `store`."""
    return Client(s3_url)


def boto_client(url: str, config: Config | None = None) -> S3Client:
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=config,
    )


@pytest.fixture(scope="session")
def boto_session_client(s3_url: str) -> S3Client:
    return boto_client(s3_url)


@pytest.fixture
def boto(boto_session_client: S3Client, store: Store) -> S3Client:
    """boto3 as it comes, with its default settings."""
    return boto_session_client


@pytest.fixture
def reader(s3_url: str) -> S3Client:
    """boto3 with keys that may only read."""
    return boto3.client(
        "s3",
        endpoint_url=s3_url,
        region_name="us-east-1",
        aws_access_key_id=READER.access_key,
        aws_secret_access_key=READER.secret_key.reveal(),
    )


@pytest.fixture(scope="session")
def presigning(s3_url: str) -> S3Client:
    """boto3 told to presign with Signature Version 4, which it otherwise does not do in us-east-1."""
    return boto_client(s3_url, Config(signature_version="s3v4"))
