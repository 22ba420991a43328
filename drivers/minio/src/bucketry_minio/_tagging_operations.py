"""The driver's operations on the tags of objects."""

from __future__ import annotations

from collections.abc import Mapping

from bucketry import DONE, Done
from bucketry.hookspecs import hookimpl
from bucketry_s3client import delete_tags, get_tags, put_tags
from typing_extensions import override

from bucketry_minio._keys import check_key
from bucketry_minio._shared import MinioOperations


class TaggingOperations(MinioOperations):
    """Operations on the tags of objects: one request each. MinIO takes ASCII letters alone."""

    @override
    @hookimpl
    def get_object_tagging(self, bucket: str, key: str) -> Mapping[str, str]:
        """Returns an object's tags."""
        check_key(key)
        return get_tags(self._connection, bucket, key)

    @override
    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str]) -> Done:
        """Replaces an object's tags."""
        check_key(key)
        put_tags(self._connection, bucket, key, tags)
        return DONE

    @override
    @hookimpl
    def delete_object_tagging(self, bucket: str, key: str) -> Done:
        """Takes all tags from an object."""
        check_key(key)
        delete_tags(self._connection, bucket, key)
        return DONE
