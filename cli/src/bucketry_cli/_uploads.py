"""Plans what ``bucketry put`` uploads: which file becomes which key."""

from __future__ import annotations

import mimetypes
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import click
from bucketry import DEFAULT_CONTENT_TYPE

from bucketry_cli._failures import Failure
from bucketry_cli._output import note
from bucketry_cli._targets import Target

STDIN: Final = "-"

_COMPRESSED: Final = {
    "gzip": "application/gzip",
    "bzip2": "application/x-bzip2",
    "xz": "application/x-xz",
    "compress": "application/x-compress",
    "br": "application/x-brotli",
}


class Upload(NamedTuple):
    """One object to be: its key, and the file that it comes from (``None``: standard input) with its size in bytes."""

    key: str
    path: Path | None
    size: int | None


def plan(sources: Sequence[str], target: Target, *, recursive: bool) -> list[Upload]:
    """Decides about all keys before anything is uploaded.

    One file gets the key that is given. Where that is missing or ends with ``/``, where there are several files, and
    with folders it is what all keys begin with, and each file's own name follows (within a folder: its path in it).

    Raises:
        click.UsageError: The combination makes no sense.
        Failure: A file's name cannot be a key.
        OSError: A file cannot be looked at.
    """
    if STDIN in sources:
        return [_from_stdin(sources, target)]
    paths = [Path(source) for source in sources]
    folders = [path for path in paths if path.is_dir()]
    if folders and not recursive:
        raise click.UsageError(f"{str(folders[0])!r} is a folder: --recursive uploads what is in it")
    if len(paths) == 1 and not folders and target.key and not target.key.endswith("/"):
        return [_from_file(target.key, paths[0])]
    prefix = target.key if not target.key or target.key.endswith("/") else target.key + "/"
    uploads = [upload for path in paths for upload in _below(prefix, path)]
    _refuse_duplicates(uploads)
    return uploads


def content_type(upload: Upload) -> str:
    """Guesses a content type from the file's name, or else from the key."""
    for name in (upload.path.name if upload.path else "", upload.key.rpartition("/")[2]):
        kind, encoding = mimetypes.guess_type(f"./{name}", strict=False)
        # The stored bytes are the compressed ones, so their type is the compression's.
        if encoding:
            return _COMPRESSED.get(encoding, DEFAULT_CONTENT_TYPE)
        if kind:
            return kind
    return DEFAULT_CONTENT_TYPE


def _from_stdin(sources: Sequence[str], target: Target) -> Upload:
    if len(sources) > 1:
        raise click.UsageError("'-' (standard input) goes alone: its object has a key of its own")
    if not target.key:
        raise click.UsageError("standard input has no name: write BUCKET/KEY")
    return Upload(target.key, None, None)


def _from_file(key: str, path: Path) -> Upload:
    try:
        key.encode()
    except UnicodeEncodeError:
        raise Failure(f"the name of {str(path)!r} is not UTF-8 and so cannot be a key") from None
    status = path.stat()
    return Upload(key, path, status.st_size if stat.S_ISREG(status.st_mode) else None)


def _below(prefix: str, path: Path) -> Iterator[Upload]:
    if not path.is_dir():
        yield _from_file(prefix + path.name, path)
        return
    for name, entry in _walk(path, ""):
        yield _from_file(prefix + name, entry)


def _walk(folder: Path, below: str) -> Iterator[tuple[str, Path]]:
    """Yields all files in a folder with their paths in it, separated by ``/`` on every system."""
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        name, path = below + entry.name, Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(path, name + "/")
        elif entry.is_file():
            yield name, path
        else:
            note(f"skipped: {entry.path!r} is neither a file nor a folder (links to folders are not followed)")


def _refuse_duplicates(uploads: Sequence[Upload]) -> None:
    seen: dict[str, Path | None] = {}
    for upload in uploads:
        if upload.key in seen:
            raise Failure(f"{str(seen[upload.key])!r} and {str(upload.path)!r} would both get the key {upload.key!r}")
        seen[upload.key] = upload.path
