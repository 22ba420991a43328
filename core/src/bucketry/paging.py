"""Listings that are read page after page: each page has to move on from the one before.

A server, or a cache in front of it, may give the same page again and again, or pages without entries that always
promise more. Whoever loops over pages follows them with `Paging`, which makes an error of that: the loop then neither
runs for ever nor ends early.
"""

from __future__ import annotations

from typing import Final, NoReturn

from bucketry.errors import Unavailable
from bucketry.models import ObjectPage, PartPage, UploadPage

Page = ObjectPage | UploadPage | PartPage

MOST_EMPTY_PAGES: Final = 100
"""How many pages without entries may follow each other. A server that filters what it lists gives a few of them."""

_Place = str | int


class Paging:
    """Follows one listing from page to page.

    ```python
    paging = Paging()
    while True:
        page = store.list_objects(bucket, options)
        cursor = paging.follow(page)
        ...
        if cursor is None:
            break
        options = msgspec.structs.replace(options, cursor=cursor)
    ```
    """

    def __init__(self) -> None:
        self._last: _Place | None = None
        self._last_upload = ""
        self._cursor: str | None = None
        self._empty_pages = 0

    def follow(self, page: Page) -> str | None:
        """Takes the next page into account and returns its cursor, ``None`` after the last page.

        Raises:
            Unavailable: The page does not move on from those before: it begins before their end or has their cursor, or
                it is one of more than `MOST_EMPTY_PAGES` without entries.
        """
        ends = _ends_of(page)
        if page.cursor is not None and page.cursor == self._cursor:
            stands_still("the same cursor comes again")
        if ends is None:
            self._empty_pages += 1
            if page.cursor is not None and self._empty_pages > MOST_EMPTY_PAGES:
                stands_still(f"more than {MOST_EMPTY_PAGES} pages without entries follow each other")
        else:
            self._empty_pages = 0
            if self._last is not None and self._is_before(page, ends[0]):
                stands_still("a page begins before the end of the page before it")
            self._last = ends[1]
            self._last_upload = page.uploads[-1].upload_id if isinstance(page, UploadPage) else ""
        self._cursor = page.cursor
        return page.cursor

    def _is_before(self, page: Page, first: _Place) -> bool:
        last = self._last
        if isinstance(page, UploadPage) and first == last:  # A key may have several uploads.
            return any(upload.upload_id == self._last_upload for upload in page.uploads)
        return first <= last  # type: ignore[operator]  # both are of one kind of page


def check_page(page: Page, asked: str | None) -> None:
    """Refuses a page that gives the cursor that it was asked for with.

    Raises:
        Unavailable: It does.
    """
    if asked is not None and page.cursor == asked:
        stands_still("the same cursor comes again")


def stands_still(how: str) -> NoReturn:
    """Raises the error of a listing that does not move on.

    Raises:
        Unavailable: Always.
    """
    raise Unavailable(f"the listing does not move on ({how}): see whether a cache in front of the server repeats pages")


def _ends_of(page: Page) -> tuple[_Place, _Place] | None:
    """Returns the first and the last entry of a page; ``None`` if it has none."""
    if isinstance(page, PartPage):
        return (page.parts[0].part_number, page.parts[-1].part_number) if page.parts else None
    if isinstance(page, UploadPage):
        return (page.uploads[0].key, page.uploads[-1].key) if page.uploads else None
    # Code points sort as their UTF-8 does.
    firsts = [info.key for info in page.objects[:1]] + list(page.prefixes[:1])
    lasts = [info.key for info in page.objects[-1:]] + list(page.prefixes[-1:])
    return (min(firsts), max(lasts)) if firsts else None
