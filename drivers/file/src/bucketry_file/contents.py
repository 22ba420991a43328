"""Contents and pieces in the index, and how pieces are read. The index counts the pieces of each content.

Source of what is deleted when: the triggers in schema.sql.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, Protocol, TypeAlias, final

import xxhash
from bucketry import BackendError
from bucketry.features import MIB

from bucketry_file import disk
from bucketry_file.encryption import Keys, Protection, envelope_of
from bucketry_file.errors import NOT_FOLLOWED
from bucketry_file.folder import Folder
from bucketry_file.index import row_made
from bucketry_file.receiving import Draft

CHUNK_BYTES: Final = MIB
"""The largest chunk that a reader gets."""

_HOLD: Final = 0
"""The owner of shared pieces whose version or part is being made."""

_ADD_CONTENT: Final = """
    INSERT INTO contents (stored_bytes, digest, session, number, data) VALUES (?, ?, ?, ?, ?)
"""
_ADD_PIECE: Final = "INSERT INTO pieces (owner, at, content, start, length, envelope) VALUES (?, ?, ?, ?, ?, ?)"
_FIND: Final = """
    SELECT pieces.at, pieces.content, pieces.start, pieces.length, pieces.envelope,
        contents.stored_bytes, contents.digest, contents.session, contents.number, contents.data
    FROM pieces CROSS JOIN contents ON contents.id = pieces.content
    WHERE pieces.owner = ? AND pieces.at < ? AND pieces.at + pieces.length > ? ORDER BY pieces.at
"""


class Piece(NamedTuple):
    """A stretch of a content.

    Attributes:
        at: Its offset in the version.
        content: The content.
        start: Its offset in the content, before encryption.
        length: Its length in bytes, 1 or more.
        envelope: The wrapped key of the content; ``None``: it is not encrypted.
        stored_bytes: Size of the whole content as it is stored.
        digest: XXH3 of the whole content as it is stored.
        session: The session of its file.
        number: The number of its file.
        data: The stored bytes of an inline content. Only a version of one piece has one.
    """

    at: int
    content: int
    start: int
    length: int
    envelope: bytes | None
    stored_bytes: int
    digest: bytes
    session: str | None
    number: int | None
    data: bytes | None


class NewPieces(Protocol):
    """The pieces of a version or part that is being made."""

    def hold(self, connection: sqlite3.Connection) -> None:
        """Keeps what is shared with others, before the version or part goes that the new one replaces."""

    def give(self, connection: sqlite3.Connection, owner: int) -> None:
        """Gives the owner, which was made, its pieces."""


@final
class DraftPieces:
    """A new content, as one piece. Nothing is kept of a content without bytes."""

    def __init__(self, draft: Draft, envelope: bytes | None) -> None:
        """Takes a content and the envelope of its key; ``None``: it is not encrypted."""
        self._draft = draft
        self._envelope = envelope

    def hold(self, connection: sqlite3.Connection) -> None:
        """Does nothing: nobody else has the content."""

    def give(self, connection: sqlite3.Connection, owner: int) -> None:
        """Puts the content into the index."""
        draft = self._draft
        if not draft.size_bytes and draft.session is None:
            return
        row = (draft.stored_bytes, draft.digest, draft.session, draft.number, draft.data)
        content = row_made(connection.execute(_ADD_CONTENT, row))
        connection.execute(_ADD_PIECE, (owner, 0, content, 0, draft.size_bytes, self._envelope))


SharedPiece: TypeAlias = tuple[int, int, int, int, bytes | None]
"""At, content, start, length and envelope of a piece."""


@final
class SharedPieces:
    """Pieces of contents that are in the index already."""

    def __init__(self, find: Callable[[sqlite3.Connection], Iterable[SharedPiece]]) -> None:
        """Takes what finds the pieces, in the transaction that writes."""
        self._find = find

    def hold(self, connection: sqlite3.Connection) -> None:
        """Counts them, so that their contents stay if what is replaced is the last that has them."""
        connection.executemany(_ADD_PIECE, [(_HOLD, *piece) for piece in self._find(connection)])

    def give(self, connection: sqlite3.Connection, owner: int) -> None:
        """Gives them to the owner."""
        connection.execute("UPDATE pieces SET owner = ? WHERE owner = ?", (owner, _HOLD))


@final
class MovedPieces:
    """The pieces of owners that end, one behind the other."""

    def __init__(self, owners: Iterable[tuple[int, int]]) -> None:
        """Takes each owner, and the offset at which its pieces begin."""
        self._owners = owners

    def hold(self, connection: sqlite3.Connection) -> None:
        """Does nothing: the owners have them until they are moved."""

    def give(self, connection: sqlite3.Connection, owner: int) -> None:
        """Moves them to the owner."""
        connection.executemany(
            "UPDATE pieces SET owner = ?, at = at + ? WHERE owner = ?", [(owner, at, old) for old, at in self._owners]
        )


def pieces_of(connection: sqlite3.Connection, owner: int, start: int, stop: int) -> list[Piece]:
    """Returns the pieces of an owner that hold the bytes from ``start`` to ``stop``."""
    if start >= stop:
        return []
    return [Piece(*row) for row in connection.execute(_FIND, (owner, stop, start))]


def read_pieces(
    folder: Folder, pieces: Iterable[Piece], opened: dict[int, int], span: tuple[int, int], keys: Keys, way: Protection
) -> Iterator[bytes]:
    """Yields the bytes of a version.

    Args:
        folder: The folder of the store.
        pieces: The pieces that hold them.
        opened: Descriptors of files that are open already, by the offset of the piece. Each is closed after it was
            read.
        span: Offset of the first byte, and offset after the last one.
        keys: The keys of the store.
        way: How the version is encrypted.

    Raises:
        BackendError: The stored bytes were changed or cut.
    """
    start, stop = span
    position = start
    for piece in pieces:
        if piece.at > position:
            break
        begin = piece.start + position - piece.at
        end = piece.start + min(stop - piece.at, piece.length)
        yield from _read_content(folder, piece, opened, begin, end, keys, way)
        position += end - begin
    if position < stop:
        raise BackendError(f"the bytes from {position} to {stop} are missing in the index")


def _read_content(
    folder: Folder, piece: Piece, opened: dict[int, int], start: int, stop: int, keys: Keys, way: Protection
) -> Iterator[bytes]:
    if piece.envelope is None:
        yield from _stored(folder, piece, opened, start, stop)
        return
    from bucketry.encrypting import decrypted

    envelope = envelope_of(piece.envelope)
    first, last = envelope.stored_range(start, stop)
    stored = _stored(folder, piece, opened, first, last)
    yield from decrypted(keys.opened(envelope, way), envelope, stored, start, stop)


def _stored(folder: Folder, piece: Piece, opened: dict[int, int], start: int, stop: int) -> Iterator[bytes]:
    """Yields the stored bytes of a content, and checks them if they are all of it."""
    if piece.data is not None:
        chunks: Iterator[bytes] = iter((piece.data[start:stop],))
    else:
        chunks = _read_file(folder, piece, opened, start, stop)
    if (start, stop) != (0, piece.stored_bytes):
        yield from chunks
        return
    digest = xxhash.xxh3_128()
    for chunk in chunks:
        digest.update(chunk)
        start += len(chunk)
        if start == stop and digest.digest() != piece.digest:
            raise damaged(piece, "it has other bytes than were written")
        yield chunk


def _read_file(folder: Folder, piece: Piece, opened: dict[int, int], start: int, stop: int) -> Iterator[bytes]:
    descriptor = opened.pop(piece.at, None)
    if descriptor is None:
        try:
            descriptor = open_content(folder, piece)
        except FileNotFoundError:
            raise damaged(piece, "its file is missing") from None
    try:
        if os.fstat(descriptor).st_size != piece.stored_bytes:
            raise damaged(piece, f"it has {os.fstat(descriptor).st_size} bytes, not {piece.stored_bytes}")
        os.lseek(descriptor, start, os.SEEK_SET)
        while start < stop:
            chunk = os.read(descriptor, min(CHUNK_BYTES, stop - start))
            if not chunk:
                raise damaged(piece, "it was cut while it was read")
            start += len(chunk)
            yield chunk
    finally:
        os.close(descriptor)


def open_content(folder: Folder, piece: Piece) -> int:
    """Opens the file of a content.

    Raises:
        FileNotFoundError: It is gone.
        BackendError: Somebody put a link in its place, or in that of a folder on the way.
    """
    if piece.session is None or piece.number is None:
        raise BackendError(f"content {piece.content} has neither bytes nor a file in the index")
    try:
        return disk.open_below(folder.path, folder.names_of_blob(piece.session, piece.number))
    except OSError as error:
        if error.errno in NOT_FOLLOWED:
            raise damaged(piece, "a link is there instead of its file, or of a folder on the way") from error
        raise


def damaged(piece: Piece, how: str) -> BackendError:
    """Returns the error of a content that is not as it was written."""
    where = "the index" if piece.session is None else f"blobs/{piece.session}, file {piece.number}"
    return BackendError(f"content {piece.content} in {where} is damaged: {how}; 'bucketry file check' finds all damage")
