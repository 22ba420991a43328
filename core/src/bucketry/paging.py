"""Reads a listing page after page, and checks that each page begins where the one before ended.

A server, or a cache in front of it, may return the same page again and again, or an endless number of pages without
entries. `Paging` follows a listing and raises an error in both cases, so that a loop over pages neither runs for ever
nor ends early.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NoReturn, TypeVar

import msgspec

from bucketry.errors import Unavailable

MOST_EMPTY_PAGES: Final = 100
"""How many pages without entries may follow each other. Servers that filter their listings return a few of them."""

Place = Any
"""Where an entry stands in a listing, such as its key. Places of the same listing can be compared."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the pages of all listings.

    Attributes:
        cursor: Opaque; gives the next page. ``None``: this page is the last.
    """

    cursor: str | None = None

    def ends(self) -> tuple[Place, Place] | None:
        """Returns the places of the first and the last entry; ``None`` if the page has no entry."""
        raise NotImplementedError

    def begins_before(self, last: Place) -> bool:
        """Says whether the page begins before the end of the page before it, whose last entry stood at ``last``."""
        ends = self.ends()
        return ends is not None and bool(ends[0] <= last)


PageT = TypeVar("PageT", bound=Page)
OptionsT = TypeVar("OptionsT", bound=msgspec.Struct)


class Paging:
    """Follows one listing from page to page.

    Example::

        paging = Paging()
        while True:
            page = store.list_objects(bucket, options)
            cursor = paging.follow(page)
            ...
            if cursor is None:
                break
            options = msgspec.structs.replace(options, cursor=cursor)
    """

    def __init__(self) -> None:
        self._last: Place = None
        self._cursor: str | None = None
        self._empty_pages = 0

    def follow(self, page: Page) -> str | None:
        """Checks the next page and returns its cursor, ``None`` after the last page.

        Raises:
            Unavailable: The page begins before the end of the one before, or has the same cursor, or is one of more
                than `MOST_EMPTY_PAGES` without entries.
        """
        ends = page.ends()
        if page.cursor is not None and page.cursor == self._cursor:
            stands_still("the same cursor comes again")
        if ends is None:
            self._empty_pages += 1
            if page.cursor is not None and self._empty_pages > MOST_EMPTY_PAGES:
                stands_still(f"more than {MOST_EMPTY_PAGES} pages without entries follow each other")
        else:
            self._empty_pages = 0
            if self._last is not None and page.begins_before(self._last):
                stands_still("a page begins before the end of the page before it")
            self._last = ends[1]
        self._cursor = page.cursor
        return page.cursor


def iter_pages(get_page: Callable[[OptionsT], PageT], options: OptionsT) -> Iterator[PageT]:
    """Yields page after page of a listing.

    Args:
        get_page: Returns the page that such options ask for.
        options: The options of the first page. They have a field ``cursor``.

    Raises:
        Unavailable: The listing does not move on; see `Paging.follow`.
    """
    paging = Paging()
    while True:
        page = get_page(options)
        cursor = paging.follow(page)
        yield page
        if cursor is None:
            return
        options = msgspec.structs.replace(options, cursor=cursor)


def check_page(page: Page, asked: str | None) -> None:
    """Refuses a page whose cursor is the one that it was asked for with.

    Raises:
        Unavailable: Both cursors are the same.
    """
    if asked is not None and page.cursor == asked:
        stands_still("the same cursor comes again")


def stands_still(how: str) -> NoReturn:
    """Raises the error of a listing that does not move on.

    Raises:
        Unavailable: Always.
    """
    raise Unavailable(f"the listing does not move on ({how}): see whether a cache in front of the server repeats pages")
