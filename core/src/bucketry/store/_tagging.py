"""A store's operations on the tags of objects."""

from __future__ import annotations

from collections.abc import Mapping

from bucketry.store._base import StoreBase
from bucketry.tagging import normalised_tags


class TaggingOperations(StoreBase):
    """Operations on the tags of objects. Reading them is no part of reading the object, which says their number."""

    def get_object_tagging(self, bucket: str, key: str) -> Mapping[str, str]:
        """Returns an object's tags; empty where it has none.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
            Unsupported: The driver knows no tags.
        """
        self._check_target(bucket, key)
        return self._chain.get_object_tagging(bucket, key)

    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str]) -> None:
        """Has an object carry these tags and no others; its content and etag stay as they are.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
            InvalidArgument: There are more than 10 tags, or one breaks S3's rules or cannot be held by the backend.
            Unsupported: The driver knows no tags.
        """
        self._check_target(bucket, key)
        self._chain.put_object_tagging(bucket, key, normalised_tags(tags))

    def delete_object_tagging(self, bucket: str, key: str) -> None:
        """Takes all tags from an object; if it has none, this is a no-op that succeeds.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
            Unsupported: The driver knows no tags.
        """
        self._check_target(bucket, key)
        self._chain.delete_object_tagging(bucket, key)
