"""The uploads that were completed not long ago."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from typing import final

import msgspec
from bucketry import CompletedPart
from bucketry.completing import COMPLETIONS_KEPT_FOR, MAX_COMPLETIONS, fingerprint

from bucketry_memory.objects import StoredObject


class _Completion(msgspec.Struct, frozen=True, gc=False):
    bucket: str
    key: str
    parts: bytes
    completed_at: datetime
    version_id: str


@final
class Completions:
    """The last completed uploads of a store, oldest first. Call it under the store's lock.

    A client whose response got lost sends the same completion again.
    """

    __slots__ = ("_by_id",)

    def __init__(self) -> None:
        self._by_id: OrderedDict[str, _Completion] = OrderedDict()

    def remember(self, bucket: str, key: str, parts: Iterable[CompletedPart], made: StoredObject) -> None:
        """Remembers the upload that made an object just now, and forgets uploads that are too old or too many."""
        now = made.last_modified
        self._by_id[made.more.upload_id] = _Completion(bucket, key, fingerprint(parts), now, made.version_id)
        while len(self._by_id) > MAX_COMPLETIONS or self._is_old(next(iter(self._by_id.values())), now):
            self._by_id.popitem(last=False)

    def version_made(
        self, bucket: str, key: str, upload_id: str, parts: Iterable[CompletedPart], now: datetime
    ) -> str | None:
        """Returns the id of the version that this upload to this key made from exactly these parts, not long ago."""
        found = self._by_id.get(upload_id)
        if (
            found is None
            or self._is_old(found, now)
            or (found.bucket, found.key, found.parts) != (bucket, key, fingerprint(parts))
        ):
            return None
        return found.version_id

    def clear(self) -> None:
        """Forgets all uploads."""
        self._by_id.clear()

    def _is_old(self, completion: _Completion, now: datetime) -> bool:
        return now - completion.completed_at > COMPLETIONS_KEPT_FOR
