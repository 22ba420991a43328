"""Content in chunks: bodies that come in, and ranges that go out."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Final, NamedTuple

from bucketry import BackendError, Body, TooLarge, Unavailable
from bucketry.encrypting import ContentKey

from bucketry_sqlite._database import Database
from bucketry_sqlite._encryption import Keys, Protection, envelope_of

CHUNK_BYTES: Final = 256 * 1024
"""What one upload or download holds in memory."""

LEASE_SECONDS: Final = 3600
"""A body that delivers no chunk for so long is given up by the next process that opens the file."""

# CROSS JOIN keeps the order of the loops, which is that of the content: nothing is sorted, so nothing is held.
_READ: Final = """
    SELECT pieces.start, pieces.envelope, chunks.start, chunks.data
    FROM pieces CROSS JOIN chunks ON chunks.blob = pieces.blob
    WHERE pieces.object = :object
      AND pieces.start < :stop AND pieces.start + pieces.size_bytes > :start
      AND chunks.start > :start - pieces.start - :chunk AND chunks.start < :stop - pieces.start
    ORDER BY pieces.start, chunks.start
"""


class Blob(NamedTuple):
    """A body that is stored, but not yet anybody's. Its envelope is as in schema.sql."""

    id: int
    size_bytes: int
    md5: str
    envelope: str | None = None


@contextmanager
def receive(database: Database, body: Body, most: int, protection: Protection) -> Iterator[Blob]:
    """Stores a body, and removes it again if the body or the block raises.

    Each chunk has a transaction of its own, and the body is pulled between them: however slow it is, others can write.

    Args:
        database: Where to.
        body: The body; it is read to its end.
        most: Its largest size, in bytes.
        protection: How it is encrypted.

    Raises:
        TooLarge: It is larger.
    """
    body.track_md5()
    key = ContentKey() if protection.is_encrypted else None
    with database.writing(durable=False) as connection:
        (blob,) = connection.execute("INSERT INTO blobs (leased_until) VALUES (?) RETURNING id", (_lease(),)).fetchone()
    try:
        start = 0
        while data := body.read(CHUNK_BYTES):
            if body.bytes_read > most:
                raise TooLarge(f"the body has more than {most} bytes", max_size_bytes=most)
            stored = data if key is None else key.encrypt(start // CHUNK_BYTES, data)
            with database.writing(durable=False) as connection:
                _extend_lease(connection, blob, _lease())
                connection.execute("INSERT INTO chunks (blob, start, data) VALUES (?, ?, ?)", (blob, start, stored))
            start += len(data)
        yield Blob(blob, start, body.md5_hex(), protection.sealed(key, start, CHUNK_BYTES))
    except BaseException:
        # What cannot be removed now, on a full disk say, goes when its lease has ended.
        with suppress(sqlite3.Error), database.writing(durable=False) as connection:
            connection.execute("DELETE FROM blobs WHERE id = ?", (blob,))
        raise


def keep(connection: sqlite3.Connection, blob: Blob) -> None:
    """Ends a blob's lease, in the transaction that gives it to an object or part."""
    _extend_lease(connection, blob.id, None)


def read(
    connection: sqlite3.Connection, object_id: int, start: int, stop: int, keys: Keys, protection: Protection
) -> Generator[bytes, None, None]:
    """Yields the bytes of an object from ``start`` up to ``stop``, in chunks.

    Raises:
        BackendError: A chunk is missing, or was changed or moved since it was encrypted.
    """
    wanted = {"object": object_id, "start": start, "stop": stop, "chunk": CHUNK_BYTES}
    position, opened = start, _Opened(keys, protection)
    # A query that is not closed would keep its view of the file beyond the transaction's end.
    with closing(connection.execute(_READ, wanted)) as rows:
        for piece, envelope, within, stored in rows:
            data = stored if envelope is None else opened.decrypt(piece, envelope, within, stored)
            at = piece + within
            if at > position:
                raise BackendError(f"the bytes from {position} to {at} are missing")
            yield data if start <= at and at + len(data) <= stop else data[max(0, start - at) : stop - at]
            position = at + len(data)


class _Opened:
    """Opens the keys of an object's pieces, one after the other."""

    def __init__(self, keys: Keys, protection: Protection) -> None:
        self._keys = keys
        self._protection = protection
        self._piece = -1

    def decrypt(self, piece: int, text: str, within: int, stored: bytes) -> bytes:
        if piece != self._piece:
            self._envelope = envelope_of(text)
            self._key = self._keys.opened(self._envelope, self._protection)
            self._piece = piece
        return self._key.decrypt(within // CHUNK_BYTES, stored, self._envelope)


def _lease() -> float:
    return time.time() + LEASE_SECONDS


def _extend_lease(connection: sqlite3.Connection, blob: int, until: float | None) -> None:
    if not connection.execute("UPDATE blobs SET leased_until = ? WHERE id = ?", (until, blob)).rowcount:
        raise Unavailable(f"the upload stood still for {LEASE_SECONDS} seconds and was given up")
