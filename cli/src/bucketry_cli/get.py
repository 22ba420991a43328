"""``bucketry get``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click
from bucketry import GetOptions, ListOptions, NoSuchKey, ObjectInfo, OpenedObject, Store

from bucketry_cli.errors import Failure
from bucketry_cli.files import UnsafeName, checked_name, make_folders, path_below, replacing
from bucketry_cli.options import Target, examples, prefix_target, with_store
from bucketry_cli.output import Meter, counted, note, progress, size


@click.command(
    epilog=examples(
        "bucketry get assets/images/photo.jpg",
        "bucketry get backups/shop.sql - | psql shop",
        "bucketry get --recursive assets/images/ photos",
    )
)
@click.argument("target", metavar="BUCKET/KEY", type=prefix_target)
@click.argument("file", metavar="[FILE]", required=False)
@click.option(
    "--recursive", "-r", is_flag=True, help="Download all objects that 'bucketry ls' lists for BUCKET[/PREFIX]."
)
@click.option("--version-id", metavar="ID", help="This version of the object, as 'bucketry ls --versions' shows it.")
@with_store
def get(store: Store, target: Target, file: str | None, recursive: bool, version_id: str | None) -> None:
    """Download an object into FILE, a folder, or standard output (-).

    Without FILE, the file gets the part of the key after its last slash, in this folder. FILE is replaced when the
    download is complete, and stays as it was if that fails.

    With --recursive, FILE is a folder, and keys become paths in it from the last slash of PREFIX on. A key that cannot
    be a path there (.. or // in it, or a link in its way) is left out and reported, and the exit code is 1.
    """
    if recursive:
        if version_id is not None:
            raise click.UsageError("--version-id names a version of one object: it does not go with --recursive")
        _download_below(store, target, file)
        return
    if not target.key:
        raise click.UsageError(f"{target} names a bucket and no key; --recursive downloads all of its objects")
    if file == "-":
        _download_to_stdout(store, target, version_id)
        return
    path = _file_for(target, file)
    with _opened(store, target, version_id) as opened, progress(opened.length) as meter:
        meter.label(path.name)
        with replacing(path) as writable:
            _copy(opened, writable, meter)
    note(f"downloaded {target} to {path} ({size(opened.length)})")


def _file_for(target: Target, file: str | None) -> Path:
    if file and not Path(file).is_dir():
        if file.endswith("/"):
            raise Failure(f"there is no folder {file!r}")
        return Path(file)
    try:
        return Path(file or ".") / checked_name(target.key.rpartition("/")[2])
    except UnsafeName as error:
        raise Failure(f"the key {target.key!r} gives no file name: {error}", "name the FILE to write") from error


def _opened(store: Store, target: Target, version_id: str | None) -> OpenedObject:
    return store.get_object(target.bucket, target.key, GetOptions(version_id=version_id))


def _download_to_stdout(store: Store, target: Target, version_id: str | None) -> None:
    stdout = sys.stdout.buffer
    with (
        _opened(store, target, version_id) as opened,
        progress(opened.length, shown=not stdout.isatty()) as meter,
    ):
        _copy(opened, stdout, meter)
    stdout.flush()


def _copy(opened: OpenedObject, file: BinaryIO, meter: Meter) -> None:
    for chunk in opened:
        file.write(chunk)
        meter.advance(len(chunk))


def _download_below(store: Store, target: Target, folder: str | None) -> None:
    if folder is None or folder == "-":
        raise click.UsageError("--recursive needs the folder to write to")
    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    done, refused, total = 0, 0, 0
    with progress(None) as meter:
        for info in _listed(store, target):
            meter.label(info.key)
            try:
                total += _download_one(store, target, info, root, meter)
                done += 1
            except (UnsafeName, NoSuchKey) as error:
                refused += 1
                note(f"not downloaded: {info.key!r}: {error}")
    note(f"downloaded {counted(done, 'object')} from {target} to {root} ({size(total)})")
    if refused:
        raise Failure(f"{counted(refused, 'object')} could not be downloaded")


def _listed(store: Store, target: Target) -> Iterator[ObjectInfo]:
    return store.iter_objects(target.bucket, ListOptions(prefix=target.key, content_type=False))


def _download_one(store: Store, target: Target, info: ObjectInfo, root: Path, meter: Meter) -> int:
    names = info.key[target.key.rfind("/") + 1 :].split("/")
    if names[-1] == "" and info.size_bytes == 0:
        # Consoles make empty objects such as photos/ to show a folder.
        make_folders(root, names[:-1])
        return 0
    path = path_below(root, names)
    with store.get_object(target.bucket, info.key) as opened, replacing(path) as file:
        _copy(opened, file, meter)
    return opened.length
