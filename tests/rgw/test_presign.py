"""Presigned URLs are those that boto3 makes."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.client import Config
from botocore.compat import HAS_CRT
from bucketry import InvalidBucketName, PresignOptions, open_store

ACCESS_KEY, SECRET_KEY = "access", "secret/of+the=store"
OBJECT_KEYS = ["key", "a/b c", "a//b", "../a", "é😀+%2F", "a&b=c?d#e", "~-._", "x" * 200]


def _sdk_url(endpoint: str, region: str, key: str, options: PresignOptions, signed_at: datetime) -> str:
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    asked: dict[str, Any] = {"Bucket": "bucket", "Key": key}
    for field, name in (
        ("content_type", "ContentType"),
        ("response_content_type", "ResponseContentType"),
        ("response_content_disposition", "ResponseContentDisposition"),
    ):
        if (value := getattr(options, field)) is not None:
            asked[name] = value
    operation = "get_object" if options.method == "GET" else "put_object"
    with ExitStack() as patches:
        naive = signed_at.replace(tzinfo=None)
        patches.enter_context(mock.patch("botocore.auth.get_current_datetime", return_value=naive))
        if HAS_CRT:  # Then its signers are another module's.
            patches.enter_context(mock.patch("botocore.crt.auth.get_current_datetime", return_value=signed_at))
        return client.generate_presigned_url(operation, Params=asked, ExpiresIn=options.expires_in)


@pytest.mark.parametrize("key", OBJECT_KEYS, ids=ascii)
@pytest.mark.parametrize(
    "options",
    [
        PresignOptions(method="GET", expires_in=3600),
        PresignOptions(method="PUT", expires_in=604_800),
        PresignOptions(method="PUT", expires_in=60, content_type="text/csv; charset=utf-8"),
        PresignOptions(
            method="GET",
            expires_in=1,
            response_content_type="text/csv",
            response_content_disposition='attachment; filename="a b"',
        ),
    ],
    ids=["get", "put", "put with a type", "get with headers"],
)
@pytest.mark.parametrize(
    ("url", "settings", "endpoint", "region"),
    [
        ("rgw://127.0.0.1:7480", {}, "http://127.0.0.1:7480", "us-east-1"),
        ("rgw://rgw.local?secure=true&region=eu-x", {}, "https://rgw.local", "eu-x"),
        ("rgw://in:7480", {"public_endpoint": "https://s3.example.com/"}, "https://s3.example.com", "us-east-1"),
    ],
)
def test_a_url_is_the_sdks(
    url: str, settings: dict[str, Any], endpoint: str, region: str, key: str, options: PresignOptions
) -> None:
    with open_store(url, settings={"access_key": ACCESS_KEY, "secret_key": SECRET_KEY} | settings, environ={}) as store:
        presigned = store.presign("bucket", key, options)
    found = urlsplit(presigned.url)
    signed_at = datetime.strptime(parse_qs(found.query)["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    expected = urlsplit(_sdk_url(endpoint, region, key, options, signed_at))
    assert (found.scheme, found.netloc, found.path) == (expected.scheme, expected.netloc, expected.path)
    assert parse_qs(found.query) == parse_qs(expected.query)


def test_no_url_is_signed_for_a_path_of_the_gateway_itself() -> None:
    settings = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
    with open_store("rgw://127.0.0.1:7480", settings=settings, environ={}) as store:
        for bucket, key in (("admin", "bucket"), ("admin", "metadata/user"), ("swift", "v1"), ("auth", "v1.0")):
            with pytest.raises(InvalidBucketName):
                store.presign(bucket, key)
