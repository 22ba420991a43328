"""What the parts of the driver share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

from bucketry import InvalidBucketName, InvalidKey, ObjectInfo
from bucketry.hookspecs import DriverSpec
from bucketry.sigv4 import Presigner
from bucketry_s3client import FailedUploads, S3Client, S3ResponseError, object_info

from bucketry_rgw._buckets import Buckets
from bucketry_rgw._listing import Lister
from bucketry_rgw._names import Names
from bucketry_rgw._report import Reporter
from bucketry_rgw._settings import RgwSettings
from bucketry_rgw._uploading import Uploader
from bucketry_rgw._usage import UsageCounter


class RgwState(DriverSpec):
    """Base of the driver's parts."""

    _settings: RgwSettings
    _client: S3Client
    _presigner: Presigner
    _lookups: ThreadPoolExecutor
    _lister: Lister
    _failed_uploads: FailedUploads
    _uploader: Uploader
    _counter: UsageCounter
    _reporter: Reporter
    _buckets: Buckets
    _creating: Names
    _in_writing: Names

    def _check_bucket(self, bucket: str) -> None:
        """Refuses the names that are paths of the gateway: under them, its admin API would answer."""
        if bucket in self._settings.reserved_buckets:
            raise InvalidBucketName("RGW keeps this name for a path of its own", bucket=bucket)

    def _check_object(self, bucket: str, key: str) -> None:
        self._check_bucket(bucket)
        if "\0" in key:
            raise InvalidKey("RGW takes no key with a NUL", bucket=bucket, key=key)

    def _writing(self, bucket: str, *keys: str) -> AbstractContextManager[None]:
        """Lets nobody else of this driver make or delete these objects meanwhile.

        Where an object is put and deleted at the same moment, RGW now and then keeps it and loses it from the bucket's
        index for good: it can be read, and is in no listing. Two programs may still do that to each other.
        """
        return self._in_writing.alone(*[f"{bucket}/{key}" for key in keys])

    def _stored(self, bucket: str, key: str) -> ObjectInfo:
        headers, _ = self._client.request("HEAD", bucket, key)
        return object_info(key, headers)

    def _confirmed(self, bucket: str, written: ObjectInfo) -> ObjectInfo:
        """Returns what a key holds after a write; where that was deleted meanwhile, what was written."""
        try:
            return self._stored(bucket, written.key)
        except S3ResponseError as error:
            if error.code != "NoSuchKey":
                raise
            return written
