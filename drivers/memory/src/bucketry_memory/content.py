"""The bytes of objects: how they are read from a body, held, and given out."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final, TypeAlias, final

from bucketry import Body

from bucketry_memory.quota import Quota

PIECE_BYTES: Final = 1024 * 1024
"""Content up to this size is one ``bytes``. It is also the largest chunk that a reader gets."""

_SMALL_BYTES: Final = 64 * 1024
"""Pieces smaller than this are joined; larger ones are kept as they are. Bodies up to it need no reservation."""


@final
class Pieces:
    """Large content, in the pieces in which it came. It is immutable, and many contents may share a piece."""

    __slots__ = ("_ends", "_pieces")

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = tuple(pieces)
        self._ends = tuple(accumulate(map(len, self._pieces)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)

    def chunks(self, start: int, stop: int) -> Iterator[bytes]:
        """Yields the bytes from ``start`` to ``stop``, without joining pieces."""
        index = bisect_right(self._ends, start)
        while start < stop:
            piece, end = self._pieces[index], self._ends[index]
            begin = end - len(piece)
            yield from _sliced(piece, start - begin, min(stop, end) - begin)
            start, index = end, index + 1


Content: TypeAlias = bytes | Pieces


def chunks(content: Content, start: int, stop: int) -> Iterable[bytes]:
    """Returns the bytes from ``start`` to ``stop``, in chunks of 1 to `PIECE_BYTES` bytes."""
    if start >= stop:
        return ()
    if not isinstance(content, bytes):
        return content.chunks(start, stop)
    if stop - start <= PIECE_BYTES:
        return (content[start:stop],)
    return _sliced(content, start, stop)


def whole(content: Content) -> Iterable[bytes]:
    """Returns all bytes, as `chunks` does. The only chunk of a small object is the stored ``bytes`` itself."""
    if isinstance(content, bytes) and 0 < len(content) <= PIECE_BYTES:
        return (content,)
    return chunks(content, 0, len(content))


def part_of(content: Content, start: int, stop: int) -> Content:
    """Returns the bytes from ``start`` to ``stop`` as content, which shares pieces with the original where it can."""
    return content if (start, stop) == (0, len(content)) else joined(chunks(content, start, stop))


def md5_hex(content: Content) -> str:
    """Returns the MD5 of the content in hexadecimal."""
    digest = hashlib.md5(usedforsecurity=False)
    for chunk in whole(content):
        digest.update(chunk)
    return digest.hexdigest()


def joined(contents: Iterable[Content]) -> Content:
    """Joins contents into one, without copying bytes."""
    pieces = [piece for content in contents for piece in ((content,) if isinstance(content, bytes) else content)]
    return pieces[0] if len(pieces) == 1 else Pieces(piece for piece in pieces if piece)


def pull(body: Body, quota: Quota) -> tuple[Content, int]:
    """Reads a body, piece by piece, and reserves the bytes of each piece after it came.

    The declared length alone reserves nothing: the client may never send that much, and meanwhile others could store
    nothing. A body that does not fit is refused before anything is read. A short body of known length needs no
    reservation: its bytes are taken when it is stored.

    Args:
        body: The body.
        quota: Where bytes are reserved. All of them are released if this fails.

    Returns:
        The content, and the number of its bytes that are reserved. Whoever stores it takes the rest.

    Raises:
        QuotaExceeded: It does not fit.
    """
    length = body.length
    if length is not None:
        if length <= _SMALL_BYTES:
            return body.read(), 0
        quota.require(length)
    reserved = 0

    def reserving() -> Iterator[bytes]:
        nonlocal reserved
        for piece in body:
            quota.reserve(len(piece))
            reserved += len(piece)
            yield piece

    try:
        return _gathered(reserving()), reserved
    except BaseException:
        quota.release(reserved)
        raise


def _sliced(piece: bytes, start: int, stop: int) -> Iterator[bytes]:
    for begin in range(start, stop, PIECE_BYTES):
        yield piece[begin : min(begin + PIECE_BYTES, stop)]


def _gathered(body: Iterable[bytes]) -> Content:
    """Joins small pieces into larger ones. Content up to `PIECE_BYTES` becomes one ``bytes``."""
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
