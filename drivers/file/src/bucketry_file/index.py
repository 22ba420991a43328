"""The index: connections to SQLite, many that read at once and one that writes."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Final, TypeVar, final

from bucketry import BucketryError, InvalidSettings, QuotaExceeded, StoreClosed, Unavailable

from bucketry_file import disk
from bucketry_file.errors import classify
from bucketry_file.folder import FORMAT_VERSION, Folder, check_version, without_index
from bucketry_file.forking import watch_forks
from bucketry_file.peeking import Peeker
from bucketry_file.reserve import Reserve
from bucketry_file.writes import Work, WriteQueue

T = TypeVar("T")

_APPLICATION_ID: Final = 0x62756366
"""Marks our indexes: another program's database is refused."""

_RETRY_SECONDS: Final = 0.01
_IDLE_CONNECTIONS: Final = 16
_CACHED_STATEMENTS: Final = 256
_JOURNAL_BYTES: Final = 64 * 1024**2
"""The log is cut to this size once its content is in the database."""


def _sql(name: str) -> str:
    return files("bucketry_file").joinpath(name).read_text()


_WRITER: Final = _sql("writer.sql")
"""Read now: at a time when files can be opened."""


@final
class Index:
    """The index of a store. Threads may share it.

    In SQLite's write-ahead-log mode a transaction sees the index as it was when the transaction began, whatever is
    written meanwhile.

    Attributes:
        reserve: The room that is kept for deletes.
        look: As `Peeker.look`.
        has_garbage: Whether a write of this process, or another one before it was opened, has left garbage.
    """

    def __init__(self, folder: Folder, *, sync: bool, busy_timeout: float) -> None:
        """Opens the index, and makes it if it is missing.

        Raises:
            InvalidSettings: It is another program's database, or a newer release's.
        """
        self._folder = folder
        self._path: Final = folder.index
        self._real_path: Final = os.path.realpath(folder.index)
        self._sync = sync
        self._synchronous: Final = f"PRAGMA synchronous = {'FULL' if sync else 'NORMAL'}"
        self._busy_timeout = busy_timeout
        self.reserve: Final = Reserve(folder.reserve)
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._writer: sqlite3.Connection | None = None
        self._writes = self._new_queue()
        self._peeker = Peeker(lambda: self._connect(busy_timeout=0))
        self.look: Final = self._peeker.look
        self._is_closed = False
        self._opened: os.stat_result | None = None
        self._in_use = 0
        self._is_used_in_fork = False
        self.has_garbage = True  # Of other processes, for one.
        self._will_have_garbage = False
        watch_forks(self)
        with self._using():
            _create(self._path)
            connection = self._connect()
            try:
                self._set_up(connection)
                connection.execute(self._synchronous)
                self._opened = os.stat(self._path)
            except BaseException:
                connection.close()
                raise
            self._idle.append(connection)

    def _set_up(self, connection: sqlite3.Connection) -> None:
        """Makes the tables. While another process does the same, SQLite fails at once to change the journal's mode."""
        until = time.monotonic() + self._busy_timeout
        while True:
            try:
                _set_up(connection, self._folder)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(_RETRY_SECONDS)
            else:
                return

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Gives a connection that sees one state of the index until the block ends."""
        with self.asking() as connection:
            connection.execute("BEGIN")
            yield connection

    @contextmanager
    def asking(self) -> Iterator[sqlite3.Connection]:
        """Gives a connection for one query, which sees one state of the index without a transaction around it."""
        with self._using():
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)

    def write(self, work: Work[T]) -> T:
        """Does a write in a transaction, and returns its result once it is committed.

        Raises:
            BaseException: As `WriteQueue.run`.
        """
        return self._writes.run(work)

    def free(self, work: Work[T]) -> T:
        """Does a write that frees room, as `write`. On a full disk it takes the room that is kept for that.

        Raises:
            BaseException: As `write`.
        """
        try:
            return self.write(work)
        except (OSError, sqlite3.Error) as error:
            if classify(error).kind is not QuotaExceeded or not self.reserve.give_up():
                raise
        with suppress(OSError, sqlite3.Error):
            self.empty_log()
        return self.write(work)

    def empty_log(self) -> None:
        """Moves SQLite's log to its database, as far as nobody reads it, and frees its room."""
        with self._using(), closing(self._connect()) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def compact(self) -> None:
        """Rewrites the index without gaps, and puts all of it into one file."""
        with self._using(), closing(self._connect()) as connection:
            connection.execute("PRAGMA temp_store = FILE")  # VACUUM writes the whole index there first.
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Closes the connections; one that is in use is closed when it is given back."""
        with self._using():
            with self._lock:
                self._is_closed = True
                idle, self._idle = self._idle, []
            self._peeker.close()
            writer: sqlite3.Connection | None
            try:
                writer = self._writes.run(self._taken_writer)
            except (BucketryError, OSError, sqlite3.Error):
                writer, self._writer = self._writer, None
            for connection in (*idle, *(() if writer is None else (writer,))):
                connection.close()

    def before_fork(self) -> None:
        """Closes the connections that are idle, and lets nobody open others until `after_fork`."""
        self._lock.acquire()
        self._peeker.pause()
        is_led = self._writes.pause()
        idle, self._idle = self._idle, []
        if self._writer is not None and not is_led:
            idle.append(self._writer)
            self._writer = None
        for connection in idle:
            connection.close()
        self._is_used_in_fork = is_led or self._in_use > 0

    def after_fork(self, *, is_new: bool) -> None:
        """Goes on. The new process makes connections of its own, unless it took over some that were in use."""
        if is_new and self._is_used_in_fork:
            _taken_over.add(self._real_path)
            self._writer, self._writes = None, self._new_queue()
        else:
            self._writes.resume()
        self._peeker.resume()
        self._lock.release()

    def require_file(self) -> None:
        """Checks that the folder still has the index that is open: SQLite would go on with a file that was removed.

        Raises:
            OSError: It was removed, or another one is there.
        """
        found = os.stat(self._path)
        if self._opened is not None and not os.path.samestat(found, self._opened):
            raise FileNotFoundError(2, "the folder of the store was replaced while the store was open")

    def _new_queue(self) -> WriteQueue:
        return WriteQueue(self._for_writing, self._after_commit)

    def _note_garbage(self) -> None:
        self._will_have_garbage = True

    def _after_commit(self) -> None:
        """Tells of garbage. Before the commit nobody finds it, and would take the flag back."""
        if self._will_have_garbage:
            self.has_garbage = True  # First: an interrupt may come in between, and this is done again.
            self._will_have_garbage = False

    def _taken_writer(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """Takes the connection for writing away from those who come later."""
        self._writer = None
        return connection

    def _for_writing(self) -> sqlite3.Connection:
        self.require_file()
        if self._writer is None:
            if self._is_closed:
                raise StoreClosed("open another one for this call")
            self._writer = self._connect_writer()
        return self._writer

    def _connect_writer(self) -> sqlite3.Connection:
        connection = self._connect()
        try:
            connection.create_function("note_garbage", 0, self._note_garbage)
            connection.executescript(_WRITER)
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _using(self) -> Iterator[None]:
        """Says for the time of a block that a connection is open that is not idle."""
        with self._lock:
            self._in_use += 1
        try:
            yield
        finally:
            with self._lock:
                self._in_use -= 1

    def _take(self) -> sqlite3.Connection:
        self.require_file()
        with self._lock:
            if self._is_closed:
                raise StoreClosed("open another one for this call")
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        connection.rollback()
        with self._lock:
            if not self._is_closed and len(self._idle) < _IDLE_CONNECTIONS:
                self._idle.append(connection)
                return
        connection.close()

    def _connect(self, busy_timeout: float | None = None) -> sqlite3.Connection:
        if self._real_path in _taken_over:
            raise Unavailable(
                "this process was forked while the store was in use, and SQLite cannot work in it: start a new process"
            )
        # Manual transactions. A connection goes from thread to thread, and is used by one at a time.
        connection = sqlite3.connect(
            self._path,
            timeout=self._busy_timeout if busy_timeout is None else busy_timeout,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_CACHED_STATEMENTS,
        )
        try:
            connection.execute(self._synchronous)
            connection.execute(f"PRAGMA fullfsync = {int(self._sync)}")  # As disk.sync does on macOS.
            connection.execute(f"PRAGMA journal_size_limit = {_JOURNAL_BYTES}")
            # Some builds overwrite what is deleted, page by page.
            connection.execute("PRAGMA secure_delete = FAST")
            connection.execute("PRAGMA temp_store = MEMORY")
        except BaseException:
            connection.close()
            raise
        return connection


def row_made(cursor: sqlite3.Cursor) -> int:
    """Returns the number of the row that an INSERT has made. ``RETURNING`` would cost another step of the query.

    Triggers of ours that run then insert nothing, so they do not change the number.
    """
    assert cursor.lastrowid is not None  # noqa: S101 - it was an INSERT
    return cursor.lastrowid


_taken_over: Final[set[str]] = set()
"""Indexes that the process from which this one was forked had in use."""


def _create(path: Path) -> None:
    """Creates the file for this user alone, if it is missing. SQLite gives its log the same mode."""
    with suppress(FileExistsError):
        os.close(disk.create(path))


def _set_up(connection: sqlite3.Connection, folder: Folder) -> None:
    path = folder.index
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if tables:
        if application != _APPLICATION_ID:
            raise InvalidSettings(f"{path} is another program's database")
        check_version(version, path)
        return
    if any(folder.blobs.iterdir()) and connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,):
        raise Unavailable(without_index(path))
    # Whatever the store's setting: without the index, nothing says what the files are.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA journal_mode = WAL")
    schema = _sql("schema.sql")
    marks = f"PRAGMA application_id = {_APPLICATION_ID}; PRAGMA user_version = {FORMAT_VERSION};"
    connection.executescript(f"BEGIN IMMEDIATE; {schema} {marks} COMMIT;")
    disk.sync_folder(path.parent)
