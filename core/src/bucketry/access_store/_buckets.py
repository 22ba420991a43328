"""The documents of buckets: one for each, kept in memory for a moment, and changed with conditions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, final

from bucketry.access_store._bucket_of_documents import BucketOfDocuments, Changed, Kept
from bucketry.access_store._documents import BUCKETS, BucketDocument, bucket_key, decoded
from bucketry.bucket_access import BucketAccess
from bucketry.errors import Unavailable

_MOST_KEPT: Final = 10_000
"""Most documents that are kept in memory. The oldest makes room."""

_ATTEMPTS: Final = 10
"""How often a change is tried that others get ahead of."""


class Read(NamedTuple):
    """A document as it was last read.

    Attributes:
        document: The document; ``None``: there is none.
        access: What decisions depend on.
        kept: As it came from the store.
        at: When it was read, by the monotonic clock.
        exists: Whether the bucket is known to exist. A bucket may have no document.
    """

    document: BucketDocument | None
    access: BucketAccess
    kept: Kept | None
    at: float
    exists: bool


_NOTHING: Final = BucketDocument(id="").access()


@final
class BucketDocuments:
    """The documents of all buckets. Threads share it."""

    def __init__(self, documents: BucketOfDocuments, fresh_seconds: float) -> None:
        """Takes where documents lie, and for how long one that was read counts."""
        self._documents = documents
        self._fresh_seconds = fresh_seconds
        self._read: dict[str, Read] = {}
        self._lock = threading.Lock()

    def peek(self, bucket: str) -> Read | None:
        """Returns a document if it was read a moment ago."""
        found = self._read.get(bucket)
        return found if found is not None and time.monotonic() - found.at < self._fresh_seconds else None

    def get(self, bucket: str) -> Read:
        """Returns the document of a bucket, read a moment ago or now.

        Raises:
            Unavailable: The access store cannot be used.
        """
        return self.peek(bucket) or self.again(bucket)

    def again(self, bucket: str) -> Read:
        """Returns the document of a bucket, read now.

        Raises:
            Unavailable: The access store cannot be used.
        """
        known = self._read.get(bucket)
        # The time before the call: what others write during it is not seen.
        at = time.monotonic()
        return self._keep(bucket, self._documents.get(bucket_key(bucket), known.kept if known else None), at)

    def all(self) -> Mapping[str, BucketDocument]:
        """Returns all documents by bucket. Those that have not changed are not read again.

        Raises:
            Unavailable: The access store cannot be used.
        """
        found = {}
        for key, etag in self._documents.list(BUCKETS):
            bucket = key.removeprefix(BUCKETS)
            read = self._read.get(bucket)
            if read is None or read.kept is None or read.kept.etag != etag:
                read = self.again(bucket)
            if read.document is not None:
                found[bucket] = read.document
        return found

    def change(self, bucket: str, change: Callable[[BucketDocument], BucketDocument]) -> BucketDocument:
        """Changes a document, whoever else changes it meanwhile.

        Args:
            bucket: The bucket.
            change: Returns the document as it is to be; it may be called several times, and may refuse.

        Returns:
            The document as it is now.

        Raises:
            Unavailable: The access store cannot be used, or others change the document all the time.
        """
        for _ in range(_ATTEMPTS):
            read = self.again(bucket)
            before = read.document or BucketDocument()
            after = change(before)
            if after == before:
                return before
            try:
                kept = self._documents.put(bucket_key(bucket), after.encoded(), read.kept)
            except Changed:
                continue
            self._keep(bucket, kept, time.monotonic())
            return after
        raise Unavailable("others change the same bucket's settings all the time: try again")

    def replace(self, bucket: str, document: BucketDocument) -> None:
        """Writes the document of a new bucket.

        Raises:
            Unavailable: The access store cannot be used.
        """
        kept = self._documents.overwrite(bucket_key(bucket), document.encoded())
        self._keep(bucket, kept, time.monotonic())

    def remove(self, bucket: str) -> None:
        """Deletes the document of a bucket that is gone.

        Raises:
            Unavailable: The access store cannot be used.
        """
        self._documents.delete([bucket_key(bucket)])
        self._keep(bucket, None, time.monotonic())

    def confirm(self, bucket: str) -> None:
        """Notes that a bucket without a document exists, until its document is read anew."""
        with self._lock:
            if (found := self._read.get(bucket)) is not None:
                self._read[bucket] = found._replace(exists=True)

    def _keep(self, bucket: str, kept: Kept | None, at: float) -> Read:
        document = None if kept is None else decoded(kept.content, BucketDocument)
        access = _NOTHING if document is None else document.access()
        read = Read(document, access, kept, at, exists=document is not None)
        with self._lock:
            newer = self._read.get(bucket)
            if newer is not None and newer.at > at:
                return read
            self._read.pop(bucket, None)
            while len(self._read) >= _MOST_KEPT:
                del self._read[next(iter(self._read))]
            self._read[bucket] = read
        return read
