"""Settings of buckets that RGW 16.2 takes and then drops without a word: the driver refuses them."""

from __future__ import annotations

from bucketry import LifecycleRule, LifecycleSettings, NotificationSettings, Unsupported
from bucketry.bucket_settings import AnyBucketSettings


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


def _check_rule(rule: LifecycleRule) -> None:
    conditions, noncurrent = rule.conditions, rule.noncurrent_version_expiration
    if conditions.size_greater_than is not None or conditions.size_less_than is not None:
        raise Unsupported("RGW's lifecycle rules know no sizes of objects")
    if noncurrent is not None and noncurrent.newer_noncurrent_versions is not None:
        raise Unsupported("RGW's lifecycle rules cannot keep a number of versions")
    if rule.transitions or rule.noncurrent_version_transitions:
        raise Unsupported("RGW's lifecycle rules have no storage classes but those of its own zone")
