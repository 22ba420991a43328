"""The bucket that documents lie in: read, written with conditions, listed. Every failure of it is `Unavailable`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple, final

from bucketry.errors import (
    BucketAlreadyExists,
    BucketryError,
    NoSuchBucket,
    NoSuchKey,
    NotModified,
    PreconditionFailed,
    Unavailable,
)
from bucketry.options import GetOptions, ListOptions, PutOptions

if TYPE_CHECKING:
    from bucketry.store import Store

MAX_DOCUMENT_BYTES: Final = 1024**2
"""Longest document that is read. The longest that is written has a policy of 20 KiB and an ACL of 100 grants."""


class Kept(NamedTuple):
    """A document as it was read or written.

    Attributes:
        content: Its bytes.
        etag: Its etag, for conditions.
    """

    content: bytes
    etag: str


class Changed(Exception):
    """Somebody else has changed the document meanwhile."""


@final
class BucketOfDocuments:
    """One bucket of a store, which is made when the first document is written."""

    def __init__(self, store: Store, bucket: str) -> None:
        """Takes the store and the bucket's name; asks the store nothing."""
        self._store = store
        self._bucket = bucket
        self._seen = False

    def get(self, key: str, known: Kept | None = None) -> Kept | None:
        """Returns a document; ``None`` if there is none.

        Args:
            key: Its key.
            known: What was read before: it is returned if the document is the same.

        Raises:
            Unavailable: The store does not respond, or lost its bucket.
        """
        options = GetOptions(if_none_match=None if known is None else known.etag)
        with self._failures():
            try:
                with self._store.get_object(self._bucket, key, options) as opened:
                    self._seen = True
                    if opened.length > MAX_DOCUMENT_BYTES:
                        raise Unavailable("the access store holds a document that is too long")
                    return Kept(opened.read(), opened.info.etag)
            except NotModified:
                return known
            except NoSuchKey:
                self._seen = True
                return None
            except NoSuchBucket:
                self._check_never_seen()
                return None

    def put(self, key: str, content: bytes, replaced: Kept | None) -> Kept:
        """Writes a document, if nobody has changed it meanwhile.

        Args:
            key: Its key.
            content: Its bytes.
            replaced: What it replaces; ``None``: there must be no document yet.

        Raises:
            Changed: Somebody has changed it.
            Unavailable: The store does not respond, or lost its bucket.
        """
        if replaced is None:
            options = PutOptions(content_type="application/json", if_none_match="*")
        else:
            options = PutOptions(content_type="application/json", if_match=replaced.etag)
        with self._failures():
            try:
                return self._put(key, content, options)
            except (PreconditionFailed, NoSuchKey):
                raise Changed from None

    def overwrite(self, key: str, content: bytes) -> Kept:
        """Writes a document, whatever there is.

        Raises:
            Unavailable: The store does not respond, or lost its bucket.
        """
        with self._failures():
            return self._put(key, content, PutOptions(content_type="application/json"))

    def delete(self, keys: Iterable[str]) -> None:
        """Deletes documents; those that do not exist are left out.

        Raises:
            Unavailable: The store does not respond, or did not delete one.
        """
        with self._failures():
            try:
                failed = self._store.delete_objects(self._bucket, keys).failed
            except NoSuchBucket:
                self._check_never_seen()
                return
        if failed:
            raise Unavailable("the access store did not delete a document")

    def list(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yields key and etag of each document below a prefix.

        Raises:
            Unavailable: The store does not respond, or lost its bucket.
        """
        with self._failures():
            try:
                for info in self._store.iter_objects(self._bucket, ListOptions(prefix=prefix, content_type=False)):
                    yield info.key, info.etag
            except NoSuchBucket:
                self._check_never_seen()

    def close(self) -> None:
        """Closes the store."""
        self._store.close()

    def _put(self, key: str, content: bytes, options: PutOptions) -> Kept:
        try:
            info = self._store.put_object(self._bucket, key, content, options)
        except NoSuchBucket:
            self._check_never_seen()
            self._create()
            info = self._store.put_object(self._bucket, key, content, options)
        self._seen = True
        return Kept(content, info.etag)

    def _create(self) -> None:
        try:
            self._store.create_bucket(self._bucket)
        except BucketAlreadyExists:
            return  # Another process was faster.

    def _check_never_seen(self) -> None:
        """Refuses to take a bucket that is gone for one in which nothing is set."""
        if self._seen:
            raise Unavailable("the bucket of the access store is gone")

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Nobody decides without the documents, so each failure is `Unavailable`, and tells clients no key of them."""
        try:
            yield
        except BucketryError as error:
            if isinstance(error, Unavailable) and error.bucket is None:
                raise  # Said here.
            raise Unavailable(f"the access store cannot be used ({error.code})") from error
