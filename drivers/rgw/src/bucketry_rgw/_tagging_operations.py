"""The driver's operations on the tags of objects."""

from __future__ import annotations

from collections.abc import Mapping

from bucketry import DONE, Done
from bucketry.hookspecs import hookimpl
from bucketry_s3client import delete_tags, get_tags, put_tags
from typing_extensions import override

from bucketry_rgw._state import RgwState


class TaggingOperations(RgwState):
    """Operations on the tags of objects: one request each. RGW 16 sets ``last_modified`` when it changes tags."""

    @override
    @hookimpl
    def get_object_tagging(self, bucket: str, key: str) -> Mapping[str, str]:
        """Returns an object's tags."""
        self._check_object(bucket, key)
        # So RGW 16 answers where it lost the tags itself: those that an upload began with.
        return get_tags(self._client, bucket, key, may_be_empty=True)

    @override
    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str]) -> Done:
        """Replaces an object's tags."""
        self._check_object(bucket, key)
        put_tags(self._client, bucket, key, tags)
        return DONE

    @override
    @hookimpl
    def delete_object_tagging(self, bucket: str, key: str) -> Done:
        """Takes all tags from an object."""
        self._check_object(bucket, key)
        delete_tags(self._client, bucket, key)
        return DONE
