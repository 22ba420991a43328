"""The live S3 endpoint."""

from __future__ import annotations

import gc
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, IncompleteReadError, ResponseStreamingError
from bucketry import PresignOptions, Store
from bucketry.layers import Faults
from bucketry_testing import RestServer, S3Endpoint, s3_endpoint

from tests.testing.plain import ask

ONCE = Config(retries={"total_max_attempts": 1})


def client(s3: S3Endpoint, config: Config = ONCE) -> Any:
    return boto3.client("s3", **s3.boto3_kwargs, config=config)


def test_a_test_sees_what_a_client_has_stored(bucketry_s3: S3Endpoint) -> None:
    s3 = client(bucketry_s3)
    s3.create_bucket(Bucket="my-assets")
    s3.put_object(Bucket="my-assets", Key="a/b", Body=b"content", ContentType="text/plain", Metadata={"x": "1"})
    info = bucketry_s3.store.head_object("my-assets", "a/b")
    assert (info.size_bytes, info.content_type, dict(info.metadata)) == (7, "text/plain", {"x": "1"})
    assert s3.get_object(Bucket="my-assets", Key="a/b")["Body"].read() == b"content"


@pytest.mark.parametrize("_run", range(3))
def test_each_test_has_an_endpoint_of_its_own(bucketry_s3: S3Endpoint, _run: int) -> None:
    s3 = client(bucketry_s3)
    assert s3.list_buckets()["Buckets"] == []
    s3.create_bucket(Bucket="my-assets")


def test_two_at_once_serve_two_stores() -> None:
    with s3_endpoint(buckets=["one"]) as one, s3_endpoint(buckets=["two"], secret_key="another-secret") as two:
        names = [client(s3).list_buckets()["Buckets"][0]["Name"] for s3 in (one, two)]
        assert names == ["one", "two"]
        with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
            boto3.client("s3", **{**two.boto3_kwargs, "aws_secret_access_key": one.secret_key}).list_buckets()


def test_an_application_s_default_boto3_client_presigns(bucketry_s3: S3Endpoint) -> None:
    bucketry_s3.store.create_bucket("my-assets")
    application = boto3.client("s3", **bucketry_s3.boto3_kwargs)
    target = {"Bucket": "my-assets", "Key": "uploads/a b.txt"}
    upload = application.generate_presigned_url("put_object", Params={**target, "ContentType": "text/plain"})
    assert "AWSAccessKeyId" in upload
    assert ask("PUT", upload, b"content", {"Content-Type": "text/plain"}).status == 200
    assert bucketry_s3.store.head_object("my-assets", "uploads/a b.txt").content_type == "text/plain"
    download = application.generate_presigned_url("get_object", Params=target)
    assert ask("GET", download).content == b"content"
    assert ask("GET", download.replace("b.txt", "c.txt")).code == "SignatureDoesNotMatch"
    form = application.generate_presigned_post("my-assets", "form.txt")
    assert httpx.post(form["url"], data=form["fields"], files={"file": b"posted"}).status_code == 204
    assert bucketry_s3.store.get_object("my-assets", "form.txt").read() == b"posted"


def test_it_is_gone_afterwards() -> None:
    with s3_endpoint() as s3:
        assert client(s3).list_buckets()["Buckets"] == []
    with pytest.raises(EndpointConnectionError):
        client(s3).list_buckets()


def test_code_that_makes_its_client_itself_finds_the_endpoint(
    bucketry_s3: S3Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in bucketry_s3.environment.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="my-assets")
    assert [bucket.name for bucket in bucketry_s3.store.list_buckets()] == ["my-assets"]


@pytest.mark.parametrize(
    "before",
    [
        {"AWS_SESSION_TOKEN": "a-developer-s-own"},
        {"AWS_SECURITY_TOKEN": "testing", "AWS_SESSION_TOKEN": "testing"},
        {"AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
        {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
    ],
)
def test_what_the_environment_held_before_is_no_part_of_it(
    bucketry_s3: S3Endpoint, monkeypatch: pytest.MonkeyPatch, before: dict[str, str]
) -> None:
    for name, value in {**before, **bucketry_s3.environment}.items():
        monkeypatch.setenv(name, value)
    boto3.session.Session().client("s3", config=ONCE).create_bucket(Bucket="my-assets")
    assert [bucket.name for bucket in bucketry_s3.store.list_buckets()] == ["my-assets"]


def test_all_fixtures_of_a_test_share_a_store(
    bucketry_store: Store, bucketry_s3: S3Endpoint, bucketry_rest: RestServer
) -> None:
    bucketry_store.create_bucket("my-assets")
    presigned = ask(
        "POST",
        f"{bucketry_rest.url}/buckets/my-assets/objects/presign",
        b'{"key": "a", "method": "PUT"}',
        {"Content-Type": "application/json"},
    )
    url = presigned.content.decode().split('"url":"')[1].split('"')[0]
    assert url.startswith(bucketry_s3.endpoint_url)
    assert ask("PUT", url, b"content").status == 200
    assert client(bucketry_s3).get_object(Bucket="my-assets", Key="a")["Body"].read() == b"content"


def test_a_presigned_url_of_the_store_fixture_leads_to_the_endpoint(
    bucketry_faults: Faults, bucketry_store: Store, bucketry_s3: S3Endpoint
) -> None:
    bucketry_store.create_bucket("my-assets")
    bucketry_faults.add("put_object:throttled")
    # Faults of the store in this process are not those of the endpoint.
    url = bucketry_store.presign("my-assets", "a", PresignOptions(method="PUT")).url
    assert ask("PUT", url, b"content").status == 200


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        ("throttled", "SlowDown", 503),
        ("unavailable", "ServiceUnavailable", 503),
        ("access_denied", "AccessDenied", 403),
        ("no_such_bucket", "NoSuchBucket", 404),
        ("quota_exceeded", "QuotaExceeded", 403),
        ("backend_error", "InternalError", 500),
    ],
)
def test_an_application_gets_s3s_own_errors(bucketry_s3: S3Endpoint, fault: str, code: str, status: int) -> None:
    bucketry_s3.store.create_bucket("my-assets")
    bucketry_s3.faults.add(f"put_object:{fault}")
    with pytest.raises(ClientError) as caught:
        client(bucketry_s3).put_object(Bucket="my-assets", Key="a", Body=b"")
    response: Any = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)


def test_what_boto3_retries_is_seen_in_the_counts(bucketry_s3: S3Endpoint) -> None:
    bucketry_s3.faults.add("list_buckets:throttled:nth=1-2")
    retrying = client(bucketry_s3, Config(retries={"mode": "standard", "total_max_attempts": 3}))
    assert retrying.list_buckets()["Buckets"] == []
    (count,) = bucketry_s3.faults.counts()
    assert (count.calls, count.struck) == (3, 2)


def test_a_torn_download_is_torn_on_the_wire() -> None:
    with s3_endpoint(buckets=["my-assets"], faults=["get_object:torn:after=1000:nth=1"]) as s3:
        s3.store.put_object("my-assets", "a", b"x" * 5000)
        answer = client(s3).get_object(Bucket="my-assets", Key="a")
        assert answer["ContentLength"] == 5000
        with pytest.raises((IncompleteReadError, ResponseStreamingError)):
            answer["Body"].read()
        assert client(s3).get_object(Bucket="my-assets", Key="a")["Body"].read() == b"x" * 5000


def test_a_torn_upload_leaves_the_old_object(bucketry_s3: S3Endpoint) -> None:
    bucketry_s3.store.create_bucket("my-assets")
    bucketry_s3.store.put_object("my-assets", "a", b"old")
    bucketry_s3.faults.add("put_object:torn")
    with pytest.raises(ClientError, match="ServiceUnavailable"):
        client(bucketry_s3).put_object(Bucket="my-assets", Key="a", Body=b"x" * 5000)
    assert bucketry_s3.store.get_object("my-assets", "a").read() == b"old"


def test_its_repr_shows_no_secret(bucketry_s3: S3Endpoint) -> None:
    assert repr(bucketry_s3) == f"<S3Endpoint {bucketry_s3.endpoint_url}>"


def test_nothing_stays_behind() -> None:
    with s3_endpoint() as s3:
        ask("GET", s3.endpoint_url)
    del s3
    gc.collect()  # A socket that nobody has closed would be a warning, and that an error.
