"""Pages of ListMultipartUploads: what ends one, and where the next begins (S3 API reference)."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from urllib.parse import quote

import pytest
from bucketry import Store, UploadListOptions, UploadPage
from bucketry.hookspecs import hookimpl

from tests.http.s3.client import Client, Reply
from tests.http.s3.serving import memory_store, serving

KEYS = ["u/1", "u/2", "u/3", "v", "w/1", "w/2"]


def begin(store: Store, *keys: str) -> list[str]:
    return [store.create_multipart_upload("things", key).upload_id for key in keys]


def ask(s3: Client, **parameters: str | int) -> Reply:
    query = "&".join(f"{name.replace('_', '-')}={quote(str(value), safe='')}" for name, value in parameters.items())
    return s3.ask("GET", f"/things?uploads&{query}")


def entries(reply: Reply) -> list[str]:
    return reply.texts("{*}Upload/{*}Key") + reply.texts("{*}CommonPrefixes/{*}Prefix")


def pages(s3: Client, **parameters: str | int) -> Iterator[Reply]:
    """All pages; after each, as a client does, it goes on with the markers that are there."""
    markers: dict[str, str] = {}
    for _ in range(20):
        reply = ask(s3, **parameters, **markers)
        yield reply
        if reply.text("{*}IsTruncated") == "false":
            assert reply.texts("{*}NextKeyMarker") + reply.texts("{*}NextUploadIdMarker") == []
            return
        markers = {"key_marker": reply.text("{*}NextKeyMarker")}
        if found := reply.texts("{*}NextUploadIdMarker"):
            markers["upload_id_marker"] = found[0]
    pytest.fail("the pages do not end")


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (1, [["u/"], ["v"], ["w/"]]),
        (2, [["v", "u/"], ["w/"]]),
        (3, [["v", "u/", "w/"]]),
        (1000, [["v", "u/", "w/"]]),
    ],
)
def test_a_common_prefix_is_on_one_page(s3: Client, store: Store, size: int, expected: list[list[str]]) -> None:
    begin(store, *KEYS)
    assert [entries(page) for page in pages(s3, delimiter="/", max_uploads=size)] == expected


def test_a_page_that_ends_with_a_prefix_is_followed_by_what_is_after_it(s3: Client, store: Store) -> None:
    begin(store, *KEYS)
    reply = ask(s3, delimiter="/", max_uploads=1)
    assert (reply.text("{*}NextKeyMarker"), reply.texts("{*}NextUploadIdMarker")) == ("u/", [])
    assert entries(ask(s3, delimiter="/", key_marker="u/")) == ["v", "w/"]
    # What a client puts there itself is a key, also within a prefix.
    assert entries(ask(s3, delimiter="/", key_marker="u/1")) == ["v", "u/", "w/"]
    assert entries(ask(s3, delimiter="/", key_marker="u/3")) == ["v", "w/"]
    assert entries(ask(s3, delimiter="/", prefix="u/", max_uploads=2)) == ["u/1", "u/2"]


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_the_markers_are_key_and_id_of_the_last_upload(s3: Client, store: Store, size: int) -> None:
    ids = begin(store, "a", "b", "b", "b", "c")
    found = []
    for page in pages(s3, max_uploads=size):
        here = page.texts("{*}Upload/{*}UploadId")
        found += here
        if page.text("{*}IsTruncated") == "true":
            assert page.text("{*}NextUploadIdMarker") == here[-1]
            assert page.text("{*}NextKeyMarker") == page.texts("{*}Upload/{*}Key")[-1]
    assert found == ids


def test_pages_may_be_aborted_one_by_one(s3: Client, store: Store) -> None:
    begin(store, "a", "b", "b", "b", "b", "b", "c")
    seen = 0
    for page in pages(s3, max_uploads=2):
        for key, upload in zip(page.texts("{*}Upload/{*}Key"), page.texts("{*}Upload/{*}UploadId"), strict=True):
            store.abort_multipart_upload("things", key, upload)
            seen += 1
    assert seen == 7
    assert store.list_multipart_uploads("things").uploads == ()


def test_an_upload_id_alone_says_nothing(s3: Client, store: Store) -> None:
    ids = begin(store, "a", "b")
    assert ask(s3, upload_id_marker=ids[0]).texts("{*}Upload/{*}UploadId") == ids
    assert ask(s3, key_marker="a", upload_id_marker="none-such").texts("{*}Upload/{*}UploadId") == ids
    assert ask(s3, key_marker="a").texts("{*}Upload/{*}UploadId") == ids[1:]


class Counting:
    """Counts how often uploads are listed."""

    def __init__(self) -> None:
        self.calls = 0

    @hookimpl(wrapper=True)
    def list_multipart_uploads(
        self, bucket: str, options: UploadListOptions
    ) -> Generator[None, UploadPage, UploadPage]:
        self.calls += 1
        return (yield)


def test_a_page_costs_a_call_for_each_thousand_uploads() -> None:
    counting = Counting()
    with memory_store([counting]) as store, serving(store) as url:
        store.create_bucket("things")
        begin(store, *(f"d/{number:04}" for number in range(2500)), "e")
        assert entries(ask(Client(url), delimiter="/", max_uploads=2)) == ["e", "d/"]
    assert counting.calls == 3
