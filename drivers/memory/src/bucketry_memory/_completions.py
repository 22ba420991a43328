"""Uploads that were completed, for clients whose response got lost and who send the same again."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, final

import msgspec
from bucketry import CompletedPart

MOST: Final = 10_000
"""How many completions are remembered."""

FOR: Final = timedelta(hours=1)
"""How long each of them is."""


class _Completion(msgspec.Struct, frozen=True, gc=False):
    bucket: str
    key: str
    parts: bytes
    completed_at: datetime


@final
class Completions:
    """The last completions of a store, in the order in which they came. Call it under the store's lock."""

    __slots__ = ("_by_id",)

    def __init__(self) -> None:
        self._by_id: OrderedDict[str, _Completion] = OrderedDict()

    def remember(
        self, bucket: str, key: str, upload_id: str, parts: Iterable[CompletedPart], completed_at: datetime
    ) -> None:
        """Remembers an upload, and forgets those that are too old or too many."""
        self._by_id[upload_id] = _Completion(bucket, key, _fingerprint(parts), completed_at)
        while len(self._by_id) > MOST or self._is_old(next(iter(self._by_id.values())), completed_at):
            self._by_id.popitem(last=False)

    def holds(self, bucket: str, key: str, upload_id: str, parts: Iterable[CompletedPart], now: datetime) -> bool:
        """Says whether this upload to this key was completed with these very parts, not long ago."""
        found = self._by_id.get(upload_id)
        return (
            found is not None
            and not self._is_old(found, now)
            and (found.bucket, found.key, found.parts) == (bucket, key, _fingerprint(parts))
        )

    def clear(self) -> None:
        """Forgets all."""
        self._by_id.clear()

    def _is_old(self, completion: _Completion, now: datetime) -> bool:
        return now - completion.completed_at > FOR


def _fingerprint(parts: Iterable[CompletedPart]) -> bytes:
    """Stands for a list of parts, of which there may be 10,000."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"%d %s\n" % (part.part_number, part.etag.encode()))
    return digest.digest()
