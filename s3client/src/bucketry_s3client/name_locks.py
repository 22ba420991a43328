"""Locks on names of buckets and objects, between the threads of one store.

Some servers lose one of two changes that they get at the same moment. Threads of one store do not do that to each
other; two processes still may.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bucketry import Unavailable

from bucketry_s3client.forking import watch_forks


class NameLocks:
    """A lock for each name. One thread at a time holds the lock on a name."""

    def __init__(self, patience: float | None = None) -> None:
        """Holds nothing yet.

        Args:
            patience: Most seconds that a thread waits for a name; ``None``: without an end.
        """
        self._patience = patience
        self.after_fork()
        watch_forks(self)

    def after_fork(self) -> None:
        """Holds nothing: the threads that did are those of the other process."""
        self._held: set[str] = set()
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, *names: str) -> Iterator[None]:
        """Waits until no other thread holds one of these names, then holds all of them.

        Raises:
            Unavailable: Other threads hold them for too long.
        """
        wanted = set(names)
        changed, held = self._changed, self._held
        with changed:
            if not changed.wait_for(lambda: held.isdisjoint(wanted), self._patience):
                raise Unavailable("another change of the same takes too long: try it again")
            held |= wanted
        try:
            yield
        finally:
            with changed:
                held -= wanted
                changed.notify_all()
