"""What is known of the uploads that began last."""

from __future__ import annotations

from threading import Lock
from typing import Final, Generic, TypeVar

REMEMBERED: Final = 10_000
"""Uploads that are remembered, at most: about 2 MB."""

Fact = TypeVar("Fact")


class RecentUploads(Generic[Fact]):
    """Remembers a fact of each upload, and forgets the oldest where there are too many. Threads may share it."""

    def __init__(self) -> None:
        self._facts: dict[str, Fact] = {}
        self._lock = Lock()

    def remember(self, upload_id: str, fact: Fact) -> None:
        """Keeps what is known of an upload."""
        with self._lock:
            self._facts[upload_id] = fact
            if len(self._facts) > REMEMBERED:
                del self._facts[next(iter(self._facts))]

    def get(self, upload_id: str) -> Fact | None:
        """Returns what is known of an upload; ``None``: nothing, or no more."""
        return self._facts.get(upload_id)

    def forget(self, upload_id: str) -> None:
        """Forgets an upload. One that is not known is no error."""
        with self._lock:
            self._facts.pop(upload_id, None)
