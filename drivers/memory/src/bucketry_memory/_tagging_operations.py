"""The driver's operations on the tags of objects."""

from __future__ import annotations

from collections.abc import Mapping

from bucketry import DONE, Done
from bucketry.hookspecs import hookimpl
from bucketry.tagging import NO_TAGS
from typing_extensions import override

from bucketry_memory._state import MemoryState


class TaggingOperations(MemoryState):
    """Operations on the tags of objects, which change neither its etag nor its time."""

    @override
    @hookimpl
    def get_object_tagging(self, bucket: str, key: str) -> Mapping[str, str]:
        """Returns an object's tags."""
        return self._stored(bucket, key).tags

    @override
    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str]) -> Done:
        """Replaces an object's tags."""
        with self._lock:
            self._bucket(bucket).objects[key] = self._stored(bucket, key).with_tags(tags)
        return DONE

    @override
    @hookimpl
    def delete_object_tagging(self, bucket: str, key: str) -> Done:
        """Takes all tags from an object."""
        return self.put_object_tagging(bucket, key, NO_TAGS)
