"""Raw uploads and downloads: headers, ranges, conditions."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta

import pytest
from bucketry import PutOptions, Store
from bucketry.s3 import http_date

from tests.http.conftest import Client

OBJECT = "buckets/my-assets/objects/a.txt"


@pytest.fixture
def etag(client: Client) -> str:
    return client.put(OBJECT, content=b"0123456789").headers["etag"]


def test_an_object_comes_back_with_what_was_kept(client: Client) -> None:
    kept = {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "max-age=60",
        "content-encoding": "br",
        "content-language": "de",
        "x-amz-meta-colour": "red",
    }
    assert client.put(OBJECT, content=b"x", headers=kept).status_code == 201
    for response in (client.head(OBJECT), client.request("GET", OBJECT, headers={"range": "bytes=0-0"})):
        assert {name: response.headers[name] for name in kept} == kept


def test_a_content_type_is_guessed_where_none_is_given(client: Client) -> None:
    assert client.put(OBJECT, content=b"x").json()["content_type"] == "text/plain"


@pytest.mark.parametrize("size", [0, 10, 1000, 1001, 300_000, 5_000_000])
def test_content_of_any_size_comes_back(client: Client, size: int) -> None:
    content = (bytes(range(256)) * (size // 256 + 1))[:size]
    assert client.put(OBJECT, content=content).json()["size_bytes"] == size
    response = client.get(OBJECT)
    assert response.content == content
    assert response.headers["content-length"] == str(size)
    assert response.headers["etag"] == f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


def test_a_head_has_the_headers_of_a_download(client: Client, etag: str) -> None:
    head, get = client.head(OBJECT), client.get(OBJECT)
    assert dict(head.headers) == dict(get.headers)
    assert head.content == b""


def test_downloads_are_attachments_that_cannot_run(client: Client, etag: str) -> None:
    headers = client.get(OBJECT).headers
    assert headers["content-disposition"] == 'attachment; filename="a.txt"'
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert "cross-origin-resource-policy" not in headers


@pytest.mark.parametrize("content_type", ["text/javascript", "Application/X-JavaScript; charset=utf-8", "text/css"])
def test_scripts_and_styles_are_for_pages_of_their_own_site(client: Client, store: Store, content_type: str) -> None:
    store.put_object("my-assets", "code", b"x", PutOptions(content_type=content_type))
    for ask in (client.get, client.head):
        headers = ask(f"{OBJECT.rpartition('/')[0]}/code").headers
        assert headers["cross-origin-resource-policy"] == "same-site"


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("text/plain; charset=utf-8", "inline"),
        ("image/png", "inline"),
        ("video/mp4", "inline"),
        ("text/html", "attachment"),
        ("image/svg+xml", "attachment"),
        ("application/pdf", "attachment"),
        ("application/javascript", "attachment"),
        ("text/xml", "attachment"),
    ],
)
def test_only_harmless_types_are_shown_inline(client: Client, content_type: str, kind: str) -> None:
    client.put(OBJECT, content=b"x", headers={"content-type": content_type, "content-disposition": "inline"})
    assert client.get(OBJECT).headers["content-disposition"].startswith("attachment;")
    assert client.get(OBJECT, params={"inline": "1"}).headers["content-disposition"].startswith(f"{kind};")


def test_a_kept_attachment_name_is_used(client: Client) -> None:
    kept = 'attachment; filename="other.txt"'
    client.put(OBJECT, content=b"x", headers={"content-disposition": kept})
    assert client.get(OBJECT).headers["content-disposition"] == kept


def test_a_name_outside_ascii_is_given_twice(client: Client) -> None:
    path = 'buckets/my-assets/objects/dir/na%C3%AFve%20"%0A.txt'
    client.put(path, content=b"x")
    assert client.get(path).headers["content-disposition"] == (
        "attachment; filename=\"na_ve __.txt\"; filename*=UTF-8''na%C3%AFve%20%22%0A.txt"
    )


@pytest.mark.parametrize(
    ("wanted", "content", "content_range"),
    [
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
    ],
)
def test_a_range_is_sent(client: Client, etag: str, wanted: str, content: bytes, content_range: str) -> None:
    response = client.get(OBJECT, headers={"range": wanted})
    assert (response.status_code, response.content) == (206, content)
    assert response.headers["content-range"] == content_range
    assert response.headers["content-length"] == str(len(content))


@pytest.mark.parametrize("wanted", ["bytes=0-1,4-5", "lines=1-2", "bytes=5-2", "bytes=x", "nonsense"])
def test_a_range_that_cannot_be_read_is_ignored(client: Client, etag: str, wanted: str) -> None:
    response = client.get(OBJECT, headers={"range": wanted})
    assert (response.status_code, response.content) == (200, b"0123456789")


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=-0"])
def test_a_range_beyond_the_end_says_where_that_is(client: Client, etag: str, wanted: str) -> None:
    response = client.get(OBJECT, headers={"range": wanted})
    assert (response.status_code, response.json()["code"]) == (416, "invalid_range")
    assert response.headers["content-range"] == "bytes */10"


@pytest.mark.parametrize("wanted", ["bytes=-1", "bytes=-8"])
def test_the_last_bytes_of_an_empty_object_are_none(client: Client, store: Store, wanted: str) -> None:
    store.put_object("my-assets", "a.txt", b"")
    response = client.get(OBJECT, headers={"range": wanted})
    assert (response.status_code, response.content, response.headers["content-length"]) == (200, b"", "0")
    assert "content-range" not in response.headers


@pytest.mark.parametrize("wanted", ["bytes=0-", "bytes=0-0", "bytes=-0"])
def test_an_empty_object_has_no_other_range(client: Client, store: Store, wanted: str) -> None:
    store.put_object("my-assets", "a.txt", b"")
    response = client.get(OBJECT, headers={"range": wanted})
    assert (response.status_code, response.headers["content-range"]) == (416, "bytes */0")


def test_if_range_sends_the_range_of_the_same_version_only(client: Client, store: Store, etag: str) -> None:
    modified = store.head_object("my-assets", "a.txt").last_modified
    for validator, status in (
        (etag, 206),
        ('"other"', 200),
        (f"W/{etag}", 200),
        (http_date(modified), 206),
        (http_date(modified - timedelta(days=1)), 200),
        ("nonsense", 200),
    ):
        response = client.get(OBJECT, headers={"range": "bytes=0-0", "if-range": validator})
        assert response.status_code == status, validator
    assert client.get(OBJECT, headers={"range": "bytes=99-", "if-range": '"other"'}).status_code == 200


def test_reads_are_conditional(client: Client, store: Store, etag: str) -> None:
    modified = store.head_object("my-assets", "a.txt").last_modified
    now, before = http_date(modified), http_date(modified - timedelta(days=1))
    for headers, status in (
        ({"if-match": etag}, 200),
        ({"if-match": etag.strip('"')}, 200),
        ({"if-match": f'"other", {etag}'}, 200),
        ({"if-match": "*"}, 200),
        ({"if-match": '"other"'}, 412),
        ({"if-match": '"one", "two"'}, 412),
        ({"if-match": f"W/{etag}"}, 412),
        ({"if-match": '""'}, 412),
        ({"if-none-match": '""'}, 200),
        ({"if-none-match": etag}, 304),
        ({"if-none-match": f'"other", W/{etag}'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"other"'}, 200),
        ({"if-modified-since": now}, 304),
        ({"if-modified-since": before}, 200),
        ({"if-modified-since": "nonsense"}, 200),
        ({"if-unmodified-since": now}, 200),
        ({"if-unmodified-since": before}, 412),
        ({"if-none-match": '"other"', "if-modified-since": now}, 200),
        ({"if-match": 'broken "'}, 422),
    ):
        for method in ("GET", "HEAD"):
            response = client.request(method, OBJECT, headers=headers)
            assert response.status_code == status, (method, headers)


def test_not_modified_carries_validators_and_no_content(client: Client, etag: str) -> None:
    response = client.get(OBJECT, headers={"if-none-match": "*"})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == etag
    assert "last-modified" in response.headers
    assert "content-length" not in response.headers


def test_writes_are_conditional(client: Client, etag: str) -> None:
    for headers, status in (
        ({"if-none-match": "*"}, 412),
        ({"if-match": '"other"'}, 412),
        ({"if-none-match": '"other"'}, 422),
        ({"if-match": f'"other", {etag}'}, 201),
        ({"if-match": etag}, 201),
    ):
        response = client.put(OBJECT, content=b"0123456789", headers=headers)
        assert response.status_code == status, headers
    fresh = client.put("buckets/my-assets/objects/new", content=b"x", headers={"if-none-match": "*"})
    assert fresh.status_code == 201


def test_a_delete_can_be_conditional(client: Client, etag: str) -> None:
    path = "buckets/my-assets/objects?key=a.txt"
    assert client.delete(path, headers={"if-match": '"other"'}).status_code == 412
    assert client.head(OBJECT).status_code == 200
    assert client.delete(path, headers={"if-match": etag}).status_code == 204


@pytest.mark.parametrize("content", [b"small", b"large" * 10_000])
def test_a_digest_is_checked(client: Client, store: Store, content: bytes) -> None:
    right, wrong = (
        base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode() for data in (content, b"other")
    )
    for digest, status, code in (
        (wrong, 422, "bad_digest"),
        ("not base64!", 422, "invalid_argument"),
        ("c2hvcnQ=", 422, "invalid_argument"),
    ):
        response = client.put(OBJECT, content=content, headers={"content-md5": digest})
        assert (response.status_code, response.json()["code"]) == (status, code)
        assert store.list_objects("my-assets").objects == ()
    assert client.put(OBJECT, content=content, headers={"content-md5": right}).status_code == 201


def test_part_of_an_object_cannot_be_put(client: Client) -> None:
    response = client.put(OBJECT, content=b"x", headers={"content-range": "bytes 0-0/10"})
    assert (response.status_code, response.json()["code"]) == (400, "malformed_request")


def test_a_missing_object_is_not_found(client: Client) -> None:
    response = client.get(OBJECT)
    problem = response.json()
    assert (response.status_code, problem["code"], problem["key"]) == (404, "no_such_key", "a.txt")
    response = client.head(OBJECT)
    assert (response.status_code, response.content) == (404, b"")


def test_many_objects_are_deleted_at_once(client: Client, store: Store) -> None:
    keys = [f"k{number}" for number in range(1000)]
    for key in keys[:500]:
        store.put_object("my-assets", key, b"")
    response = client.post("buckets/my-assets/objects/delete", json={"keys": keys})
    assert response.status_code == 200
    assert response.json() == {"deleted": keys, "failed": []}
    assert store.list_objects("my-assets").objects == ()
