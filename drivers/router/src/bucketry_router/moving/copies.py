"""Which copies a move has made, also in a file, so that another move can go on where this one ended."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import BinaryIO, Final, Self, TypeVar
from urllib.parse import quote

import msgspec
from bucketry import InvalidSettings
from bucketry.decoding import from_json, json_decoder

from bucketry_router.moving.histories import History, Version

T = TypeVar("T")

_MODE: Final = 0o600
"""Keys may be nobody else's business."""


class Copy(msgspec.Struct, frozen=True, array_like=True):
    """A version, and its copy.

    Attributes:
        source: The version.
        target_id: Id of its copy; ``None``: the bucket has no versions.
        target_etag: Etag of its copy.
        is_left_out: Whether it is a delete marker that the other store does not make, since it changes nothing.
    """

    source: Version
    target_id: str | None
    target_etag: str
    is_left_out: bool = False


Copies = tuple[Copy, ...]
"""The copies of a key's versions, the oldest first."""


class MoveNames(msgspec.Struct, frozen=True):
    """The first line of the file: which move it is about."""

    bucket: str
    source: str
    target: str
    versioned: bool


class _Line(msgspec.Struct, frozen=True, array_like=True):
    """Any other line: the copies of a key from the one number ``begins`` on."""

    key: str
    begins: int
    copies: Copies


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = json_decoder(_Line).decode


def journal_path(placements: Path, bucket: str) -> Path:
    """Returns the path of the file about a bucket: it lies beside the placements."""
    return placements.with_name(f"{placements.name}.{quote(bucket, safe='')}.moving")


class HeldCopies:
    """The copies by key. Threads may change different keys at once.

    Close it, or use it in a ``with`` statement.
    """

    def __init__(self, path: Path, names: MoveNames, copies: Mapping[str, Copies]) -> None:
        """Writes the file anew.

        Args:
            path: The file.
            names: The move.
            copies: The copies that exist: those that `read_copies` returns, or none.

        Raises:
            InvalidSettings: The file cannot be written.
        """
        self._path = path
        self._by_key = dict(copies)
        self._lock = Lock()
        self._file = self._guarded(lambda: self._begun(names))

    def _begun(self, names: MoveNames) -> BinaryIO:
        """Writes what is held, and leaves the file open."""
        draft = self._path.with_name(f"{self._path.name}.new")
        draft.unlink(missing_ok=True)
        file = os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _MODE), "wb", buffering=0)
        file.write(_encode(names) + b"\n")
        for key, copies in self._by_key.items():
            file.write(_encode(_Line(key, 0, copies)) + b"\n")
        draft.replace(self._path)
        return file

    def _put(self, line: bytes) -> None:
        if self._file.write(line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _guarded(self, action: Callable[[], T]) -> T:
        try:
            return action()
        except OSError as error:
            raise InvalidSettings(f"the file {str(self._path)!r} cannot be written: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def of(self, key: str) -> Copies:
        """Returns the copies of a key."""
        return self._by_key.get(key, ())

    def history(self, key: str) -> History:
        """Returns the versions of a key that have copies."""
        return tuple(copy.source for copy in self.of(key))

    def keys(self) -> Set[str]:
        """Returns the keys that have copies."""
        return self._by_key.keys()

    def items(self) -> Iterator[tuple[str, Copies]]:
        """Yields each key with its copies."""
        yield from self._by_key.items()

    def add(self, key: str, copy: Copy) -> None:
        """Notes one more copy of a key: its newest."""
        self._write(key, len(self.of(key)), (copy,))

    def replace(self, key: str, copies: Sequence[Copy]) -> None:
        """Notes which copies a key has now."""
        self._write(key, 0, tuple(copies))

    def _write(self, key: str, begins: int, copies: Copies) -> None:
        line = _encode(_Line(key, begins, copies)) + b"\n"
        with self._lock:
            self._guarded(lambda: self._put(line))
            _apply(self._by_key, key, begins, copies)

    def forget(self) -> None:
        """Deletes the file: the move is over."""
        self._path.unlink(missing_ok=True)


def _apply(by_key: dict[str, Copies], key: str, begins: int, copies: Copies) -> None:
    if all_copies := (*by_key.get(key, ())[:begins], *copies):
        by_key[key] = all_copies
    else:
        by_key.pop(key, None)


def read_copies(path: Path, names: MoveNames) -> Mapping[str, Copies]:
    """Returns the copies that an earlier move has made.

    Args:
        path: Its file.
        names: The move, which must be the same.

    Raises:
        InvalidSettings: There is no such file, it is about another move, or it cannot be read.
    """
    by_key: dict[str, Copies] = {}
    try:
        with path.open("rb") as file:
            if from_json(file.readline(), MoveNames) != names:
                raise InvalidSettings(f"the file {str(path)!r} is about another move: begin anew, without resuming")
            for line in file:
                if line.endswith(b"\n"):  # Otherwise the process was killed while it wrote the line.
                    found = _decode(line)
                    _apply(by_key, found.key, found.begins, found.copies)
    except FileNotFoundError:
        raise InvalidSettings(f"there is no move of {names.bucket!r} to {names.target!r} to resume") from None
    except OSError as error:
        raise InvalidSettings(f"the file {str(path)!r} cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"the file {str(path)!r} is malformed: {error}") from error
    return by_key
