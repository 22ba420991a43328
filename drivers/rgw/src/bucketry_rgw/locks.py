"""Locks on names of buckets and objects, between the threads of one store."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class NameLocks:
    """A lock for each name. One thread at a time holds the lock on a name."""

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, *names: str) -> Iterator[None]:
        """Waits until no other thread holds one of these names, then holds all of them."""
        wanted = set(names)
        with self._changed:
            while not self._held.isdisjoint(wanted):
                self._changed.wait()
            self._held |= wanted
        try:
            yield
        finally:
            with self._changed:
                self._held -= wanted
                self._changed.notify_all()
