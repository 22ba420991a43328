"""A bucketry driver that keeps a whole object store in one SQLite file: ``sqlite:///path/to/store.db``."""

from __future__ import annotations

from bucketry_sqlite._driver import SqliteDriver, SqliteSettings

__all__ = ["SqliteDriver", "SqliteSettings"]
