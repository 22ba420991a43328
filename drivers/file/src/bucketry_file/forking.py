"""What becomes of connections to SQLite when the process is forked.

SQLite keeps in the memory of a process which locks it has on a file, until its last connection to that file is closed.
A new process would take that over, and rely on locks that it does not have ("How To Corrupt An SQLite Database File",
2.6). So connections that are idle are closed before a fork. If one is in use, the new process cannot use the file.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Final, Protocol


class Forked(Protocol):
    """What wants to know of forks."""

    def before_fork(self) -> None:
        """Closes connections, and lets nobody open others until `after_fork`."""

    def after_fork(self, *, is_new: bool) -> None:
        """Goes on, in the process that was there or in the new one."""


_lock = threading.Lock()
_known: Final[weakref.WeakSet[Forked]] = weakref.WeakSet()
_held: Final[list[Forked]] = []


def watch_forks(known: Forked) -> None:
    """Tells an object of forks, as long as it is there."""
    with _lock:
        _known.add(known)


def _before() -> None:
    _lock.acquire()
    _held[:] = _known
    for known in _held:
        known.before_fork()


def _after(*, is_new: bool) -> None:
    for known in _held:
        known.after_fork(is_new=is_new)
    _held.clear()
    _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before,
        after_in_parent=lambda: _after(is_new=False),
        after_in_child=lambda: _after(is_new=True),
    )
