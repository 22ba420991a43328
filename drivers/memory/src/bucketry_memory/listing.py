"""Pages of a listing: cursors, and the entries of a page of objects from the sorted keys of a bucket."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Generator, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol, TypeAlias

import msgspec
from bucketry import InvalidArgument, ListOptions, VersionListOptions
from bucketry.cursors import decode_cursor, encode_cursor

if TYPE_CHECKING:
    from sortedcontainers import SortedList

CursorKind: TypeAlias = Literal["object", "version", "prefix", "upload", "part"]

_LISTINGS: Final = "memory"

_LAST_CODE_POINT: Final = 0x10FFFF

_FIRST: Final = 32
"""Number of keys after which the prefix is looked at first: it may have ended, and a page holds up to 1,000."""

_FEW: Final = 8
"""Number of keys with one common prefix that are skipped one by one before a jump. A jump costs about a dozen steps."""


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The last entry of a page.

    Attributes:
        kind: What that entry is.
        text: Its key or common prefix.
        number: The number of the version, upload or part.
    """

    kind: CursorKind
    text: str = ""
    number: int = 0

    def encode(self) -> str:
        """Returns the cursor as text for callers."""
        return encode_cursor(_LISTINGS, self)


def decode(cursor: str, *kinds: CursorKind) -> Cursor:
    """Reads a cursor that `Cursor.encode` wrote.

    Raises:
        InvalidArgument: The text is not a cursor of these kinds.
    """
    decoded = decode_cursor(_LISTINGS, cursor, Cursor)
    if decoded.kind not in kinds:
        raise InvalidArgument(
            "this cursor belongs to another listing: take the cursor of the page before", field="cursor"
        )
    return decoded


Entry: TypeAlias = tuple[str, bool]
"""A key or common prefix, and whether it is a common prefix."""


class Entries(NamedTuple):
    """One page of a listing.

    Attributes:
        keys: Its keys.
        prefixes: Its common prefixes.
        cursor: Where the next page begins, or ``None`` on the last page.
    """

    keys: list[str]
    prefixes: list[str]
    cursor: str | None


def list_entries(keys: SortedList[str], options: ListOptions) -> Entries:
    """Lists one page.

    It jumps to where the page begins, and past the keys of each common prefix. So a page costs what its entries cost,
    however many keys the bucket holds. Call it under the store's lock.

    Raises:
        InvalidArgument: The cursor belongs to another listing.
    """
    begin = _begin(options)
    if not options.delimiter:
        return _list_keys(keys, begin, options)
    entries = list(islice(walk_entries(keys, begin, options), options.limit + 1))
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


def _list_keys(keys: SortedList[str], begin: str | None, options: ListOptions) -> Entries:
    """Lists one page without common prefixes: it looks at no key alone."""
    if begin is None:
        return Entries([], [], None)
    limit = options.limit
    following = keys.irange(begin)
    found = list(islice(following, min(_FIRST, limit + 1)))
    # The keys are in order: if the last one has the prefix, all have it.
    if found and found[-1].startswith(options.prefix):
        found += islice(following, limit + 1 - len(found))
    if found and not found[-1].startswith(options.prefix):
        del found[bisect_left(found, after_prefix(options.prefix) or "") :]
    if len(found) <= limit:
        return Entries(found, [], None)
    found.pop()
    return Entries(found, [], Cursor("object", found[-1]).encode())


def _begin(options: ListOptions) -> str | None:
    """Returns the smallest string that may be on the page, or ``None`` if the page is empty."""
    begin = options.prefix
    if options.start_after:
        begin = max(begin, next_text(options.start_after))
    if options.cursor is None:
        return begin
    cursor = decode(options.cursor, "object", "prefix")
    after = next_text(cursor.text) if cursor.kind == "object" else after_prefix(cursor.text)
    return None if after is None else max(begin, after)


class Keys(Protocol):
    """Keys in order, such as a `SortedList`."""

    def irange(self, minimum: str, /) -> Iterator[str]:
        """Yields the keys from this string on."""


def walk_entries(keys: Keys, begin: str | None, options: ListOptions | VersionListOptions) -> Iterator[Entry]:
    """Yields the keys from ``begin`` on that have the prefix, and the common prefixes of those that are rolled up."""
    while begin is not None:
        begin = yield from _walk_until_jump(keys.irange(begin), options)


def _walk_until_jump(
    found: Iterator[str], options: ListOptions | VersionListOptions
) -> Generator[Entry, None, str | None]:
    """Yields entries. Returns the string to continue from, or ``None`` at the end."""
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
        # A common prefix that start_after begins with is not after it, so it is not an entry.
        if rolled > options.start_after:
            yield rolled, True
    return None


def next_text(text: str) -> str:
    """Returns the smallest string after this one."""
    return text + "\0"


def after_prefix(prefix: str) -> str | None:
    """Returns the smallest string after all strings that begin with ``prefix``, or ``None`` if there is none.

    The string may hold a lone surrogate: it serves comparisons and is never encoded.
    """
    kept = prefix.rstrip(chr(_LAST_CODE_POINT))
    return kept[:-1] + chr(ord(kept[-1]) + 1) if kept else None
