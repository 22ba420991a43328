from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from bucketry import ListOptions, Store

from tests.http.conftest import Client

OBJECTS = "buckets/my-assets/objects"


def fill(store: Store, count: int) -> list[str]:
    keys = [f"k/{number:05}" for number in range(count)]
    for key in keys:
        store.put_object("my-assets", key, b"")
    return keys


def test_a_listing_of_several_pages_is_complete(client: Client, store: Store) -> None:
    keys = fill(store, 2500)
    response = client.get(OBJECTS)
    assert [item["key"] for item in response.json()] == keys
    assert "link" not in response.headers


def test_an_empty_listing_is_an_empty_array(client: Client) -> None:
    assert client.get(OBJECTS).json() == []


def test_pages_follow_one_another_by_their_links(client: Client, store: Store) -> None:
    keys, found, sizes = fill(store, 7), [], []
    store.put_object("my-assets", "other", b"")
    target: str | None = f"{OBJECTS}?limit=3&prefix=k/"
    while target is not None:
        response = client.get(target)
        page = [item["key"] for item in response.json()]
        found += page
        sizes.append(len(page))
        link = re.fullmatch(r'<(/[^>]*)>; rel="next"', response.headers.get("link", ""))
        target = None if link is None else f"http://testserver.local{link[1]}"
    assert (found, sizes) == (keys, [3, 3, 1])


def test_a_listing_begins_after_a_key(client: Client, store: Store) -> None:
    keys = fill(store, 7)
    assert [item["key"] for item in client.get(OBJECTS, params={"start_after": keys[2]}).json()] == keys[3:]
    assert [item["key"] for item in client.get(OBJECTS, params={"start_after": f"{keys[2]}ü"}).json()] == keys[3:]
    assert client.get(OBJECTS, params={"start_after": "z"}).json() == []
    first = client.get(OBJECTS, params={"start_after": keys[2], "limit": 3})
    second = client.get(f"http://testserver.local{first.links['next']['url']}")
    assert [item["key"] for item in first.json() + second.json()] == keys[3:]
    cursor = parse_qs(urlsplit(first.links["next"]["url"]).query)["cursor"][0]
    for key, listed in ((keys[0], keys[6:]), (keys[5], keys[6:]), (keys[6], [])):
        later = client.get(OBJECTS, params={"cursor": cursor, "start_after": key})
        assert [item["key"] for item in later.json()] == listed, "of cursor and key the later one counts"
    assert client.get(OBJECTS, params={"start_after": "x" * 1025}).status_code == 422


def test_a_complete_listing_of_several_pages_begins_after_a_key(client: Client, store: Store) -> None:
    keys = fill(store, 2100)
    assert [item["key"] for item in client.get(OBJECTS, params={"start_after": keys[9]}).json()] == keys[10:]


def test_a_cursor_alone_gives_one_page(client: Client, store: Store) -> None:
    keys = fill(store, 4)
    cursor = store.list_objects("my-assets", ListOptions(limit=2)).cursor
    response = client.get(OBJECTS, params={"cursor": cursor})
    assert [item["key"] for item in response.json()] == keys[2:]


def test_bad_pages_are_refused(client: Client) -> None:
    numbers = ("0", "1001", "many", "", "1e2", "1.0", "%201", "%2B1", "0x1", "1_0", "%D9%A1")
    for query in (*(f"limit={number}" for number in numbers), "cursor=", "cursor=made-up", "prefix=" + "x" * 1025):
        response = client.get(f"{OBJECTS}?{query}")
        assert (response.status_code, response.json()["code"][:7]) == (422, "invalid"), query


def test_a_prefix_is_taken_byte_for_byte(client: Client, store: Store) -> None:
    for key in ("a+b", "a b", "ü/1", "u/1"):
        store.put_object("my-assets", key, b"")
    assert [item["key"] for item in client.get(f"{OBJECTS}?prefix=a%2B").json()] == ["a+b"]
    assert [item["key"] for item in client.get(OBJECTS, params={"prefix": "ü"}).json()] == ["ü/1"]
