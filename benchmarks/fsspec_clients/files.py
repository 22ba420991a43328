"""Files that are written and read through fsspec. It imports nothing of bucketry: other environments run it, too."""

from __future__ import annotations

from time import perf_counter
from typing import Any

MIB = 1024 * 1024
SMALL_BYTES = 4 * 1024
SMALL_FILES = 100
LARGE_BYTES = 64 * MIB

_PIECE = bytes(range(256)) * (MIB // 256)


def small_files(fs: Any, bucket: str, seconds: float) -> float:
    """Writes and reads 100 files of 4 KiB at a time, for so many seconds. Returns the rate of files."""
    files = {f"{bucket}/small/{number:03}": _PIECE[:SMALL_BYTES] for number in range(SMALL_FILES)}
    fs.pipe(files)  # Connects.
    count, begun = 0, perf_counter()
    while not count or perf_counter() - begun < seconds:
        fs.pipe(files)
        assert all(len(content) == SMALL_BYTES for content in fs.cat(list(files)).values())
        count += 2 * SMALL_FILES
    return count / (perf_counter() - begun)


def large_file(fs: Any, bucket: str, seconds: float) -> float:
    """Writes and reads a file of 64 MiB, a MiB at a time, for so many seconds. Returns the rate in MB/s."""
    path = f"{bucket}/large"
    fs.pipe(path, b"")  # Connects.
    count, begun = 0, perf_counter()
    while not count or perf_counter() - begun < seconds:
        with fs.open(path, "wb") as file:
            for _ in range(LARGE_BYTES // MIB):
                file.write(_PIECE)
        read = 0
        with fs.open(path, "rb") as file:
            while piece := file.read(MIB):
                read += len(piece)
        assert read == LARGE_BYTES
        count += 2 * LARGE_BYTES
    return count / 1e6 / (perf_counter() - begun)


MEASURES = {"small": small_files, "large": large_file}
