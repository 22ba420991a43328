"""The program that is killed: writers in a process of its own. `python -m tests.crash.writer TASK`."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import Final

import msgspec
from bucketry import open_store
from bucketry_file import receiving, reserve

from tests.crash.choices import Sizes
from tests.crash.kill_points import Execute, KillPoint, install, watch_statements
from tests.crash.mistakes import make_mistake
from tests.crash.notes import Notes, Start
from tests.crash.writing import Writing


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What a writer's process does.

    Attributes:
        url: The store.
        notes: The file of its notes.
        seed: Draws its steps.
        writers: The number of its first writer, and that after its last.
        steps: How many steps each writer makes.
        start: What the store holds.
        sizes: How large contents are.
        inline_bytes: Largest content that the driver keeps in its index; 0: as the driver has it.
        checkpoint_pages: Pages of SQLite's log after which they go to its database; 0: as the driver has it.
        kill_point: Where it kills itself; empty: nowhere.
        occurrence: At which of the calls of the kill point, from 1.
        mistake: What is made wrong on purpose; empty: nothing.
    """

    url: str
    notes: str
    seed: int
    writers: tuple[int, int]
    steps: int
    start: Start = Start()
    sizes: Sizes = Sizes()
    inline_bytes: int = 0
    checkpoint_pages: int = 0
    kill_point: str = ""
    occurrence: int = 1
    mistake: str = ""


def command(task: Task, file: Path) -> list[str]:
    """Writes a task to a file, and returns the command that does it."""
    file.write_bytes(msgspec.json.encode(task))
    return [sys.executable, "-m", "tests.crash.writer", str(file)]


_RESERVE_BYTES: Final = 10_000
"""Room that is kept for deletes in a recorded run. More would only make its states larger."""


def main(file: Path) -> None:
    """Does a task, and closes the store."""
    task = msgspec.json.decode(file.read_bytes(), type=Task)
    if task.kill_point:
        install(KillPoint(task.kill_point, task.occurrence))
    if task.mistake:
        make_mistake(task.mistake)
    if task.checkpoint_pages:
        setattr(reserve, "RESERVE_BYTES", _RESERVE_BYTES)  # noqa: B010 - it is final
        _checkpoint_after(task.checkpoint_pages)
    if task.inline_bytes:
        setattr(receiving, "INLINE_BYTES", task.inline_bytes)  # noqa: B010 - it is final
    with open_store(task.url) as store:
        Writing(store, Notes(Path(task.notes)), task.start, task.seed, task.sizes).write(
            range(*task.writers), task.steps
        )


def _checkpoint_after(pages: int) -> None:
    def around(sql: str, execute: Execute) -> sqlite3.Cursor:
        if "synchronous" in sql:
            execute(f"PRAGMA wal_autocheckpoint = {pages}")
        return execute(sql)

    watch_statements(around)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
