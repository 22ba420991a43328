"""What errors of SQLite and of the file system mean in the contract."""

from __future__ import annotations

import errno
import sqlite3
from types import MappingProxyType
from typing import Final

from bucketry import (
    AccessDenied,
    BackendError,
    BucketryError,
    Classified,
    QuotaExceeded,
    Throttled,
    Unavailable,
    Unsupported,
)

_PRIMARY: Final = 0xFF
"""The low byte of an extended result code is its primary code (SQLite: "Result and Error Codes")."""

_OF_SQLITE: Final = MappingProxyType(
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

_OF_FILES: Final[MappingProxyType[int | None, type[BucketryError]]] = MappingProxyType(
    {
        errno.ENOSPC: QuotaExceeded,
        errno.EDQUOT: QuotaExceeded,
        errno.EFBIG: QuotaExceeded,
        errno.EACCES: AccessDenied,
        errno.EPERM: AccessDenied,
        errno.EROFS: AccessDenied,
        errno.EMFILE: Throttled,
        errno.ENFILE: Throttled,
    }
)


NOT_FOLLOWED: Final = frozenset({errno.ELOOP, errno.ENOTDIR})
"""What a link is to whoever does not follow it; also if it leads to a folder."""


def classify(error: Exception) -> Classified:
    """Looks an error up by its code. No message names a key: paths in the folder come from none."""
    if isinstance(error, sqlite3.Error) and hasattr(error, "sqlite_errorcode"):
        kind = _OF_SQLITE.get(error.sqlite_errorcode & _PRIMARY, BackendError)
        return Classified(kind, f"{error} ({error.sqlite_errorname})")
    if isinstance(error, OSError) and error.errno in NOT_FOLLOWED:
        return Classified(
            Unavailable, "a link, or a file, is where the store has a folder: 'bucketry file check' says where"
        )
    if isinstance(error, OSError):
        return Classified(_OF_FILES.get(error.errno, Unavailable), f"{error.strerror} ({type(error).__name__})")
    if isinstance(error, ModuleNotFoundError) and error.name == "cryptography":
        return Classified(Unsupported, "encrypted content needs bucketry[encryption]")
    return Classified(BackendError, f"{type(error).__name__}: {error}")
