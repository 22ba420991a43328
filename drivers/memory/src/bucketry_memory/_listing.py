"""Pages of a bucket's objects, from its sorted keys."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import islice
from typing import Final, NamedTuple, TypeAlias

from bucketry import ListOptions
from sortedcontainers import SortedList

from bucketry_memory._cursors import Cursor, decode

_LAST_CODE_POINT: Final = 0x10FFFF

_FEW: Final = 8
"""How many keys of one common prefix are stepped over before it is jumped; a jump costs as much as some dozen steps."""


Entry: TypeAlias = tuple[str, bool]
"""A key, or a common prefix; and whether it is a common prefix."""


class Entries(NamedTuple):
    """One page of a listing.

    Attributes:
        keys: The keys on it.
        prefixes: The common prefixes on it.
        cursor: Where the next page begins; ``None`` on the last.
    """

    keys: list[str]
    prefixes: list[str]
    cursor: str | None


def list_entries(keys: SortedList[str], options: ListOptions) -> Entries:
    """Lists one page.

    It seeks to where the page begins, and behind each common prefix to where that ends: the work grows with what is on
    the page, not with what the bucket holds or rolls up. Call it under the store's lock.

    Raises:
        InvalidArgument: The cursor is none of a listing.
    """
    begin = _begin(options)
    entries = list(islice(_walk(keys, begin, options), options.limit + 1))
    cursor = None
    if len(entries) > options.limit:
        entries.pop()
        text, is_prefix = entries[-1]
        cursor = Cursor("prefix" if is_prefix else "object", text).encode()
    return Entries(
        [text for text, is_prefix in entries if not is_prefix],
        [text for text, is_prefix in entries if is_prefix],
        cursor,
    )


def _begin(options: ListOptions) -> str | None:
    """Returns the smallest string that may be on the page, or ``None`` where nothing can be."""
    begin = options.prefix
    if options.start_after:
        begin = max(begin, _next(options.start_after))
    if options.cursor is None:
        return begin
    cursor = decode(options.cursor, "object", "prefix")
    after = _next(cursor.text) if cursor.kind == "object" else after_prefix(cursor.text)
    return None if after is None else max(begin, after)


def _walk(keys: SortedList[str], begin: str | None, options: ListOptions) -> Iterator[Entry]:
    while begin is not None:
        begin = yield from _walk_until_jump(keys.irange(begin), options)


def _walk_until_jump(found: Iterator[str], options: ListOptions) -> Generator[Entry, None, str | None]:
    """Yields entries, and returns the string from which to go on, or ``None`` at the end."""
    prefix, delimiter = options.prefix, options.delimiter
    rolled, rolled_keys = "", 0
    for key in found:
        if rolled and key.startswith(rolled):
            rolled_keys += 1
            if rolled_keys == _FEW:
                return after_prefix(rolled)
            continue
        if not key.startswith(prefix):
            return None
        at = key.find(delimiter, len(prefix)) if delimiter else -1
        if at < 0:
            yield key, False
            continue
        rolled, rolled_keys = key[: at + len(delimiter)], 0
        # Every entry is after start_after: a common prefix within which that lies is not.
        if rolled > options.start_after:
            yield rolled, True
    return None


def _next(text: str) -> str:
    """The smallest string after this one."""
    return text + "\0"


def after_prefix(prefix: str) -> str | None:
    """Returns the smallest string after all that begin with ``prefix``, or ``None`` where there is none.

    It may hold a lone surrogate: it is there to compare with, not to encode.
    """
    kept = prefix.rstrip(chr(_LAST_CODE_POINT))
    return kept[:-1] + chr(ord(kept[-1]) + 1) if kept else None
