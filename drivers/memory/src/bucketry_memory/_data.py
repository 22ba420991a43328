"""An object's bytes: how they are taken in, held, and given out."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final, TypeAlias, final

from bucketry import Body

from bucketry_memory._room import Room

PIECE_BYTES: Final = 1024 * 1024
"""Content up to this size is one ``bytes``, and no chunk that is given out is larger."""

_SMALL_BYTES: Final = 64 * 1024
"""Pieces smaller than this are gathered; larger ones are kept as they came. Room for so much is not reserved ahead."""


@final
class Pieces:
    """A large content, in the pieces in which it came. Immutable; pieces may be shared by many contents."""

    __slots__ = ("_ends", "_pieces")

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = tuple(pieces)
        self._ends = tuple(accumulate(map(len, self._pieces)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)

    def chunks(self, start: int, stop: int) -> Iterator[bytes]:
        """Yields the bytes from ``start`` until ``stop``, without joining pieces."""
        index = bisect_right(self._ends, start)
        while start < stop:
            piece, end = self._pieces[index], self._ends[index]
            begin = end - len(piece)
            yield from _sliced(piece, start - begin, min(stop, end) - begin)
            start, index = end, index + 1


Content: TypeAlias = bytes | Pieces


def chunks(content: Content, start: int, stop: int) -> Iterable[bytes]:
    """Gives out the bytes from ``start`` until ``stop``, in chunks of at most `PIECE_BYTES` and none empty."""
    if start >= stop:
        return ()
    if not isinstance(content, bytes):
        return content.chunks(start, stop)
    if stop - start <= PIECE_BYTES:
        return (content[start:stop],)
    return _sliced(content, start, stop)


def whole(content: Content) -> Iterable[bytes]:
    """Gives out all bytes, as `chunks` does; those of a small object are the stored ones themselves."""
    if isinstance(content, bytes) and 0 < len(content) <= PIECE_BYTES:
        return (content,)
    return chunks(content, 0, len(content))


def part_of(content: Content, start: int, stop: int) -> Content:
    """Returns the bytes from ``start`` until ``stop``, which share with the whole what pieces they can."""
    return content if (start, stop) == (0, len(content)) else joined(chunks(content, start, stop))


def md5_hex(content: Content) -> str:
    """Returns the MD5 of a content in hexadecimal."""
    digest = hashlib.md5(usedforsecurity=False)
    for chunk in whole(content):
        digest.update(chunk)
    return digest.hexdigest()


def joined(contents: Iterable[Content]) -> Content:
    """Makes one content of many, without copying any."""
    pieces = [piece for content in contents for piece in ((content,) if isinstance(content, bytes) else content)]
    return pieces[0] if len(pieces) == 1 else Pieces(piece for piece in pieces if piece)


def pull(body: Body, room: Room) -> tuple[Content, int]:
    """Takes a body in, piece by piece, and reserves room for each piece that has come.

    What a body declares takes no room: its client may never send it, and others could store nothing meanwhile. A body
    that could not fit is refused before anything of it is pulled. One of few bytes, and known to be so, is taken in
    without a reservation: it is stored in the same step that takes its room.

    Args:
        body: The body.
        room: Where room is reserved; all of it is released if this fails.

    Returns:
        The content, and for how many of its bytes room was reserved; whoever stores it takes the rest.

    Raises:
        QuotaExceeded: There is no room for it.
    """
    length = body.length
    if length is not None:
        if length <= _SMALL_BYTES:
            return body.read(), 0
        room.require(length)
    reserved = 0

    def reserving() -> Iterator[bytes]:
        nonlocal reserved
        for piece in body:
            room.reserve(len(piece))
            reserved += len(piece)
            yield piece

    try:
        return _gathered(reserving()), reserved
    except BaseException:
        room.release(reserved)
        raise


def _sliced(piece: bytes, start: int, stop: int) -> Iterator[bytes]:
    for begin in range(start, stop, PIECE_BYTES):
        yield piece[begin : min(begin + PIECE_BYTES, stop)]


def _gathered(body: Iterable[bytes]) -> Content:
    """Makes few large pieces of many small ones, and one ``bytes`` of what is no larger than a piece."""
    pieces: list[bytes] = []
    small = bytearray()
    for piece in body:
        if len(piece) < _SMALL_BYTES:
            small += piece
        if small and (len(small) >= PIECE_BYTES or len(piece) >= _SMALL_BYTES):
            pieces.append(bytes(small))
            small.clear()
        if len(piece) >= _SMALL_BYTES:
            pieces.append(piece)
    if small:
        pieces.append(bytes(small))
    content = joined(pieces)
    return content if isinstance(content, bytes) or len(content) > PIECE_BYTES else b"".join(content)
