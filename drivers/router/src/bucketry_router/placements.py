"""The file that says which buckets lie elsewhere than the patterns say. It is how a bucket is moved.

Every router on a file reads it again once a second if it has changed. One process writes it at a time.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final, Literal

import msgspec
from bucketry import InvalidSettings
from bucketry.decoding import from_json

REREAD_SECONDS: Final = 1.0
"""How long a router may go on with what it read before."""

_MAX_BYTES: Final = 16 * 1024 * 1024
_LOCK_SECONDS: Final = 10.0

logger = logging.getLogger("bucketry")


State = Literal["settled", "copying", "read-only"]


class Placement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a bucket lies.

    Attributes:
        store: Name of the store.
        state: ``copying`` while its objects are copied to another store: tags, ACLs and settings cannot change, since
            a change of these alone would not be noticed. ``read-only`` while the last of them are copied. ``settled``
            otherwise.
        move: Which move the state is of: another process that goes on with it writes another one here.
    """

    store: str
    state: State = "settled"
    move: str = ""


class PlacementFile(msgspec.Struct, forbid_unknown_fields=True):
    """What the file holds, as JSON: the buckets, by their names."""

    buckets: dict[str, Placement] = {}


_NOTHING: Final = PlacementFile()


class Placements:
    """What the file says now."""

    def __init__(self, path: str | Path, stores: Collection[str]) -> None:
        """Reads the file, if there is one.

        Args:
            path: The file.
            stores: The names of all stores.

        Raises:
            InvalidSettings: It cannot be read, is malformed, or names a store that does not exist.
        """
        self._path = Path(path)
        self._stores = stores
        self._lock = Lock()
        self._seen = _seen(self._path)
        self._next = time.monotonic() + REREAD_SECONDS
        self._buckets: Mapping[str, Placement] = self._read()

    def of(self, bucket: str) -> Placement | None:
        """Returns where a bucket lies; ``None``: as the patterns say."""
        if time.monotonic() >= self._next:
            self._look()
        return self._buckets.get(bucket)

    def _look(self) -> None:
        """Reads the file again if it has changed. A file that cannot be used leaves everything as it was."""
        with self._lock:
            if time.monotonic() < self._next:
                return
            self._next = time.monotonic() + REREAD_SECONDS
            seen = _seen(self._path)
            if seen == self._seen:
                return
            self._seen = seen
            try:
                self._buckets = self._read()
            except InvalidSettings as error:
                logger.error(  # noqa: TRY400 - the sentence says it all
                    "buckets stay where they were placed before: %s", error.detail
                )

    def _read(self) -> Mapping[str, Placement]:
        found = read_placements(self._path).buckets
        for bucket, placement in found.items():
            if placement.store not in self._stores:
                raise InvalidSettings(
                    f"the file {str(self._path)!r} places {bucket!r} in the store {placement.store!r}, "
                    f"which does not exist (stores: {', '.join(self._stores)})"
                )
        return found


def read_placements(path: Path) -> PlacementFile:
    """Reads the file; a file that does not exist says nothing.

    Raises:
        InvalidSettings: It cannot be read, or is malformed.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise InvalidSettings(f"the file of placements {str(path)!r} is larger than {_MAX_BYTES} bytes")
        return from_json(content, PlacementFile)
    except FileNotFoundError:
        return _NOTHING
    except OSError as error:
        raise InvalidSettings(f"the file of placements {str(path)!r} cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise InvalidSettings(f"the file of placements {str(path)!r} is malformed: {error}") from error


def place(path: Path, bucket: str, placement: Placement | None, *, was: Placement | None) -> None:
    """Writes where a bucket lies, in one step: readers see the old file or the new one.

    Args:
        path: The file.
        bucket: The bucket.
        placement: Where it lies from now on; ``None``: where the patterns say.
        was: What the file must say of it until now, so that two moves of a bucket do not mix.

    Raises:
        InvalidSettings: The file cannot be read or written, or says something else of the bucket.
    """
    with _locked(path):
        held = read_placements(path)
        if held.buckets.get(bucket) != was:
            raise InvalidSettings(
                f"the file of placements {str(path)!r} says something else of {bucket!r} by now: "
                "another move may be going on"
            )
        buckets = {name: placed for name, placed in held.buckets.items() if name != bucket}
        if placement is not None:
            buckets[bucket] = placement
        content = msgspec.json.encode(PlacementFile(dict(sorted(buckets.items()))))
        _replace(path, msgspec.json.format(content) + b"\n")


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise InvalidSettings(f"the file of placements {str(path)!r} cannot be written: {error.strerror}") from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keeps other processes from writing the file. The lock ends with its process, also if that is killed."""
    lock = path.with_name(f"{path.name}.lock")
    try:
        handle = os.open(lock, os.O_CREAT | os.O_RDWR, 0o644)
    except OSError as error:
        raise InvalidSettings(f"{str(lock)!r} cannot be made: {error.strerror}") from error
    try:
        _wait_for(handle, lock)
        yield
    finally:
        os.close(handle)


def _wait_for(handle: int, lock: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows: nothing keeps two processes apart.
        return
    until = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise InvalidSettings(
                    f"another process has held {str(lock)!r} for {_LOCK_SECONDS:g} seconds: "
                    "one process writes the placements at a time"
                ) from None
            time.sleep(0.05)
        else:
            return


def _seen(path: Path) -> tuple[int, int, int] | None:
    """Returns what tells one version of the file from another."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
