"""How much the store may hold, and how much it holds."""

from __future__ import annotations

from threading import Lock
from typing import final

from bucketry import QuotaExceeded


@final
class Quota:
    """Counts bytes and entries against their limits. Whoever takes, gives back.

    It shares the store's lock, so that a write takes its bytes and stores its object in one step.

    Attributes:
        bytes_held: Bytes of content that are stored or being read from a body.
        entries_held: Buckets, their settings, versions of objects, delete markers, uploads and parts.
    """

    __slots__ = ("_lock", "_max_bytes", "_max_entries", "bytes_held", "entries_held")

    def __init__(self, lock: Lock, max_bytes: int, max_entries: int) -> None:
        self._lock = lock
        self._max_bytes = max_bytes
        self._max_entries = max_entries
        self.bytes_held = 0
        self.entries_held = 0

    def take(self, size: int, entries: int = 0) -> None:
        """Takes ``size`` bytes and ``entries`` entries. Negative numbers give back. Call under the lock.

        Raises:
            QuotaExceeded: A limit would be exceeded. Nothing was taken.
        """
        bytes_held, entries_held = self.bytes_held + size, self.entries_held + entries
        if size > 0 and bytes_held > self._max_bytes:
            raise QuotaExceeded(_full("max_bytes", self._max_bytes, "bytes of content"))
        if entries > 0 and entries_held > self._max_entries:
            raise QuotaExceeded(_full("max_entries", self._max_entries, "buckets, versions, uploads and parts"))
        self.bytes_held, self.entries_held = bytes_held, entries_held

    def give(self, size: int, entries: int = 0) -> None:
        """Gives back ``size`` bytes and ``entries`` entries. Call under the lock."""
        self.take(-size, -entries)

    def reserve(self, size: int) -> None:
        """Takes ``size`` bytes before they are stored. Call without the lock.

        Raises:
            QuotaExceeded: A limit would be exceeded. Nothing was taken.
        """
        with self._lock:
            self.take(size)

    def require(self, size: int) -> None:
        """Checks that ``size`` bytes fit now, and takes nothing. Call without the lock.

        Raises:
            QuotaExceeded: They do not fit.
        """
        if self.bytes_held + size > self._max_bytes:
            raise QuotaExceeded(_full("max_bytes", self._max_bytes, "bytes of content"))

    def release(self, size: int) -> None:
        """Gives back reserved bytes. Call without the lock."""
        if size:
            with self._lock:
                self.give(size)

    def clear(self) -> None:
        """Gives back everything. Call under the lock."""
        self.bytes_held = self.entries_held = 0


def _full(setting: str, limit: int, what: str) -> str:
    return (
        f"the store in memory holds at most {limit} {what}: delete some, or raise {setting} with "
        f"memory://?{setting}=…, or with BUCKETRY_MEMORY_{setting.upper()} in the environment"
    )
