"""The user's buckets, and who the user is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bucketry import BucketInfo

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class Buckets:
    """Lists the user's buckets, and learns the user's id from that. Threads may share it."""

    def __init__(self, client: S3Client, uid: str) -> None:
        self._client = client
        self._uid = uid

    def all(self) -> tuple[BucketInfo, ...]:
        """Returns all buckets, in byte order of their names."""
        found = []
        for page in self._client.get_paginator("list_buckets").paginate():
            self._uid = self._uid or page.get("Owner", {}).get("ID", "")
            found += [BucketInfo(name=each["Name"], created_at=each["CreationDate"]) for each in page["Buckets"]]
        return tuple(sorted(found, key=lambda info: info.name))

    def names(self) -> tuple[str, ...]:
        """Returns the names of all buckets, in byte order."""
        return tuple(info.name for info in self.all())

    def uid(self) -> str:
        """Returns the user's id: the one that is set, or that of the owner of the caller's buckets."""
        if not self._uid:
            self.all()
        return self._uid
