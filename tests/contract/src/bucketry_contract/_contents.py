"""Contents and bodies for tests."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator

from bucketry import Body


class BrokenBody(Exception):
    """The error of a body's source that breaks off."""


def content_of(size_bytes: int, seed: int = 0) -> bytes:
    """Returns bytes that look random and are the same every time."""
    return random.Random(seed).randbytes(size_bytes)


def broken_after(*pieces: bytes) -> Iterator[bytes]:
    """Yields these pieces and then breaks off."""
    yield from pieces
    raise BrokenBody("the sender went away")


def meanwhile(act: Callable[[], object], first: bytes, last: bytes) -> Iterator[bytes]:
    """Yields one piece, does something, and yields another piece: the act happens while the body is read."""
    yield first
    act()
    yield last


class WatchedBody(Body):
    """A body that notes how much a driver reads at once.

    Attributes:
        largest_read: The most that one call returned, in bytes.
    """

    def __init__(self, source: Iterable[bytes], length: int | None = None) -> None:
        super().__init__(source, length)
        self.largest_read = 0

    def read(self, size: int = -1) -> bytes:
        """Reads, and notes how much came."""
        piece = super().read(size)
        self.largest_read = max(self.largest_read, len(piece))
        return piece
