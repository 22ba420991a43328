"""Writes the objects of a store out as files. Keys are no paths, so files have numbers for names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec
from bucketry import BucketryError, InvalidSettings, ListOptions, ObjectInfo, Store, Unavailable
from bucketry.commands import Say
from bucketry.paging import iter_pages

from bucketry_file import disk
from bucketry_file.folder import FILES_PER_FOLDER

MANIFEST: Final = "manifest.jsonl"

_TRIES: Final = 5
"""How often an object is written out that is replaced before its tags are read."""

_encode: Final = msgspec.json.Encoder(enc_hook=dict).encode


def export_store(store: Store, target: Path, say: Say) -> int:
    """Writes all current objects out.

    Args:
        store: The store.
        target: A folder that is empty or does not exist.
        say: Gets a line for each object that could not be read, and one at the end.

    Returns:
        How many objects could not be read.

    Raises:
        InvalidSettings: The folder is not empty.
    """
    disk.make_folder(target)
    if any(target.iterdir()):
        raise InvalidSettings(f"{target} is not empty: name an empty folder, or a new one")
    written = failed = 0
    with os.fdopen(disk.create(target / MANIFEST), "wb") as manifest:
        for bucket in store.list_buckets():
            for page in iter_pages(lambda options, name=bucket.name: store.list_objects(name, options), ListOptions()):  # type: ignore[misc]
                for info in page.objects:
                    if _export(store, bucket.name, info.key, target, written + failed, manifest, say):
                        written += 1
                    else:
                        failed += 1
        manifest.flush()
        os.fsync(manifest.fileno())
    say(f"{written} objects written, {failed} not")
    return failed


def _export(store: Store, bucket: str, key: str, target: Path, number: int, manifest: BinaryIO, say: Say) -> bool:
    path = target / str(number // FILES_PER_FOLDER) / str(number)
    disk.make_folder(path.parent)
    try:
        info, tags = _written(store, bucket, key, path)
    except BucketryError as error:
        path.unlink(missing_ok=True)
        say(f"not written: {bucket}/{key!r}: {error}")
        return False
    place = path.relative_to(target).as_posix()
    manifest.write(_encode({"file": place, "bucket": bucket, **_facts(info), "tags": tags}) + b"\n")
    return True


def _written(store: Store, bucket: str, key: str, path: Path) -> tuple[ObjectInfo, Mapping[str, str]]:
    """Writes an object's content into a new file, for its owner alone. Returns the object, and its tags.

    Raises:
        BucketryError: It cannot be read, or was replaced again and again meanwhile.
    """
    for _ in range(_TRIES):
        path.unlink(missing_ok=True)
        with store.get_object(bucket, key) as opened, os.fdopen(disk.create(path), "wb") as file:
            for chunk in opened:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
            info = opened.info
        tags = store.get_object_tagging(bucket, key)
        now = store.head_object(bucket, key)
        if (now.etag, now.last_modified, now.version_id) == (info.etag, info.last_modified, info.version_id):
            return info, tags
    raise Unavailable("the object was replaced again and again while it was exported")


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
