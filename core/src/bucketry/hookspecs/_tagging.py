"""The contract: tags of objects. All of it is optional."""

from __future__ import annotations

from collections.abc import Mapping

from bucketry.hookspecs._markers import operation
from bucketry.models import Done


class TaggingSpec:
    """Tags of objects."""

    @operation(writes=False)
    def get_object_tagging(self, bucket: str, key: str) -> Mapping[str, str]:
        """Returns an object's tags.

        Behaviour:
            - An object without tags has an empty mapping; that is no error.
            - The mapping is immutable.
            - Tags end with their object: one that is written again has those of its own write alone.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
        """
        raise NotImplementedError

    @operation(writes=True)
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str]) -> Done:
        """Has an object carry these tags and no others.

        Requires:
            At most 10 tags, within S3's bounds; the mapping is immutable. It may be empty.

        Behaviour:
            - All tags that it had are replaced; with none given, it has none.
            - Content, headers, metadata, etag and parts stay as they were; so does ``last_modified`` in S3, though not
              in every backend.
            - Keys and values are kept as they are, character for character, or refused.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
            InvalidArgument: The backend cannot hold a character of these tags.
        """
        raise NotImplementedError

    @operation(writes=True)
    def delete_object_tagging(self, bucket: str, key: str) -> Done:
        """Takes all tags from an object.

        Behaviour:
            - If it has none, this is a no-op that succeeds.
            - Content, headers, metadata, etag and parts stay as they were.

        Raises:
            NoSuchBucket: The bucket does not exist.
            NoSuchKey: It holds no such object.
        """
        raise NotImplementedError
