"""Every request of the object storage API's document, in its order, against the served API."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from tests.acceptance.client import Client

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def test_the_document_from_front_to_back(client: Client) -> None:
    status = client.ask("GET", "/status")
    assert status.status == 200
    assert status.json == {"available": True, "endpoint": client.s3_url, "region": "us-east-1"}

    assert client.ask("GET", "/buckets").json == []
    created = client.ask("POST", "/buckets", {"name": "my-assets"})
    assert created.status == 201
    assert created.json["name"] == "my-assets"

    files = {"images/photo.jpg": b"\xff\xd8" * 500, "documents/report.pdf": b"%PDF" * 100}
    assert client.upload("my-assets", files).status == 201

    (bucket,) = client.ask("GET", "/buckets").json
    assert set(bucket) == {"name", "created_at", "object_count", "size_bytes"}
    assert (bucket["name"], bucket["object_count"], bucket["size_bytes"]) == ("my-assets", 2, 1400)
    assert TIME.fullmatch(bucket["created_at"])

    listed = client.ask("GET", "/buckets/my-assets/objects").json
    assert [(entry["key"], entry["size_bytes"], entry["content_type"]) for entry in listed] == [
        ("documents/report.pdf", 400, "application/pdf"),
        ("images/photo.jpg", 1000, "image/jpeg"),
    ]
    for entry in listed:
        assert set(entry) == {"key", "size_bytes", "content_type", "last_modified"}
        assert TIME.fullmatch(entry["last_modified"])
    assert client.ask("GET", "/buckets/my-assets/objects?prefix=images/").json == listed[1:]

    full = client.ask("DELETE", "/buckets/my-assets")
    assert (full.status, full.json["code"]) == (409, "bucket_not_empty")

    before = datetime.now(UTC).replace(microsecond=0)
    wanted = {"key": "uploads/file.zip", "expires_in": 3600, "method": "PUT"}
    signed = client.ask("POST", "/buckets/my-assets/objects/presign", wanted)
    assert signed.status == 200
    assert set(signed.json) == {"url", "expires_at"}
    url = urlsplit(signed.json["url"])
    assert f"{url.scheme}://{url.netloc}" == client.s3_url
    assert url.path == "/my-assets/uploads/file.zip"
    query = parse_qs(url.query)
    assert query["X-Amz-Expires"] == ["3600"]
    assert re.fullmatch("[0-9a-f]{64}", query["X-Amz-Signature"][0])
    assert TIME.fullmatch(signed.json["expires_at"])
    expires_at = datetime.fromisoformat(signed.json["expires_at"])
    assert timedelta(0) <= expires_at - before - timedelta(hours=1) <= datetime.now(UTC) - before

    assert client.ask("DELETE", "/buckets/my-assets/objects?key=images/photo.jpg").status == 204
    assert client.ask("DELETE", "/buckets/my-assets/objects", {"key": "documents/report.pdf"}).status == 204
    assert client.ask("GET", "/buckets/my-assets/objects").json == []
    assert client.ask("DELETE", "/buckets/my-assets").status == 204
    assert client.ask("GET", "/buckets").json == []


def test_presign_has_the_documented_defaults(client: Client) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    signed = client.ask("POST", "/buckets/my-assets/objects/presign", {"key": "a"}).json
    assert parse_qs(urlsplit(signed["url"]).query)["X-Amz-Expires"] == ["3600"]
    assert datetime.fromisoformat(signed["expires_at"]) >= before + timedelta(hours=1)
