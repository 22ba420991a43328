"""The program that is killed: writers in a process of its own. `python -m tests.crash.writer TASK`.

Given several tasks, it starts a process for each.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from bucketry import open_store
from bucketry_file import receiving, reserve
from msgspec.structs import replace

from tests.crash.checking import MASTER_KEYS
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
        encrypted: Whether some of what is written is encrypted.
        waits: Whether it says a line, and begins once its input ends.
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
    encrypted: bool = False
    waits: bool = False


def command(task: Task, file: Path) -> list[str]:
    """Writes a task to a file, and returns the command that does it."""
    file.write_bytes(msgspec.json.encode(task))
    return _command([file])


def command_of_several(tasks: Sequence[Task], file: Path) -> list[str]:
    """Writes tasks to files, and returns the command that does all of them at the same time, each in a process."""
    files = [file.with_suffix(f".{number}") for number in range(len(tasks))]
    for each, task in zip(files, tasks, strict=True):
        command(replace(task, waits=len(tasks) > 1), each)
    return _command(files)


def _command(files: Sequence[Path]) -> list[str]:
    return [sys.executable, "-m", "tests.crash.writer", *map(str, files)]


_RESERVE_BYTES: Final = 10_000
"""Room that is kept for deletes in a recorded run. More would only make its states larger."""


_PAUSE_SECONDS: Final = 0.02
"""Lets another process that waits for the index go on: it asks for it again every so often, and nobody wakes it."""


def main(files: Sequence[Path]) -> int:
    """Does a task here, or several in processes of their own. Returns the exit status."""
    if len(files) == 1:
        _do(files[0])
        return 0
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(_command([file]), stdin=pipe, stdout=pipe) for file in files]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    return max([abs(process.wait()) for process in processes])


def _do(file: Path) -> None:
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
    if task.waits:
        print("ready", flush=True)
        sys.stdin.read()
    # Without a need, not even the package is imported that encrypts.
    with open_store(task.url, settings=MASTER_KEYS if task.encrypted else None) as store:
        pause = _PAUSE_SECONDS if task.waits else 0
        writing = Writing(store, Notes(Path(task.notes)), task.start, task.seed, task.sizes, pause)
        writing.write(range(*task.writers), task.steps, encrypted=task.encrypted)


def _checkpoint_after(pages: int) -> None:
    def around(sql: str, execute: Execute) -> sqlite3.Cursor:
        if "synchronous" in sql:
            execute(f"PRAGMA wal_autocheckpoint = {pages}")
        return execute(sql)

    watch_statements(around)


if __name__ == "__main__":
    sys.exit(main([*map(Path, sys.argv[1:])]))
