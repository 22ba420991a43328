"""Opens contents, so that they stay whole while they are read, whatever is deleted meanwhile.

A reader of few files opens all of them at once: an open file lives on after it was deleted. A reader of many files pins
the garbage instead, so that none of them is deleted in any process.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from itertools import count
from typing import Final, NamedTuple, final

from bucketry import Unavailable

from bucketry_file.contents import Piece, damaged, open_content, pieces_of, read_pieces
from bucketry_file.encryption import Keys, Protection
from bucketry_file.folder import Folder
from bucketry_file.index import Index
from bucketry_file.sessions import Session
from bucketry_file.versions import ObjectRow

_OPEN_FILES: Final = 8
"""Most files that one reader opens at once. A process has 1,024 of them by default."""

_TRIES: Final = 20
"""How often a row is read again whose files were deleted before they could be opened."""

_LAST_GARBAGE: Final = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'garbage'"

Find = Callable[[sqlite3.Connection], ObjectRow]


class Span(NamedTuple):
    """What is read of a version: the offset of the first byte, and after the last one."""

    start: int
    stop: int


class Plan(NamedTuple):
    """A version that is to be read, how it is encrypted, and what of it is wanted."""

    row: ObjectRow
    way: Protection
    span: Span


@final
class _Gone(Exception):
    """A file was deleted after its row was read."""

    def __init__(self, piece: Piece) -> None:
        self.piece = piece


@final
class Content:
    """The content of a version, or a stretch of it, that is open for reading. Iterating gives its chunks, once."""

    __slots__ = ("_chunks", "_on_close", "_opened")

    def __init__(self, chunks: Iterator[bytes], opened: dict[int, int], on_close: Callable[[], None] | None) -> None:
        self._chunks = chunks
        self._opened = opened
        self._on_close = on_close

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        """Closes its files. Closing again does nothing."""
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()
        for at in list(self._opened):
            os.close(self._opened.pop(at))
        on_close, self._on_close = self._on_close, None
        if on_close is not None:
            on_close()

    def __del__(self) -> None:
        self.close()


@final
class Reader:
    """Opens contents. Threads may share it."""

    def __init__(self, folder: Folder, index: Index, session: Session, keys: Keys) -> None:
        self._folder = folder
        self._index = index
        self._session = session
        self._keys = keys
        self._pins = count()

    def open(self, plan: Callable[[sqlite3.Connection], Plan]) -> tuple[Plan, Content | tuple[bytes, ...]]:
        """Opens the content of a version.

        Args:
            plan: Finds the version, checks the conditions and says what is wanted. It is called again if files of the
                version were deleted before they could be opened.

        Returns:
            What was found, and the content: as a tuple if it is small.

        Raises:
            BackendError: A file is missing.
            Unavailable: The version was replaced again and again while it was being opened.
        """
        gone: Piece | None = None
        for _ in range(_TRIES):
            with self._index.reading() as connection:
                found = plan(connection)
                pieces = pieces_of(connection, found.row.id, *found.span)
            if gone is not None and any(_is_same(piece, gone) for piece in pieces):
                raise damaged(gone, "its file is missing")
            if len(pieces) > _OPEN_FILES:
                return self._open_many(plan)
            try:
                return found, self._content(found, pieces, self._opened(pieces), None)
            except _Gone as error:
                gone = error.piece
        raise Unavailable("the object was replaced again and again while it was being opened")

    def small(self, found: Plan, piece: Piece) -> tuple[bytes, ...]:
        """Returns what is wanted of a version whose content is one piece in the index."""
        start, stop = found.span
        pieces = [piece] if start < stop else []
        return tuple(read_pieces(self._folder, pieces, {}, found.span, self._keys, found.way))

    def _open_many(self, plan: Callable[[sqlite3.Connection], Plan]) -> tuple[Plan, Content | tuple[bytes, ...]]:
        pin = next(self._pins)
        with self._index.reading() as connection:
            (garbage,) = connection.execute(_LAST_GARBAGE).fetchone()
        self._session.pin(pin, garbage)
        try:
            with self._index.reading() as connection:  # After the pin: what this sees is kept.
                found = plan(connection)
                pieces = pieces_of(connection, found.row.id, *found.span)
            return found, self._content(found, pieces, {}, lambda: self._session.unpin(pin))
        except BaseException:
            self._session.unpin(pin)
            raise

    def _opened(self, pieces: list[Piece]) -> dict[int, int]:
        opened: dict[int, int] = {}
        try:
            for piece in pieces:
                if piece.data is None:
                    opened[piece.at] = self._open_or_gone(piece)
        except BaseException:
            for descriptor in opened.values():
                os.close(descriptor)
            raise
        return opened

    def _open_or_gone(self, piece: Piece) -> int:
        try:
            return open_content(self._folder, piece)
        except FileNotFoundError:
            raise _Gone(piece) from None

    def _content(
        self, found: Plan, pieces: list[Piece], opened: dict[int, int], on_close: Callable[[], None] | None
    ) -> Content | tuple[bytes, ...]:
        chunks = read_pieces(self._folder, pieces, opened, found.span, self._keys, found.way)
        if on_close is None and not opened:  # Inline: it is in memory already.
            return tuple(chunks)
        return Content(chunks, opened, on_close)


def _is_same(one: Piece, other: Piece) -> bool:
    return (one.session, one.number) == (other.session, other.number)
