"""Moves of files. fsspec's own deletes all that the first path names, also what its ``copy`` has left out."""

from __future__ import annotations

import errno
import os
import shutil
from glob import has_magic
from typing import Any

from fsspec.implementations.local import trailing_sep
from fsspec.utils import other_paths


def move(fs: Any, path1: Any, path2: Any, *, recursive: bool, maxdepth: int | None, **options: Any) -> None:
    """Copies files, and deletes just these once all copies are there; of a bucket that is moved whole, the bucket too.

    Raises:
        FileNotFoundError: There is nothing at the first path.
        IsADirectoryError: There are folders alone, and ``recursive`` is false.
        shutil.SameFileError: A file would be moved onto itself.
    """
    sources, targets = _planned(fs, path1, path2, recursive=recursive, maxdepth=maxdepth)
    fs.copy(sources, targets, on_error="raise", **options)
    fs.remove_files(sources)
    if recursive and maxdepth is None and isinstance(path1, str) and "/" not in fs._strip_protocol(path1):
        fs.rmdir(path1)


def _planned(fs: Any, path1: Any, path2: Any, *, recursive: bool, maxdepth: int | None) -> tuple[list[str], list[str]]:
    """Returns the files to move and their new places, by the rules of ``copy``."""
    if isinstance(path1, list) and isinstance(path2, list):
        sources, targets = path1, path2
    else:
        sources = _sources(fs, path1, recursive=recursive, maxdepth=maxdepth)
        targets = _targets(fs, sources, path1, path2)
    files = _files_among(fs, path1, recursive=recursive, maxdepth=maxdepth)
    pairs = [
        (source, target)
        for source, target in zip(map(fs._strip_protocol, sources), map(fs._strip_protocol, targets), strict=True)
        if source in files
    ]
    for source, target in pairs:
        if source == target:
            raise shutil.SameFileError(f"{source} would be moved onto itself")
    return [source for source, _ in pairs], [target for _, target in pairs]


def _sources(fs: Any, path: Any, *, recursive: bool, maxdepth: int | None) -> list[str]:
    found: list[str] = fs.expand_path(path, recursive=recursive, maxdepth=maxdepth)
    if not isinstance(path, str) or recursive:
        return found
    files = [each for each in found if fs.isfile(each)]
    if not files:
        fs.info(path)  # Raises FileNotFoundError if there is nothing.
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    return files


def _targets(fs: Any, sources: list[str], path1: Any, path2: Any) -> list[str]:
    is_one = isinstance(path1, str)
    into_folder = isinstance(path2, str) and (trailing_sep(path2) or fs.isdir(path2))
    below = is_one and (len(sources) == 1 if has_magic(path1) else into_folder and not trailing_sep(path1))
    targets: list[str] = other_paths(sources, path2, exists=below, flatten=not is_one)
    return targets


def _files_among(fs: Any, path: Any, *, recursive: bool, maxdepth: int | None) -> set[str]:
    tops: list[str] = fs.expand_path(path)
    files = {top for top in tops if fs.isfile(top)}
    if recursive:
        for top in tops:
            files.update(fs.find(top, maxdepth=maxdepth))
    return files
