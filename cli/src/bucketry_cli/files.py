"""Local files: written whole or not at all, and never outside the folder that the user named.

Keys are strangers' text. They are taken apart as strings and checked; only checked names become parts of a path.
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
    """Returns a name that is one file's in whatever folder it is put.

    Raises:
        UnsafeName: It is empty, ``.`` or ``..``, or holds what separates folders.
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
    """Returns the path of a file below a folder, and makes the folders between them.

    Links are not followed: one that lies there already could lead out.

    Args:
        root: The folder, which exists.
        names: The folders' names and the file's, of which none has been checked.

    Raises:
        UnsafeName: A name is unsafe, or what has it already is a link, a file in a folder's place, or a folder in the
            file's.
    """
    *folders, last = [checked_name(name) for name in names]
    path = make_folders(root, folders) / last
    if path.is_symlink() or path.is_dir():
        raise UnsafeName(f"{str(path)!r} is a link or a folder")
    return path


def make_folders(root: Path, names: Sequence[str]) -> Path:
    """Makes folders within each other below ``root``, where there are none, and returns the innermost.

    Raises:
        UnsafeName: A name is unsafe, or something else than a folder has it already.
    """
    for name in names:
        root = root / checked_name(name)
        if root.is_symlink():
            raise UnsafeName(f"{str(root)!r} is a link")
        try:
            root.mkdir(exist_ok=True)
        except FileExistsError:
            raise UnsafeName(f"{str(root)!r} is no folder") from None
    return root


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Opens a file for writing that takes the place of ``path`` once the block has ended well.

    Until then it has another name beside it; if the block fails, it is deleted and ``path`` stays as it was. What is no
    regular file (a pipe, ``/dev/null``) is written to as it is.
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
        # The user knows nothing of the other name.
        raise OSError(error.errno, error.strerror, str(path)) from error
