"""Locks on names of buckets and objects, between the threads of one store.

Some servers lose one of two changes that they get at the same moment. Threads of one store do not do that to each
other; two processes still may.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from bucketry import Unavailable

from bucketry_s3client.forking import watch_forks


class _Entry:
    """The lock on a name, as long as threads hold it or wait for it."""

    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock = threading.RLock()  # It knows which thread holds it.
        self.users = 0


class NameLocks:
    """A lock for each name. One thread at a time holds the lock on a name.

    A thread that is interrupted (Ctrl+C) gives its names back, at the latest when the interrupt's traceback is dropped.
    """

    def __init__(self, what: str = "the same", patience: float | None = None) -> None:
        """Holds nothing yet.

        Args:
            what: What threads change one after the other, for the error.
            patience: Most seconds that a thread waits for all of its names; ``None``: without an end.
        """
        self._what = what
        self._patience = patience
        self.after_fork()
        watch_forks(self)

    def after_fork(self) -> None:
        """Holds nothing: the threads that did are those of the other process."""
        self._mutex = threading.Lock()
        self._entries: dict[str, _Entry] = {}

    @contextmanager
    def hold(self, *names: str) -> Iterator[None]:
        """Waits until no other thread holds one of these names, and holds all of them until the block ends.

        The block must not hold one of them once more.

        Raises:
            Unavailable: Other threads hold them for too long.
        """
        wanted = sorted(set(names))  # All threads take them in this order: so no two wait for each other.
        with self._mutex:
            entries = [self._entries.setdefault(name, _Entry()) for name in wanted]
            for entry in entries:
                entry.users += 1
        until = None if self._patience is None else monotonic() + self._patience
        taken: list[_Entry] = []
        try:
            for entry in entries:
                taken.append(entry)  # First: an interrupt may come as the lock is acquired.
                if not entry.lock.acquire(timeout=-1 if until is None else max(until - monotonic(), 0)):
                    raise Unavailable(f"another change of {self._what} takes too long: try it again")
            yield
        finally:
            # Python handles signals as a function begins, so none of Python's own gives the locks back.
            interrupt: BaseException | None = None
            while taken:
                try:
                    while taken:
                        try:  # noqa: SIM105 - suppress() is such a function
                            taken[-1].lock.release()
                        except RuntimeError:  # It was not acquired, or was given back before an interrupt.
                            pass
                        taken.pop()
                except BaseException as error:  # noqa: BLE001 - raised below
                    interrupt = error
            self._forget(wanted, entries)
            try:
                if interrupt is not None:
                    raise interrupt
            finally:
                interrupt = None  # It knows this frame.

    def _forget(self, names: list[str], entries: list[_Entry]) -> None:
        with self._mutex:
            for name, entry in zip(names, entries, strict=True):
                entry.users -= 1
                if not entry.users and self._entries.get(name) is entry:  # A new process has others.
                    del self._entries[name]
