"""Settings of buckets that RGW 16.2 takes and then drops without a word: the driver refuses them."""

from __future__ import annotations

from bucketry import LifecycleRule, LifecycleSettings, NotificationSettings, Unsupported
from bucketry.bucket_settings import AnyBucketSettings
from bucketry_s3client import S3Client, S3ResponseError, delete_settings, get_settings, put_settings


def check_settings(settings: AnyBucketSettings) -> None:
    """Refuses settings that RGW would not keep.

    Raises:
        Unsupported: RGW drops a value of them.
    """
    if isinstance(settings, LifecycleSettings):
        for rule in settings.rules:
            _check_rule(rule)
    if isinstance(settings, NotificationSettings) and (settings.queues or settings.functions or settings.event_bridge):
        raise Unsupported("RGW sends notifications to topics alone, which its topic API makes")


def put_notification(client: S3Client, bucket: str, settings: NotificationSettings) -> None:
    """Replaces a bucket's notifications. RGW 16.2 adds those of a put to the old ones, which are deleted then."""
    put_settings(client, bucket, settings)
    kept = {each.id for each in settings.configurations}
    for each in get_settings(client, bucket, NotificationSettings).configurations:
        if each.id not in kept:
            client.request("DELETE", bucket, query={"notification": each.id or ""})


def delete_notification(client: S3Client, bucket: str) -> None:
    """Deletes a bucket's notifications. S3 puts an empty configuration, which RGW 16.2 refuses: it has a DELETE."""
    try:
        delete_settings(client, bucket, NotificationSettings)
    except S3ResponseError as error:
        if error.code != "MalformedXML":
            raise
        client.request("DELETE", bucket, query={"notification": ""})


def _check_rule(rule: LifecycleRule) -> None:
    conditions, noncurrent = rule.conditions, rule.noncurrent_version_expiration
    if conditions.size_greater_than is not None or conditions.size_less_than is not None:
        raise Unsupported("RGW's lifecycle rules know no sizes of objects")
    if noncurrent is not None and noncurrent.newer_noncurrent_versions is not None:
        raise Unsupported("RGW's lifecycle rules cannot keep a number of versions")
    if rule.transitions or rule.noncurrent_version_transitions:
        raise Unsupported("RGW's lifecycle rules have no storage classes but those of its own zone")
