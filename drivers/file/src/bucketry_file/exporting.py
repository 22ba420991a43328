"""Writes the objects of a store out as files. Keys are no paths, so files have numbers for names."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, final

import msgspec
from bucketry import BucketryError, InvalidSettings, NoSuchBucket, NoSuchKey, ObjectInfo, Store, Unavailable
from bucketry.commands import Say

from bucketry_file import disk
from bucketry_file.driver import FileDriver
from bucketry_file.errors import classify
from bucketry_file.folder import FILES_PER_FOLDER, OF_OTHERS

MANIFEST: Final = "manifest.jsonl"

_TRIES: Final = 5
"""How often an object is written out that is replaced before its tags are read."""

_AT_ONCE: Final = 1000
"""How many keys are read at once."""

# A listing would fail for all objects of a page in which one record is damaged. This reads no records.
_BUCKETS: Final = "SELECT id, name FROM buckets ORDER BY name"
_KEYS: Final = "SELECT key FROM versions WHERE bucket = ? AND is_current = 1 AND key > ? ORDER BY key LIMIT ?"

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})

_encode: Final = msgspec.json.Encoder(enc_hook=dict).encode


def export_store(driver: FileDriver, target: Path, say: Say, warn: Say) -> int:
    """Writes all current objects out, and goes on after one that cannot be read.

    Args:
        driver: The driver of the store, which is closed at the end.
        target: A folder that is empty or does not exist, outside of the store's.
        say: Gets a line at the end.
        warn: Gets a line for each object that could not be read.

    Returns:
        How many objects could not be read.

    Raises:
        InvalidSettings: The target is no such folder.
        OSError: The target cannot be written to, or its disk is full. What the manifest there names is whole.
    """
    with Store(driver) as store:
        _make_target(driver.path, target)
        export = _Export(driver, store, target, warn)
        try:
            export.run()
        except OSError as error:  # Of the target: what the store raises is a `BucketryError`.
            done = f"{export.written} objects are written, and {MANIFEST} there names them"
            advice = "; export into an empty folder on a disk with more room" if error.errno in _FULL else ""
            raise OSError(error.errno, f"{target}: {error.strerror}: {done}{advice}") from error
    say(f"{export.written} objects written, {export.failed} not")
    return export.failed


def _make_target(folder: Path, target: Path) -> None:
    real = target.resolve()
    if real.is_relative_to(folder.resolve()) and real != folder.resolve():
        raise InvalidSettings(f"{target} is in the folder of the store: name one outside of it")
    if not target.parent.is_dir():
        raise InvalidSettings(f"{target.parent} is no folder: make it first")
    disk.make_folder(target)
    if not target.is_dir():
        raise InvalidSettings(f"{target} is not a folder: name an empty folder, or a new one")
    if {entry.name for entry in target.iterdir()} - OF_OTHERS:
        raise InvalidSettings(f"{target} is not empty: name an empty folder, or a new one")


@final
class _Export:
    """One export.

    Attributes:
        written: How many objects are written.
        failed: How many could not be read.
    """

    def __init__(self, driver: FileDriver, store: Store, target: Path, warn: Say) -> None:
        self._driver = driver
        self._store = store
        self._target = target
        self._warn = warn
        self._manifest = disk.create(target / MANIFEST)
        self._manifest_bytes = 0
        self.written = 0
        self.failed = 0

    def run(self) -> None:
        """Writes all objects out."""
        try:
            for bucket, name in self._rows(_BUCKETS):
                self._export_bucket(bucket, name)
            disk.sync(self._manifest)
        finally:
            os.close(self._manifest)

    def _export_bucket(self, bucket: int, name: str) -> None:
        last = b""
        try:
            while keys := [key for (key,) in self._rows(_KEYS, bucket, last, _AT_ONCE)]:
                for key in keys:
                    self._export(name, key)
                last = keys[-1]
        except BucketryError as error:
            self._fail(f"{name}, all objects behind {last.decode(errors='replace')!r}", error)

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            with self._driver.reading() as connection:
                return connection.execute(query, values).fetchall()
        except (OSError, sqlite3.Error) as error:
            found = classify(error)
            raise found.kind(found.detail) from error

    def _fail(self, what: str, why: object) -> None:
        self.failed += 1
        self._warn(f"not written: {what}: {why}")

    def _export(self, bucket: str, name: bytes) -> None:
        number = self.written + self.failed
        path = self._target / str(number // FILES_PER_FOLDER) / str(number)
        disk.make_folder(path.parent)
        try:
            key = name.decode()
            info, tags = self._copied(bucket, key, path)
            place = path.relative_to(self._target).as_posix()
            self._note(_encode({"file": place, "bucket": bucket, **_facts(info), "tags": tags}) + b"\n")
            self.written += 1
        except (NoSuchKey, NoSuchBucket):  # It was deleted meanwhile.
            path.unlink(missing_ok=True)
        except (BucketryError, UnicodeDecodeError) as error:
            path.unlink(missing_ok=True)
            self._fail(f"{bucket}/{name.decode(errors='replace')!r}", error)
        except BaseException:  # The disk of the target is full, for one.
            with suppress(OSError):
                path.unlink(missing_ok=True)
            raise

    def _note(self, line: bytes) -> None:
        """Adds a line to the manifest, or nothing of it."""
        try:
            disk.write(self._manifest, line)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._manifest, self._manifest_bytes)
            raise
        self._manifest_bytes += len(line)

    def _copied(self, bucket: str, key: str, path: Path) -> tuple[ObjectInfo, Mapping[str, str]]:
        """Writes an object's content into a new file, for its owner alone. Returns the object, and its tags.

        Raises:
            BucketryError: It cannot be read, or was replaced again and again meanwhile.
        """
        store = self._store
        for _ in range(_TRIES):
            path.unlink(missing_ok=True)
            with store.get_object(bucket, key) as opened:
                _write_file(path, opened)
                info = opened.info
            tags = store.get_object_tagging(bucket, key)
            now = store.head_object(bucket, key)
            if (now.etag, now.last_modified, now.version_id) == (info.etag, info.last_modified, info.version_id):
                return info, tags
        raise Unavailable("the object was replaced again and again while it was exported")


def _write_file(path: Path, content: Iterable[bytes]) -> None:
    descriptor = disk.create(path)
    try:
        for chunk in content:
            disk.write(descriptor, chunk)
        disk.sync(descriptor)
    finally:
        os.close(descriptor)


def _facts(info: ObjectInfo) -> dict[str, Any]:
    """Returns what the manifest says of an object: all headers that it has, its key, size, etag and time."""
    named = (
        "key",
        "size_bytes",
        "etag",
        "last_modified",
        "content_type",
        "cache_control",
        "content_disposition",
        "content_encoding",
        "content_language",
        "expires",
        "metadata",
        "version_id",
        "storage_class",
    )
    found = {name: getattr(info, name) for name in named}
    return {name: value for name, value in found.items() if value not in (None, {})}
