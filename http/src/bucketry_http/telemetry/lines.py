"""Writes many lines at once, in batches that other processes cannot write into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

MOST_BYTES: Final = 4096
"""Most bytes of a batch of several lines. So much a pipe takes at once, so that processes which share it do not write
into each other's lines (PIPE_BUF, pipe(7))."""


def write_lines(write: Callable[[str], object], lines: bytes) -> None:
    """Writes lines.

    Args:
        write: Takes one or more lines. If it fails, they are lost.
        lines: The lines, each with its line end.
    """
    for batch in _batches(lines):
        # Nobody reads the log any more, or its disk is full: requests are served all the same.
        with suppress(OSError, ValueError):
            write(batch.decode())


def _batches(lines: bytes) -> Iterator[bytes]:
    start = 0
    while len(lines) - start > MOST_BYTES:
        # A line that is longer is a batch of its own.
        end = lines.rfind(b"\n", start, start + MOST_BYTES) + 1 or lines.index(b"\n", start) + 1
        yield lines[start:end]
        start = end
    yield lines[start:]
