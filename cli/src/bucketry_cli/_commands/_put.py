"""``bucketry put``."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import BinaryIO

import click
from bucketry import Body, BucketryError, ObjectInfo, PutOptions, Store

from bucketry_cli._failures import Failure, describe
from bucketry_cli._options import examples, with_store
from bucketry_cli._output import counted, note, size
from bucketry_cli._progress import Meter, progress
from bucketry_cli._targets import Target, prefix_target
from bucketry_cli._uploads import Upload, content_type, plan


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
    """A local file on its way: it tells the meter, and remembers when it was the file that failed."""

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
        # Files of the kernel (/proc) have size 0, whatever is in them.
        body = Body(source, upload.size or None)
        try:
            return store.put_object(bucket, upload.key, body, options)
        except BucketryError as error:
            if source.error is None:
                raise
            # The driver saw an error in its body and took it for its backend's.
            raise Failure(f"cannot read {str(upload.path or 'standard input')!r}: {describe(source.error)}") from error
