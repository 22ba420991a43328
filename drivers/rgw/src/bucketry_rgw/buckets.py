"""Buckets: the user's list of them, creating and deleting them, and who the user is."""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape

import msgspec
from bucketry import (
    AccessDenied,
    BucketAlreadyExists,
    BucketInfo,
    CreateBucketOptions,
    InvalidBucketName,
    NoSuchBucket,
)
from bucketry.object_lock import BUCKET_LOCK
from bucketry.s3 import NAMESPACE
from bucketry_s3client import NameLocks, S3Client, S3ResponseError, list_buckets

from bucketry_rgw.objects import begun_at
from bucketry_rgw.settings import RgwSettings

_CREATE: Final = (
    f'<CreateBucketConfiguration xmlns="{NAMESPACE}">'
    "<LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>"
)


class Buckets:
    """The user's buckets. Threads may share it."""

    def __init__(self, client: S3Client, settings: RgwSettings) -> None:
        self._client = client
        self._location_constraint = settings.location_constraint
        self._reserved = settings.reserved_buckets
        self._uid = settings.uid
        self._creating = NameLocks()

    def check_name(self, bucket: str) -> None:
        """Refuses the names that are paths of the gateway: under them, its own APIs would respond.

        Raises:
            InvalidBucketName: It is one of them.
        """
        if bucket in self._reserved:
            raise InvalidBucketName("RGW keeps this name for a path of its own", bucket=bucket)

    def list(self) -> tuple[BucketInfo, ...]:
        """Returns all buckets, in byte order of their names."""
        found = list_buckets(self._client)
        self._uid = self._uid or found.owner
        return found.infos

    def names(self) -> tuple[str, ...]:
        """Returns the names of all buckets, in byte order."""
        return tuple(info.name for info in self.list())

    def uid(self) -> str:
        """Returns the user's id: the one that is set, or that of the owner of the caller's buckets."""
        if not self._uid:
            self.list()
        return self._uid

    def create(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        """Creates a bucket.

        RGW responds 200 for a bucket that the user has already. So the bucket is looked for before, and its age is
        checked after. Threads of one store that create one name wait for each other. Of two processes that create it
        within one second, both may succeed. Nothing is lost by that, since creating it again changes nothing.
        """
        with self._creating.hold(bucket):
            if self._exists(bucket):
                raise BucketAlreadyExists(bucket=bucket)
            begun = self._create(bucket, options)
            made = next((info for info in self.list() if info.name == bucket), None)
        if made is None:
            raise NoSuchBucket("it was deleted as soon as it was created", bucket=bucket)
        if begun is not None and made.created_at.timestamp() < begun:
            raise BucketAlreadyExists(bucket=bucket)
        return msgspec.structs.replace(made, object_lock=options.object_lock)

    def _exists(self, bucket: str) -> bool:
        try:
            self._client.request("HEAD", bucket)
        except S3ResponseError as error:
            if error.code == "NoSuchBucket":
                return False
            if error.code == "AccessDenied":
                return True  # It is another user's.
            raise
        return True

    def _create(self, bucket: str, options: CreateBucketOptions) -> int | None:
        """Creates it; returns the second in which RGW began with that, if it said so."""
        constraint = self._location_constraint
        content = _CREATE.format(escape(constraint)).encode() if constraint else b""
        try:
            sent = {BUCKET_LOCK: "true"} if options.object_lock else {}
            # Sent again after its response was lost, it would find a bucket that is older than the request.
            headers, _ = self._client.request("PUT", bucket, headers=sent, content=content, repeatable=False)
        except S3ResponseError as error:
            if error.code == "MethodNotAllowed":
                raise InvalidBucketName("RGW keeps this name for a path of its own", bucket=bucket) from error
            raise
        return begun_at(headers)

    def head(self, bucket: str) -> BucketInfo:
        """Returns one bucket of the user, from the list of all."""
        for info in self.list():
            if info.name == bucket:
                return info
        self._client.request("HEAD", bucket)
        raise AccessDenied("it is another user's, and RGW tells only him when it was created", bucket=bucket)

    def delete(self, bucket: str) -> None:
        """Deletes an empty bucket. Uploads in progress end with it."""
        self._client.request("DELETE", bucket, repeatable=False)
