"""Listings of a server that lists folder by folder are put in byte order, whatever is asked for."""

from __future__ import annotations

from datetime import UTC, datetime

from bucketry import ObjectInfo, ObjectPage
from bucketry_s3.folders import Entry, entries
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = st.sampled_from(["a", "b", "a-", "a.b", "a!", "é", "-", "0", "ab"])
KEYS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
PLACES = st.sampled_from(["", "a", "a/", "a-", "a/b", "a/b/", "a.", "b/a", "/", "-/", "é", "\U0010ffff"]) | KEYS


def listed_object(key: str) -> ObjectInfo:
    return ObjectInfo(key=key, size_bytes=1, etag="0" * 32, last_modified=NOW)


class FolderServer:
    """Lists a folder as SeaweedFS does: by names, objects before folders, and empty folders too."""

    def __init__(self, keys: set[str], page: int, emptied: set[str]) -> None:
        self.keys = keys
        self.page = page
        self.folders = {key[: place + 1] for key in keys | emptied for place, letter in enumerate(key) if letter == "/"}
        self.requests = 0

    def __call__(self, prefix: str, after: str, token: str) -> tuple[ObjectPage, str]:
        self.requests += 1
        folder = prefix[: prefix.rfind("/") + 1]
        found: list[tuple[str, bool]] = [(key, False) for key in self.keys] + [(key[:-1], True) for key in self.folders]
        inside = [
            (name, is_folder)
            for name, is_folder in sorted(found)
            if name.startswith(prefix) and "/" not in name[len(folder) :] and name > (token or after) and name != folder
        ]
        # An object and the folder of its name are on one page.
        names = sorted({name for name, _ in inside})[: self.page]
        shown = [entry for entry in inside if entry[0] in names]
        itself = [listed_object(folder)] if folder in self.folders and prefix == folder and not inside else []
        page = ObjectPage(
            objects=(*itself, *(listed_object(name) for name, is_folder in shown if not is_folder)),
            prefixes=tuple(f"{name}/" for name, is_folder in shown if is_folder),
        )
        return page, names[-1] if len(shown) < len(inside) else ""


def keys_of(found: list[Entry]) -> list[str]:
    return [entry if isinstance(entry, str) else entry.key for entry in found]


def expected(keys: set[str], prefix: str, delimiter: str, after: str) -> list[str]:
    found = set()
    for key in keys:
        if not key.startswith(prefix):
            continue
        name = key[len(prefix) :]
        if delimiter and delimiter in name:
            found.add(prefix + name[: name.index(delimiter) + len(delimiter)])
        else:
            found.add(key)
    return sorted(key for key in found if key > after)


@given(
    keys=st.sets(KEYS, max_size=12),
    emptied=st.sets(KEYS, max_size=3),
    prefix=PLACES,
    delimiter=st.sampled_from(["", "/", "-", "a", "a/", "//"]),
    after=PLACES,
    page=st.integers(1, 5),
)
def test_any_listing_is_in_byte_order_and_complete(
    keys: set[str], emptied: set[str], prefix: str, delimiter: str, after: str, page: int
) -> None:
    server = FolderServer(keys, page, emptied)
    found = keys_of(list(entries(server, prefix, delimiter, after)))
    assert found == expected(keys, prefix, delimiter, after)


def test_a_folder_that_is_rolled_up_is_not_listed_to_its_end() -> None:
    keys = {f"big/{number:04}/{below}" for number in range(50) for below in range(3)} | {"a", "z"}
    server = FolderServer(keys, 100, set())
    assert keys_of(list(entries(server, "", "/", ""))) == ["a", "big/", "z"]
    assert server.requests == len(["", "big/", "big/0000/"])


def test_a_page_goes_on_where_the_one_before_ended() -> None:
    keys = {f"{number:03}" for number in range(100)}
    server = FolderServer(keys, 10, set())
    found = entries(server, "", "", "089")
    assert keys_of(list(found)) == sorted(keys)[90:]
    assert server.requests == len(["the folder 089/, which may be there", "what comes after 089"])
