"""Deletes files that nothing needs: garbage of deletes and overwrites, and what dead processes left behind."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final, final

from bucketry import BucketryError

from bucketry_file import disk
from bucketry_file.folder import FILES_PER_FOLDER, Folder
from bucketry_file.index import Index
from bucketry_file.sessions import dead_sessions, oldest_pinned

logger: Final = logging.getLogger("bucketry")

_AT_ONCE: Final = 1000
"""How many rows are read at once, and how many rows of deleted files may wait."""

_GARBAGE: Final = "SELECT id, session, number FROM garbage WHERE id > ? ORDER BY id LIMIT ?"
_FORGET: Final = "DELETE FROM garbage WHERE id = ?"
_NAMED: Final = """
    SELECT number FROM contents WHERE session = :session AND number BETWEEN :first AND :last
    UNION ALL SELECT number FROM garbage WHERE session = :session AND number BETWEEN :first AND :last
"""


@final
class Garbage:
    """The garbage of a store, as far as one process works it off. Threads may share it."""

    def __init__(self, folder: Folder, index: Index, *, sync: bool) -> None:
        self._folder = folder
        self._index = index
        self._sync = sync
        self._working = threading.Lock()
        # Rows whose files are deleted, with the folders of these. The rows go many at a time: each commit costs a wait.
        self._gone: dict[int, Path] = {}

    def collect(self, *, own: bool = False) -> None:
        """Deletes what it can, as `collect_all`. That it fails is no failure of the write before it, and is logged.

        Args:
            own: Whether to look only if a write of this process has left garbage that is still there.
        """
        try:
            if not own or self._index.has_garbage:
                self.collect_all()
            self._index.reserve.keep_again()
        except (OSError, sqlite3.Error, BucketryError) as error:
            logger.warning("deleted contents in %s stay until later: %s", self._folder.path, type(error).__name__)

    def collect_all(self) -> None:
        """Deletes the files of the garbage that nobody reads. Only one thread does it at a time; others go on."""
        if not self._working.acquire(blocking=False):
            return
        is_done = False
        try:
            self._index.has_garbage = False  # Before the look: what comes later sets it again.
            is_done = self._collect()
        finally:
            if not is_done:
                self._index.has_garbage = True
            self._working.release()

    def flush(self) -> None:
        """Deletes the rows of all files that are gone."""
        with self._working:
            self._forget()

    def after_fork(self) -> None:
        """Leaves the work to the process that this one was forked from."""
        self._working = threading.Lock()
        self._gone = {}

    def _collect(self) -> bool:
        """Returns whether nothing is left. Files that somebody reads are."""
        rows: list[tuple[int, str, int]] = []
        while not rows or len(rows) == _AT_ONCE:
            with self._index.reading() as connection:
                rows = connection.execute(_GARBAGE, (max(self._gone, default=0), _AT_ONCE)).fetchall()
            if not rows:
                return True
            # Asked after the rows were read: a reader that comes later does not see what they stand for.
            pinned = oldest_pinned(self._folder)
            for row, session, number in rows:
                if (pinned is not None and row > pinned) or not self._delete(session, number):
                    return False
                self._gone[row] = self._folder.blob(session, number).parent
            if len(self._gone) >= _AT_ONCE:
                self._forget()
        return True

    def _delete(self, session: str, number: int) -> bool:
        try:
            disk.remove_below(self._folder.path, self._folder.names_of_blob(session, number))
        except PermissionError:  # On Windows, somebody has it open.
            return False
        return True

    def _forget(self) -> None:
        gone, self._gone = self._gone, {}
        if not gone:
            return
        for folder in frozenset(gone.values()):
            # While a session lives, its folders stay: its process knows that they are on the disk.
            lives = self._folder.session(folder.parent.name).exists()
            tidy(folder, sync=self._sync, keeps_folders=lives)
        self._index.write(lambda connection: connection.executemany(_FORGET, [(row,) for row in gone]).rowcount)


def tidy(folder: Path, *, sync: bool, keeps_folders: bool = False) -> None:
    """Waits until what was deleted in a folder of contents is gone from the disk, and removes it if it is empty.

    Call it before the rows go that name what was deleted: otherwise a file could come back after a power failure, and
    nothing would name it.

    Args:
        folder: The folder of the files.
        sync: Whether to wait.
        keeps_folders: Whether empty folders stay.
    """
    if sync:
        _sync(folder)
    for path in () if keeps_folders else (folder, folder.parent):
        try:
            os.rmdir(path)
        except FileNotFoundError:
            pass  # Whoever removed it may have been killed before the next step.
        except OSError:  # It is not empty.
            return
        if sync:
            _sync(path.parent)


def _sync(folder: Path) -> None:
    with suppress(FileNotFoundError):
        disk.sync_folder(folder)


def tidy_session(folder: Folder, session: str, *, sync: bool) -> None:
    """Removes the empty folders of a session that is over. Call it before the index forgets the session."""
    for path in folders_of(folder, session):
        tidy(path, sync=sync)
    with suppress(OSError):  # It may hold files of versions.
        os.rmdir(folder.blobs / session)
        if sync:
            disk.sync_folder(folder.blobs)


def recover(folder: Folder, index: Index, *, sync: bool) -> None:
    """Deletes the files of dead processes that the index does not name. What was closed well is not looked at."""
    with index.reading() as connection:
        sessions = dict(connection.execute("SELECT name, settled FROM sessions").fetchall())
    for name in dead_sessions(folder, set(sessions)):
        _clear(folder, index, name, sessions[name], sync=sync)
        forget_session(index, name)


def forget_session(index: Index, name: str) -> None:
    """Says in the index that nothing is left of a session."""
    index.write(lambda connection: connection.execute("DELETE FROM sessions WHERE name = ?", (name,)).rowcount)


def _clear(folder: Folder, index: Index, session: str, settled: int, *, sync: bool) -> None:
    """Deletes the files of a dead session that the index does not name."""
    for path in folders_of(folder, session):
        first = int(path.name) * FILES_PER_FOLDER
        if first + FILES_PER_FOLDER <= settled:
            continue
        with index.reading() as connection:
            wanted = {"session": session, "first": first, "last": first + FILES_PER_FOLDER - 1}
            named = {number for (number,) in connection.execute(_NAMED, wanted)}
        for file in list(path.iterdir()):
            if file.name.isdecimal() and int(file.name) not in named:
                disk.remove_below(folder.path, folder.names_of_blob(session, int(file.name)))
        tidy(path, sync=sync)
    tidy_session(folder, session, sync=sync)


def folders_of(folder: Folder, session: str) -> list[Path]:
    """Returns the folders of a session's files. One that is a link is none: what is there is not the driver's."""
    session_folder = folder.blobs / session
    with suppress(FileNotFoundError, NotADirectoryError):
        if not session_folder.is_symlink():
            found = (path for path in session_folder.iterdir() if path.name.isdecimal() and not path.is_symlink())
            return sorted(found)
    return []
