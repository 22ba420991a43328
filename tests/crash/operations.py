"""Recorded operations: what a program did to the files of a folder, in order, and what it said meanwhile."""

from __future__ import annotations

from pathlib import PurePosixPath

import msgspec


class Operation(msgspec.Struct, frozen=True):
    """One recorded operation.

    Attributes:
        path: The file or folder, relative to the recorded folder.
    """

    path: PurePosixPath


class Create(Operation, frozen=True):
    """A new, empty file, unless there is one of this name."""


class MakeFolder(Operation, frozen=True):
    """A new, empty folder."""


class Write(Operation, frozen=True):
    """Bytes written into a file."""

    offset: int
    data: bytes


class Truncate(Operation, frozen=True):
    """A file's new size, smaller or larger."""

    size: int


class Rename(Operation, frozen=True):
    """A file or folder gets another name; what had that name before is gone."""

    target: PurePosixPath


class Remove(Operation, frozen=True):
    """The name of a file or an empty folder is gone."""


class Sync(Operation, frozen=True):
    """An fsync or fdatasync that returned.

    Attributes:
        covers: How many of the recorded operations had ended when it began. It makes none durable that ended later.
    """

    covers: int


class Note(Operation, frozen=True):
    """A line that the program wrote into its file of notes, which is not a part of the folder."""

    text: bytes


Recorded = Create | MakeFolder | Write | Truncate | Rename | Remove | Sync | Note
