"""Listings that are read page by page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Generic, Self, TypeVar

from bucketry.paging import Page, Paging

PageT = TypeVar("PageT", bound=Page)
EntryT = TypeVar("EntryT")


class Listing(Generic[PageT, EntryT]):
    """Yields all entries of a listing. One page is in memory at a time.

    It is a class and not an async generator: a loop may leave it without closing anything.
    """

    def __init__(
        self, get_page: Callable[[str | None], Awaitable[PageT]], entries: Callable[[PageT], Iterable[EntryT]]
    ) -> None:
        """Takes the listing.

        Args:
            get_page: Asks for the page at a cursor; ``None``: the first.
            entries: Returns the entries of a page.
        """
        self._get_page = get_page
        self._entries = entries
        self._paging = Paging()
        self._page: Iterator[EntryT] = iter(())
        self._cursor: str | None = None
        self._has_more = True

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> EntryT:
        """Returns the next entry.

        Raises:
            BucketryError: As the first page, or the listing does not move on.
        """
        while True:
            for entry in self._page:
                return entry
            if not self._has_more:
                raise StopAsyncIteration
            page = await self._get_page(self._cursor)
            self._cursor = self._paging.follow(page)
            self._has_more = self._cursor is not None
            self._page = iter(self._entries(page))
