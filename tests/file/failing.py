"""Drivers on disks that fail."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from bucketry import GetOptions, OpenedObject
from bucketry.features import MIB
from bucketry.hookspecs import hookimpl
from bucketry_file import FileDriver, FileSettings


class FullDriver(FileDriver):
    """The disk has no room for a file of more than 1 MiB."""

    def __init__(self, settings: FileSettings) -> None:
        super().__init__(settings)
        receiver = self._objects._receiver
        write = receiver._append

        def full(descriptor: int, data: bytes) -> None:
            if os.fstat(descriptor).st_size + len(data) > MIB:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            write(descriptor, data)

        receiver._append = full


class BreakingDriver(FileDriver):
    """The disk cannot read more than the first MiB of a file."""

    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        return super().get_object(bucket, key, options).wrap(_breaking)


def _breaking(chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield next(chunks)
    raise OSError(errno.EIO, os.strerror(errno.EIO))
