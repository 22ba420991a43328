"""Listings that seek: a page costs what it shows, however many keys lie before it or are rolled up in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing
from typing import Final, NamedTuple

from bucketry import ListOptions, ObjectInfo
from bucketry.cursors import decode_cursor

from bucketry_sqlite._records import from_json

OBJECTS_CURSOR: Final = "sqlite objects"

_OBJECTS: Final = "SELECT key, info FROM objects WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key"


class Entry(NamedTuple):
    """An object or a common prefix, and where the listing goes on behind it."""

    shown: ObjectInfo | str
    resume: bytes


def walk(connection: sqlite3.Connection, bucket: str, options: ListOptions) -> Generator[Entry, None, None]:
    """Yields a listing's entries from its cursor on."""
    prefix, delimiter, after = (text.encode() for text in (options.prefix, options.delimiter, options.start_after))
    # The bound is inclusive; behind a key, with nothing between, stands the key with a NUL added.
    start = max(prefix, after + b"\0" if after else b"")
    if options.cursor is not None:
        start = max(start, decode_cursor(OBJECTS_CURSOR, options.cursor, bytes))
    while True:
        common = b""
        with closing(connection.execute(_OBJECTS, (bucket, start, end_of(prefix)))) as rows:
            for key, info in rows:
                cut = key.find(delimiter, len(prefix)) if delimiter else -1
                if cut >= 0:
                    common = key[: cut + len(delimiter)]
                    break
                yield Entry(from_json(info, ObjectInfo), key + b"\0")
        if not common:
            return
        start = end_of(common)
        # A common prefix is an entry, and entries stand after start_after, even if keys below it do.
        if common > after:
            yield Entry(common.decode(), start)


def end_of(prefix: bytes) -> bytes:
    """Returns what stands right behind all keys with this prefix: UTF-8 holds no byte 255, so nothing carries."""
    return prefix[:-1] + bytes([prefix[-1] + 1]) if prefix else b"\xff"
