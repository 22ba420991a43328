"""Room on the disk that is kept for deletes: on a full disk, a delete needs some before it frees any."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final, final

from bucketry_file import disk

RESERVE_BYTES: Final = 4 * 1024**2
"""About what SQLite's log takes before its content goes to the database, 1,000 pages ("PRAGMA wal_autocheckpoint")."""

_SPARE_BYTES: Final = 16 * 1024
"""What is left on a disk that is almost full: to take all of it fails on some file systems."""


@final
class Reserve:
    """A file that takes room for nothing, until a delete needs it. All processes share it; threads may, too."""

    def __init__(self, path: Path) -> None:
        """Takes the path of the file."""
        self._path = path
        self._is_given_up = False

    def keep(self) -> None:
        """Makes the file, unless the disk is almost full already."""
        if self._size() < RESERVE_BYTES and self._free() > 2 * RESERVE_BYTES:
            self._grow(RESERVE_BYTES)

    def give_up(self) -> bool:
        """Removes the file. Returns whether it was there."""
        self._is_given_up = True
        try:
            self._path.unlink()
        except OSError:
            return False
        return True

    def is_needed(self) -> bool:
        """Says whether the disk is so full that the store may fail for it."""
        return self._free() < RESERVE_BYTES

    def keep_again(self, *, given_up: bool = False) -> None:
        """Makes the file again that was given up: as large as there is room, so that no other write takes it.

        Args:
            given_up: Whether it was, though not by this object.
        """
        if self._is_given_up or given_up:
            size = min(RESERVE_BYTES, self._size() + max(self._free() - _SPARE_BYTES, 0))
            self._is_given_up = not (self._grow(size) and size == RESERVE_BYTES)

    def _grow(self, size: int) -> bool:
        try:
            descriptor = disk.open_to_lock(self._path)
            try:
                if not disk.is_own(descriptor):  # It would be another file that grows.
                    return False
                disk.allocate(descriptor, size)
            finally:
                os.close(descriptor)
        except OSError:
            return False
        return True

    def _size(self) -> int:
        try:
            return self._path.lstat().st_size
        except OSError:
            return 0

    def _free(self) -> int:
        try:
            return shutil.disk_usage(self._path.parent).free
        except OSError:
            return 0
