"""Stores in folders, for tests."""

from __future__ import annotations

import base64
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from bucketry import Store
from bucketry.secret import Secret
from bucketry_file import FileDriver, FileSettings

BUCKET = "bucket"
LARGE = 200_000
"""More than is kept in the index."""

KEYS = Secret("first:" + base64.b64encode(bytes(range(32))).decode())


def open_driver(path: Path, **settings: Any) -> FileDriver:
    return FileDriver(FileSettings(location=str(path), min_part_size=1, **settings))


def open_store(path: Path, **settings: Any) -> Store:
    """Opens a store, and makes the bucket if it is missing."""
    store = Store(open_driver(path, **settings))
    if not store.list_buckets():
        store.create_bucket(BUCKET)
    return store


def files(path: Path) -> list[str]:
    """Returns the contents that are files, and their folders."""
    return sorted(found.relative_to(path).as_posix() for found in (path / "blobs").rglob("*"))


def query(path: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path / "index.sqlite", isolation_level=None)) as connection:
        return connection.execute(sql, values).fetchall()
