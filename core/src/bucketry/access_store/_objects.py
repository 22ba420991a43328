"""The documents of objects with another owner or an ACL of their own, and of uploads that will make some."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Final, final

from bucketry.access_store._bucket_of_documents import BucketOfDocuments
from bucketry.access_store._documents import (
    Given,
    ObjectDocument,
    decoded,
    object_key,
    objects_of,
    upload_key,
    uploads_of,
    version_of,
)
from bucketry.models import ObjectInfo
from bucketry.s3 import MAX_PAGE, NULL_VERSION

_ORDINARY: Final = Given()


@final
class ObjectDocuments:
    """The documents of objects and uploads. Threads share it."""

    def __init__(self, documents: BucketOfDocuments) -> None:
        """Takes where they lie."""
        self._documents = documents

    def of(self, bucket_id: str, info: ObjectInfo) -> Given:
        """Returns what is set on an object.

        Raises:
            Unavailable: The access store cannot be used.
        """
        document = self._get(bucket_id, info.key, version_of(info))
        return document if document is not None and document.is_about(info) else _ORDINARY

    def put(self, bucket_id: str, info: ObjectInfo, given: Given, upload_id: str | None = None) -> None:
        """Sets what an object is given.

        Args:
            bucket_id: The bucket.
            info: The object.
            given: What it is given.
            upload_id: The upload that made it; ``None``: none did.

        Raises:
            Unavailable: The access store cannot be used.
        """
        key = object_key(bucket_id, info.key, version_of(info))
        self._documents.overwrite(key, ObjectDocument.about(info, given, upload_id).encoded())

    def written_over(self, bucket_id: str, info: ObjectInfo, upload_id: str | None = None) -> None:
        """Removes what was set on the object that this one replaced. A version with an id replaces nothing.

        Args:
            bucket_id: The bucket.
            info: The new object.
            upload_id: The upload that made it. It may be completed again: then its object has a document already.

        Raises:
            Unavailable: The access store cannot be used.
        """
        if version_of(info) != NULL_VERSION:
            return
        document = self._get(bucket_id, info.key, NULL_VERSION)
        if document is None or (upload_id is not None and document.upload_id == upload_id):
            return
        # Another writer may have been faster: what it set on its own, later object stays.
        if document.last_modified <= info.last_modified:
            self._documents.delete([object_key(bucket_id, info.key, NULL_VERSION)])

    def deleted(self, bucket_id: str, versions: Iterable[tuple[str, str | None]]) -> None:
        """Removes what was set on versions that are gone.

        Args:
            bucket_id: The bucket.
            versions: Key and id of each; ``None``: the version without an id.

        Raises:
            Unavailable: The access store cannot be used.
        """
        keys = [object_key(bucket_id, key, version_id or NULL_VERSION) for key, version_id in versions]
        if keys:
            self._documents.delete(keys)

    def put_upload(self, bucket_id: str, key: str, upload_id: str, given: Given) -> None:
        """Sets what the object of an upload will be given.

        Raises:
            Unavailable: The access store cannot be used.
        """
        self._documents.overwrite(upload_key(bucket_id, key, upload_id), given.encoded())

    def of_upload(self, bucket_id: str, key: str, upload_id: str) -> Given | None:
        """Returns what the object of an upload will be given; ``None``: nothing.

        Raises:
            Unavailable: The access store cannot be used.
        """
        kept = self._documents.get(upload_key(bucket_id, key, upload_id))
        return None if kept is None else decoded(kept.content, Given)

    def uploads_with_documents(self, bucket_id: str) -> frozenset[str]:
        """Returns the keys of all documents of uploads of a bucket.

        Raises:
            Unavailable: The access store cannot be used.
        """
        return frozenset(key for key, _ in self._documents.list(uploads_of(bucket_id)))

    def ended(self, bucket_id: str, key: str, upload_id: str) -> None:
        """Removes the document of an upload.

        Raises:
            Unavailable: The access store cannot be used.
        """
        self._documents.delete([upload_key(bucket_id, key, upload_id)])

    def remove_all(self, bucket_id: str) -> None:
        """Removes the documents of a bucket that is gone.

        Raises:
            Unavailable: The access store cannot be used.
        """
        for prefix in (objects_of(bucket_id), uploads_of(bucket_id)):
            for keys in _batches(key for key, _ in self._documents.list(prefix)):
                self._documents.delete(keys)

    def _get(self, bucket_id: str, key: str, version_id: str) -> ObjectDocument | None:
        kept = self._documents.get(object_key(bucket_id, key, version_id))
        return None if kept is None else decoded(kept.content, ObjectDocument)


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    left = iter(keys)
    while batch := list(itertools.islice(left, MAX_PAGE)):
        yield batch
