"""Looks for what is left over in the folder of a store that nobody has open."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

_EXPECTED: Final = frozenset({"bucketry.json", "index.sqlite", "blobs", "sessions"})
_OPTIONAL: Final = frozenset({"reserve"})

_NOTHING: Final = {
    "garbage is left": "SELECT * FROM garbage",
    "sessions are left": "SELECT * FROM sessions",
    "pieces belong to nothing": """
        SELECT * FROM pieces
        WHERE owner NOT IN (SELECT id FROM versions) AND owner NOT IN (SELECT -id FROM parts)""",
    "pieces are of no content": "SELECT * FROM pieces WHERE content NOT IN (SELECT id FROM contents)",
    "contents are counted wrong": """
        SELECT id, refs FROM contents WHERE refs != (SELECT count(*) FROM pieces WHERE content = contents.id)""",
    "contents are needed by nothing": "SELECT id FROM contents WHERE refs < 1",
    "parts belong to no upload": "SELECT * FROM parts WHERE upload NOT IN (SELECT id FROM uploads)",
    "versions are in no bucket": "SELECT id FROM versions WHERE bucket NOT IN (SELECT id FROM buckets)",
    "uploads are in no bucket": "SELECT id FROM uploads WHERE bucket NOT IN (SELECT id FROM buckets)",
    "settings are of no bucket": "SELECT * FROM settings WHERE bucket NOT IN (SELECT id FROM buckets)",
    "usage is of no bucket": "SELECT * FROM usage WHERE bucket NOT IN (SELECT id FROM buckets)",
    "buckets have no usage": "SELECT id FROM buckets WHERE id NOT IN (SELECT bucket FROM usage)",
    "the index is damaged": "SELECT * FROM pragma_integrity_check() WHERE integrity_check != 'ok'",
}
"""Queries of the index that find nothing if all is right."""

_NAMED: Final = "SELECT session || '/' || number, stored_bytes FROM contents WHERE session IS NOT NULL"


def rows_left(folder: Path) -> Iterator[str]:
    """Yields which rows of the index should not be there, and what is wrong with the index as a whole."""
    with closing(sqlite3.connect(folder / "index.sqlite", isolation_level=None)) as index:
        for problem, query in _NOTHING.items():
            if rows := index.execute(query).fetchall():
                yield f"{problem}: {rows[:5]}"


def files_left(folder: Path) -> Iterator[str]:
    """Yields which files and folders should not be there, or are missing."""
    if unexpected := ({path.name for path in folder.iterdir()} - _OPTIONAL) ^ _EXPECTED:
        yield f"the folder has, or lacks, {unexpected}"
    if locks := [path.name for path in (folder / "sessions").iterdir()]:
        yield f"lock files are left: {locks}"
    with closing(sqlite3.connect(folder / "index.sqlite", isolation_level=None)) as index:
        named = dict(index.execute(_NAMED))
    yield from _blobs(folder / "blobs", named)


def _blobs(blobs: Path, named: dict[str, int]) -> Iterator[str]:
    paths = list(blobs.rglob("*"))
    found = {f"{path.relative_to(blobs).parts[0]}/{path.name}": path.stat().st_size for path in paths if path.is_file()}
    if found != named:
        missing, needless = named.keys() - found.keys(), found.keys() - named.keys()
        short = [name for name in named.keys() & found.keys() if named[name] != found[name]]
        yield f"files are missing: {missing}, named by nothing: {needless}, of another size: {short}"
    if empty := [str(path.relative_to(blobs)) for path in paths if path.is_dir() and not any(path.iterdir())]:
        yield f"folders are empty: {empty}"
