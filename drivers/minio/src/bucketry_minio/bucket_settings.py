"""Settings of buckets: refuses those that MinIO would not keep, and changes the others so that none is lost."""

from __future__ import annotations

from typing import Final

from bucketry import BucketSettings, NotificationSettings, Unavailable, Unsupported
from bucketry.bucket_settings import AnyBucketSettings
from bucketry_s3client import NameLocks, S3Client, S3ResponseError, delete_settings, get_settings, put_settings

from bucketry_minio.errors import MISSING_SETTINGS

_TRIES: Final = 3


def check_settings(settings: AnyBucketSettings) -> None:
    """Refuses settings that MinIO would not keep.

    Raises:
        Unsupported: MinIO drops a value of them.
    """
    if isinstance(settings, NotificationSettings) and (settings.topics or settings.functions or settings.event_bridge):
        raise Unsupported("MinIO sends notifications to queues alone: arn:minio:sqs::NAME:webhook")


class SettingsChanges:
    """Changes settings of buckets, of one bucket one after the other.

    MinIO keeps all settings of a bucket in one file (``.metadata.bin``). A change reads it and writes it whole, without
    a lock: of two changes at the same time, one is lost although both succeed. Changes of other processes are not seen
    here.

    MinIO shows and obeys what it has in memory of that file. A request that began before the bucket was there, such as
    a list of all buckets, may put the settings of a new bucket back into memory when it ends. Nothing seems to be set
    then until the next change of any setting of this bucket, or for 15 minutes. So a put looks whether what it put is
    shown, and puts it again if nothing is.
    """

    def __init__(self, client: S3Client, patience: float) -> None:
        """Takes what it needs; sends nothing.

        Args:
            client: The way to the server.
            patience: Most seconds that a change waits for another one of the same bucket.
        """
        self._client = client
        self._changing = NameLocks("the bucket's settings", patience)

    def put(self, bucket: str, settings: BucketSettings) -> None:
        """Replaces a bucket's settings of one kind: two requests, and more if MinIO does not show them.

        Args:
            bucket: The bucket.
            settings: The settings. Something is set in them.

        Raises:
            Unavailable: Another change takes too long, or MinIO does not show what it has taken.
        """
        with self._changing.hold(bucket):
            self._put(bucket, settings)

    def confirm(self, bucket: str, settings: BucketSettings) -> None:
        """Looks whether MinIO shows settings that a new bucket has, and puts them if it does not. One request, mostly.

        Args:
            bucket: The bucket.
            settings: The settings. Something is set in them.

        Raises:
            Unavailable: As `put`.
        """
        with self._changing.hold(bucket):
            if not self._shows(bucket, type(settings)()):
                self._put(bucket, settings)

    def delete(self, bucket: str, kind: type[BucketSettings]) -> None:
        """Deletes a bucket's settings of one kind.

        Raises:
            Unavailable: Another change takes too long.
        """
        with self._changing.hold(bucket):
            delete_settings(self._client, bucket, kind, also_missing=MISSING_SETTINGS)

    def _put(self, bucket: str, settings: BucketSettings) -> None:
        for _ in range(_TRIES):
            put_settings(self._client, bucket, settings)
            if self._shows(bucket, type(settings)()):
                return
        raise Unavailable("MinIO took the settings and does not show them: put them again", bucket=bucket)

    def _shows(self, bucket: str, nothing: BucketSettings) -> bool:
        try:
            return get_settings(self._client, bucket, type(nothing), also_missing=MISSING_SETTINGS) != nothing
        except S3ResponseError:
            # Whoever may change settings need not be allowed to read them.
            return True
