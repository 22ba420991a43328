"""A program that sets up a whole bucket runs unchanged on the S3 port and on MinIO; then 90 days pass."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError
from bucketry.clock import Clock
from bucketry_testing import S3Endpoint
from types_boto3_s3 import S3Client

from tests.acceptance import bucket_program as program
from tests.servers.handles import MinioServer
from tests.servers.looking import raw_client

ALL = frozenset(program.PARTS)
ON_MINIO = ALL - {"cors"}
"""MinIO's community server has no CORS rules of buckets."""


@pytest.fixture
def s3(bucketry_s3: S3Endpoint) -> S3Client:
    return boto3.client("s3", **bucketry_s3.boto3_kwargs)


@pytest.fixture
def bucket() -> str:
    return f"archive-{secrets.token_hex(6)}"


def versions_of(s3: S3Client, bucket: str) -> dict[str, list[str]]:
    """The versions and delete markers of each key, newest first."""
    found: dict[str, list[str]] = {}
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        listed = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        for each in sorted(listed, key=lambda each: each["LastModified"], reverse=True):
            found.setdefault(each["Key"], []).append(each["VersionId"])
    return found


def test_the_program_runs_on_the_port(s3: S3Client, bucket: str, bucketry_s3: S3Endpoint) -> None:
    program.set_up(s3, bucket, ALL, aborts=True)
    program.check(s3, bucket, ALL, aborts=True)
    written = program.write(s3, bucket, datetime.now(UTC))
    program.check_objects(s3, bucket, written, ALL)
    assert httpx.get(f"{bucketry_s3.endpoint_url}/{bucket}/public/page").text == "public/page"
    assert httpx.get(f"{bucketry_s3.endpoint_url}/{bucket}/docs/readme").status_code == 403
    created = bucketry_s3.events.select("s3:ObjectCreated:Put", bucket=bucket)
    assert {event.key: event.version_id for event in created} == written.versions
    assert {event.key for event in created if event.configuration_id == "new-logs"} == {
        "logs/old",
        "logs/held",
        "logs/kept",
    }


def test_ninety_days_expire_what_should_expire_and_nothing_that_is_locked(
    s3: S3Client, bucket: str, bucketry_s3: S3Endpoint, bucketry_clock: Clock
) -> None:
    program.set_up(s3, bucket, ALL, aborts=True)
    written = program.write(s3, bucket, datetime.now(UTC))
    bucketry_clock.advance(days=90)
    # The client's own clock shows today still.
    left = versions_of(s3, bucket)
    # Its noncurrent version is gone, and so is the lone marker.
    assert "logs/old" not in left
    for key in ("logs/held", "logs/kept"):
        marker, version = left[key]
        assert version == written.versions[key]
        assert marker != version
        content = s3.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read()
        assert content == key.encode()
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.delete_object(Bucket=bucket, Key=key, VersionId=version)
    # A marker hides it, and its version was locked for ten days only; but no rule names noncurrent versions here.
    assert left["tmp/gone"][1:] == [written.versions["tmp/gone"]]
    for key in ("tmp/stays", "public/page", "docs/readme"):
        assert left[key] == [written.versions[key]]
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    expired = bucketry_s3.events.select("s3:LifecycleExpiration:*", bucket=bucket)
    assert [event.name for event in expired if event.key == "logs/old"] == [
        "s3:LifecycleExpiration:DeleteMarkerCreated",
        "s3:LifecycleExpiration:Delete",
        "s3:LifecycleExpiration:Delete",
    ]
    assert {event.key for event in expired} == {"logs/old", "logs/held", "logs/kept", "tmp/gone"}


@pytest.fixture
def served() -> Iterator[dict[str, str]]:
    """The URLs of ``bucketry serve`` in a process of its own, by their names in what it announces."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BUCKETRY_")}
    command = [sys.executable, "-m", "bucketry_cli", "serve", "--port", "0", "--s3-port", "0", "--reset-endpoint"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ, text=True) as server:
        assert server.stdout is not None
        try:
            urls: dict[str, str] = {}
            while "S3 keys" not in urls:
                name, _, url = server.stdout.readline().partition("  ")
                urls[name] = url.split()[0] if url.strip() else ""
            yield urls
        finally:
            server.terminate()
            server.communicate(timeout=60)


def test_any_language_can_let_the_days_pass_and_see_what_happened(served: dict[str, str], bucket: str) -> None:
    s3 = boto3.client(
        "s3",
        endpoint_url=served["S3 API"],
        aws_access_key_id="bucketry",
        aws_secret_access_key="bucketry-secret",
        region_name="us-east-1",
    )
    program.set_up(s3, bucket, ALL, aborts=True)
    written = program.write(s3, bucket, datetime.now(UTC))
    seen = httpx.get(served["Events"]).json()
    turned = httpx.post(served["Clock"], json={"advance_seconds": 90 * 86_400})
    turned.raise_for_status()
    left = versions_of(s3, bucket)
    assert "logs/old" not in left
    assert [left[key][-1] for key in ("logs/held", "logs/kept")] == [
        written.versions["logs/held"],
        written.versions["logs/kept"],
    ]
    messages = httpx.get(served["Events"], params={"after": seen["next"], "wait": 5}).json()["messages"]
    records = [message["Records"][0] for message in messages]
    assert {record["eventName"] for record in records} == {
        "LifecycleExpiration:DeleteMarkerCreated",
        "LifecycleExpiration:Delete",
    }
    assert "logs/old" in {record["s3"]["object"]["key"] for record in records}


@pytest.fixture
def on_minio(minio_server: MinioServer) -> S3Client:
    return raw_client(minio_server)


def test_the_same_program_runs_on_minio(on_minio: S3Client, bucket: str, minio_server: MinioServer) -> None:
    program.set_up(on_minio, bucket, ON_MINIO, aborts=False)
    program.check(on_minio, bucket, ON_MINIO, aborts=False)
    written = program.write(on_minio, bucket, datetime.now(UTC))
    program.check_objects(on_minio, bucket, written, ON_MINIO)
    url = minio_server.url
    assert httpx.get(f"{url}/{bucket}/public/page").text == "public/page"
    assert httpx.get(f"{url}/{bucket}/docs/readme").status_code == 403


def test_what_is_left_out_on_minio_is_what_it_does_not_have(on_minio: S3Client, bucket: str) -> None:
    with pytest.raises(ClientError, match="NotImplemented"):
        program.set_up(on_minio, bucket, frozenset({"cors"}), aborts=False)
