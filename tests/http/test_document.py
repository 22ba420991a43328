"""The API's document, request by request: paths, fields, types, defaults and time format to the letter."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from bucketry import Store

from tests.http.conftest import Client

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def test_status_says_whether_storage_is_available(client: Client) -> None:
    response = client.get("status")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"available": True, "endpoint": "http://localhost:9000", "region": "us-east-1"}


def test_buckets_are_listed_with_what_they_hold(client: Client, store: Store) -> None:
    store.put_object("my-assets", "a", b"12345")
    store.put_object("my-assets", "b", b"67890")
    store.create_bucket("archive")
    response = client.get("buckets")
    assert response.status_code == 200
    archive, assets = response.json()
    assert list(assets) == ["name", "created_at", "object_count", "size_bytes"]
    assert (assets["name"], assets["object_count"], assets["size_bytes"]) == ("my-assets", 2, 10)
    assert (archive["name"], archive["object_count"], archive["size_bytes"]) == ("archive", 0, 0)
    assert TIME.fullmatch(assets["created_at"])


def test_a_bucket_is_created(client: Client, store: Store) -> None:
    response = client.post("buckets", json={"name": "new-assets"})
    assert response.status_code == 201
    assert response.headers["location"] == "/api/v1/storage/buckets/new-assets"
    assert response.json() == client.get("buckets").json()[1]
    assert [bucket.name for bucket in store.list_buckets()] == ["my-assets", "new-assets"]


def test_an_empty_bucket_is_deleted(client: Client, store: Store) -> None:
    response = client.delete("buckets/my-assets")
    assert (response.status_code, response.content) == (204, b"")
    assert store.list_buckets() == ()


def test_a_bucket_that_holds_objects_is_not_deleted(client: Client, store: Store) -> None:
    store.put_object("my-assets", "a", b"")
    response = client.delete("buckets/my-assets")
    assert (response.status_code, response.json()["code"]) == (409, "bucket_not_empty")
    assert len(store.list_objects("my-assets").objects) == 1


def test_objects_are_listed_and_filtered_by_prefix(client: Client) -> None:
    files = [
        ("file", ("images/photo.jpg", b"x" * 1048, "image/jpeg")),
        ("file", ("documents/report.pdf", b"y", "application/pdf")),
    ]
    client.post("buckets/my-assets/objects", files=files)
    response = client.get("buckets/my-assets/objects")
    assert response.status_code == 200
    assert [item["key"] for item in response.json()] == ["documents/report.pdf", "images/photo.jpg"]
    response = client.get("buckets/my-assets/objects", params={"prefix": "images/"})
    (photo,) = response.json()
    assert list(photo) == ["key", "size_bytes", "content_type", "last_modified"]
    assert (photo["key"], photo["size_bytes"], photo["content_type"]) == ("images/photo.jpg", 1048, "image/jpeg")
    assert TIME.fullmatch(photo["last_modified"])


def test_files_are_uploaded_as_a_form(client: Client, store: Store) -> None:
    response = client.post("buckets/my-assets/objects", files={"file": ("a.txt", b"hello", "text/plain")})
    assert response.status_code == 201
    assert response.json() == client.get("buckets/my-assets/objects").json()
    with store.get_object("my-assets", "a.txt") as opened:
        assert opened.read() == b"hello"


def test_an_object_is_deleted_by_a_key_in_the_query_or_in_json(client: Client, store: Store) -> None:
    for key in ("a b+c", "d"):
        store.put_object("my-assets", key, b"")
    response = client.delete("buckets/my-assets/objects", params={"key": "a b+c"})
    assert (response.status_code, response.content) == (204, b"")
    response = client.request("DELETE", "buckets/my-assets/objects", json={"key": "d"})
    assert response.status_code == 204
    assert store.list_objects("my-assets").objects == ()


def test_deleting_a_missing_object_succeeds(client: Client) -> None:
    assert client.delete("buckets/my-assets/objects", params={"key": "none"}).status_code == 204


def test_a_url_is_presigned(client: Client) -> None:
    wanted = {"key": "uploads/file.zip", "expires_in": 600, "method": "PUT"}
    before = datetime.now(UTC).replace(microsecond=0)
    response = client.post("buckets/my-assets/objects/presign", json=wanted)
    after = datetime.now(UTC)
    assert response.status_code == 200
    assert list(response.json()) == ["url", "expires_at"]
    url = urlsplit(response.json()["url"])
    assert (url.scheme, url.netloc, url.path) == ("http", "localhost:9000", "/my-assets/uploads/file.zip")
    assert "X-Amz-Signature=" in url.query
    expires_at = response.json()["expires_at"]
    assert TIME.fullmatch(expires_at)
    assert before <= datetime.fromisoformat(expires_at) - timedelta(seconds=600) <= after


def test_a_presigned_url_is_for_an_hours_download_by_default(client: Client) -> None:
    by_default, spelt_out = (
        client.post("buckets/my-assets/objects/presign", json=body).json()["url"]
        for body in ({"key": "a"}, {"key": "a", "expires_in": 3600, "method": "GET"})
    )
    assert "X-Amz-Expires=3600" in by_default
    # Made within one second or two: then time, and with it the signature, differ.
    strip = re.compile(r"X-Amz-(Date|Signature)=[^&]*")
    assert strip.sub("", by_default) == strip.sub("", spelt_out)


def test_a_presigned_url_is_not_kept_by_caches(client: Client) -> None:
    response = client.post("buckets/my-assets/objects/presign", json={"key": "a"})
    assert response.headers["cache-control"] == "no-store"
