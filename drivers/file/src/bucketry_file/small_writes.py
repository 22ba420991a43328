"""The usual put, of a small object in place of what its key held, in one statement, as `small_reads` reads it.

Whatever is not as usual is left to `versions.put`.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from bucketry_file.buckets import Bucket
from bucketry_file.receiving import Draft
from bucketry_file.records import StoredObject, encode

_PUT: Final = """
    INSERT INTO small_puts
    SELECT id, ?, ?, ?, ?, ?, ?, ? FROM buckets WHERE id = ? AND revision = ?
"""


def put_small(
    connection: sqlite3.Connection,
    bucket: Bucket,
    key: bytes,
    stored: StoredObject,
    draft: Draft,
    envelope: bytes | None,
) -> bool:
    """Stores an object in a bucket without versions. Returns whether the bucket was as it is known, and it was stored.

    Args:
        connection: The connection that writes.
        bucket: The bucket as the process knows it.
        key: The key.
        stored: The object.
        draft: Its content, which the index keeps.
        envelope: The envelope of its content's key; ``None``: it is not encrypted.
    """
    changes = connection.total_changes
    object_row = (key, draft.size_bytes, encode(stored))
    content_row = (draft.stored_bytes, draft.digest, draft.data, envelope)
    connection.execute(_PUT, (*object_row, *content_row, *bucket.state))
    return connection.total_changes != changes
