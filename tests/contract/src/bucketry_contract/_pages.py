"""Reads listings page by page, and checks what must hold of every page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any, Final, Protocol, TypeVar

from bucketry import ListOptions, ObjectPage, PageOptions, Part, Store, Upload, UploadListOptions
from bucketry.s3 import MAX_PAGE

MOST_PAGES: Final = 5000
"""A listing with more pages counts as endless."""


def byte_order(texts: Iterable[str]) -> list[str]:
    """Sorts by UTF-8 bytes, which differs from the order of UTF-16."""
    return sorted(texts, key=str.encode)


def entries_of(page: ObjectPage) -> list[str]:
    """Returns a page's keys and common prefixes in byte order."""
    return byte_order([*(info.key for info in page.objects), *page.prefixes])


def pages_of(store: Store, bucket: str, **options: Any) -> Iterator[ObjectPage]:
    """Yields the pages of a listing, and checks of each its size, its order, and that it begins after the page before.

    Args:
        store: The store.
        bucket: The bucket.
        options: Fields of `ListOptions`.
    """
    wanted = ListOptions(**options)
    cursor, cursors, last = wanted.cursor, {wanted.cursor}, b""
    for _ in range(MOST_PAGES):
        page = store.list_objects(bucket, ListOptions(**{**options, "cursor": cursor}))
        _check(page, wanted.limit)
        entries = [entry.encode() for entry in entries_of(page)]
        assert not entries or entries[0] > last, "a page goes back to or behind the page before"
        last = entries[-1] if entries else last
        yield page
        cursor = page.cursor
        if cursor is None:
            return
        assert cursor not in cursors, "the listing gives the same cursor twice"
        cursors.add(cursor)
    raise AssertionError(f"the listing does not end after {MOST_PAGES} pages")


class _Page(Protocol):
    @property
    def cursor(self) -> str | None: ...


PageT = TypeVar("PageT", bound=_Page)


def all_pages(fetch: Callable[[str | None], PageT]) -> Iterator[PageT]:
    """Yields the pages of any listing, and fails if it is endless.

    Args:
        fetch: Returns the page after a cursor; ``None``: the first.
    """
    cursor, cursors = None, set()
    for _ in range(MOST_PAGES):
        page = fetch(cursor)
        yield page
        cursor = page.cursor
        if cursor is None:
            return
        assert cursor not in cursors, "the listing gives the same cursor twice"
        cursors.add(cursor)
    raise AssertionError(f"the listing does not end after {MOST_PAGES} pages")


def parts_of(store: Store, bucket: str, key: str, upload_id: str, limit: int = MAX_PAGE) -> list[Part]:
    """Returns all parts of an upload, page by page, each page checked."""
    found: list[Part] = []
    for page in all_pages(
        lambda cursor: store.list_parts(bucket, key, upload_id, PageOptions(cursor=cursor, limit=limit))
    ):
        assert len(page.parts) <= limit, "the page has more parts than the limit allows"
        assert page.parts or not found, "a cursor leads to an empty page"
        found += page.parts
    return found


def uploads_of(store: Store, bucket: str, prefix: str = "", limit: int = MAX_PAGE) -> list[Upload]:
    """Returns all uploads in progress, page by page, each page checked."""
    found: list[Upload] = []
    for page in all_pages(
        lambda cursor: store.list_multipart_uploads(
            bucket, UploadListOptions(prefix=prefix, cursor=cursor, limit=limit)
        )
    ):
        assert len(page.uploads) <= limit, "the page has more uploads than the limit allows"
        assert page.uploads or not found, "a cursor leads to an empty page"
        found += page.uploads
    return found


def listed(store: Store, bucket: str, **options: Any) -> list[str]:
    """Returns the keys and common prefixes of all pages."""
    return [entry for page in pages_of(store, bucket, **options) for entry in entries_of(page)]


def expected(keys: Iterable[str], *, prefix: str = "", delimiter: str = "", start_after: str = "") -> list[str]:
    """Returns what a listing of these keys must have: the model for all listings."""
    entries = set()
    for key in keys:
        if key.startswith(prefix):
            rest = key[len(prefix) :]
            head, found, _ = rest.partition(delimiter) if delimiter else (rest, "", "")
            entries.add(prefix + head + found)
    return byte_order(entry for entry in entries if not start_after or entry.encode() > start_after.encode())


def _check(page: ObjectPage, limit: int) -> None:
    keys, prefixes = [info.key.encode() for info in page.objects], [prefix.encode() for prefix in page.prefixes]
    assert len(keys) + len(prefixes) <= limit, "the page has more entries than the limit allows"
    assert all(one < next_one for one, next_one in pairwise(keys)), "the keys are not in ascending byte order"
    assert all(one < next_one for one, next_one in pairwise(prefixes)), "the prefixes are not in ascending byte order"
