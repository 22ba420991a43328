"""What every part of the driver uses, and what several of them do."""

from __future__ import annotations

from bucketry import BucketInfo, ObjectInfo
from bucketry.hookspecs import DriverSpec
from bucketry.sigv4 import Presigner
from bucketry_s3client import FailedUploads, S3ResponseError, list_buckets, object_info

from bucketry_minio._connection import Connection
from bucketry_minio._keys import check_key
from bucketry_minio._paths import PathGuard
from bucketry_minio._settings import MinioSettings
from bucketry_minio._usage import UsageCounter


class MinioOperations(DriverSpec):
    """Base of the driver's parts."""

    _settings: MinioSettings
    _connection: Connection
    _failed_uploads: FailedUploads
    _paths: PathGuard
    _presigner: Presigner
    _usage: UsageCounter

    def _check_new(self, bucket: str, key: str) -> None:
        """Refuses a key that MinIO cannot hold, or that would hide others."""
        check_key(key)
        self._failed_uploads.sweep()
        if self._settings.check_paths:
            self._paths.check(bucket, key)

    def _stored(self, bucket: str, key: str) -> ObjectInfo:
        return object_info(key, self._connection.head(bucket, key))

    def _confirmed(self, bucket: str, written: ObjectInfo) -> ObjectInfo:
        """Returns what a key holds after a write; where that was deleted meanwhile, what was written."""
        try:
            return self._stored(bucket, written.key)
        except S3ResponseError as error:
            if error.code != "NoSuchKey":
                raise
            return written

    def _buckets(self) -> tuple[BucketInfo, ...]:
        return list_buckets(self._connection).infos
