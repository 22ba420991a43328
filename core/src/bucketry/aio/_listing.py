"""Listings in async code: page after page, or entry after entry.

They are no generators, so a loop over one may be left at any time, and nothing is left to be closed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Generic, Self, TypeVar

import msgspec

from bucketry.paging import Page, Paging

PageT = TypeVar("PageT", bound=Page)
EntryT = TypeVar("EntryT")
OptionsT = TypeVar("OptionsT", bound=msgspec.Struct)


class AsyncPages(AsyncIterator[PageT], Generic[OptionsT, PageT]):
    """Asks for a page when it is needed, and checks that it begins where the one before ended.

    An error ends it. A cancellation does not: the same page is asked for again.
    """

    def __init__(self, get_page: Callable[[OptionsT], Awaitable[PageT]], options: OptionsT) -> None:
        """Asks for nothing yet.

        Args:
            get_page: Returns the page that such options ask for.
            options: The options of the first page. They have a field ``cursor``.
        """
        self._get_page = get_page
        self._options: OptionsT | None = options
        self._paging = Paging()
        self._asks = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> PageT:
        if self._asks:
            raise RuntimeError("another task is waiting for the next page of this listing")
        if self._options is None:
            raise StopAsyncIteration
        self._asks = True
        try:
            page = await self._get_page(self._options)
            cursor = self._paging.follow(page)
        except Exception:
            self._options = None
            raise
        finally:
            self._asks = False
        self._options = None if cursor is None else msgspec.structs.replace(self._options, cursor=cursor)
        return page


class AsyncEntries(AsyncIterator[EntryT], Generic[PageT, EntryT]):
    """The entries of all pages of a listing."""

    def __init__(self, pages: AsyncIterator[PageT], entries_of: Callable[[PageT], Iterable[EntryT]]) -> None:
        """Asks for nothing yet.

        Args:
            pages: The pages.
            entries_of: Returns the entries of a page.
        """
        self._pages = pages
        self._entries_of = entries_of
        self._entries: Iterator[EntryT] = iter(())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> EntryT:
        while True:
            for entry in self._entries:
                return entry
            self._entries = iter(self._entries_of(await anext(self._pages)))
