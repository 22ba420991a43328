"""The contract suite on this driver: how to open a store, how to look into it, and how to make it fail."""

from __future__ import annotations

import base64
import shutil
import sqlite3
import tempfile
from collections.abc import Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from bucketry import Store, open_store
from bucketry.secret import Secret
from bucketry_contract import Backend, ContractSuite
from bucketry_sqlite import SqliteSettings

CONTENT = """
    SELECT chunks.data FROM objects
    LEFT JOIN pieces ON pieces.object = objects.id LEFT JOIN chunks ON chunks.blob = pieces.blob
    WHERE objects.bucket = ? AND objects.key = ? ORDER BY pieces.start, chunks.start
"""
UNFINISHED = "SELECT id FROM uploads WHERE bucket = ? UNION ALL SELECT id FROM blobs WHERE leased_until IS NOT NULL"
LOSE_THE_END = """
    CREATE TRIGGER IF NOT EXISTS lose_the_end AFTER INSERT ON chunks WHEN NEW.start >= 1048576
    BEGIN DELETE FROM chunks WHERE id = NEW.id; END
"""


KEY_IDS = ("first", "second")
MASTER_KEYS = Secret(",".join(f"{name}:{base64.b64encode(name.ljust(32).encode()).decode()}" for name in KEY_IDS))


class SqliteBackend(Backend):
    kms_keys = KEY_IDS
    missing_kms_key = "third"

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp())

    def open(self, layers: Sequence[object]) -> Store:
        return self._store("store.db", layers)

    def raw_object(self, bucket: str, key: str) -> bytes | None:
        rows = self._query("store.db", CONTENT, bucket, key.encode())
        return b"".join(data or b"" for (data,) in rows) if rows else None

    def raw_uploads(self, bucket: str) -> Collection[str]:
        return [str(upload) for (upload,) in self._query("store.db", UNFINISHED, bucket)]

    def unreachable(self) -> Store:
        return self._store("no such folder/store.db")

    def full(self) -> Store:
        return self._store("full.db", max_bytes=1024**2)

    def breaking_reads(self) -> Store:
        store = self._store("broken.db")
        store.list_buckets()
        self._query("broken.db", LOSE_THE_END)
        return store

    def cleanup(self) -> None:
        shutil.rmtree(self._folder)

    def _store(self, name: str, layers: Sequence[object] = (), **settings: int) -> Store:
        location = str(self._folder / name)
        return open_store(SqliteSettings(location=location, encryption_keys=MASTER_KEYS, **settings), layers=layers)

    def _query(self, name: str, query: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._folder / name)) as connection:
            return connection.execute(query, values).fetchall()


class TestSqlite(ContractSuite):
    backend = SqliteBackend
