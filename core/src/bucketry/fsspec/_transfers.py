"""The content of files on its way between a store and the disk, a chunk at a time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import IO, Any

from bucketry.body import PIECE_BYTES


def counted(source: IO[bytes], callback: Any) -> Iterator[bytes]:
    """Yields the pieces of a local file, and tells fsspec's callback how many bytes were read."""
    while piece := source.read(PIECE_BYTES):
        yield piece
        callback.relative_update(len(piece))


def copy_chunks(chunks: Iterable[bytes], target: IO[bytes], callback: Any) -> None:
    """Writes chunks to a file, and tells fsspec's callback how many bytes they had."""
    for chunk in chunks:
        target.write(chunk)
        callback.relative_update(len(chunk))


def download(chunks: Iterable[bytes], path: Any, callback: Any) -> None:
    """Writes chunks to a local file, which is deleted again if they break off."""
    if parent := os.path.dirname(path):
        os.makedirs(parent, exist_ok=True)
    with open(path, "wb") as target:
        try:
            copy_chunks(chunks, target, callback)
        except BaseException:
            with suppress(OSError):
                os.unlink(path)
            raise
