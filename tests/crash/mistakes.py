"""Mistakes that a driver could make with the disk, made from outside, to see whether crash states show them."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.crash.kill_points import Execute, watch_statements


def make_mistake(name: str) -> None:
    """Makes one of `MISTAKES` in this process from now on. Call it before the driver is imported."""
    MISTAKES[name]()


def _sync_no_contents() -> None:
    _sync_unless(stat.S_ISREG)


def _sync_no_folders() -> None:
    _sync_unless(stat.S_ISDIR)


def _sync_unless(is_skipped: Callable[[int], bool]) -> None:
    """Lets fsync do nothing with such contents or their folders."""
    original = os.fsync

    def fsync(descriptor: int) -> None:
        if not (_is_of_contents(_path_of(descriptor)) and is_skipped(os.fstat(descriptor).st_mode)):
            original(descriptor)

    os.fsync = fsync  # type: ignore[assignment]


def _path_of(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}").readlink()


def _is_of_contents(path: Path) -> bool:
    return "blobs" in path.parts


def _sync_no_commits() -> None:
    def around(sql: str, execute: Execute) -> sqlite3.Cursor:
        return execute("PRAGMA synchronous = OFF" if "synchronous" in sql else sql)

    watch_statements(around)


def _commit_first() -> None:
    """Writes contents only after the transaction that names them."""
    postponed: list[tuple[Path, bytes]] = []
    original = os.write

    def write(descriptor: int, data: Any) -> int:
        path = _path_of(descriptor)
        if not _is_of_contents(path):
            return original(descriptor, data)
        postponed.append((path, bytes(data)))
        return len(data)

    def around(sql: str, execute: Execute) -> sqlite3.Cursor:
        cursor = execute(sql)
        if sql.startswith("COMMIT"):
            _write_now(postponed, original)
        return cursor

    os.write = write
    watch_statements(around)


def _write_now(postponed: list[tuple[Path, bytes]], write: Callable[[int, bytes], int]) -> None:
    # The file of a body that broke off is gone by then.
    for path in dict.fromkeys(path for path, _ in postponed if path.exists()):
        descriptor = os.open(path, os.O_WRONLY)
        write(descriptor, b"".join(data for written, data in postponed if written == path))
        os.fsync(descriptor)
        os.close(descriptor)
    postponed.clear()


MISTAKES: Final[dict[str, Callable[[], None]]] = {
    "contents are not synced": _sync_no_contents,
    "folders are not synced": _sync_no_folders,
    "commits are not synced": _sync_no_commits,
    "commits come before contents": _commit_first,
}
"""Each mistake, by what is wrong."""
