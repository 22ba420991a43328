"""Listings that are read page after page end, or say why they do not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count, islice

import msgspec
import pytest
from bucketry import (
    DriverSettings,
    Features,
    ListOptions,
    ObjectInfo,
    ObjectPage,
    ObjectVersion,
    PageOptions,
    Part,
    PartPage,
    Store,
    Unavailable,
    Upload,
    UploadListOptions,
    UploadPage,
    VersionListOptions,
    VersionPage,
)
from bucketry.hookspecs import DriverSpec, hookimpl
from bucketry.paging import MOST_EMPTY_PAGES, Page, Paging

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MORE_THAN_ANY = 10_000


class PagedSettings(DriverSettings, frozen=True, kw_only=True):
    scheme = "paged"

    location: str = "nowhere"


class PagedDriver(DriverSpec):
    """Gives the pages that a test says, one after the other, whatever is asked for."""

    name = "paged"
    contract_version = 3
    Settings = PagedSettings
    features = Features(list_delimiter=True)

    def __init__(self, pages: Iterable[Page]) -> None:
        self.pages = iter(pages)
        self.asked = 0

    def _next(self) -> Page:
        self.asked += 1
        return next(self.pages)

    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        page = self._next()
        assert isinstance(page, ObjectPage)
        return page

    @hookimpl
    def list_multipart_uploads(self, bucket: str, options: UploadListOptions) -> UploadPage:
        page = self._next()
        assert isinstance(page, UploadPage)
        return page

    @hookimpl
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        page = self._next()
        assert isinstance(page, VersionPage)
        return page

    @hookimpl
    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
        page = self._next()
        assert isinstance(page, PartPage)
        return page


def objects(*keys: str, cursor: str | None = None, prefixes: tuple[str, ...] = ()) -> ObjectPage:
    infos = tuple(ObjectInfo(key=key, size_bytes=1, etag="e", last_modified=NOW) for key in keys)
    return ObjectPage(objects=infos, prefixes=prefixes, cursor=cursor)


def uploads(*found: tuple[str, str], cursor: str | None = None) -> UploadPage:
    listed = tuple(Upload(key=key, upload_id=upload, initiated_at=NOW) for key, upload in found)
    return UploadPage(uploads=listed, cursor=cursor)


def versions(*found: tuple[str, str], cursor: str | None = None, prefixes: tuple[str, ...] = ()) -> VersionPage:
    listed = tuple(
        ObjectVersion(info=msgspec.structs.replace(objects(key).objects[0], version_id=version))
        for key, version in found
    )
    return VersionPage(versions=listed, prefixes=prefixes, cursor=cursor)


def parts(*numbers: int, cursor: str | None = None) -> PartPage:
    listed = tuple(Part(part_number=number, etag="e", size_bytes=1, last_modified=NOW) for number in numbers)
    return PartPage(parts=listed, cursor=cursor)


def listed(pages: Iterable[Page]) -> list[str | int]:
    """List everything of the kind that the first page is of."""
    first, *rest = islice(pages, MORE_THAN_ANY)
    driver = PagedDriver([first, *rest])
    with closing(Store(driver)) as store:
        if isinstance(first, ObjectPage):
            return [info.key for info in store.iter_objects("bucket")]
        if isinstance(first, UploadPage):
            return [upload.upload_id for upload in store.iter_multipart_uploads("bucket")]
        if isinstance(first, VersionPage):
            return [version.version_id for version in store.iter_object_versions("bucket")]
        return [part.part_number for part in store.iter_parts("bucket", "key", "upload")]


@pytest.mark.parametrize(
    ("pages", "whole"),
    [
        ([objects()], []),
        ([objects("a", "b", cursor="1"), objects("c")], ["a", "b", "c"]),
        ([objects("a", cursor="1", prefixes=("b/",)), objects("c", cursor="2"), objects()], ["a", "c"]),
        ([objects("a", cursor="1"), objects(cursor="2"), objects(cursor="3"), objects("b")], ["a", "b"]),
        ([objects(cursor=str(n)) for n in range(MOST_EMPTY_PAGES)] + [objects("z")], ["z"]),
        ([objects("\uffff", cursor="1"), objects("\U00010000")], ["\uffff", "\U00010000"]),
        ([uploads(("a", "1"), cursor="1"), uploads(("a", "2"), ("b", "0"))], ["1", "2", "0"]),
        ([uploads(("b", "2"), ("b", "1"), cursor="1"), uploads(("b", "0"))], ["2", "1", "0"]),
        ([parts(1, 2, cursor="1"), parts(10_000)], [1, 2, 10_000]),
        ([versions(("a", "2"), cursor="1"), versions(("a", "1"), ("b", "null"))], ["2", "1", "null"]),
        ([versions(("a", "1"), prefixes=("b/",), cursor="1"), versions(("b0", "2"))], ["1", "2"]),
        ([versions(), versions(("a", "1"))], []),
    ],
    ids=range(12),
)
def test_a_listing_that_moves_on_is_whole(pages: list[Page], whole: list[str]) -> None:
    assert listed(pages) == whole


def growing() -> Iterator[str]:
    return (str(number) for number in count())


@pytest.mark.parametrize(
    "pages",
    [
        pytest.param((objects("a", cursor="1") for _ in count()), id="the-same-page"),
        pytest.param((objects("a", cursor=cursor) for cursor in growing()), id="the-same-entries"),
        pytest.param((objects(cursor="1") for _ in count()), id="the-same-empty-page"),
        pytest.param((objects(cursor=cursor) for cursor in growing()), id="empty-pages"),
        pytest.param((objects("ab"[n % 2], cursor=str(n % 2)) for n in count()), id="pages-in-turn"),
        pytest.param((objects(cursor=str(n % 2)) for n in count()), id="empty-pages-in-turn"),
        pytest.param((objects(prefixes=("p/",), cursor=cursor) for cursor in growing()), id="the-same-prefix"),
        pytest.param([objects("b", prefixes=("c/",), cursor="1"), objects("bb")], id="a-page-within-the-one-before"),
        pytest.param((uploads(("a", "1"), cursor="1") for _ in count()), id="the-same-uploads"),
        pytest.param((uploads(("a", "1"), ("a", "2"), cursor=c) for c in growing()), id="uploads-with-new-cursors"),
        pytest.param((uploads(cursor=cursor) for cursor in growing()), id="pages-without-uploads"),
        pytest.param((versions(("a", "1"), ("a", "2"), cursor=c) for c in growing()), id="the-same-versions"),
        pytest.param([versions(("b", "1"), cursor="1"), versions(("a", "1"))], id="versions-of-a-key-before"),
        pytest.param((versions(prefixes=("p/",), cursor=c) for c in growing()), id="the-same-prefix-of-versions"),
        pytest.param((versions(cursor=cursor) for cursor in growing()), id="pages-without-versions"),
        pytest.param((parts(1, 2, cursor="1") for _ in count()), id="the-same-parts"),
        pytest.param((parts(1, 2, cursor=cursor) for cursor in growing()), id="parts-with-new-cursors"),
        pytest.param((parts(cursor=cursor) for cursor in growing()), id="pages-without-parts"),
    ],
)
def test_a_listing_that_does_not_move_on_is_an_error(pages: Iterable[Page]) -> None:
    with pytest.raises(Unavailable, match="does not move on") as caught:
        listed(pages)
    assert caught.value.retryable


ASKED: list[tuple[Page, Callable[[Store], Page]]] = [
    (objects("b", cursor="1"), lambda store: store.list_objects("bucket", ListOptions(cursor="1"))),
    (
        uploads(("b", "1"), cursor="1"),
        lambda store: store.list_multipart_uploads("bucket", UploadListOptions(cursor="1")),
    ),
    (parts(2, cursor="1"), lambda store: store.list_parts("bucket", "key", "upload", PageOptions(cursor="1"))),
]


@pytest.mark.parametrize(("page", "ask"), ASKED, ids=["objects", "uploads", "parts"])
def test_a_page_that_leads_back_to_itself_is_an_error_also_for_who_loops_himself(
    page: Page, ask: Callable[[Store], Page]
) -> None:
    with closing(Store(PagedDriver([page]))) as store, pytest.raises(Unavailable, match="does not move on"):
        ask(store)


def test_entries_come_as_soon_as_their_page_is_there() -> None:
    driver = PagedDriver(objects(f"{number:09}", cursor=str(number)) for number in count())
    with closing(Store(driver)) as store:
        assert len(list(islice(store.iter_objects("bucket"), 3))) == 3
    assert driver.asked == 3


def test_times_of_uploads_do_not_matter() -> None:
    paging = Paging()
    for upload, moment in (("1", NOW), ("2", NOW - timedelta(days=1))):
        page = UploadPage(uploads=(Upload(key="a", upload_id=upload, initiated_at=moment),), cursor=upload)
        assert paging.follow(page) == upload
