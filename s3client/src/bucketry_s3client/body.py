"""Bodies of requests, and how a driver takes them from what its caller uploads."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from itertools import chain
from typing import IO, Final

from bucketry import Body, TooLarge
from bucketry.features import MIB
from bucketry.sigv4 import payload_hash

_PIECE_BYTES: Final = MIB


class Feed:
    """A request's body that is sent as it comes, once.

    Attributes:
        length: Its length in bytes.
        error: What its source failed with, if it did: the HTTP library takes some errors for the connection's.
    """

    def __init__(self, pieces: Iterable[bytes], length: int) -> None:
        self._pieces = pieces
        self.length = length
        self.error: BaseException | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._pieces
        except GeneratorExit:  # The connection was cut and reads no more. That is not the source's failure.
            raise
        except BaseException as error:
            self.error = error
            raise


Content = bytes | Sequence[bytes] | Feed
"""A request's body: bytes, pieces that are sent one after the other, or a feed."""

Pieces = list[bytes]


def take(body: Body, size_bytes: int) -> Pieces:
    """Pulls so many bytes, or what is left, in pieces: joined, they would take twice the memory."""
    pieces = []
    while size_bytes > 0 and (piece := body.read(min(size_bytes, _PIECE_BYTES))):
        pieces.append(piece)
        size_bytes -= len(piece)
    return pieces


def length_of(content: Content) -> int:
    """Returns how many bytes a body has."""
    if isinstance(content, Feed):
        return content.length
    return len(content) if isinstance(content, bytes) else sum(map(len, content))


def hash_of(content: bytes | Sequence[bytes]) -> str:
    """Returns the SHA-256 of a body that is at hand, in hexadecimal."""
    if isinstance(content, bytes):
        return payload_hash(content)
    digest = sha256()
    for piece in content:
        digest.update(piece)
    return digest.hexdigest()


@contextmanager
def one_piece(
    body: Body, most_in_memory: int, most: int, taken: Pieces | None = None, *, first: bool = False
) -> Iterator[Content]:
    """Makes the body of one request, which must have a length.

    A short body is held in memory. A body of known length is sent as it comes. A long body of unknown length goes
    through a temporary file without a name, which disappears with its process.

    Args:
        body: The body.
        most_in_memory: How many bytes may be held in memory.
        most: How many bytes one request takes.
        taken: What was pulled from the body already, such that its end was not seen. It is emptied.
        first: Whether all of the body is pulled first, since its checksum is sent before it.

    Raises:
        TooLarge: The body is longer than ``most``.
    """
    if body.length is not None and body.length > most:
        raise _too_large(most)
    known = body.length is not None and not first
    if not taken and known and body.length is not None and body.length > most_in_memory:
        yield Feed(body, body.length)
        return
    pieces = take(body, most_in_memory) if taken is None else taken
    if length_of(pieces) < most_in_memory or known:
        yield pieces[0] if len(pieces) == 1 else pieces
        return
    with tempfile.TemporaryFile(prefix="bucketry-") as file:
        length = _spool(chain(pieces, body), file, most)
        pieces.clear()
        file.seek(0)
        yield Feed(iter(lambda: file.read(_PIECE_BYTES), b""), length)


def _spool(pieces: Iterable[bytes], file: IO[bytes], most: int) -> int:
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > most:
            raise _too_large(most)
        file.write(piece)
    return length


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"what is sent in one piece has at most {most} bytes", max_size_bytes=most)
