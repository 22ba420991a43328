"""A layer that emits S3's events: what was created, removed, tagged and given an ACL."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from bucketry.bucket_settings import AnyBucketSettings, NotificationSettings
from bucketry.errors import InvalidDriver
from bucketry.events import TEST_EVENT, Event, EventSink
from bucketry.events.buckets import Buckets
from bucketry.events.sequencers import Sequencers
from bucketry.hookspecs import DriverSpec
from bucketry.models import Deleted, DeleteResult, Done, ObjectInfo
from bucketry.options import DeleteOptions, VersionOptions
from bucketry.origin import Origin, origin_of_call
from bucketry.owners import DEFAULT_OWNER

_CREATED: Final = "s3:ObjectCreated:"
_REMOVED: Final = "s3:ObjectRemoved:"
_EXPIRED: Final = "s3:LifecycleExpiration:"
_THIS_MACHINE: Final = "127.0.0.1"

logger = logging.getLogger("bucketry")

Call = Callable[..., Any]


class Events:
    """Emits an event for each object that a store creates, deletes, tags or gives an ACL.

    An event is emitted after the operation has succeeded, and with its results. An operation that fails emits nothing.
    A delete emits an event even if there was no such object: it succeeds, and most backends do not say what was there.
    A batch delete emits one event for each key that it deleted. What lifecycle deletes is a ``LifecycleExpiration``.

    An event names the bucket's configuration that selects it and its destinations, if the driver keeps notification
    configurations and its backend does not carry them out itself. Sinks decide what they do with that.

    A sink that fails is logged, and harms neither the operation nor other sinks. Threads can share the layer, and so
    can several stores over one driver.

    Attributes:
        reads_origin: Servers set the origin of each request, because this layer reads it.
    """

    reads_origin = True

    def __init__(self, *sinks: EventSink) -> None:
        """Makes the layer.

        Args:
            sinks: Where events go, such as an `EventLog`. The store closes those that have a ``close``.
        """
        self._sinks = sinks
        self._sequencers = Sequencers()
        self._lock = threading.Lock()
        self._buckets: Buckets | None = None

    def attach(self, driver: DriverSpec) -> None:
        """Takes the driver below the layers. The store calls it when it opens.

        Raises:
            InvalidDriver: The layer belongs to another driver already.
        """
        if self._buckets is None:
            self._buckets = Buckets(driver)
        elif self._buckets.driver is not driver:
            raise InvalidDriver("a layer Events belongs to one driver: make another one for this store")

    def around(self, operation: str, call: Call) -> Call:
        """Returns a call that emits events once it has succeeded, in the place of a call of this operation."""
        tell = _TELLING.get(operation)
        if tell is None:
            return call

        def told(*values: Any) -> Any:
            begun = self._now()
            result = call(*values)
            tell(self, begun, result, *values)
            return result

        return told

    def _put(self, begun: datetime, info: ObjectInfo, bucket: str, *_: object) -> None:
        origin = origin_of_call()
        self._created("Post" if origin is not None and origin.action == "form" else "Put", bucket, info, begun)

    def _copied(self, begun: datetime, info: ObjectInfo, _bucket: str, _key: str, bucket: str, *_: object) -> None:
        self._created("Copy", bucket, info, begun)

    def _completed(self, begun: datetime, info: ObjectInfo, bucket: str, *_: object) -> None:
        self._created("CompleteMultipartUpload", bucket, info, begun)

    def _deleted(self, begun: datetime, deleted: Deleted, bucket: str, key: str, options: DeleteOptions) -> None:
        marker = deleted.delete_marker and options.version_id is None
        self._removed(bucket, key, deleted.version_id, begun, marker=marker)

    def _deleted_several(self, begun: datetime, result: DeleteResult, bucket: str, *_: object) -> None:
        for each in result.deleted:
            marker = each.delete_marker and each.version_id is None
            version_id = each.delete_marker_version_id if marker else each.version_id
            self._removed(bucket, each.key, version_id, begun, marker=marker)

    def _tagged(self, begun: datetime, _: Done, bucket: str, key: str, _tags: object, options: VersionOptions) -> None:
        self._emit("s3:ObjectTagging:Put", bucket, key, begun, version_id=options.version_id)

    def _untagged(self, begun: datetime, _: Done, bucket: str, key: str, options: VersionOptions) -> None:
        self._emit("s3:ObjectTagging:Delete", bucket, key, begun, version_id=options.version_id)

    def _granted(self, begun: datetime, _: Done, bucket: str, key: str, _acl: object, options: VersionOptions) -> None:
        self._emit("s3:ObjectAcl:Put", bucket, key, begun, version_id=options.version_id)

    def _configured(self, _begun: datetime, _: Done, bucket: str, settings: AnyBucketSettings) -> None:
        """Emits ``s3:TestEvent`` for each queue and topic of a new notification configuration."""
        if isinstance(settings, NotificationSettings):
            buckets = self._forget(bucket)
            for arn in buckets.of(bucket).tested():
                self._emit(TEST_EVENT, bucket, "", buckets.driver.clock.now(), destinations=(arn,))

    def _unconfigured(self, _begun: datetime, _: Done, bucket: str, kind: type[AnyBucketSettings]) -> None:
        if kind is NotificationSettings:
            self._forget(bucket)

    def _made_or_gone(self, _begun: datetime, _: object, bucket: str, *__: object) -> None:
        """Forgets what is known of a bucket: an older one may have had the name of a new one."""
        self._forget(bucket)

    def _closed(self, *_: object) -> None:
        """Closes the sinks, all at once: each may take its time to send what is left."""
        closing = [threading.Thread(target=_close, args=[sink]) for sink in self._sinks if hasattr(sink, "close")]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()

    def _created(self, how: str, bucket: str, info: ObjectInfo, begun: datetime) -> None:
        self._emit(
            _CREATED + how,
            bucket,
            info.key,
            begun,
            modified=info.last_modified,
            size_bytes=info.size_bytes,
            etag=info.etag,
            version_id=info.version_id,
        )

    def _removed(self, bucket: str, key: str, version_id: str | None, begun: datetime, *, marker: bool) -> None:
        origin = origin_of_call()
        group = _EXPIRED if origin is not None and origin.action == "lifecycle" else _REMOVED
        self._emit(group + ("DeleteMarkerCreated" if marker else "Delete"), bucket, key, begun, version_id=version_id)

    def _emit(
        self,
        name: str,
        bucket: str,
        key: str,
        begun: datetime,
        *,
        modified: datetime | None = None,
        destinations: tuple[str, ...] = (),
        **facts: Any,
    ) -> None:
        origin = origin_of_call()
        if origin is not None and origin.action == "reset":
            return
        found = self._attached().of(bucket)
        configuration = ""
        routed: tuple[str, ...] | None = destinations
        if name != TEST_EVENT:
            configuration, routed = found.destinations(name, key)
        with self._lock:
            # Under the lock, so that sinks get events in the order of their sequencers.
            ended = self._now()
            event = Event(
                name=name,
                bucket=bucket,
                key=key,
                time=ended,
                origin=_numbered(origin),
                region=found.region,
                owner=found.owner,
                sequencer="" if name == TEST_EVENT else self._sequencers.next(begun, ended, modified),
                configuration_id=configuration,
                destinations=routed,
                **facts,
            )
            for sink in self._sinks:
                try:
                    sink.accept(event)
                except Exception:
                    logger.exception("the sink %s failed to take an event", type(sink).__name__)

    def _now(self) -> datetime:
        return self._attached().driver.clock.now()

    def _forget(self, bucket: str) -> Buckets:
        buckets = self._attached()
        buckets.forget(bucket)
        return buckets

    def _attached(self) -> Buckets:
        if self._buckets is None:
            raise InvalidDriver("the layer Events is not attached to a driver: open a store with it")
        return self._buckets


_TELLING: Final[Mapping[str, Callable[..., None]]] = {
    "put_object": Events._put,
    "copy_object": Events._copied,
    "complete_multipart_upload": Events._completed,
    "delete_object": Events._deleted,
    "delete_objects": Events._deleted_several,
    "put_object_tagging": Events._tagged,
    "delete_object_tagging": Events._untagged,
    "put_object_acl": Events._granted,
    "put_bucket_settings": Events._configured,
    "delete_bucket_settings": Events._unconfigured,
    "create_bucket": Events._made_or_gone,
    "delete_bucket": Events._made_or_gone,
    "close": Events._closed,
}
"""What is done after an operation, with when it began, its result and its arguments."""


def _close(sink: Any) -> None:
    try:
        sink.close()
    except Exception:
        logger.exception("the sink %s failed to close", type(sink).__name__)


def _numbered(origin: Origin | None) -> Origin:
    """Returns an origin with the id of a request. A call in a program has none, and neither has lifecycle."""
    if origin is not None and origin.request_id:
        return origin
    request_id = secrets.token_hex(8).upper()
    if origin is None:
        return Origin(principal=DEFAULT_OWNER.id, address=_THIS_MACHINE, request_id=request_id)
    return Origin(principal=origin.principal, address=origin.address, request_id=request_id, action=origin.action)
