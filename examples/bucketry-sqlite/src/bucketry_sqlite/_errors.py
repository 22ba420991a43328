"""What SQLite's errors mean in the contract."""

from __future__ import annotations

import sqlite3
from types import MappingProxyType
from typing import Final

from bucketry import AccessDenied, BackendError, Classified, QuotaExceeded, Throttled, Unavailable

_PRIMARY: Final = 0xFF
"""The low byte of an extended result code is its primary code (SQLite: "Result and Error Codes")."""

_KINDS: Final = MappingProxyType(
    {
        sqlite3.SQLITE_BUSY: Throttled,
        sqlite3.SQLITE_CANTOPEN: Unavailable,
        sqlite3.SQLITE_FULL: QuotaExceeded,
        sqlite3.SQLITE_IOERR: Unavailable,
        sqlite3.SQLITE_LOCKED: Throttled,
        sqlite3.SQLITE_PERM: AccessDenied,
        sqlite3.SQLITE_PROTOCOL: Throttled,
        sqlite3.SQLITE_READONLY: AccessDenied,
    }
)


def classify(error: Exception) -> Classified:
    """Looks an error up by its code."""
    # Errors of the sqlite3 module itself carry no code, and errors of a body's source are no sqlite3.Error.
    if not isinstance(error, sqlite3.Error) or not hasattr(error, "sqlite_errorcode"):
        return Classified(BackendError, f"{type(error).__name__}: {error}")
    kind = _KINDS.get(error.sqlite_errorcode & _PRIMARY, BackendError)
    return Classified(kind, f"{error} ({error.sqlite_errorname})")
