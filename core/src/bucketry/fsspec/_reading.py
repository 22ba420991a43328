"""The content of files, or ranges of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bucketry import ByteRange, GetOptions, InvalidRange, OpenedObject, Store
from bucketry._file_errors import file_errors
from bucketry.fsspec._paths import split


@contextmanager
def opened_file(store: Store, path: str, options: GetOptions) -> Iterator[OpenedObject]:
    """Opens a file for reading from front to back."""
    bucket, key = split(path)
    with file_errors(path), store.get_object(bucket, key, options) as opened:
        yield opened


def read_range(
    store: Store, path: str, start: int | None, end: int | None, *, etag: str | None, version_id: str | None
) -> bytes:
    """Returns some bytes of a file; `BucketryFileSystem.read_range` describes the arguments."""
    if end is not None and end <= (start or 0):
        return b""
    if not store.capabilities.features.get_if_match:
        etag = None
    options = GetOptions(range=_byte_range(start, end), if_match=etag, version_id=version_id)
    try:
        with opened_file(store, path, options) as opened:
            return opened.read()
    except ValueError as error:
        if isinstance(error.__cause__, InvalidRange):
            return b""
        raise


def _byte_range(start: int | None, end: int | None) -> ByteRange | None:
    if start is not None and start < 0:
        return ByteRange(None, -start)
    return None if not start and end is None else ByteRange(start or 0, None if end is None else end - 1)
