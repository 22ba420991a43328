"""Probes of what belongs to whole buckets: settings, versions and locks. They need buckets of their own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bucketry import (
    BucketryError,
    BucketSettings,
    CreateBucketOptions,
    DeleteMarker,
    DeleteOptions,
    InvalidBucketState,
    NotificationSettings,
    ObjectLockSettings,
    Retention,
    RetentionOptions,
    VersioningSettings,
    VersionListOptions,
    VersionOptions,
)
from bucketry_s3client import S3ResponseError, response_date

from bucketry_s3.ground import Ground, Probe
from bucketry_s3.settings_examples import EXAMPLES

_NO_SUCH_TOPIC: Final = frozenset({"InvalidArgument", "NoSuchKey", "UnsupportedNotification"})
"""How AWS, RGW and MinIO say that there is no such topic, or that they have queues only."""

_LOCKED_FOR: Final = timedelta(seconds=60)
"""How long a probe locks a version: should its bypass fail, the bucket can be removed after that."""

_COMPLIANT_FOR: Final = (4, 15)
"""Seconds for which a version is in compliance mode. The second is for a server so slow that the first was over before
all was tried."""


def keeps_settings(kind: type[BucketSettings], ground: Ground) -> bool:
    """Whether the server keeps a bucket's settings of a kind, and removes them."""
    store, bucket = ground.store, ground.bucket
    wanted = EXAMPLES[kind](ground.client, bucket)
    try:
        store.put_bucket_settings(bucket, wanted)
    except BucketryError as error:
        if kind is not NotificationSettings or not isinstance(error.__cause__, S3ResponseError):
            raise
        # Nobody has the topic of this example. A server that reads the document says so.
        return error.__cause__.code in _NO_SUCH_TOPIC
    if store.get_bucket_settings(bucket, kind) == kind():
        return False
    try:
        store.delete_bucket_settings(bucket, kind)
    except InvalidBucketState:
        return True  # S3 cannot remove settings of this kind.
    return store.get_bucket_settings(bucket, kind) == kind()


def _versioning(ground: Ground) -> bool:
    store, bucket = ground.store, ground.bucket
    store.put_bucket_settings(bucket, VersioningSettings(status="Enabled"))
    key = ground.put("versions", b"one")
    ground.put("versions", b"two")
    store.delete_object(bucket, key)
    listed = store.list_object_versions(bucket, VersionListOptions(prefix=key)).versions
    if len(listed) != 3 or not isinstance(listed[0], DeleteMarker) or ground.exists(key):
        return False
    oldest = listed[-1].version_id
    if ground.read(key, version_id=oldest) != b"one":
        return False
    store.delete_object(bucket, key, DeleteOptions(version_id=listed[0].version_id))
    store.delete_object(bucket, key, DeleteOptions(version_id=oldest))
    left = store.list_object_versions(bucket, VersionListOptions(prefix=key)).versions
    return ground.read(key) == b"two" and len(left) == 1 and _lists_newest_first(ground)


def _lists_newest_first(ground: Ground) -> bool:
    """Whether a delete marker is listed between the versions that it lies between."""
    key = ground.put("order", b"one")
    ground.store.delete_object(ground.bucket, key)
    ground.put("order", b"two")
    listed = ground.store.list_object_versions(ground.bucket, VersionListOptions(prefix=key)).versions
    found = [(isinstance(version, DeleteMarker), version.is_latest) for version in listed]
    return found == [(False, True), (True, False), (False, False)]


def _list_versions_start_after(ground: Ground) -> bool:
    first, second = ground.put("start/a"), ground.put("start/b")
    options = VersionListOptions(prefix=f"{ground.prefix}start/", start_after=first)
    found = ground.store.list_object_versions(ground.bucket, options).versions
    return [version.key for version in found] == [second]


VERSION_PROBES: Final[Mapping[str, Probe]] = {
    "bucket_versioning": _versioning,
    "list_versions_start_after": _list_versions_start_after,
}
"""Probes in a bucket of their own, which has versions after the first one."""


def object_lock_later(ground: Ground) -> bool:
    """Whether object lock can be turned on in a bucket with versions."""
    wanted = ObjectLockSettings(enabled=True)
    ground.store.put_bucket_settings(ground.bucket, wanted)
    return ground.store.get_bucket_settings(ground.bucket, ObjectLockSettings) == wanted


def _locked(ground: Ground) -> bool:
    """Whether a retention keeps a version, unless it is bypassed, and a legal hold keeps it always."""
    store, bucket = ground.store, ground.bucket
    until = datetime.now(UTC).replace(microsecond=0) + _LOCKED_FOR
    kept = Retention(mode="GOVERNANCE", until=until)
    key = ground.put("locked", retention=kept)
    version = ground.head(key).version_id

    def retain(retention: Retention) -> None:
        store.put_object_retention(bucket, key, retention, RetentionOptions(version_id=version))

    sooner = Retention(mode="GOVERNANCE", until=until - timedelta(seconds=5))
    if _is_deletable(ground, key, version) or not (_fails(retain, sooner) and _fails(retain, Retention())):
        return False
    if ground.head(key, version_id=version).retention != kept:
        return False
    store.put_object_legal_hold(bucket, key, True, VersionOptions(version_id=version))
    is_held = bool(ground.head(key).legal_hold) and not _is_deletable(ground, key, version, bypass_governance=True)
    store.put_object_legal_hold(bucket, key, False, VersionOptions(version_id=version))
    retain(Retention(mode="GOVERNANCE", until=until + timedelta(seconds=1)))
    return is_held and _is_deletable(ground, key, version, bypass_governance=True)


def _fails(call: Callable[[Retention], None], retention: Retention) -> bool:
    try:
        call(retention)
    except BucketryError:
        return True
    return False


class Compliance:
    """A version in compliance mode, which nobody removes before its time, not even the probes.

    So it is made before the other probes, and its time is over when they have ended.
    """

    def __init__(self) -> None:
        self._end = time.monotonic()

    def holds(self, ground: Ground) -> bool:
        """Makes the version, and tries to delete it, and to shorten and weaken its retention; it must stay as it is."""
        for seconds in _COMPLIANT_FOR:
            begun = time.monotonic()
            if self._holds(ground, f"compliance-{seconds}", seconds):
                return True
            if time.monotonic() - begun < seconds - 1:
                break  # Otherwise its time may have been over, so that nothing can be said.
        return False

    def _holds(self, ground: Ground, name: str, seconds: int) -> bool:
        headers, _ = ground.client.request("HEAD", ground.bucket)
        # By the server's clock: this one may be fast or slow.
        until = response_date(headers).replace(microsecond=0) + timedelta(seconds=seconds)
        kept = Retention(mode="COMPLIANCE", until=until)
        key = ground.put(name, retention=kept)
        self._end = time.monotonic() + seconds + 1
        version = ground.head(key).version_id

        def retain(retention: Retention) -> None:
            options = RetentionOptions(version_id=version, bypass_governance=True)
            ground.store.put_object_retention(ground.bucket, key, retention, options)

        others = (
            Retention(mode="COMPLIANCE", until=until - timedelta(seconds=1)),
            Retention(mode="GOVERNANCE", until=until),
            Retention(),
        )
        if not all(_fails(retain, other) for other in others):
            return False
        if _is_deletable(ground, key, version, bypass_governance=True):
            return False
        return bool(ground.head(key, version_id=version).retention == kept)

    def wait(self) -> None:
        """Waits until its time is over."""
        time.sleep(max(0.0, self._end - time.monotonic()))


def _is_deletable(ground: Ground, key: str, version_id: str | None, **options: Any) -> bool:
    try:
        ground.store.delete_object(ground.bucket, key, DeleteOptions(version_id=version_id, **options))
    except BucketryError:
        return False
    return True


def _upload_object_lock(ground: Ground) -> bool:
    key, upload_id, parts = ground.upload("held", b"one", legal_hold=True)
    ground.complete(key, upload_id, parts)
    info = ground.head(key)
    ground.store.put_object_legal_hold(ground.bucket, key, False, VersionOptions(version_id=info.version_id))
    return bool(info.legal_hold)


LOCK_PROBES: Final[Mapping[str, Probe]] = {
    "bucket_object_lock": _locked,
    "upload_object_lock": _upload_object_lock,
}
"""Probes in a bucket that was created with object lock."""

LOCKED_BUCKET: Final = CreateBucketOptions(object_lock=True)
