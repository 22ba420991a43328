"""Connections and transactions: many readers at once, one writer at a time."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Final

from bucketry import InvalidSettings

_SCHEMA: Final = files("bucketry_sqlite").joinpath("schema.sql").read_text()
_APPLICATION_ID: Final = 0x6275636B
"""Marks our files, as in schema.sql: another program's database is refused and not written to."""

_SCHEMA_VERSION: Final = 2
_PAGE_BYTES: Final = 16 * 1024
"""Four times the default, which halves the time of large objects and costs small ones nothing measurable."""

MAX_FILE_BYTES: Final = (2**32 - 2) * _PAGE_BYTES
"""What SQLite's largest number of pages makes ("Limits in SQLite": 4,294,967,294)."""

_IDLE_CONNECTIONS: Final = 16


class Database:
    """The file, opened when it is first used.

    In SQLite's write-ahead-log mode a transaction sees the file as it was when the transaction began, whatever is
    written meanwhile. So a reader that takes an hour gets one whole object, and holds nobody up.

    Attributes:
        path: Where the file is.
    """

    def __init__(self, path: str, *, busy_timeout: float, max_bytes: int) -> None:
        # Absolute, so that neither a later chdir nor SQLite's own special names change what the path means.
        self.path = Path(path).absolute()
        self._busy_timeout = busy_timeout
        self._max_pages = max_bytes // _PAGE_BYTES
        self._idle: list[sqlite3.Connection] = []
        self._is_ready = False
        self._is_closed = False
        self._lock = threading.Lock()
        # Threads of one process queue here; SQLite's busy timeout, which polls, is left for other processes.
        self._writing = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Gives a connection that sees one state of the file until the block ends, which may be in another thread."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            yield connection

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """Gives the connection of one write transaction, which is undone if the block raises.

        Args:
            durable: Whether it must outlast a power failure. What is not durable is synced by the next that is.
        """
        with self._writing, self._connection() as connection:
            connection.execute("PRAGMA synchronous = " + ("FULL" if durable else "NORMAL"))
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    def close(self) -> None:
        """Closes the connections; one that still reads is closed when it is given back."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = self._take()
        try:
            yield connection
        finally:
            connection.rollback()
            self._give_back(connection)

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
            # Manual transactions; and an opened object may be read by another thread than opened it.
            connection = sqlite3.connect(
                self.path, timeout=self._busy_timeout, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if not self._is_closed and len(self._idle) < _IDLE_CONNECTIONS:
                self._idle.append(connection)
                return
        connection.close()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        if not self._is_ready:
            self._set_up(connection)
            self._is_ready = True
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA max_page_count = {self._max_pages}")
        # Some builds overwrite what is deleted, page by page: freeing a gigabyte would mean writing one.
        connection.execute("PRAGMA secure_delete = FAST")

    def _set_up(self, connection: sqlite3.Connection) -> None:
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if tables and (application, version) != (_APPLICATION_ID, _SCHEMA_VERSION):
            raise InvalidSettings("the file is a database, but no store of this version of bucketry-sqlite")
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_SCHEMA)
        connection.execute("PRAGMA foreign_keys = ON")
        # What processes left behind that were killed in an upload.
        connection.execute("DELETE FROM blobs WHERE leased_until < ?", (time.time(),))
