"""Points at which a writer kills itself: just before or after a call that makes something durable or visible.

Python's functions are replaced in this process, and so is `sqlite3.connect`, before the driver is imported.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
from collections.abc import Callable
from typing import Any, Final, TypeVar

T = TypeVar("T")

CALLS: Final = {
    "fsync": 30,
    "mkdir": 4,
    "replace": 1,
    "unlink": 10,
    "rmdir": 2,
    "open": 30,
    "write": 30,
    "BEGIN IMMEDIATE": 40,
    "COMMIT": 40,
    "INSERT": 40,
    "DELETE": 20,
}
"""Functions of `os` and beginnings of SQL statements, with how many such calls a process makes in about a second."""

POINTS: Final = tuple(f"{when}-{call}" for call in CALLS for when in ("before", "after"))


Execute = Callable[[str], sqlite3.Cursor]
"""Executes a statement, with the parameters that came with it."""


def draw(rng: random.Random) -> tuple[str, int]:
    """Draws a point, and at which of its calls a process ends."""
    point = rng.choice(POINTS)
    return point, rng.randint(1, CALLS[point.partition("-")[2]])


class KillPoint:
    """Counts the calls of one kind, and ends the process at one of them."""

    def __init__(self, point: str, occurrence: int) -> None:
        """Counts nothing yet.

        Args:
            point: One of `POINTS`.
            occurrence: At which call, from 1.
        """
        self._when, _, self.call = point.partition("-")
        self._left = occurrence

    def around(self, call: Callable[[], T]) -> T:
        """Makes a call of that kind, if the process lives on."""
        self._left -= 1
        if self._left == 0 and self._when == "before":
            end_process()
        result = call()
        if self._left == 0:
            end_process()
        return result


def end_process() -> None:
    """Kills this process: nothing runs any more, and no buffer is written."""
    os.kill(os.getpid(), signal.SIGKILL)


def install(point: KillPoint) -> None:
    """Watches the calls of this process from now on."""
    if point.call.isupper():

        def around(sql: str, execute: Execute) -> sqlite3.Cursor:
            is_watched = sql.lstrip().startswith(point.call)
            return point.around(lambda: execute(sql)) if is_watched else execute(sql)

        watch_statements(around)
    else:
        original = getattr(os, point.call)
        setattr(os, point.call, lambda *args, **options: point.around(lambda: original(*args, **options)))


def watch_statements(around: Callable[[str, Execute], sqlite3.Cursor]) -> None:
    """Puts a function around the execution of each statement, in connections that are opened from now on."""
    original = sqlite3.connect

    class Watched(sqlite3.Connection):
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            return around(sql, lambda sql: super(Watched, self).execute(sql, *args))

        def executemany(self, sql: str, *args: Any) -> sqlite3.Cursor:
            return around(sql, lambda sql: super(Watched, self).executemany(sql, *args))

        def commit(self) -> None:
            raise NotImplementedError("only the statement COMMIT is watched")

    def connect(*args: Any, **options: Any) -> sqlite3.Connection:
        return original(*args, **{**options, "factory": Watched})  # type: ignore[no-any-return]

    sqlite3.connect = connect  # type: ignore[assignment]
