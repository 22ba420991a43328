"""Versions: what a bucket holds besides its current objects, and the listing of all versions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, final

import msgspec
from bucketry import DeleteMarker, ObjectVersion, VersionListOptions, VersionPage
from bucketry.version_ids import number_in
from sortedcontainers import SortedList

from bucketry_memory.listing import Cursor, after_prefix, decode, next_text, walk_entries
from bucketry_memory.objects import StoredObject

if TYPE_CHECKING:
    from bucketry_memory.bucket import Bucket


class StoredMarker(msgspec.Struct, frozen=True, gc=False):
    """A delete marker.

    Attributes:
        number: Its place among the versions of its key.
        last_modified: When it was made.
        version_id: Its id as a version.
    """

    number: int
    last_modified: datetime
    version_id: str

    @property
    def etag(self) -> None:
        """A marker has no content, and so no etag."""

    @property
    def size_bytes(self) -> int:
        """A marker has no content."""
        return 0


Version: TypeAlias = StoredObject | StoredMarker
"""A version of a key. It never changes, but its tags and its lock can be replaced."""

_number_of = attrgetter("number")


@final
class History:
    """Versions of a bucket that are not current: older versions, and delete markers. Call it under the store's lock.

    A bucket has one as soon as its versioning is set. If the newest version of a key is an object, it stands in
    ``Bucket.objects`` alone; if it is a marker, it is the newest one here.

    Attributes:
        keys: The keys that have such versions, in order.
        count: Number of versions here.
        size_bytes: The sum of their sizes.
    """

    __slots__ = ("_made", "_stacks", "count", "keys", "size_bytes")

    def __init__(self) -> None:
        # The versions of each key, oldest first.
        self._stacks: dict[str, list[Version]] = {}
        self._made = 0
        self.keys: SortedList[str] = SortedList()
        self.count = 0
        self.size_bytes = 0

    def next_number(self) -> int:
        """Returns the number of a new version, which is newer than all others of the bucket."""
        self._made += 1
        return self._made

    def of(self, key: str) -> Sequence[Version]:
        """Returns the versions of a key that are not current, oldest first."""
        return self._stacks.get(key, ())

    def newest(self, key: str) -> Version | None:
        """Returns the newest of these versions of a key."""
        stack = self._stacks.get(key)
        return stack[-1] if stack else None

    def find(self, key: str, version_id: str) -> Version | None:
        """Returns the version of this id, if it is here.

        Raises:
            InvalidArgument: The id is malformed.
        """
        number, stack = number_in(version_id), self.of(key)
        if number is None:
            return next((version for version in reversed(stack) if version.version_id == version_id), None)
        at = bisect_left(stack, number, key=_number_of)
        return stack[at] if at < len(stack) and stack[at].version_id == version_id else None

    def add(self, key: str, version: Version) -> None:
        """Adds a version that is newer than the others of its key here."""
        stack = self._stacks.get(key)
        if stack is None:
            stack = self._stacks[key] = []
            self.keys.add(key)
        stack.append(version)
        self.count += 1
        self.size_bytes += version.size_bytes

    def remove(self, key: str, version: Version) -> None:
        """Removes a version that is here."""
        stack = self._stacks[key]
        del stack[bisect_left(stack, version.number, key=_number_of)]
        if not stack:
            del self._stacks[key]
            self.keys.remove(key)
        self.count -= 1
        self.size_bytes -= version.size_bytes

    def replace(self, key: str, version: Version, changed: Version) -> None:
        """Puts a changed version in the place of a version that is here. Both have the same size and number."""
        stack = self._stacks[key]
        stack[bisect_left(stack, version.number, key=_number_of)] = changed


class Found(NamedTuple):
    """A version on a page of a listing."""

    key: str
    version: Version
    is_latest: bool


class _AllKeys(NamedTuple):
    """The keys of a bucket's current objects and those of its history, in order, each once."""

    current: SortedList[str]
    older: SortedList[str]

    def irange(self, begin: str) -> Iterator[str]:
        """Yields the keys from ``begin`` on."""
        last = None
        for key in merge(self.current.irange(begin), self.older.irange(begin)):
            if key != last:
                yield key
            last = key


class _Begin(NamedTuple):
    """Where a page begins.

    Attributes:
        text: At the first key that is not before it.
        below: If that key is this text, at its first version below this number; ``None``: at its newest.
    """

    text: str
    below: int | None = None


class VersionEntries(NamedTuple):
    """One page of a listing of versions.

    Attributes:
        found: Its versions.
        prefixes: Its common prefixes.
        cursor: Where the next page begins, or ``None`` on the last page.
    """

    found: list[Found]
    prefixes: list[str]
    cursor: str | None = None

    def page(self) -> VersionPage:
        """Returns this page as the contract describes it. It may be called without the lock."""
        versions = tuple([_described(found) for found in self.found])
        return VersionPage(versions=versions, prefixes=tuple(self.prefixes), cursor=self.cursor)


def list_versions(bucket: Bucket, history: History, options: VersionListOptions) -> VersionEntries:
    """Lists one page of versions.

    It costs what its entries cost, however many keys and versions the bucket holds. Call it under the store's lock.

    Raises:
        InvalidArgument: The cursor belongs to another listing, or the id of a version is malformed.
    """
    begin = _begin(bucket, options)
    entries = [] if begin is None else list(islice(_walk(bucket, history, begin, options), options.limit + 1))
    cursor = None
    if len(entries) > options.limit:
        entries.pop()
        last = entries[-1]
        cursor = Cursor("prefix", last) if isinstance(last, str) else Cursor("version", last.key, last.version.number)
    return VersionEntries(
        [entry for entry in entries if not isinstance(entry, str)],
        [entry for entry in entries if isinstance(entry, str)],
        None if cursor is None else cursor.encode(),
    )


def _begin(bucket: Bucket, options: VersionListOptions) -> _Begin | None:
    """Returns where the page begins, or ``None`` if it is empty."""
    begin = _Begin(options.prefix)
    if options.start_after:
        begin = _later(begin, _after_version(bucket, options))
    if options.cursor is None:
        return begin
    cursor = decode(options.cursor, "version", "prefix")
    if cursor.kind == "version":
        return _later(begin, _Begin(cursor.text, cursor.number))
    after = after_prefix(cursor.text)
    return None if after is None else _later(begin, _Begin(after))


def _after_version(bucket: Bucket, options: VersionListOptions) -> _Begin:
    key, version_id = options.start_after, options.start_after_version
    if not version_id:
        return _Begin(next_text(key))
    number = number_in(version_id, "start_after_version")
    if number is None:
        version = bucket.find(key, version_id)
        number = 0 if version is None else version.number
    return _Begin(key, number)


def _later(one: _Begin, other: _Begin) -> _Begin:
    if one.text != other.text:
        return max(one, other, key=_text_of)
    if one.below is None or other.below is None:
        return other if one.below is None else one
    return min(one, other, key=_below_of)


_text_of = attrgetter("text")
_below_of = attrgetter("below")


def _walk(bucket: Bucket, history: History, begin: _Begin, options: VersionListOptions) -> Iterator[str | Found]:
    """Yields common prefixes and versions."""
    for text, is_prefix in walk_entries(_AllKeys(bucket.keys, history.keys), begin.text, options):
        if is_prefix:
            yield text
        else:
            yield from _versions_of(bucket, history, text, begin.below if text == begin.text else None)


def _versions_of(bucket: Bucket, history: History, key: str, below: int | None) -> Iterator[Found]:
    """Yields the versions of a key that are below this number, the newest first."""
    current, older = bucket.objects.get(key), history.of(key)
    if current is not None and (below is None or current.number < below):
        yield Found(key, current, is_latest=True)
    newest = len(older) - 1 if current is None else -1
    end = len(older) if below is None else bisect_left(older, below, key=_number_of)
    for at in range(end - 1, -1, -1):
        yield Found(key, older[at], is_latest=at == newest)


def _described(found: Found) -> ObjectVersion | DeleteMarker:
    key, version, is_latest = found
    if isinstance(version, StoredMarker):
        return DeleteMarker(
            key=key, version_id=version.version_id, last_modified=version.last_modified, is_latest=is_latest
        )
    info = version.listed(key)
    if info.version_id is None:
        info = msgspec.structs.replace(info, version_id=version.version_id)
    return ObjectVersion(info=info, is_latest=is_latest)
