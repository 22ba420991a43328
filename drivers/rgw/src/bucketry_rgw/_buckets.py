"""The user's buckets, and who the user is."""

from __future__ import annotations

from bucketry import BucketInfo
from bucketry_s3client import S3Client, list_buckets


class Buckets:
    """Lists the user's buckets, and learns the user's id from that. Threads may share it."""

    def __init__(self, client: S3Client, uid: str) -> None:
        self._client = client
        self._uid = uid

    def all(self) -> tuple[BucketInfo, ...]:
        """Returns all buckets, in byte order of their names."""
        found = list_buckets(self._client)
        self._uid = self._uid or found.owner
        return found.infos

    def names(self) -> tuple[str, ...]:
        """Returns the names of all buckets, in byte order."""
        return tuple(info.name for info in self.all())

    def uid(self) -> str:
        """Returns the user's id: the one that is set, or that of the owner of the caller's buckets."""
        if not self._uid:
            self.all()
        return self._uid
