"""Presigned URLs of the memory driver, against the live endpoint, with a client that knows HTTP alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from bucketry import NoSuchKey, PresignOptions, PutOptions, Secret
from bucketry.sigv4 import Credentials, Presigner
from bucketry_testing import S3Endpoint

from tests.testing.plain import ask

KEYS = ["photo.jpg", "images/photo 1.jpg", "a//b", "/a", "a/", "%2F", "a+b&c=d?e#f", "grün/😀", "..", "a/../b"]


@pytest.fixture
def s3(bucketry_s3: S3Endpoint) -> S3Endpoint:
    bucketry_s3.store.create_bucket("my-assets")
    return bucketry_s3


def presigned(s3: S3Endpoint, key: str = "key", **options: object) -> str:
    return s3.store.presign("my-assets", key, PresignOptions(**options)).url  # type: ignore[arg-type]


def presigner(s3: S3Endpoint, access_key: str = "", secret_key: str = "", region: str = "") -> Presigner:
    credentials = Credentials(access_key or s3.access_key, Secret(secret_key or s3.secret_key))
    return Presigner(credentials, endpoint=s3.endpoint_url, region=region or s3.region)


def assert_nothing_stored(s3: S3Endpoint) -> None:
    assert list(s3.store.iter_objects("my-assets")) == []


@pytest.mark.parametrize("key", KEYS)
def test_what_one_url_uploads_another_downloads(s3: S3Endpoint, key: str) -> None:
    put = ask("PUT", presigned(s3, key, method="PUT"), b"content")
    assert (put.status, put.content) == (200, b"")
    assert s3.store.get_object("my-assets", key).read() == b"content"
    got = ask("GET", presigned(s3, key))
    assert (got.status, got.content) == (200, b"content")


def test_a_large_body_goes_both_ways(s3: S3Endpoint) -> None:
    content = bytes(range(256)) * 40_000
    assert ask("PUT", presigned(s3, method="PUT"), content).status == 200
    assert ask("GET", presigned(s3)).content == content


def test_a_download_may_be_of_a_range_and_name_its_headers(s3: S3Endpoint) -> None:
    s3.store.put_object("my-assets", "key", b"0123456789", PutOptions(content_type="image/jpeg"))
    url = presigned(
        s3, response_content_type="text/plain", response_content_disposition='attachment; filename="a b.txt"'
    )
    answer = ask("GET", url, headers={"Range": "bytes=2-4"})
    assert (answer.status, answer.content) == (206, b"234")
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["content-disposition"] == 'attachment; filename="a b.txt"'


def test_an_upload_keeps_its_content_type(s3: S3Endpoint) -> None:
    url = presigned(s3, method="PUT", content_type="image/png")
    assert ask("PUT", url, b"content", {"Content-Type": "image/png"}).status == 200
    assert s3.store.head_object("my-assets", "key").content_type == "image/png"


@pytest.mark.parametrize("headers", [{"Content-Type": "text/html"}, {}])
def test_a_wrong_content_type_is_refused(s3: S3Endpoint, headers: dict[str, str]) -> None:
    answer = ask("PUT", presigned(s3, method="PUT", content_type="image/png"), b"content", headers)
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")
    assert_nothing_stored(s3)


def forged(url: str) -> str:
    return url[:-1] + ("0" if url[-1] != "0" else "1")


@pytest.mark.parametrize(
    "change",
    [
        forged,
        lambda url: url.replace("/key?", "/other?"),
        lambda url: url.replace("/my-assets/", "/other/"),
        lambda url: url.replace("Expires=3600", "Expires=7200"),
        lambda url: url + "&response-content-type=text%2Fhtml",
    ],
    ids=["signature", "key", "bucket", "expiry", "parameter"],
)
def test_a_forged_url_is_refused(s3: S3Endpoint, change: object) -> None:
    assert callable(change)
    for method in ("GET", "PUT"):
        url = presigned(s3, method=method)
        assert change(url) != url
        answer = ask(method, change(url), b"content" if method == "PUT" else None)
        assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")
    assert_nothing_stored(s3)


@pytest.mark.parametrize(("signed", "sent"), [("GET", "PUT"), ("PUT", "GET"), ("GET", "DELETE"), ("PUT", "DELETE")])
def test_another_method_is_refused(s3: S3Endpoint, signed: str, sent: str) -> None:
    s3.store.put_object("my-assets", "key", b"old")
    answer = ask(sent, presigned(s3, method=signed), b"new" if sent == "PUT" else None)
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")
    assert s3.store.get_object("my-assets", "key").read() == b"old"


def test_a_url_to_download_does_not_serve_head(s3: S3Endpoint) -> None:
    s3.store.put_object("my-assets", "key", b"old")
    answer = ask("HEAD", presigned(s3))
    assert (answer.status, answer.content) == (403, b"")


@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1", "my-assets.localhost:{port}"])
def test_another_host_is_refused(s3: S3Endpoint, host: str) -> None:
    url = presigned(s3, method="PUT")
    answer = ask("PUT", url, b"content", {"Host": host.format(port=urlsplit(url).port)})
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")
    assert_nothing_stored(s3)


def test_a_host_that_is_not_this_machine_is_refused(s3: S3Endpoint) -> None:
    answer = ask("PUT", presigned(s3, method="PUT"), b"content", {"Host": "s3.example.com"})
    assert (answer.status, answer.code) == (421, "MisdirectedRequest")
    assert_nothing_stored(s3)


def test_an_expired_url_is_refused(s3: S3Endpoint) -> None:
    before = datetime.now(UTC) - timedelta(seconds=62)
    for method in ("GET", "PUT"):
        url = presigner(s3).presign_url(method, "my-assets", "key", expires_in=60, now=before)
        answer = ask(method, url, b"content" if method == "PUT" else None)
        assert (answer.status, answer.code) == (403, "AccessDenied")
        assert b"expired" in answer.content
    assert_nothing_stored(s3)


def test_a_url_of_tomorrow_is_refused(s3: S3Endpoint) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    url = presigner(s3).presign_url("PUT", "my-assets", "key", expires_in=60, now=tomorrow)
    answer = ask("PUT", url, b"content")
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert_nothing_stored(s3)


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ({"access_key": "nobody"}, 403, "InvalidAccessKeyId"),
        ({"secret_key": "guessed"}, 403, "SignatureDoesNotMatch"),
        ({"region": "eu-central-1"}, 400, "AuthorizationQueryParametersError"),
    ],
)
def test_a_stranger_is_refused(s3: S3Endpoint, who: dict[str, str], status: int, code: str) -> None:
    answer = ask("PUT", presigner(s3, **who).presign_url("PUT", "my-assets", "key", expires_in=60), b"content")
    assert (answer.status, answer.code) == (status, code)
    assert_nothing_stored(s3)


def test_no_refusal_repeats_a_secret(s3: S3Endpoint) -> None:
    for url in (forged(presigned(s3)), presigner(s3, access_key="nobody").presign_url("GET", "b", "k", expires_in=1)):
        assert s3.secret_key.encode() not in ask("GET", url).content


def test_without_a_signature_nothing_is_had(s3: S3Endpoint) -> None:
    s3.store.put_object("my-assets", "key", b"old")
    answer = ask("GET", f"{s3.endpoint_url}/my-assets/key")
    assert (answer.status, answer.code) == (403, "AccessDenied")


def test_a_valid_url_says_what_is_missing(s3: S3Endpoint) -> None:
    with pytest.raises(NoSuchKey):
        s3.store.head_object("my-assets", "key")
    assert (ask("GET", presigned(s3)).status, ask("GET", presigned(s3)).code) == (404, "NoSuchKey")
