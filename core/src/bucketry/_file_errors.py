"""The errors of the contract as those that callers of file systems expect."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bucketry import errors

_NUMBERS: Final[tuple[tuple[type[errors.BucketryError], int], ...]] = (
    (errors.NotFound, errno.ENOENT),
    (errors.IsDeleteMarker, errno.ENOENT),
    (errors.AccessDenied, errno.EACCES),
    (errors.BucketAlreadyExists, errno.EEXIST),
    (errors.BucketNotEmpty, errno.ENOTEMPTY),
    (errors.QuotaExceeded, errno.ENOSPC),
    (errors.TooLarge, errno.EFBIG),
    (errors.Throttled, errno.EBUSY),
)
"""Error numbers, from which Python chooses the class. Every other error of a store is an ``EIO``."""


def file_error(error: errors.BucketryError, path: str) -> Exception:
    """Returns the error of a file system for one of the contract.

    Args:
        error: The error.
        path: The file that the call was about.
    """
    if isinstance(error, errors.InvalidArgument | errors.StoreClosed):
        return ValueError(str(error))
    if isinstance(error, errors.Unsupported):
        return NotImplementedError(str(error))
    if isinstance(error, errors.Unavailable):
        return ConnectionError(errno.ECONNABORTED, str(error), path)
    if isinstance(error, errors.PreconditionFailed):
        return _changed(error, path)
    number = next((number for kind, number in _NUMBERS if isinstance(error, kind)), errno.EIO)
    said = os.strerror(number) if number in {errno.ENOENT, errno.EEXIST} else str(error)
    return OSError(number, said, path)


def names_nothing(error: FileNotFoundError | ValueError) -> bool:
    """Says whether an error of `file_errors` means that a path names nothing, or nothing that can exist."""
    is_bad_name = isinstance(error.__cause__, errors.InvalidBucketName | errors.InvalidKey)
    return isinstance(error, FileNotFoundError) or error.__cause__ is None or is_bad_name


def _changed(error: errors.PreconditionFailed, path: str) -> OSError:
    if error.condition == "if_none_match":
        return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
    return OSError(errno.ESTALE, "the file has changed since it was opened", path)


@contextmanager
def file_errors(path: str) -> Iterator[None]:
    """Raises the errors of a file system in place of those of the contract, which stay as ``__cause__``.

    Args:
        path: The file that the calls are about.

    Raises:
        FileNotFoundError: The object or the bucket does not exist.
        FileExistsError: It exists already.
        PermissionError: The store refuses the credentials, or they do not allow this.
        ValueError: The path names no bucket or key that can exist.
        NotImplementedError: The driver does not offer this.
        OSError: The store failed.
        InvalidSettings: The store cannot be opened.
    """
    try:
        yield
    except (errors.InvalidSettings, errors.InvalidDriver):
        raise
    except errors.BucketryError as error:
        raise file_error(error, path) from error
