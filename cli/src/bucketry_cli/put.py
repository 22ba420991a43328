"""``bucketry put``."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import click
from bucketry import Body, BucketryError, ObjectInfo, PutOptions, Store
from bucketry.guessed_types import guessed_type

from bucketry_cli.errors import Failure, describe
from bucketry_cli.options import Target, examples, prefix_target, with_store
from bucketry_cli.output import Meter, counted, note, progress, size


@click.command(
    epilog=examples(
        "bucketry put photo.jpg assets/images/",
        "bucketry put --recursive site assets/v2",
        "pg_dump shop | bucketry put - backups/shop.sql",
    )
)
@click.argument("sources", metavar="FILE...", type=str, nargs=-1, required=True)
@click.argument("target", metavar="BUCKET[/KEY]", type=prefix_target)
@click.option("--recursive", "-r", is_flag=True, help="Upload folders with all that is in them.")
@click.option("--content-type", "kind", metavar="TYPE", help="Content type; without it, guessed from each file's name.")
@with_store
def put(store: Store, sources: tuple[str, ...], target: Target, recursive: bool, kind: str | None) -> None:
    r"""Upload files; an object that has the key already is replaced.

    FILE - is standard input. A KEY that ends with / stands before the files' own names; so does any KEY where there is
    more than one file, or a folder. Keys in folders have / between their parts.
    """
    uploads = plan(sources, target, recursive=recursive)
    total = None if any(upload.size is None for upload in uploads) else sum(upload.size or 0 for upload in uploads)
    sent, done = 0, 0
    with progress(total) as meter:
        for upload in uploads:
            meter.label(f"{done + 1}/{len(uploads)} {upload.key}" if len(uploads) > 1 else upload.key)
            try:
                sent += _upload(store, target.bucket, upload, kind, meter).size_bytes
            except BaseException:
                if done:
                    note(f"{done} of {counted(len(uploads), 'object')} had been uploaded")
                raise
            done += 1
    where = f"{target.bucket}/{uploads[0].key}" if done == 1 else target
    note(f"uploaded {counted(done, 'object')} to {where} ({size(sent)})")


class _Source:
    """A local file that is uploaded. It reports progress, and keeps the error if reading the file failed."""

    def __init__(self, file: BinaryIO, meter: Meter) -> None:
        self._file = file
        self._meter = meter
        self.error: OSError | None = None

    def read(self, count: int) -> bytes:
        try:
            piece = self._file.read(count)
        except OSError as error:
            self.error = error
            raise
        self._meter.advance(len(piece))
        return piece


def _upload(store: Store, bucket: str, upload: Upload, kind: str | None, meter: Meter) -> ObjectInfo:
    options = PutOptions(content_type=kind or content_type(upload))
    with upload.path.open("rb") if upload.path else nullcontext(sys.stdin.buffer) as file:
        source = _Source(file, meter)
        # Files of the kernel (/proc) have size 0, whatever they contain.
        body = Body(source, upload.size or None)
        try:
            return store.put_object(bucket, upload.key, body, options)
        except BucketryError as error:
            if source.error is None:
                raise
            # The driver reported the file's error as an error of its backend.
            raise Failure(f"cannot read {str(upload.path or 'standard input')!r}: {describe(source.error)}") from error


STDIN: Final = "-"


class Upload(NamedTuple):
    """A key to upload, its file (``None``: standard input) and the file's size in bytes, if known."""

    key: str
    path: Path | None
    size: int | None


def plan(sources: Sequence[str], target: Target, *, recursive: bool) -> list[Upload]:
    """Decides about all keys before anything is uploaded.

    A single file gets the given key. In all other cases the given key is a prefix, and the file's name follows: if the
    key is empty or ends with ``/``, if there are several files, and for files in folders, whose path follows.

    Raises:
        click.UsageError: The combination makes no sense.
        Failure: A file's name cannot be a key.
        OSError: A file cannot be read.
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
    return guessed_type(upload.path.name if upload.path else "", upload.key)


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
    """Yields all files in a folder with their paths below it, with ``/`` on every system."""
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
