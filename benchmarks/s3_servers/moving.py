"""Moves one large file to a server, and back."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.bucketry_server.sending import write_file
from benchmarks.case import MIB, Contender, Contenders, Scale
from benchmarks.container_servers.plain import connection_to, save, send
from benchmarks.s3_servers.servers import Endpoint

_LARGE_PART = 4
"""Part of the large upload's size that is moved here: 256 MiB of 1 GiB."""


def moving(
    ours: Endpoint, theirs: Endpoint, upload: bool, scale: Scale, stack: ExitStack, *, synced: bool = False
) -> Contenders:
    """Makes the sides of a row that moves one large file to two servers, or back.

    Args:
        ours: Our server; its bucket is there.
        theirs: The other one, likewise.
        upload: Whether the file is put, or got.
        scale: The amount of work.
        stack: Closes the connections, and removes the files.
        synced: Whether the copy that is the limit waits until it is on the disk.
    """
    size = scale.upload_bytes // _LARGE_PART
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="bucketry-bench-")))
    file = folder / "large.bin"
    write_file(file, size)

    def side(endpoint: Endpoint) -> Contender:
        connection = connection_to(endpoint.url, stack)
        put, get = endpoint.signed("PUT", key=file.name), endpoint.signed("GET", key=file.name)

        def put_once() -> None:
            with file.open("rb") as content:
                send(connection, "PUT", put, content, size).read()

        def get_once() -> None:
            save(send(connection, "GET", get), folder / "back.bin")

        put_once()
        return Contender(endpoint.name, _throughput(put_once if upload else get_once, size))

    copy = partial(_copy, file, folder / "copy.bin", synced=synced)
    bare = Contender("a copy of the file" + ", synced" * synced, _throughput(copy, size))
    return Contenders(side(ours), side(theirs), bare)


def _copy(source: Path, target: Path, *, synced: bool) -> None:
    with source.open("rb") as content, target.open("wb") as copied:
        while piece := content.read(MIB):
            copied.write(piece)
        if synced:
            copied.flush()
            os.fsync(copied.fileno())


def _throughput(block: Callable[[], object], size: int) -> Callable[[], float]:
    def measure() -> float:
        begun = perf_counter()
        block()
        return size / (perf_counter() - begun) / 1e6

    return measure
