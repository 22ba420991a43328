"""The usual read, of a small object as it is now, in one query.

Each query costs a server more than the work in it: other threads run before and after it. So what `versions.read` and
`contents.pieces_of` find in four, one finds here. Whatever is not as usual is left to them.
"""

from __future__ import annotations

import sqlite3
from typing import Final, NamedTuple

from bucketry_file.buckets import Bucket, Buckets
from bucketry_file.contents import Piece
from bucketry_file.versions import ObjectRow, object_of, version_of

_FIND: Final = """
    SELECT buckets.id, buckets.revision,
        versions.id, versions.key, versions.number, versions.is_current, versions.size_bytes, versions.record,
        pieces.at, pieces.content, pieces.start, pieces.length, pieces.envelope,
        contents.stored_bytes, contents.digest, contents.session, contents.number, contents.data
    FROM buckets
    CROSS JOIN versions ON versions.bucket = buckets.id AND versions.key = ? AND versions.is_current = 1
    CROSS JOIN pieces ON pieces.owner = versions.id
    CROSS JOIN contents ON contents.id = pieces.content
    WHERE buckets.name = ? AND contents.data IS NOT NULL LIMIT 1
"""
_OF_BUCKET: Final = 2
_OF_VERSION: Final = 8


class SmallObject(NamedTuple):
    """An object whose content is one piece, which the index holds."""

    bucket: Bucket
    row: ObjectRow
    piece: Piece


def find_small(connection: sqlite3.Connection, known: Buckets, place: tuple[str, str]) -> SmallObject | None:
    """Returns the current object of a key, if it is small and all is as usual; ``None``: look for it in steps.

    Args:
        connection: A connection, with or without a transaction.
        known: The buckets that the process knows.
        place: Bucket and key.
    """
    row = connection.execute(_FIND, (place[1].encode(), place[0])).fetchone()
    if row is None:
        return None
    bucket, found = known.kept(place[0], row[:_OF_BUCKET]), object_of(version_of(row[_OF_BUCKET:_OF_VERSION]))
    piece = Piece(*row[_OF_VERSION:])
    if bucket is None or found is None or piece.length != found.size_bytes:
        return None
    return SmallObject(bucket, found, piece)
