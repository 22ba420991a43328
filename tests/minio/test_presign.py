"""Presigned URLs are those that the SDK makes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from bucketry import PresignOptions, open_store
from minio import Minio

ACCESS_KEY, SECRET_KEY = "access", "secret/of+the=store"
OBJECT_KEYS = ["key", "a/b c", "é😀+%2F", "a&b=c?d#e", "~-._", "x" * 200]


def _sdk_url(host: str, secure: bool, region: str, key: str, options: PresignOptions, signed_at: datetime) -> str:
    sdk = Minio(endpoint=host, secure=secure, region=region, access_key=ACCESS_KEY, secret_key=SECRET_KEY)
    answered: dict[str, str | list[str] | tuple[str]] = {}
    if options.response_content_type is not None:
        answered["response-content-type"] = options.response_content_type
    return sdk.get_presigned_url(
        method=options.method,
        bucket_name="bucket",
        object_name=key,
        expires=timedelta(seconds=options.expires_in),
        response_headers=answered or None,
        request_date=signed_at,
    )


@pytest.mark.parametrize("key", OBJECT_KEYS, ids=ascii)
@pytest.mark.parametrize(
    "options",
    [
        PresignOptions(method="GET", expires_in=3600),
        PresignOptions(method="PUT", expires_in=604_800),
        PresignOptions(method="GET", expires_in=1, response_content_type="text/csv; charset=utf-8"),
    ],
    ids=["get", "put", "get with a type"],
)
@pytest.mark.parametrize(
    ("url", "settings", "host", "secure", "region"),
    [
        ("minio://127.0.0.1:9000", {}, "127.0.0.1:9000", False, "us-east-1"),
        ("minio://minio.local?secure=true&region=eu-x", {}, "minio.local", True, "eu-x"),
        ("minio://inside:9000", {"public_endpoint": "https://s3.example.com"}, "s3.example.com", True, "us-east-1"),
        ("minio://inside:9000", {"public_endpoint": "http://out:8080/"}, "out:8080", False, "us-east-1"),
    ],
)
def test_a_url_is_the_sdks(
    url: str, settings: dict[str, Any], host: str, secure: bool, region: str, key: str, options: PresignOptions
) -> None:
    with open_store(url, settings={"access_key": ACCESS_KEY, "secret_key": SECRET_KEY} | settings, environ={}) as store:
        presigned = store.presign("bucket", key, options)
    query = parse_qs(urlsplit(presigned.url).query)
    signed_at = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    expected = urlsplit(_sdk_url(host, secure, region, key, options, signed_at))
    found = urlsplit(presigned.url)
    assert (found.scheme, found.netloc, found.path) == (expected.scheme, expected.netloc, expected.path)
    assert query == parse_qs(expected.query)
    assert presigned.expires_at == signed_at + timedelta(seconds=options.expires_in)
