"""Local files: written whole or not at all, and never outside the folder that the user named.

Keys come from strangers. They are split and checked as strings; only checked names become parts of a path.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath
from typing import BinaryIO, Final

_MAX_NAME_BYTES: Final = 255
"""Longest name of a file on the usual file systems (NAME_MAX of Linux, in bytes)."""


class UnsafeName(Exception):
    """No file below the user's folder can have this name."""


def checked_name(name: str) -> str:
    """Returns a name that stands for one file in any folder.

    Raises:
        UnsafeName: It is empty, ``.`` or ``..``, or has a separator of folders in it.
    """
    separators = {"/", "\0", os.sep, os.altsep}
    if not name or name in {".", ".."} or not separators.isdisjoint(name):
        raise UnsafeName(f"{name!r} cannot be a file's name")
    if len(os.fsencode(name)) > _MAX_NAME_BYTES:
        raise UnsafeName(f"a file's name has at most {_MAX_NAME_BYTES} bytes")
    if os.name == "nt" and (PureWindowsPath(name).name != name or PureWindowsPath(name).is_reserved()):
        raise UnsafeName(f"{name!r} cannot be a file's name on this system")
    return name


def path_below(root: Path, names: Sequence[str]) -> Path:
    """Returns the path of a file below a folder, and makes the folders in between.

    Links are not followed: they could lead out of the folder.

    Args:
        root: The folder, which exists.
        names: The names of the folders and of the file, not checked yet.

    Raises:
        UnsafeName: A name is unsafe, or belongs to a link, to a file where a folder is needed, or to a folder where
            the file is to be.
    """
    *folders, last = [checked_name(name) for name in names]
    path = make_folders(root, folders) / last
    if path.is_symlink() or path.is_dir():
        raise UnsafeName(f"{str(path)!r} is a link or a folder")
    return path


def make_folders(root: Path, names: Sequence[str]) -> Path:
    """Makes nested folders below ``root``, if they are missing, and returns the innermost.

    Raises:
        UnsafeName: A name is unsafe, or belongs to something that is not a folder.
    """
    for name in names:
        root = root / checked_name(name)
        if root.is_symlink():
            raise UnsafeName(f"{str(root)!r} is a link")
        try:
            root.mkdir(exist_ok=True)
        except FileExistsError:
            raise UnsafeName(f"{str(root)!r} is not a folder") from None
    return root


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Opens a file for writing that replaces ``path`` when the block ends without an error.

    Until then the new file has another name beside it. If the block fails, it is deleted and ``path`` stays as it was.
    If ``path`` is not a regular file (a pipe, ``/dev/null``), it is written to directly.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
        return
    path = path.resolve()
    part = path.with_name(f".bucketry-{secrets.token_hex(8)}.part")
    try:
        with _created(part, path) as file:
            if path.exists():
                shutil.copymode(path, part)
            yield file
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _created(part: Path, path: Path) -> BinaryIO:
    try:
        return part.open("xb")
    except OSError as error:
        # The user does not know the other name.
        raise OSError(error.errno, error.strerror, str(path)) from error
