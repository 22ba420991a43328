"""Listings of servers that list folder by folder.

SeaweedFS has ``a/x`` before ``a-b``, and knows the delimiter ``/`` only. The driver lists such a server one folder at a
time, and puts the entries of each in byte order itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count
from typing import Final

from bucketry import ObjectInfo, ObjectPage
from bucketry.paging import stands_still

_SEPARATOR: Final = "/"

ListFolder = Callable[[str, str, str], tuple[ObjectPage, str]]
"""Lists a page of a folder: takes prefix, the name to start after, and a token; returns the page and the next token."""

Entry = str | ObjectInfo
"""A common prefix, or an object."""


def entries(list_folder: ListFolder, prefix: str, delimiter: str, after: str) -> Iterator[Entry]:
    """Yields the entries of a listing in byte order.

    Args:
        list_folder: Lists one folder: with the delimiter ``/``.
        prefix: What all keys begin with.
        delimiter: Where keys are rolled up; empty: nowhere.
        after: Entries are greater than this.
    """
    walk = _Walk(list_folder, prefix, after)
    rolled = ""
    for info in walk:
        if rolled and info.key.startswith(rolled):
            continue
        _, found, _ = info.key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
        if not found:
            yield info
            continue
        rolled = info.key[: info.key.index(delimiter, len(prefix)) + len(delimiter)]
        walk.leave(rolled)
        if rolled > after:
            yield rolled


class _Walk(Iterator[ObjectInfo]):
    """All objects below a prefix and after a key, in byte order: a request for each folder, or each 1,000 entries."""

    def __init__(self, list_folder: ListFolder, prefix: str, after: str) -> None:
        self._list_folder = list_folder
        self._prefix = prefix
        self._after = after
        folder = prefix[: prefix.rfind(_SEPARATOR) + 1]
        self._left = ""
        self._open = [(folder, self._in_order(folder, prefix))]

    def __next__(self) -> ObjectInfo:
        while self._open:
            entry = next(self._open[-1][1], None)
            if entry is None:
                self._open.pop()
            elif not isinstance(entry, str):
                return entry
            elif not (self._left and entry.startswith(self._left)):
                self._open.append((entry, self._in_order(entry, entry)))
        raise StopIteration

    def leave(self, prefix: str) -> None:
        """Passes over the folders whose keys all begin with this."""
        self._left = prefix
        while self._open and self._open[-1][0].startswith(prefix):
            self._open.pop()

    def _in_order(self, folder: str, prefix: str) -> Iterator[Entry]:
        """Yields what is in a folder and begins with a prefix, in byte order; folders as their keys begin.

        The server has the folder ``a`` where it would have an object ``a``. In byte order ``a/`` comes after ``a-b``.
        So a folder is held back until the server has come to a name behind it.
        """
        held: list[tuple[str, int, Entry]] = []
        number = count()
        for name in self._folders_passed(folder):
            if name.startswith(prefix):
                heappush(held, (name, next(number), name))
        for entry in self._as_the_server_lists(folder, prefix):
            key = entry if isinstance(entry, str) else entry.key
            while held and held[0][0] < key.removesuffix(_SEPARATOR):
                yield heappop(held)[2]
            if key.startswith(self._prefix) and (isinstance(entry, str) or key > self._after):
                heappush(held, (key, next(number), entry))
        while held:
            yield heappop(held)[2]

    def _folders_passed(self, folder: str) -> list[str]:
        """Returns the folders that the server lists up to `after`, while their keys come after it, if there are any."""
        if not self._after.startswith(folder):
            return []
        name = self._after[len(folder) :].partition(_SEPARATOR)[0]
        ends = [end for end in range(1, len(name)) if name[end] < _SEPARATOR]
        return [f"{folder}{name[:end]}{_SEPARATOR}" for end in [*ends, *([len(name)] if name else [])]]

    def _as_the_server_lists(self, folder: str, prefix: str) -> Iterator[Entry]:
        if self._after > folder and not self._after.startswith(folder):
            return
        name = self._after[len(folder) :].partition(_SEPARATOR)[0] if self._after.startswith(folder) else ""
        start, token = f"{folder}{name}" if name else "", ""
        while True:
            page, following = self._list_folder(prefix, start, token)
            # An empty folder is listed as if it were an object.
            objects = [info for info in page.objects if not info.key.endswith(_SEPARATOR)]
            merged: list[Entry] = [*objects, *page.prefixes]
            yield from sorted(merged, key=_place)
            if not following:
                return
            if following == token:
                stands_still("the same token comes again")
            token = following


def _place(entry: Entry) -> tuple[str, bool]:
    """Where the server has an entry: by its name, the object before the folder."""
    return (entry.removesuffix(_SEPARATOR), True) if isinstance(entry, str) else (entry.key, False)
