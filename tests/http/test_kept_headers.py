"""The headers of an upload are kept and sent with the object, or refused: none is dropped silently."""

from __future__ import annotations

import pytest
from bucketry import Store
from bucketry.headers import OBJECT_HEADERS

from tests.http.conftest import Client

HEADER_FIELDS = {header.name: header.field for header in OBJECT_HEADERS}
OBJECT = "buckets/my-assets/objects/a.txt"
FORM = "buckets/my-assets/objects"
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
VALUES = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "max-age=60",
    "content-disposition": 'attachment; filename="b.txt"',
    "content-encoding": "br",
    "content-language": "de",
    "expires": DATE,
}


def test_every_header_that_an_object_has_is_kept_and_sent(client: Client, store: Store) -> None:
    assert list(VALUES) == [header.name for header in OBJECT_HEADERS]
    sent = VALUES | {"x-amz-meta-colour": "red"}
    assert client.put(OBJECT, content=b"x", headers=sent).status_code == 201
    info = store.head_object("my-assets", "a.txt")
    assert {header.name: getattr(info, header.field) for header in OBJECT_HEADERS} == VALUES
    for response in (
        client.head(OBJECT),
        client.request("GET", OBJECT, headers={"range": "bytes=0-0"}),
        client.request("GET", OBJECT, headers={"range": "bytes=0-0"}, params={"inline": "true"}),
    ):
        assert {name: response.headers[name] for name in sent} == sent


@pytest.mark.parametrize("written", [DATE, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])
def test_an_expiry_is_sent_in_the_one_form_that_is_current(client: Client, written: str) -> None:
    assert client.put(OBJECT, content=b"x", headers={"expires": written}).status_code == 201
    assert client.head(OBJECT).headers["expires"] == DATE


@pytest.mark.parametrize("written", ["0", "-1", "", "tomorrow", "2026-11-06T08:49:37Z"])
def test_an_expiry_that_is_not_a_date_is_refused(client: Client, store: Store, written: str) -> None:
    response = client.put(OBJECT, content=b"x", headers={"expires": written})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_argument")
    assert "Expires is a date such as" in response.json()["detail"]
    assert store.list_objects("my-assets").objects == ()


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("project=one&stage=draft", {"project": "one", "stage": "draft"}),
        ("a=%2B%20%C3%A9&b=c+d", {"a": "+ é", "b": "c d"}),
        ("urgent", {"urgent": ""}),
        ("urgent=", {"urgent": ""}),
        ("a=\xc3\xa9", {"a": "é"}),
        ("", {}),
    ],
)
def test_tags_are_kept_and_counted(client: Client, store: Store, header: str, tags: dict[str, str]) -> None:
    headers = [(b"x-amz-tagging", header.encode("latin-1"))]
    assert client.put(OBJECT, content=b"x", headers=headers).status_code == 201
    assert store.get_object_tagging("my-assets", "a.txt") == tags
    counted = str(len(tags)) if tags else None
    for response in (client.head(OBJECT), client.get(OBJECT)):
        assert response.headers.get("x-amz-tagging-count") == counted


@pytest.mark.parametrize(
    "header",
    [
        "a=1&a=2",
        "a=%FF",
        "=1",
        "&".join(f"k{number}=v" for number in range(11)),
        "&".join(f"k{number}=v" for number in range(1000)),
        "k" * 129 + "=v",
        "k=" + "v" * 257,
    ],
)
def test_tags_that_cannot_be_kept_are_refused(client: Client, store: Store, header: str) -> None:
    response = client.put(OBJECT, content=b"x", headers=[(b"x-amz-tagging", header.encode("latin-1"))])
    assert (response.status_code, response.json()["code"]) == (422, "invalid_argument")
    assert store.list_objects("my-assets").objects == ()


@pytest.mark.parametrize(
    "name",
    [
        "x-amz-acl",
        "x-amz-checksum-sha256",
        "x-amz-copy-source",
        "x-amz-decoded-content-length",
        "x-amz-grant-read",
        "x-amz-object-lock-mode",
        "x-amz-sdk-checksum-algorithm",
        "x-amz-server-side-encryption",
        "x-amz-server-side-encryption-customer-key",
        "x-amz-storage-class",
        "x-amz-trailer",
        "x-amz-website-redirect-location",
        "x-amz-write-offset-bytes",
    ],
)
def test_a_header_that_asks_for_more_is_refused(client: Client, store: Store, name: str) -> None:
    put = client.put(OBJECT, content=b"x", headers={name: "1"})
    post = client.post(FORM, files={"file": ("a.txt", b"x")}, headers={name: "1"})
    for response in (put, post):
        assert (response.status_code, response.json()["code"]) == (422, "invalid_argument")
        assert name in response.json()["detail"]
    assert store.list_objects("my-assets").objects == ()


@pytest.mark.parametrize("name", ["x-amz-tagging", "x-amz-meta-colour"])
def test_a_form_gives_no_tags_and_no_metadata(client: Client, store: Store, name: str) -> None:
    response = client.post(FORM, files={"file": ("a.txt", b"x")}, headers={name: "a=1"})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_argument")
    assert store.list_objects("my-assets").objects == ()


@pytest.mark.parametrize("name", ["x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "x-amz-cf-id"])
def test_headers_of_what_stands_in_front_are_no_matter(client: Client, name: str) -> None:
    assert client.put(OBJECT, content=b"x", headers={name: "1"}).status_code == 201
