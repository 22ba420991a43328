"""Makes what a bucket holds in the other store what it holds in the old one, pass after pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from bucketry import DeleteOptions, Unavailable

from bucketry_router.moving.batches import batches
from bucketry_router.moving.copies import Copies, Copy, HeldCopies
from bucketry_router.moving.copying import KeyCopier
from bucketry_router.moving.histories import History, Places, Version, histories
from bucketry_router.moving.options import MoveOptions
from bucketry_router.transfers import Place


class BucketCopier:
    """Copies all keys of a bucket, several side by side.

    Attributes:
        copied: How many copies it has made.
    """

    def __init__(
        self,
        places: Places,
        held: HeldCopies,
        options: MoveOptions,
        *,
        tell: Callable[[str], None],
        check: Callable[[], None],
    ) -> None:
        """Copies nothing yet.

        Args:
            places: The bucket.
            held: The copies that exist.
            options: How the bucket is moved.
            tell: Is told each step.
            check: Is called before each copy and while stores are listed, and raises if nothing more may be done.
        """
        self._places, self._held, self._options = places, held, options
        self._tell, self._check = tell, check
        self._keys = KeyCopier(places, held, check, compare_content=options.compare_content)
        self.copied = 0

    def listed(self, where: Place) -> Iterator[tuple[str, History]]:
        """Yields what one of the stores has. Each page is asked for only if more may be done."""
        for batch in batches(histories(where, versioned=self._places.versioned)):
            self._check()
            yield from batch

    def take_up(self) -> None:
        """Goes on with the copies of an earlier move.

        Copies that are not there any more are made again, and what nobody knows of is deleted: that move ended before
        it noted them. Tags, ACLs and locks may have changed since.
        """
        found = dict(self.listed(self._places.target))
        for key in found.keys() | self._held.keys():
            self._take_up(key, self._held.of(key), found.get(key, ()))
        self._tell(f"going on with {len(self._held.keys())} objects that were copied earlier")
        for keys in batches(list(self._held.keys())):
            with self._threads() as threads:
                list(threads.map(self._keys.refresh, keys))

    def _take_up(self, key: str, copies: Copies, there: History) -> None:
        same = _common(copies, there)
        if same < len(copies):
            self._held.replace(key, copies[:same])
        for version in there[sum(not copy.is_left_out for copy in copies[:same]) :]:
            self._keys.delete(key, version.version_id)

    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._options.threads, thread_name_prefix="bucketry-move")

    def copy_while_in_use(self) -> None:
        """Copies, and copies again what changed meanwhile, until that takes little time."""
        for number in range(1, self._options.passes + 1):
            begun, changed = time.monotonic(), self.copy()
            took = time.monotonic() - begun
            self._tell(f"pass {number}: {changed} objects copied or deleted in {took:.1f} seconds")
            if not changed or took < self._options.settle_seconds / 2:
                return  # Another pass would not be shorter than this one by much.

    def copy(self) -> int:
        """Copies what changed since the pass before, and deletes what is gone. Returns of how many keys."""
        changed, found = 0, set[str]()
        for batch in batches(self.listed(self._places.source)):
            found.update(key for key, _ in batch)
            changed += self._sync((key, history) for key, history in batch if self._held.history(key) != history)
        for keys in batches(sorted(self._held.keys() - found)):
            changed += self._sync((key, ()) for key in keys)
        return changed

    def _sync(self, wanted: Iterable[tuple[str, History]]) -> int:
        changed = list(wanted)
        if changed:
            with self._threads() as threads:
                self.copied += sum(threads.map(lambda each: self._keys.sync(*each), changed))
        return len(changed)

    def compare(self) -> None:
        """Compares what both stores have with the copies that were made.

        Raises:
            Unavailable: They differ: somebody writes past the router.
        """
        in_target = self._differing(self._places.target, _are)
        if differing := sorted(in_target.union(self.changed())):
            raise Unavailable(
                f"{len(differing)} objects differ after they were copied, the first {differing[0][:80]!r}: "
                "somebody writes past the router",
                bucket=self._places.source.bucket,
            )

    def changed(self) -> list[str]:
        """Returns the keys that the old store has in another way than they were copied."""
        return sorted(self._differing(self._places.source, _were))

    def _differing(self, where: Place, is_same: Callable[[Copies, History], bool]) -> set[str]:
        found, differing = set[str](), set[str]()
        for key, history in self.listed(where):
            found.add(key)
            if not is_same(self._held.of(key), history):
                differing.add(key)
        return differing.union(key for key in self._held.keys() - found if not is_same(self._held.of(key), ()))

    def delete_source(self) -> None:
        """Deletes the bucket from the old store, with all that was copied."""
        source = self._places.source
        for keys in batches(list(self._held.keys())):
            with self._threads() as threads:
                list(threads.map(self._delete_source, keys))
        source.store.calls.delete_bucket(source.bucket)

    def _delete_source(self, key: str) -> None:
        source = self._places.source
        for copy in self._held.of(key):
            options = DeleteOptions(version_id=copy.source.version_id)
            source.store.calls.delete_object(source.bucket, key, options)


def _were(copies: Copies, there: History) -> bool:
    """Says whether a history in the old store is the one that was copied."""
    return tuple(copy.source for copy in copies) == there


def _are(copies: Copies, there: History) -> bool:
    """Says whether a history in the other store is the one that the copies of a key make."""
    made = [copy for copy in copies if not copy.is_left_out]
    return len(made) == len(there) and all(map(_is, made, there))


def _common(copies: Copies, there: History) -> int:
    """Returns how many of the copies, from the oldest on, are there in this order."""
    left = iter(there)
    for number, copy in enumerate(copies):
        if not copy.is_left_out and not _is(copy, next(left, None)):
            return number
    return len(copies)


def _is(copy: Copy, found: Version | None) -> bool:
    return found is not None and (
        (copy.target_id, copy.target_etag, copy.source.size_bytes, copy.source.is_marker)
        == (found.version_id, found.etag, found.size_bytes, found.is_marker)
    )
