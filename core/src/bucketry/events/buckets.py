"""What events need to know of their bucket: its owner, its region, and where its notifications go."""

from __future__ import annotations

import logging
import threading
from time import monotonic
from typing import Final

import msgspec

from bucketry.bucket_settings import NotificationSettings
from bucketry.events.selection import selects
from bucketry.hookspecs import DriverSpec
from bucketry.owners import DEFAULT_OWNER

EVENT_BRIDGE: Final = "EventBridge"
"""Stands among the destinations of an event for EventBridge, which gets all events of a bucket."""

_FRESH_SECONDS: Final = 5.0
"""How long facts are kept. Another process may change them; S3's own changes take longer to take effect."""

logger = logging.getLogger("bucketry")


class BucketFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of a bucket.

    Attributes:
        owner: Id of its owner.
        region: Its region.
        notification: Its notification configuration; ``None``: it has none.
    """

    owner: str
    region: str
    notification: NotificationSettings | None = None

    def destinations(self, name: str, key: str) -> tuple[str, tuple[str, ...] | None]:
        """Returns the id of the configuration that selects an event, and the ARNs of all of its destinations."""
        if self.notification is None:
            return "", None
        found = [
            each
            for each in self.notification.configurations
            if selects(each.events, each.prefix, each.suffix, name, key)
        ]
        arns = tuple(each.arn for each in found) + ((EVENT_BRIDGE,) if self.notification.event_bridge else ())
        return (found[0].id or "") if found else "", arns

    def tested(self) -> tuple[str, ...]:
        """Returns the ARNs to which S3 sends a test event when the configuration is put: queues and topics."""
        if self.notification is None:
            return ()
        return tuple(dict.fromkeys(each.arn for each in (*self.notification.queues, *self.notification.topics)))


class Buckets:
    """The facts of all buckets of a driver. They are read when an event needs them, and kept for some seconds."""

    def __init__(self, driver: DriverSpec) -> None:
        self.driver = driver
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, BucketFacts]] = {}
        self._changes = 0
        self._region: str | None = None

    def of(self, bucket: str) -> BucketFacts:
        """Returns the facts of a bucket."""
        known = self._known.get(bucket)
        if known is not None and known[0] > monotonic():
            return known[1]
        changes = self._changes
        facts = self._read(bucket)
        with self._lock:
            if changes == self._changes:
                self._known[bucket] = monotonic() + _FRESH_SECONDS, facts
        return facts

    def forget(self, bucket: str) -> None:
        """Called when a bucket has changed."""
        with self._lock:
            self._changes += 1
            self._known.pop(bucket, None)

    def _read(self, bucket: str) -> BucketFacts:
        owner, region = DEFAULT_OWNER, None
        try:
            info = self.driver.head_bucket(bucket)
            owner, region = info.owner or owner, info.region
            return BucketFacts(
                owner=owner.id, region=region or self._store_region(), notification=self._notification(bucket)
            )
        except Exception as error:  # noqa: BLE001 - the operation has succeeded, whatever the backend says now
            logger.warning("an event lacks facts of its bucket: %s", type(error).__name__)
            return BucketFacts(owner=owner.id, region=region or "")

    def _store_region(self) -> str:
        if self._region is None:
            self._region = self.driver.status().region
        return self._region

    def _notification(self, bucket: str) -> NotificationSettings | None:
        # A backend with an endpoint of its own sends its notifications itself.
        if self.driver.s3_endpoint or not self.driver.features.bucket_notification:
            return None
        settings = self.driver.get_bucket_settings(bucket, NotificationSettings)
        assert isinstance(settings, NotificationSettings)  # noqa: S101 - of the kind that was asked for
        return None if settings == NotificationSettings() else settings
