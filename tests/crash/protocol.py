"""A small program that keeps contents in files and their names in SQLite, rightly or wrongly, to test the recorder.

`python -m tests.crash.protocol FOLDER NOTES MISTAKE` stores some contents and notes the number of each that is durable.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

CONTENTS: Final = 4
MISTAKES: Final = ("none", "file-not-synced", "folder-not-synced", "commit-not-synced", "commit-first", "noted-first")


def content_of(number: int) -> bytes:
    """Returns the content that the program stores under a number, of a few sectors."""
    return f"content {number} ".encode() * 120


def main(folder: Path, notes: Path, mistake: str) -> None:
    """Stores the contents."""
    note = os.open(notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    index = sqlite3.connect(folder / "index.sqlite", isolation_level=None)
    index.execute("PRAGMA journal_mode = WAL").fetchone()
    index.execute(f"PRAGMA synchronous = {'OFF' if mistake == 'commit-not-synced' else 'FULL'}")
    index.execute("CREATE TABLE contents (number INTEGER PRIMARY KEY)")
    for number in range(CONTENTS):
        steps: list[Callable[[], object]] = [
            lambda number=number: _store(folder, number, mistake),  # type: ignore[misc]
            lambda number=number: index.execute("INSERT INTO contents VALUES (?)", (number,)),  # type: ignore[misc]
            lambda number=number: os.write(note, f"{number}\n".encode()),  # type: ignore[misc]
        ]
        if mistake == "commit-first":
            steps.insert(0, steps.pop(1))
        elif mistake == "noted-first":
            steps.insert(0, steps.pop())
        for step in steps:
            step()
    index.close()


def _store(folder: Path, number: int, mistake: str) -> None:
    with (folder / f"{number}.new").open("xb") as file:
        file.write(content_of(number))
        file.flush()
        if mistake != "file-not-synced":
            os.fsync(file.fileno())
    (folder / f"{number}.new").rename(folder / f"{number}")
    if mistake != "folder-not-synced":
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def problems(folder: Path, notes: bytes) -> list[str]:
    """Returns what is wrong with a folder after a crash, when the program had noted this much."""
    index = sqlite3.connect(folder / "index.sqlite", isolation_level=None)
    try:
        is_made = index.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        rows = {row[0] for row in index.execute("SELECT number FROM contents")} if is_made else set[int]()
    except sqlite3.DatabaseError as error:
        return [f"the index: {error}"]
    finally:
        index.close()
    lost = {int(line) for line in notes.splitlines()} - rows
    paths = {number: folder / str(number) for number in rows}
    half = [number for number, path in paths.items() if not path.exists() or path.read_bytes() != content_of(number)]
    return [f"lost: {number}" for number in lost] + [f"not whole: {number}" for number in half]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
