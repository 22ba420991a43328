"""What the driver does to folders and files, and when it is on the disk.

A file is on the disk after its own fsync and one of its folder (Linux: fsync(2), "Calling fsync() does not necessarily
ensure that the entry in the directory containing the file has also reached disk").
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

T = TypeVar("T")

_FULL_FSYNC: Final[int | None] = None if sys.platform == "win32" else getattr(fcntl, "F_FULLFSYNC", None)
"""On macOS, fsync leaves the data in the drive's cache (fsync(2) there)."""

_BINARY: Final = getattr(os, "O_BINARY", 0)
_CLOEXEC: Final = getattr(os, "O_CLOEXEC", 0)

_PLAIN: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""No link is followed, and no pipe waited for: the driver makes neither, so somebody else did."""

_LOCKED_OFFSET: Final = 1 << 30
"""On Windows, a locked byte cannot be read. No lock file is as long as this."""


_FOLDER: Final = (
    os.O_RDONLY | _CLOEXEC | _PLAIN | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_PATH", 0)
)  # Only to name what is in it.

_HAS_DESCRIPTORS: Final = os.open in os.supports_dir_fd
"""Whether a file can be named by its folder's descriptor. Not on Windows, where links in folders are followed."""


def create(path: Path) -> int:
    """Creates a file that must not exist, and returns its descriptor, for writing."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY | _CLOEXEC, 0o600)


def open_below(folder: Path, names: Sequence[str]) -> int:
    """Opens a file somewhere below a folder, and returns its descriptor, for reading.

    Args:
        folder: The folder. It may be a link.
        names: The names on the way to the file. None of them is followed if it is a link.

    Raises:
        FileNotFoundError: It is not there.
        OSError: It, or a folder on the way, is a link or something else.
    """
    return _below(folder, names, lambda name, at: os.open(name, os.O_RDONLY | _BINARY | _CLOEXEC | _PLAIN, dir_fd=at))


def create_below(folder: Path, names: Sequence[str]) -> int:
    """Creates a file somewhere below a folder, as `create` and `open_below` do."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY | _CLOEXEC
    return _below(folder, names, lambda name, at: os.open(name, flags, 0o600, dir_fd=at))


def remove_below(folder: Path, names: Sequence[str]) -> None:
    """Removes a file somewhere below a folder, as `open_below` opens it. One that is not there is no error."""
    with suppress(FileNotFoundError):
        _below(folder, names, lambda name, at: os.unlink(name, dir_fd=at))


def _below(folder: Path, names: Sequence[str], work: Callable[[str, int | None], T]) -> T:
    """Does something with the last of these names, in the folder that the others lead to."""
    if not _HAS_DESCRIPTORS:
        return work(os.path.join(folder, *names), None)
    *between, name = names
    at = os.open(f"{folder}{os.sep}{between[0]}", _FOLDER)
    try:
        for each in between[1:]:
            before, at = at, os.open(each, _FOLDER, dir_fd=at)
            os.close(before)
        return work(name, at)
    finally:
        os.close(at)


def write(descriptor: int, data: bytes) -> None:
    """Writes all of the data."""
    written = os.write(descriptor, data)
    while written < len(data):
        data = data[written:]
        written = os.write(descriptor, data)


def sync(descriptor: int) -> None:
    """Waits until a file's content is on the disk."""
    if _FULL_FSYNC is not None:
        fcntl.fcntl(descriptor, _FULL_FSYNC)
    else:
        os.fsync(descriptor)


def sync_folder(path: Path) -> None:
    """Waits until the names in a folder are on the disk. On Windows, NTFS keeps them in its journal."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY | _CLOEXEC)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> bool:
    """Makes a folder for this user alone. Returns whether it was not there."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        return False
    return True


def replace_file(path: Path, beside: Path, data: bytes) -> None:
    """Writes a small file in one step: whoever reads it, also after a failure, finds the old content or the new.

    Args:
        path: The file.
        beside: A new file, which nobody else writes. After a failure it may be left.
        data: The new content.
    """
    descriptor = create(beside)
    try:
        write(descriptor, data)
        sync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(beside, path)
    sync_folder(path.parent)


def allocate(descriptor: int, size: int) -> None:
    """Makes a file take that much room, whatever is in it.

    Raises:
        OSError: There is no room for it.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
    else:
        write(descriptor, bytes(size))


def open_to_lock(path: Path) -> int:
    """Opens a file that is to be locked, and creates it if it is missing.

    Raises:
        OSError: It is a link, or cannot be made.
    """
    return os.open(path, os.O_RDWR | os.O_CREAT | _BINARY | _CLOEXEC | _PLAIN, 0o600)


def open_if_there(path: Path) -> int | None:
    """Opens a file for reading and locking; ``None``: it is not there."""
    try:
        return os.open(path, os.O_RDWR | _BINARY | _CLOEXEC | _PLAIN)
    except FileNotFoundError:
        return None


def is_own(descriptor: int) -> bool:
    """Says whether a descriptor is that of a file which has no other name."""
    found = os.fstat(descriptor)
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1


def try_lock(descriptor: int) -> bool:
    """Locks a file for this descriptor, unless another one has it. The lock ends with the descriptor."""
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, _LOCKED_OFFSET, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def is_same_file(descriptor: int, path: Path) -> bool:
    """Says whether a path still names the file that a descriptor has."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
