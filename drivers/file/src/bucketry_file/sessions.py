"""Sessions: who writes files, which of them are still being written, and which files a dead process left behind.

A session is named at random. Its lock file is locked while its process lives. The index names a session before its
first file is made, so whoever opens the store later finds what is left of a process that was killed.

The name of one that waits for no disk (``sync=false``) also says when the machine was started: if it was started again
since, it may have lost power, and files of the session with it.

The lock file also says from which garbage on its process reads: 8 bytes, which nobody needs after a failure.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import struct
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, final

from bucketry import BucketryError, StoreClosed, Unavailable

from bucketry_file import disk
from bucketry_file.folder import FILES_PER_FOLDER, Folder
from bucketry_file.index import Index

_NOTE: Final = "INSERT INTO sessions (name) VALUES (?) ON CONFLICT DO NOTHING"

_SETTLE: Final = "UPDATE sessions SET settled = max(settled, ?) WHERE name = ?"

_NAME_BYTES: Final = 8
_BOOT_CHARACTERS: Final = 8
_TRIES: Final = 10
_PINNED: Final = struct.Struct("<q")
_NOTHING: Final = -1


@final
class Session:
    """The session of a process on a store. It begins with the first file that is written or kept. Threads may share it.

    Attributes:
        name: Its name; empty: it has not begun.
    """

    def __init__(self, folder: Folder, index: Index, *, sync: bool) -> None:
        self._folder = folder
        self._index = index
        self._sync = sync
        self._lock = threading.Lock()
        self._unpinned: deque[int] = deque()
        self._descriptor = -1
        self._is_noted = False
        self._next = 0
        self._open_numbers: set[int] = set()
        self._settled = 0
        self._pins: dict[int, int] = {}
        self._left_files = False
        self._is_over = False
        self.name = ""

    def begin_file(self) -> tuple[str, int]:
        """Returns session and number of a new file, which `end_file` must be called for."""
        with self._locked():
            self._begin()
            if not self._is_noted:
                self._index.write(lambda connection: connection.execute(_NOTE, (self.name,)).rowcount)
                self._is_noted = True
            number = self._next
            self._next += 1
            self._open_numbers.add(number)
            return self.name, number

    def end_file(self, number: int, *, is_left: bool = False) -> None:
        """Says that a file is named by the index, or gone.

        Args:
            number: Its number.
            is_left: Whether it is neither. It is deleted once the session is over.
        """
        with self._locked():
            if is_left:
                self._left_files = True  # Its number stays open, so that recovery looks at it.
            else:
                self._open_numbers.discard(number)

    def settle(self) -> None:
        """Notes in the index, now and then, below which number all files are settled: recovery begins there."""
        with self._locked():
            settled = min(self._open_numbers, default=self._next)
            if not self._is_noted or settled // FILES_PER_FOLDER <= self._settled // FILES_PER_FOLDER:
                return
            self._settled = settled
        # The put before it has succeeded. Without the note, recovery looks at more files.
        with suppress(OSError, sqlite3.Error, BucketryError):
            self._index.write(lambda connection: connection.execute(_SETTLE, (settled, self.name)).rowcount)

    def pin(self, pin: int, garbage: int) -> None:
        """Keeps all files whose garbage comes after this one until `unpin`, in all processes.

        Args:
            pin: What `unpin` gets.
            garbage: The number of the last garbage that the reader does not need.
        """
        with self._locked():
            self._begin()
            self._pins[pin] = garbage
            try:
                self._publish()
            except BaseException:
                del self._pins[pin]
                raise

    def unpin(self, pin: int) -> None:
        """Ends what `pin` began.

        Python may call it anywhere, to free a reader that nobody closed, also in a thread that has the lock. So it does
        not wait for the lock: whoever has it does the rest.
        """
        self._unpinned.append(pin)
        self._drop_unpinned()

    def _drop_unpinned(self) -> None:
        while self._unpinned and self._lock.acquire(blocking=False):
            try:
                dropped = [self._pins.pop(self._unpinned.popleft(), None) for _ in range(len(self._unpinned))]
                if self._descriptor >= 0 and any(pin is not None for pin in dropped):
                    self._publish()
            finally:
                self._lock.release()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        finally:
            self._drop_unpinned()

    def end(self) -> bool:
        """Lets no file begin any more. Returns whether the index may forget the session: nothing is left of it."""
        with self._locked():
            self._is_over = True
            return self._is_settled() and self._is_noted

    def release(self) -> None:
        """Gives the lock up, once nothing can be written to the index any more.

        From then on other processes delete the files of the session that the index does not name.
        """
        with self._locked():
            if self._descriptor < 0:
                return
            if self._is_settled() or not self._is_noted:
                self._folder.session(self.name).unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1

    def _is_settled(self) -> bool:
        return not self._left_files and not self._open_numbers

    def after_fork(self) -> None:
        """Leaves the session to the process that this one was forked from. The next file begins another one."""
        if self._descriptor >= 0:
            os.close(self._descriptor)  # The lock stays with the other process.
        self.__init__(self._folder, self._index, sync=self._sync)  # The lock may be held by a thread that is gone.

    def _begin(self) -> None:
        if self._is_over:
            raise StoreClosed("open another one for this call")
        if self._descriptor < 0:
            self.name, self._descriptor = _new_session(self._folder, sync=self._sync)

    def _publish(self) -> None:
        oldest = min(self._pins.values(), default=_NOTHING)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        disk.write(self._descriptor, _PINNED.pack(oldest))


def boot() -> str:
    """Returns what stands for this start of the machine; empty: it is not known."""
    with suppress(OSError):  # proc(5): a random id, the same until the system is started again.
        return Path("/proc/sys/kernel/random/boot_id").read_text()[:_BOOT_CHARACTERS]
    return ""


def may_have_lost_power(name: str) -> bool:
    """Says whether files of a session may be missing since the machine lost power before they were on its disk."""
    _, is_unsynced, started = name.partition("-")
    return bool(is_unsynced) and (not started or started != boot())


def _new_session(folder: Folder, *, sync: bool) -> tuple[str, int]:
    """Makes and locks a lock file. Returns its name and its descriptor."""
    for _ in range(_TRIES):
        name = secrets.token_hex(_NAME_BYTES) + ("" if sync else f"-{boot()}")
        path = folder.session(name)
        descriptor = disk.open_to_lock(path)
        # Between the two, another process may have taken the file for one that was left behind, and removed it.
        if disk.try_lock(descriptor) and disk.is_same_file(descriptor, path):
            return name, descriptor
        os.close(descriptor)
    raise Unavailable(f"no lock file could be made in {folder.sessions}")


def oldest_pinned(folder: Folder) -> int | None:
    """Returns the lowest number that a living process has pinned; ``None``: no process reads old files."""
    found = [pinned for path in folder.sessions.iterdir() if (pinned := _pinned_by(path)) is not None]
    return min(found, default=None)


def _pinned_by(path: Path) -> int | None:
    descriptor = disk.open_if_there(path)
    if descriptor is None:
        return None
    try:
        data = os.read(descriptor, _PINNED.size)
        pinned = _PINNED.unpack(data)[0] if len(data) == _PINNED.size else _NOTHING
        return None if pinned == _NOTHING or disk.try_lock(descriptor) else int(pinned)
    finally:
        os.close(descriptor)


def dead_sessions(folder: Folder, names: set[str]) -> Iterator[str]:
    """Yields each session whose process is gone, and holds its lock until the next is asked for.

    Args:
        folder: The folder.
        names: The sessions that the index names. The others have no files, and their lock files are removed.
    """
    for name in sorted(names | {path.name for path in folder.sessions.iterdir()}):
        path = folder.session(name)
        descriptor = disk.open_to_lock(path)
        try:
            if not disk.try_lock(descriptor) or not disk.is_same_file(descriptor, path):
                continue
            if name in names:
                yield name
            path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)


def is_alive(folder: Folder, name: str) -> bool:
    """Says whether the process of a session lives."""
    descriptor = disk.open_if_there(folder.session(name))
    if descriptor is None:
        return False
    try:
        return not disk.try_lock(descriptor)
    finally:
        os.close(descriptor)
