"""The clock of the fixtures: boto3, as it is, on both sides of a turn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest
from botocore.config import Config
from bucketry import PresignOptions, Store
from bucketry.clock import Clock
from bucketry_testing import RestServer, S3Endpoint

from tests.testing.plain import ask

MINUTE = timedelta(minutes=1)
VERSIONS = pytest.mark.parametrize("version", [None, "s3v4"], ids=["boto3's default, version 2", "version 4"])


def client(s3: S3Endpoint, version: str | None = "s3v4") -> Any:
    made = boto3.client("s3", config=Config(signature_version=version) if version else None, **s3.boto3_kwargs)
    made.create_bucket(Bucket="my-assets")
    made.put_object(Bucket="my-assets", Key="a", Body=b"content")
    return made


def url_for(made: Any, seconds: int = 3600) -> str:
    url: str = made.generate_presigned_url("get_object", {"Bucket": "my-assets", "Key": "a"}, ExpiresIn=seconds)
    return url


def post(made: Any, s3: S3Endpoint, form: Any) -> int:
    boundary = "limit"
    fields = {**form["fields"], "file": "content"}
    parts = "".join(
        f'--{boundary}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    return ask("POST", form["url"], f"{parts}--{boundary}--\r\n".encode(), headers=headers).status


def test_the_stores_of_a_test_share_it(
    bucketry_clock: Clock, bucketry_store: Store, bucketry_s3: S3Endpoint, bucketry_rest: RestServer
) -> None:
    assert bucketry_store.clock is bucketry_s3.store.clock is bucketry_rest.store.clock is bucketry_clock
    turned = bucketry_clock.advance(days=31)
    for url in (bucketry_s3.endpoint_url, bucketry_rest.url):
        assert abs(parsedate_to_datetime(ask("GET", url).headers["date"]) - turned) < MINUTE


def test_boto3_goes_on_working(bucketry_clock: Clock, bucketry_s3: S3Endpoint) -> None:
    made = client(bucketry_s3)
    bucketry_clock.advance(days=90)
    made.put_object(Bucket="my-assets", Key="b", Body=b"later")
    assert made.get_object(Bucket="my-assets", Key="b")["Body"].read() == b"later"
    times = {entry["Key"]: entry["LastModified"] for entry in made.list_objects_v2(Bucket="my-assets")["Contents"]}
    assert timedelta(days=90) <= times["b"] - times["a"] < timedelta(days=90) + MINUTE
    assert abs(made.head_object(Bucket="my-assets", Key="b")["LastModified"] - bucketry_clock.now()) < MINUTE
    assert bucketry_clock.now() - datetime.now(UTC) > timedelta(days=89)


@VERSIONS
def test_a_url_expires_when_its_time_is_over(
    bucketry_clock: Clock, bucketry_s3: S3Endpoint, version: str | None
) -> None:
    made = client(bucketry_s3, version)
    used, unused = url_for(made, 3600), url_for(made, 7200)
    assert ("AWSAccessKeyId" in used) == (version is None)
    assert ask("GET", used).status == 200
    bucketry_clock.advance(minutes=59)
    assert ask("GET", used).status == 200
    bucketry_clock.advance(minutes=2)
    assert ask("GET", used).status == 403
    assert ask("GET", unused).status == 200
    bucketry_clock.advance(hours=1)
    assert ask("GET", unused).status == 403
    fresh = url_for(made)
    assert ask("GET", fresh).content == b"content"
    bucketry_clock.advance(days=8)
    assert ask("GET", fresh).status == 403
    assert ask("GET", url_for(made)).status == 200


@VERSIONS
def test_a_form_expires_when_its_time_is_over(
    bucketry_clock: Clock, bucketry_s3: S3Endpoint, version: str | None
) -> None:
    made = client(bucketry_s3, version)
    before = made.generate_presigned_post("my-assets", "a", ExpiresIn=3600)
    bucketry_clock.advance(hours=2)
    assert post(made, bucketry_s3, before) == 403
    after = made.generate_presigned_post("my-assets", "a", ExpiresIn=3600)
    assert post(made, bucketry_s3, after) == 204
    bucketry_clock.advance(minutes=59)
    assert post(made, bucketry_s3, after) == 204
    bucketry_clock.advance(minutes=2)
    assert post(made, bucketry_s3, after) == 403


def test_the_stores_own_urls(bucketry_clock: Clock, bucketry_s3: S3Endpoint) -> None:
    client(bucketry_s3)
    bucketry_clock.advance(days=90)
    presigned = bucketry_s3.store.presign("my-assets", "a", PresignOptions(expires_in=60))
    assert abs(presigned.expires_at - bucketry_clock.now()) <= MINUTE
    assert ask("GET", presigned.url).status == 200
    bucketry_clock.advance(seconds=61)
    assert ask("GET", presigned.url).status == 403


@VERSIONS
def test_a_reset_brings_real_time_back(bucketry_clock: Clock, bucketry_s3: S3Endpoint, version: str | None) -> None:
    made = client(bucketry_s3, version)
    url = url_for(made)
    bucketry_clock.advance(days=90)
    future = bucketry_s3.store.presign("my-assets", "a").url
    assert ask("GET", url).status == 403
    bucketry_clock.reset()
    assert ask("GET", url).status == 200
    assert ask("GET", future).status == 403
    assert made.list_objects_v2(Bucket="my-assets")["KeyCount"] == 1


def test_a_url_without_a_signature_of_the_right_time_is_no_easier_to_forge(
    bucketry_clock: Clock, bucketry_s3: S3Endpoint
) -> None:
    made = client(bucketry_s3)
    bucketry_clock.advance(days=90)
    base, _, query = url_for(made).partition("?")
    fields = dict(pair.split("=", 1) for pair in query.split("&"))
    for name, value in {"X-Amz-Expires": "604800", "X-Amz-Date": "20300101T000000Z"}.items():
        changed = {**fields, name: value}
        assert ask("GET", f"{base}?{'&'.join(f'{key}={text}' for key, text in changed.items())}").status in (400, 403)
    forged = urlencode({"AWSAccessKeyId": bucketry_s3.access_key, "Signature": "x", "Expires": "9" * 11})
    assert ask("GET", f"{base}?{forged}").status == 403


def test_lifecycle_is_done_when_a_turn_returns_and_tells_its_events(
    bucketry_clock: Clock, bucketry_s3: S3Endpoint
) -> None:
    made = client(bucketry_s3)
    made.put_bucket_versioning(Bucket="my-assets", VersioningConfiguration={"Status": "Enabled"})
    bucketry_s3.events.clear()
    rules = [
        {"ID": "e", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 30}},
        {
            "ID": "n",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 10},
        },
    ]
    made.put_bucket_lifecycle_configuration(Bucket="my-assets", LifecycleConfiguration={"Rules": rules})
    bucketry_clock.advance(days=90)
    # On day 31 the marker, on day 42 the version, and then the marker, which is alone.
    assert [event.name for event in bucketry_s3.events] == [
        "s3:LifecycleExpiration:DeleteMarkerCreated",
        "s3:LifecycleExpiration:Delete",
        "s3:LifecycleExpiration:Delete",
    ]
    assert "Versions" not in made.list_object_versions(Bucket="my-assets")
    made.delete_bucket(Bucket="my-assets")
