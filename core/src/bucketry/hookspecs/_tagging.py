"""The contract: tags of objects. All of it is optional."""

from __future__ import annotations

from collections.abc import Mapping

from bucketry.hookspecs._markers import operation
from bucketry.models import Done
from bucketry.options import VersionOptions


class TaggingSpec:
    """Tags of objects."""

    @operation(writes=False)
    def get_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Mapping[str, str]:
        """Returns an object's tags.

        Behaviour:
            - An object without tags has an empty mapping. This is not an error.
            - The mapping is immutable.
            - Tags end with their object: an object that is written again has only the tags of the new write.
            - ``version_id`` is honoured as in `head_object`.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
            NoSuchVersion: It has no such version.
            IsDeleteMarker: The version is a delete marker.
        """
        raise NotImplementedError

    @operation(writes=True)
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str], options: VersionOptions) -> Done:
        """Replaces the tags of an object.

        Requires:
            At most 10 tags, within S3's limits. The mapping is immutable, and may be empty.

        Behaviour:
            - All tags that it had are replaced. An empty mapping removes them.
            - Content, headers, metadata, etag and parts stay as they were. So does ``last_modified`` in S3, but not in
              every backend.
            - Keys and values are kept character for character, or refused.
            - The tags of one version are replaced: of ``version_id``, or else of the newest. Its lock stays.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
            NoSuchVersion: It has no such version.
            IsDeleteMarker: The version is a delete marker.
            InvalidArgument: The backend cannot hold a character of these tags.
        """
        raise NotImplementedError

    @operation(writes=True)
    def delete_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Done:
        """Deletes all tags of an object.

        Behaviour:
            - If it has none, this is a no-op that succeeds.
            - Content, headers, metadata, etag and parts stay as they were.
            - The tags of one version are deleted: of ``version_id``, or else of the newest. Its lock stays.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
            NoSuchVersion: It has no such version.
            IsDeleteMarker: The version is a delete marker.
        """
        raise NotImplementedError
