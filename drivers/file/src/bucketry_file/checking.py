"""Finds damage in a folder, and says what to do about it. It changes nothing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, NamedTuple, final

import xxhash
from bucketry import Throttled, Unavailable
from bucketry.commands import Say
from bucketry.features import MIB

from bucketry_file import disk
from bucketry_file.cleaning import folders_of
from bucketry_file.errors import NOT_FOLLOWED
from bucketry_file.folder import Folder, link_at, require_no_links
from bucketry_file.sessions import is_alive, may_have_lost_power

_DAMAGED_INDEX: Final = "the index is damaged: restore the folder from a backup, or export what can still be read"
_OTHER_BYTES: Final = "it has other bytes than were written"
_SECTOR: Final = 512
"""Bytes that a disk writes whole: the smallest sector of disks."""

_AT_ONCE: Final = 200
"""How many contents are read at once. A transaction that lasted as long as the check would let SQLite's log grow."""

_CONTENTS: Final = """
    SELECT id, stored_bytes, digest, session, number, data FROM contents WHERE id > ? ORDER BY id LIMIT ?
"""
_NAMED: Final = """
    SELECT 1 FROM contents WHERE session = :session AND number = :number
    UNION ALL SELECT 1 FROM garbage WHERE session = :session AND number = :number
"""
_USERS: Final = """
    SELECT buckets.name, versions.key, versions.number FROM pieces
    JOIN versions ON versions.id = pieces.owner JOIN buckets ON buckets.id = versions.bucket WHERE pieces.content = ?
    UNION SELECT buckets.name, uploads.key, -parts.number FROM pieces
    JOIN parts ON parts.id = -pieces.owner JOIN uploads ON uploads.id = parts.upload
    JOIN buckets ON buckets.id = uploads.bucket WHERE pieces.content = ?
"""

# Each finds rows that cannot be: what it is, and the query.
_RULES: Final = (
    (
        "pieces of contents that are not there",
        "SELECT count(*) FROM pieces LEFT JOIN contents ON contents.id = pieces.content WHERE contents.id IS NULL",
    ),
    (
        "contents whose pieces are counted wrong",
        """SELECT count(*) FROM contents
        LEFT JOIN (SELECT content, count(*) AS named FROM pieces GROUP BY content) AS counted
        ON counted.content = contents.id WHERE refs <> coalesce(named, 0)""",
    ),
    (
        "pieces of versions and parts that are not there",
        """SELECT count(*) FROM pieces WHERE NOT EXISTS (SELECT 1 FROM versions WHERE versions.id = pieces.owner)
        AND NOT EXISTS (SELECT 1 FROM parts WHERE parts.id = -pieces.owner)""",
    ),
    (
        "versions whose pieces are not as long as they are",
        """SELECT count(*) FROM versions
        WHERE size_bytes <> (SELECT coalesce(sum(length), 0) FROM pieces WHERE owner = versions.id)""",
    ),
    (
        "buckets whose usage is counted wrong",
        """SELECT count(*) FROM usage
        WHERE object_count <> (SELECT count(*) FROM versions WHERE bucket = usage.bucket AND is_current = 1)
        OR size_bytes <> (SELECT coalesce(sum(size_bytes), 0) FROM versions
            WHERE bucket = usage.bucket AND is_current = 1)
        OR noncurrent_count <> (SELECT count(*) FROM versions WHERE bucket = usage.bucket AND is_current = 0)
        OR noncurrent_bytes <> (SELECT coalesce(sum(size_bytes), 0) FROM versions
            WHERE bucket = usage.bucket AND is_current = 0)""",
    ),
    (
        "versions, uploads or settings of buckets that are not there",
        """SELECT count(*) FROM (SELECT bucket FROM versions UNION ALL SELECT bucket FROM uploads
        UNION ALL SELECT bucket FROM settings UNION ALL SELECT bucket FROM usage)
        WHERE bucket NOT IN (SELECT id FROM buckets)""",
    ),
    (
        "parts of uploads that are not there",
        "SELECT count(*) FROM parts WHERE upload NOT IN (SELECT id FROM uploads)",
    ),
    (
        "buckets without usage",
        "SELECT count(*) FROM buckets WHERE id NOT IN (SELECT bucket FROM usage)",
    ),
    (
        "keys whose newest version is not the current one",
        """SELECT count(*) FROM versions AS older WHERE is_current = 1 AND EXISTS (SELECT 1 FROM versions
        WHERE bucket = older.bucket AND key = older.key AND number > older.number)""",
    ),
)


class _Content(NamedTuple):
    id: int
    stored_bytes: int
    digest: bytes
    session: str | None
    number: int | None
    data: bytes | None


class _Fault(NamedTuple):
    """What is wrong with a content.

    Attributes:
        what: What is wrong.
        is_of_power: Whether a loss of power may leave just this of a file that had not been synced.
        is_link: Whether a link is in the way. The content may be where it leads to.
    """

    what: str
    is_of_power: bool = False
    is_link: bool = False


def check_folder(folder: Folder, say: Say, *, reads: bool) -> int:
    """Looks for damage.

    Args:
        folder: The folder of a store.
        say: Gets a line for everything that is found, and one at the end.
        reads: Whether all contents are read.

    Returns:
        How much damage there is. Files that are left over are no damage.

    Raises:
        Unavailable: There is no index.
        Throttled: Another program keeps the index locked.
        InvalidSettings: The folder holds links that no program of the driver would open.
    """
    require_no_links(folder)
    if not folder.index.exists():
        raise Unavailable(f"{folder.index} is missing: restore it from a backup")
    try:
        with closing(sqlite3.connect(folder.index, isolation_level=None)) as connection:
            connection.execute("PRAGMA query_only = ON")
            return _Check(folder, connection, say, reads=reads).run()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise Throttled(f"another program keeps {folder.index} locked") from error
        say(f"index: {error}")
        say(_DAMAGED_INDEX)
        return 1


@final
class _Check:
    def __init__(self, folder: Folder, connection: sqlite3.Connection, say: Say, *, reads: bool) -> None:
        self._folder = folder
        self._connection = connection
        self._say = say
        self._reads = reads
        self._unsynced = 0

    def run(self) -> int:
        # The whole of it compares each index with its table, and takes many times as long.
        check = "PRAGMA integrity_check" if self._reads else "PRAGMA quick_check"
        problems = [row for (row,) in self._connection.execute(check) if row != "ok"]
        for problem in problems:
            self._say(f"index: {problem}")
        if problems:
            self._say(_DAMAGED_INDEX)
            return len(problems)
        damage = self._look_for_links() + self._check_rows() + sum(map(self._check_content, self._contents()))
        self._look_for_leftovers()
        unsynced = f", {self._unsynced} of them perhaps from a loss of power with sync=false" if self._unsynced else ""
        self._say("no damage was found" if not damage else f"faults that were found: {damage}{unsynced}")
        return damage

    def _look_for_links(self) -> int:
        found = [path for pattern in ("*", "*/*") for path in self._folder.blobs.glob(pattern) if path.is_symlink()]
        for path in sorted(found):
            self._say(link_at(path))
        return len(found)

    def _check_rows(self) -> int:
        damage = 0
        for what, query in _RULES:
            (count,) = self._connection.execute(query).fetchone()
            if count:
                self._say(f"index: {count} {what}: restore the folder from a backup")
                damage += 1
        return damage

    def _contents(self) -> Iterator[_Content]:
        last = 0
        while found := [_Content(*row) for row in self._connection.execute(_CONTENTS, (last, _AT_ONCE))]:
            yield from found
            last = found[-1].id

    def _check_content(self, content: _Content) -> bool:
        """Says what is wrong with a content. Returns whether anything is."""
        fault = self._fault_of_file(content) if content.session is not None else self._fault_of_data(content)
        if fault is None or not self._is_there(content):
            return False
        where = f"content {content.id}"
        if content.session is not None:
            where = f"{self._folder.blob(content.session, content.number or 0)}"
        self._say(f"{where}: {fault.what}; {self._advice(content, fault)}")
        for bucket, key, number in self._connection.execute(_USERS, (content.id, content.id)):
            what = f"version number {number}" if number >= 0 else f"part {-number} of an upload"
            self._say(f"    {bucket}/{key.decode()!r} ({what})")
        return True

    def _advice(self, content: _Content, fault: _Fault) -> str:
        if fault.is_of_power and may_have_lost_power(content.session or ""):
            self._unsynced += 1
            return (
                "it was written with sync=false before the machine was last started: if that lost power, the bytes had "
                "not reached the disk; these are lost: delete and write them again"
            )
        if fault.is_link:
            return "these cannot be read until what the link leads to is in its place"
        return "these are lost: restore the file from a backup, or delete and write them again"

    def _is_there(self, content: _Content) -> bool:
        """Says whether the index still names a content: it may have been deleted since it was read."""
        return self._connection.execute("SELECT 1 FROM contents WHERE id = ?", (content.id,)).fetchone() is not None

    def _fault_of_data(self, content: _Content) -> _Fault | None:
        data = content.data
        if not isinstance(data, bytes) or len(data) != content.stored_bytes:
            return _Fault(f"it does not have its {content.stored_bytes} bytes")
        if self._reads and xxhash.xxh3_128_digest(data) != content.digest:
            return _Fault(_OTHER_BYTES)
        return None

    def _fault_of_file(self, content: _Content) -> _Fault | None:
        names = self._folder.names_of_blob(content.session or "", content.number or 0)
        try:
            descriptor = disk.open_below(self._folder.path, names)
            try:
                size = os.fstat(descriptor).st_size
                if size != content.stored_bytes:
                    return _Fault(f"it has {size} bytes, not {content.stored_bytes}", size < content.stored_bytes)
                if self._reads and _digest_of(descriptor) != content.digest:
                    return _Fault(_OTHER_BYTES, _has_empty_sector(descriptor))
            finally:
                os.close(descriptor)
        except FileNotFoundError:
            return _Fault("it is missing", is_of_power=True)
        except OSError as error:
            if error.errno in NOT_FOLLOWED:
                return _Fault("a link is there instead of it, or of a folder on the way", is_link=True)
            return _Fault(f"it cannot be read: {error.strerror}")
        return None

    def _look_for_leftovers(self) -> None:
        """Says which files nothing needs."""
        (garbage,) = self._connection.execute("SELECT count(*) FROM garbage").fetchone()
        if garbage:
            self._say(f"{garbage} deleted contents are still to be cleared away: 'bucketry file compact' does it")
        known = {name for (name,) in self._connection.execute("SELECT name FROM sessions")}
        for path in sorted(self._folder.blobs.iterdir()):
            if is_alive(self._folder, path.name):
                continue
            orphans = list(self._orphans(path.name))
            if orphans and path.name in known:
                self._say(f"{path}: {len(orphans)} files of a process that was killed: 'bucketry file compact' does it")
            elif orphans:
                self._say(
                    f"{path}: {len(orphans)} files that the index never named, such as {orphans[0]}: if the index is "
                    "an older copy, restore the newer one; otherwise delete them"
                )

    def _orphans(self, session: str) -> Iterator[Path]:
        for path in self._files_of(session):
            if path.name.isdecimal():
                wanted = {"session": session, "number": int(path.name)}
                if self._connection.execute(_NAMED, wanted).fetchone() is None:
                    yield path

    def _files_of(self, session: str) -> Iterable[Path]:
        for folder in folders_of(self._folder, session):
            with suppress(FileNotFoundError):
                yield from sorted(folder.iterdir())


def _digest_of(descriptor: int) -> bytes:
    digest = xxhash.xxh3_128()
    os.lseek(descriptor, 0, os.SEEK_SET)
    while chunk := os.read(descriptor, MIB):
        digest.update(chunk)
    return digest.digest()


def _has_empty_sector(descriptor: int) -> bool:
    """Says whether a sector is zeros, as where the size of a file reached the disk and its bytes did not."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    while chunk := os.read(descriptor, MIB):
        if any(not chunk[at : at + _SECTOR].strip(b"\0") for at in range(0, len(chunk), _SECTOR)):
            return True
    return False
