"""The real servers run, and behave as the drivers expect."""

from __future__ import annotations

import io
from urllib.parse import urlsplit

import boto3
import httpx
import pytest
import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import Config
from botocore.credentials import Credentials
from minio import Minio
from types_boto3_s3 import S3Client

from tests.servers.handles import MinioServer, RgwServer


def s3_client(server: RgwServer, url: str) -> S3Client:
    return boto3.client(
        "s3",
        endpoint_url=url,
        verify=server.ca_file,
        region_name="us-east-1",
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            connect_timeout=5,
            read_timeout=10,
            retries={"total_max_attempts": 1},
        ),
    )


def minio_client(server: MinioServer) -> Minio:
    pool = urllib3.PoolManager(timeout=10, retries=False, ca_certs=server.ca_file)
    return Minio(
        endpoint=urlsplit(server.url).netloc,
        access_key=server.access_key,
        secret_key=server.secret_key,
        secure=server.url.startswith("https:"),
        region="us-east-1",
        http_client=pool,
    )


@pytest.mark.parametrize("secure", [False, True], ids=["http", "tls"])
def test_rgw_stores_objects_and_counts_them(rgw_server: RgwServer, secure: bool) -> None:
    client = s3_client(rgw_server, rgw_server.tls_url if secure else rgw_server.url)
    bucket = f"smoke-{'tls' if secure else 'http'}"
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="a//b", Body=io.BytesIO(b"x" * 1000), ContentType="text/x-smoke")
    got = client.get_object(Bucket=bucket, Key="a//b")
    assert got["Body"].read() == b"x" * 1000
    assert got["ContentType"] == "text/x-smoke"
    headers = client.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
    assert (headers["x-rgw-object-count"], headers["x-rgw-bytes-used"]) == ("1", "1000")


def admin_get(server: RgwServer, path: str, access_key: str, secret_key: str) -> httpx.Response:
    request = AWSRequest("GET", server.url + path)
    S3SigV4Auth(Credentials(access_key, secret_key), "s3", "us-east-1").add_auth(request)
    return httpx.get(server.url + path, headers=dict(request.headers), trust_env=False)


def test_rgw_answers_the_administrator_and_refuses_others(rgw_server: RgwServer) -> None:
    s3_client(rgw_server, rgw_server.url).create_bucket(Bucket="smoke-admin")
    path = f"/admin/bucket?uid={rgw_server.uid}&stats=true"
    answer = admin_get(rgw_server, path, rgw_server.access_key, rgw_server.secret_key)
    assert "smoke-admin" in {stats["bucket"] for stats in answer.json()}
    refused = admin_get(rgw_server, path, rgw_server.plain_access_key, rgw_server.plain_secret_key)
    assert refused.status_code == httpx.codes.FORBIDDEN


def test_rgw_lists_content_types_through_swift(rgw_server: RgwServer) -> None:
    client = s3_client(rgw_server, rgw_server.url)
    client.create_bucket(Bucket="smoke-swift")
    client.put_object(Bucket="smoke-swift", Key="k", Body=b"1", ContentType="text/x-smoke")
    login = {"X-Auth-User": rgw_server.swift_user, "X-Auth-Key": rgw_server.swift_secret}
    token = httpx.get(f"{rgw_server.url}/auth/v1.0", headers=login, trust_env=False).headers["X-Auth-Token"]
    url = f"{rgw_server.url}/swift/v1/smoke-swift?format=json"
    listed = httpx.get(url, headers={"X-Auth-Token": token}, trust_env=False).json()
    assert [(entry["name"], entry["content_type"]) for entry in listed] == [("k", "text/x-smoke")]


# minio-py 7.2.20 itself does what Python warns of from 3.12 on.
@pytest.mark.filterwarnings("ignore:Testing an element:DeprecationWarning:minio.datatypes")
@pytest.mark.parametrize("fixture", ["minio_server", "minio_tls_server"])
def test_minio_stores_objects_and_lists_their_types(fixture: str, request: pytest.FixtureRequest) -> None:
    client = minio_client(request.getfixturevalue(fixture))
    client.make_bucket(bucket_name="smoke")
    client.put_object(
        bucket_name="smoke", object_name="k", data=io.BytesIO(b"hello"), length=5, content_type="text/x-smoke"
    )
    with client.get_object(bucket_name="smoke", object_name="k") as response:
        assert response.read() == b"hello"
    (entry,) = client.list_objects(bucket_name="smoke", include_user_meta=True)
    assert entry.metadata is not None
    assert {name.lower(): value for name, value in entry.metadata.items()}["content-type"] == "text/x-smoke"


def test_minio_keeps_its_data_and_port_when_killed(breakable_minio_server: MinioServer) -> None:
    client = minio_client(breakable_minio_server)
    client.make_bucket(bucket_name="kept")
    breakable_minio_server.kill()
    with pytest.raises((urllib3.exceptions.HTTPError, OSError)):
        client.bucket_exists(bucket_name="kept")
    breakable_minio_server.restart()
    assert client.bucket_exists(bucket_name="kept")


def test_rgw_keeps_its_data_and_port_when_killed(breakable_rgw_server: RgwServer) -> None:
    url = breakable_rgw_server.url
    s3_client(breakable_rgw_server, url).create_bucket(Bucket="kept")
    breakable_rgw_server.kill()
    with pytest.raises(httpx.TransportError):
        httpx.get(url, trust_env=False)
    breakable_rgw_server.restart()
    client = s3_client(breakable_rgw_server, url)
    client.create_bucket(Bucket="new")
    assert [bucket["Name"] for bucket in client.list_buckets()["Buckets"]] == ["kept", "new"]


def test_a_paused_server_does_not_answer(breakable_minio_server: MinioServer) -> None:
    url = breakable_minio_server.url
    breakable_minio_server.pause()
    try:
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(url, timeout=0.3, trust_env=False)
    finally:
        breakable_minio_server.unpause()
    assert httpx.get(url, trust_env=False).status_code == httpx.codes.FORBIDDEN
