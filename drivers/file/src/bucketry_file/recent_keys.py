"""Which small objects were used lately: what the index says of them, and their content, is in memory."""

from __future__ import annotations

from time import monotonic
from typing import Final, TypeAlias, final

_SECONDS: Final = 60.0
"""How long pages that were used stay in memory for sure, on a machine that is not short of it."""

_MOST: Final = 10_000
"""Keys of a generation. Two are kept, so about 20,000 objects of at most 32 KiB."""

Place: TypeAlias = tuple[str, str]


@final
class RecentKeys:
    """Buckets and keys, with the time of their last use. Threads may share it.

    Hashes stand for them, since keys may be long. That two are the same now and then does no harm.
    """

    def __init__(self) -> None:
        self._used: dict[int, float] = {}
        self._used_before: dict[int, float] = {}

    def note(self, place: Place) -> None:
        """Notes that an object was read or written."""
        if len(self._used) >= _MOST:
            self._used, self._used_before = {}, self._used
        self._used[hash(place)] = monotonic()

    def forget(self, place: Place) -> None:
        """Notes that the object is not small any more, or not there."""
        self._used.pop(hash(place), None)
        self._used_before.pop(hash(place), None)

    def has(self, place: Place) -> bool:
        """Says whether an object was used lately."""
        used = self._used.get(hash(place)) or self._used_before.get(hash(place))
        return used is not None and monotonic() - used < _SECONDS
