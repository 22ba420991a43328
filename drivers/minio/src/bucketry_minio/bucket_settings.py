"""Settings of buckets that MinIO takes and then drops without a word, or refuses: the driver refuses them first."""

from __future__ import annotations

from bucketry import NotificationSettings, Unsupported
from bucketry.bucket_settings import AnyBucketSettings


def check_settings(settings: AnyBucketSettings) -> None:
    """Refuses settings that MinIO would not keep.

    Raises:
        Unsupported: MinIO drops a value of them.
    """
    if isinstance(settings, NotificationSettings) and (settings.topics or settings.functions or settings.event_bridge):
        raise Unsupported("MinIO sends notifications to queues alone: arn:minio:sqs::NAME:webhook")
