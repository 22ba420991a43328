"""What counts against quotas: what buckets hold, and the writes in progress.

It is a SQLite database. One process has it in memory. Several processes share a file, whose transactions make each step
one step for all of them. Nothing in it outlives the server: the counts start from the backend's usage.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from bucketry.errors import Unavailable
from bucketry.quotas._processes import Processes
from bucketry.quotas._rules import Limit

FILE_NAME: Final = "quotas.sqlite"

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS buckets (
    name TEXT PRIMARY KEY, id INTEGER NOT NULL, owner TEXT NOT NULL, size INTEGER NOT NULL, objects INTEGER NOT NULL,
    versioning TEXT NOT NULL, counted REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS buckets_of_owners ON buckets (owner);
CREATE TABLE IF NOT EXISTS owners (name TEXT PRIMARY KEY, counted REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uploads (
    bucket TEXT NOT NULL, upload TEXT NOT NULL, PRIMARY KEY (bucket, upload)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS parts (
    bucket TEXT NOT NULL, upload TEXT NOT NULL, number INTEGER NOT NULL, size INTEGER NOT NULL,
    PRIMARY KEY (bucket, upload, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS writes (
    id INTEGER PRIMARY KEY, process TEXT NOT NULL, bucket TEXT NOT NULL, key TEXT NOT NULL, owner TEXT NOT NULL,
    size INTEGER NOT NULL, objects INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS writes_of_buckets ON writes (bucket, key);
CREATE INDEX IF NOT EXISTS writes_of_owners ON writes (owner);
CREATE TABLE IF NOT EXISTS locks (
    bucket TEXT NOT NULL, name TEXT NOT NULL, write INTEGER NOT NULL, PRIMARY KEY (bucket, name)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS locks_of_writes ON locks (write);
"""
"""``buckets.counted`` is when the bucket was counted; 0: it is to be counted before the next write."""

WHOLE: Final = ""
"""The name of a lock on a whole bucket."""

_POLL_SECONDS: Final = 0.005
"""How often a process looks whether another one has given a lock back."""

_BURY_SECONDS: Final = 1.0
"""How often a process that waits looks for others that have died."""

_BUSY_SECONDS: Final = 60.0
"""How long a transaction waits for those of other processes."""


class Bucket(NamedTuple):
    """What is known of a bucket."""

    id: int
    owner: str
    size: int
    objects: int
    versioning: str
    counted: float


class Excess(NamedTuple):
    """A limit that a write would exceed, and what would count against it then."""

    limit: Limit
    what: str
    most: int
    wanted: int


class Count(NamedTuple):
    """What a bucket holds: all versions, and uploads with the sizes of their parts by number."""

    size: int
    objects: int
    uploads: dict[str, dict[int, int]]


class Ledger:
    """Threads may share it. Each process opens its own over the same folder.

    A write has a row, with what it will add at most. Before the backend commits it, it locks what it is about, such as
    a key. So nobody changes what it replaces, and nobody counts the bucket, until the write is settled.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Opens it.

        Args:
            folder: Where processes share it; ``None``: this process alone uses it.
        """
        self._changed = threading.Condition()
        self._processes = None if folder is None else Processes(folder)
        self.process = "" if self._processes is None else self._processes.own
        self._db = sqlite3.connect(
            ":memory:" if folder is None else os.fspath(folder / FILE_NAME),
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        weakref.finalize(self, self._db.close)  # Also without `close`: Python 3.13 warns of open databases.
        if folder is not None:
            # A process that dies leaves a whole database behind; the machine need not survive a loss of power.
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=OFF")
        self._db.executescript(_SCHEMA)
        self.bury()

    def close(self) -> None:
        """Closes it. What this process had in progress is over."""
        with self._changed:
            self._db.close()
            if self._processes is not None:
                self._processes.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One step for all threads and processes."""
        with self._changed:
            try:
                self._db.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                raise Unavailable(f"the quotas cannot be looked up: {error}") from error
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    # Buckets

    def bucket(self, name: str) -> Bucket | None:
        """Returns what is known of a bucket; ``None``: nothing is."""
        with self._changed:
            found = self._db.execute(
                "SELECT id, owner, size, objects, versioning, counted FROM buckets WHERE name = ?", (name,)
            ).fetchone()
        return None if found is None else Bucket(*found)

    def add_bucket(self, name: str, owner: str) -> None:
        """Notes a bucket that is to be counted, unless it is known."""
        with self._transaction() as db:
            row = (name, secrets.randbits(62), owner)
            db.execute("INSERT OR IGNORE INTO buckets VALUES (?, ?, ?, 0, 0, '', 0)", row)

    def remove_bucket(self, name: str) -> None:
        """Forgets a bucket with all that it holds."""
        with self._transaction() as db:
            for table, column in (("buckets", "name"), ("uploads", "bucket"), ("parts", "bucket")):
                db.execute(f"DELETE FROM {table} WHERE {column} = ?", (name,))  # noqa: S608 - the names stand above

    def recount(self, name: str) -> None:
        """Has a bucket counted before the next write."""
        with self._transaction() as db:
            db.execute("UPDATE buckets SET counted = 0 WHERE name = ?", (name,))

    def set_count(self, name: str, owner: str, versioning: str, count: Count) -> None:
        """Notes what a bucket holds. The caller has locked all of it."""
        size = count.size + sum(sum(parts.values()) for parts in count.uploads.values())
        objects = count.objects + len(count.uploads)
        with self._transaction() as db:
            db.execute(
                "UPDATE buckets SET owner = ?, size = ?, objects = ?, versioning = ?, counted = ? WHERE name = ?",
                (owner, size, objects, versioning, time.time(), name),
            )
            db.execute("DELETE FROM uploads WHERE bucket = ?", (name,))
            db.execute("DELETE FROM parts WHERE bucket = ?", (name,))
            db.executemany("INSERT INTO uploads VALUES (?, ?)", [(name, upload) for upload in count.uploads])
            rows = [(name, upload, *part) for upload, parts in count.uploads.items() for part in parts.items()]
            db.executemany("INSERT INTO parts VALUES (?, ?, ?, ?)", rows)

    def set_versioning(self, name: str, versioning: str) -> None:
        """Notes whether a bucket makes versions. The caller has locked all of it."""
        with self._transaction() as db:
            db.execute("UPDATE buckets SET versioning = ? WHERE name = ?", (versioning, name))

    def owner_counted(self, owner: str) -> float:
        """Returns when it was last looked which buckets an owner has; 0: never."""
        with self._changed:
            found = self._db.execute("SELECT counted FROM owners WHERE name = ?", (owner,)).fetchone()
        return 0.0 if found is None else float(found[0])

    def set_owner_counted(self, owner: str) -> None:
        """Notes that all buckets of an owner are known now."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO owners VALUES (?, ?)", (owner, time.time()))

    def names(self) -> list[tuple[str, str]]:
        """Returns the names of all buckets that are counted, and their owners."""
        with self._changed:
            return self._db.execute("SELECT name, owner FROM buckets WHERE counted > 0 ORDER BY name").fetchall()

    def used(self, limit: Limit) -> tuple[int, int]:
        """Returns the bytes and objects that count against a limit, writes in progress included."""
        with self._changed:
            return _used(self._db, limit)

    # Uploads

    def has_upload(self, bucket: str, upload: str) -> bool:
        """Says whether an upload is known."""
        with self._changed:
            query = "SELECT 1 FROM uploads WHERE bucket = ? AND upload = ?"
            return self._db.execute(query, (bucket, upload)).fetchone() is not None

    def part_size(self, bucket: str, upload: str, number: int) -> int:
        """Returns the size of a part; 0 if there is none."""
        with self._changed:
            query = "SELECT size FROM parts WHERE bucket = ? AND upload = ? AND number = ?"
            found = self._db.execute(query, (bucket, upload, number)).fetchone()
        return 0 if found is None else int(found[0])

    @staticmethod
    def add_upload(
        db: sqlite3.Connection, bucket: str, upload: str, parts: Mapping[int, int] = MappingProxyType({})
    ) -> tuple[int, int]:
        """Notes an upload within a step, and returns how many bytes and objects its bucket holds more."""
        added = db.execute("INSERT OR IGNORE INTO uploads VALUES (?, ?)", (bucket, upload))
        if not added.rowcount:
            return 0, 0
        db.executemany("INSERT INTO parts VALUES (?, ?, ?, ?)", [(bucket, upload, *part) for part in parts.items()])
        return sum(parts.values()), 1

    @staticmethod
    def remove_upload(db: sqlite3.Connection, bucket: str, upload: str) -> tuple[int, int]:
        """Forgets an upload with its parts, likewise."""
        removed = db.execute("DELETE FROM uploads WHERE bucket = ? AND upload = ?", (bucket, upload))
        if not removed.rowcount:
            return 0, 0
        sizes = db.execute(
            "DELETE FROM parts WHERE bucket = ? AND upload = ? RETURNING size", (bucket, upload)
        ).fetchall()
        return -sum(size for (size,) in sizes), -1

    @staticmethod
    def set_part(db: sqlite3.Connection, bucket: str, upload: str, number: int, size: int) -> tuple[int, int]:
        """Notes a part, likewise. One of an upload that has ended meanwhile is gone with it."""
        row = (bucket, upload)
        if db.execute("SELECT 1 FROM uploads WHERE bucket = ? AND upload = ?", row).fetchone() is None:
            return 0, 0
        query = "SELECT size FROM parts WHERE bucket = ? AND upload = ? AND number = ?"
        before = (db.execute(query, (*row, number)).fetchone() or (0,))[0]
        db.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?)", (*row, number, size))
        return size - before, 0

    def uploads_of(self, bucket: str) -> set[str]:
        """Returns the ids of the uploads that are known in a bucket."""
        with self._changed:
            return {upload for (upload,) in self._db.execute("SELECT upload FROM uploads WHERE bucket = ?", (bucket,))}

    def keys_being_written(self, bucket: str) -> set[str]:
        """Returns the keys that writes in progress are about."""
        with self._changed:
            return {key for (key,) in self._db.execute("SELECT key FROM writes WHERE bucket = ?", (bucket,))}

    # Writes

    def begin(self, bucket: str, key: str, owner: str) -> int:
        """Begins a write, and returns its number."""
        with self._transaction() as db:
            row = (self.process, bucket, key, owner)
            cursor = db.execute(
                "INSERT INTO writes (process, bucket, key, owner, size, objects) VALUES (?, ?, ?, ?, 0, 0)", row
            )
            return int(cursor.lastrowid or 0)

    def reserve(self, write: int, size: int, objects: int, limits: Sequence[Limit]) -> Excess | None:
        """Sets what a write will add at most, in place of what it said before.

        Returns:
            The limit that this would exceed; nothing is changed then. ``None``: it fits.
        """
        with self._transaction() as db:
            before = db.execute("SELECT size, objects FROM writes WHERE id = ?", (write,)).fetchone() or (0, 0)
            more_size, more_objects = size - before[0], objects - before[1]
            for limit in limits if more_size > 0 or more_objects > 0 else ():
                used_size, used_objects = _used(db, limit)
                most = limit.max_size_bytes
                if most is not None and more_size > 0 and used_size + more_size > most:
                    return Excess(limit, "bytes", most, used_size + more_size)
                most = limit.max_objects
                if most is not None and more_objects > 0 and used_objects + more_objects > most:
                    return Excess(limit, "objects", most, used_objects + more_objects)
            db.execute("UPDATE writes SET size = ?, objects = ? WHERE id = ?", (size, objects, write))
        return None

    def lock(self, write: int, names: Iterable[tuple[str, str]]) -> None:
        """Waits until nobody else has one of these locks, and takes all of them at once.

        Args:
            write: The write that takes them.
            names: Buckets, and what is locked in each; `WHOLE`: everything in it.
        """
        wanted = sorted(set(names))
        self._wait(lambda db: _take(db, write, wanted))
        for bucket, name in wanted:
            if name == WHOLE:
                self._wait(partial(_is_alone, write=write, bucket=bucket))

    def _wait(self, step: Callable[[sqlite3.Connection], bool]) -> None:
        next_burial = time.monotonic() + _BURY_SECONDS
        with self._changed:  # Between a look and the wait, nobody may give a lock back unnoticed.
            while not self._try(step):
                self._changed.wait(None if self._processes is None else _POLL_SECONDS)
                if self._processes is not None and time.monotonic() > next_burial:
                    self.bury()
                    next_burial = time.monotonic() + _BURY_SECONDS

    def _try(self, step: Callable[[sqlite3.Connection], bool]) -> bool:
        with self._transaction() as db:
            return step(db)

    def settle(
        self,
        write: int,
        bucket: str,
        bucket_id: int,
        change: tuple[int, int] = (0, 0),
        also: Callable[[sqlite3.Connection], tuple[int, int]] | None = None,
    ) -> None:
        """Ends a write, and adds what it has changed. Its locks are free again.

        Args:
            write: The write.
            bucket: Its bucket.
            bucket_id: The id of the bucket when the write began; another one now is another bucket.
            change: How many bytes and objects the bucket holds more.
            also: Changes uploads and parts in the same step, and returns what this changes besides.
        """
        with self._transaction() as db:
            size, objects = change
            if also is not None:
                more = also(db)
                size, objects = size + more[0], objects + more[1]
            if size or objects:
                changed = db.execute(
                    "UPDATE buckets SET size = MAX(size + ?, 0), objects = MAX(objects + ?, 0) "
                    "WHERE name = ? AND id = ?",
                    (size, objects, bucket, bucket_id),
                )
                if not changed.rowcount:
                    db.execute("UPDATE buckets SET counted = 0 WHERE name = ?", (bucket,))
            _end(db, write)
            self._changed.notify_all()

    def bury(self) -> None:
        """Ends the writes of processes that have died. What they had begun to commit is counted again."""
        if self._processes is None:
            return
        with self._transaction() as db:
            for (process,) in db.execute("SELECT DISTINCT process FROM writes").fetchall():
                if self._processes.is_alive(process):
                    continue
                writes = db.execute("SELECT id, bucket FROM writes WHERE process = ?", (process,)).fetchall()
                for write, bucket in writes:
                    if db.execute("SELECT 1 FROM locks WHERE write = ?", (write,)).fetchone() is not None:
                        db.execute("UPDATE buckets SET counted = 0 WHERE name = ?", (bucket,))
                    _end(db, write)
            self._changed.notify_all()


def _used(db: sqlite3.Connection, limit: Limit) -> tuple[int, int]:
    column, of_writes = ("name", "bucket") if limit.scope == "bucket" else ("owner", "owner")
    held, begun = (
        db.execute(
            f"SELECT COALESCE(SUM(size), 0), COALESCE(SUM(objects), 0) FROM {table} WHERE {where} = ?",  # noqa: S608
            (limit.name,),
        ).fetchone()
        for table, where in (("buckets", column), ("writes", of_writes))
    )
    return held[0] + begun[0], held[1] + begun[1]


def _take(db: sqlite3.Connection, write: int, wanted: list[tuple[str, str]]) -> bool:
    for bucket, name in wanted:
        query = "SELECT 1 FROM locks WHERE bucket = ? AND name IN (?, ?) AND write != ?"
        if db.execute(query, (bucket, name, WHOLE, write)).fetchone() is not None:
            return False
    db.executemany("INSERT OR REPLACE INTO locks VALUES (?, ?, ?)", [(bucket, name, write) for bucket, name in wanted])
    return True


def _is_alone(db: sqlite3.Connection, write: int, bucket: str) -> bool:
    query = "SELECT 1 FROM locks WHERE bucket = ? AND write != ?"
    return db.execute(query, (bucket, write)).fetchone() is None


def _end(db: sqlite3.Connection, write: int) -> None:
    db.execute("DELETE FROM locks WHERE write = ?", (write,))
    db.execute("DELETE FROM writes WHERE id = ?", (write,))


def prepare(folder: Path) -> None:
    """Makes the database that several processes will share."""
    with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.executescript(_SCHEMA)
