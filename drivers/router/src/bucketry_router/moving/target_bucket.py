"""The bucket in the other store: made as the old one is, without its objects."""

from __future__ import annotations

from typing import Final, get_args

from bucketry import (
    AnyBucketSettings,
    BucketNotEmpty,
    CreateBucketOptions,
    DeleteOptions,
    NoSuchBucket,
    Unsupported,
    VersioningSettings,
)
from bucketry.bucket_settings import ObjectLockSettings
from bucketry.composing import InnerDriver

from bucketry_router.moving.histories import Places, histories
from bucketry_router.transfers import Place

Settings = tuple[AnyBucketSettings, ...]

_FIRST: Final = (VersioningSettings, ObjectLockSettings)
"""Kinds that a bucket has from the start, since they decide how it takes objects."""


def has_bucket(store: InnerDriver, bucket: str) -> bool:
    """Says whether a store has a bucket."""
    try:
        store.calls.head_bucket(bucket)
    except NoSuchBucket:
        return False
    return True


def settings_of(place: Place) -> Settings:
    """Returns what is set on a bucket."""
    kinds = [kind for kind in get_args(AnyBucketSettings) if _has(place, kind)]
    found = (place.store.calls.get_bucket_settings(place.bucket, kind) for kind in kinds)
    return tuple(settings for settings in found if settings != type(settings)())


def _has(place: Place, kind: type[AnyBucketSettings]) -> bool:
    return bool(getattr(place.store.features, kind.feature)) and "get_bucket_settings" in place.store.operations


def require_kinds(settings: Settings, source: Place, target: Place) -> None:
    """Checks that the other store keeps all that is set on the bucket.

    Raises:
        Unsupported: It does not. It names the kind and its feature.
    """
    for each in settings:
        kind = type(each)
        if not _has(target, kind):
            raise Unsupported(
                f"the store {target.name!r} does not keep the {kind.__name__} of the bucket {source.bucket!r}: "
                f"it has no {kind.feature}",
                operation="move",
                feature=kind.feature,
                bucket=source.bucket,
            )


class TargetBucket:
    """The bucket in the other store."""

    def __init__(self, places: Places, settings: Settings) -> None:
        self._places, self._target = places, places.target
        self._calls = places.target.store.calls
        self._bucket = places.target.bucket
        self._settings = settings

    def make(self, *, replace: bool, resume: bool) -> None:
        """Creates the bucket, or takes one that is there.

        Args:
            replace: Whether what it holds is deleted.
            resume: Whether it may hold something.

        Raises:
            BucketNotEmpty: It holds something.
            Unsupported: It is there, but has versions or object lock as the old one has not, or the reverse.
            ObjectLocked: What it holds is locked.
        """
        if not has_bucket(self._target.store, self._bucket):
            self._create()
        elif not resume:
            self._empty(delete=replace)
        self._set_up()

    def _create(self) -> None:
        source = self._places.source
        info = source.store.calls.head_bucket(self._bucket)
        features = self._target.store.features
        options = CreateBucketOptions(
            owner=info.owner if features.owners else None,
            region=info.region if features.bucket_region else None,
            object_lock=self._places.locked,
        )
        self._calls.create_bucket(self._bucket, options)

    def _empty(self, *, delete: bool) -> None:
        count = 0
        for key, history in histories(self._target, versioned=self._lists_versions):
            for version in history:
                count += 1
                if delete:
                    options = DeleteOptions(version_id=version.version_id, bypass_governance=self._places.locked)
                    self._calls.delete_object(self._bucket, key, options)
        if count and not delete:
            raise BucketNotEmpty(
                f"the store {self._target.name!r} has a bucket of this name, which holds {count} objects or versions: "
                "go on with what an earlier move copied (resume), or have them deleted (replace)",
                bucket=self._bucket,
            )

    @property
    def _lists_versions(self) -> bool:
        return self._versioning.status is not None

    @property
    def _versioning(self) -> VersioningSettings:
        found = [settings for settings in settings_of(self._target) if isinstance(settings, VersioningSettings)]
        return found[0] if found else VersioningSettings()

    def _set_up(self) -> None:
        """Turns versions on if the old bucket has them. They stay on until all are copied."""
        is_locked = any(isinstance(settings, ObjectLockSettings) for settings in settings_of(self._target))
        if is_locked != self._places.locked:
            self._refuse("bucket_object_lock", has=is_locked)
        if self._lists_versions and not self._places.versioned:
            self._refuse("bucket_versioning", has=True)
        if self._places.versioned and self._versioning.status != "Enabled":
            self._calls.put_bucket_settings(self._bucket, VersioningSettings(status="Enabled"))

    def _refuse(self, feature: str, *, has: bool) -> None:
        what = {"bucket_object_lock": "object lock", "bucket_versioning": "versions"}[feature]
        raise Unsupported(
            f"the store {self._target.name!r} has a bucket of the name {self._bucket!r} "
            f"{'with' if has else 'without'} {what}, {'without' if has else 'with'} which it lies in "
            f"{self._places.source.name!r}: delete it first",
            operation="move",
            feature=feature,
            bucket=self._bucket,
        )

    def try_settings(self) -> None:
        """Puts the settings for a moment, so that what the other store refuses is known before objects are copied."""
        for settings in self._settings:
            if isinstance(settings, ObjectLockSettings) and settings.default is not None:
                self._calls.put_bucket_settings(self._bucket, settings)
                self._calls.put_bucket_settings(self._bucket, ObjectLockSettings(enabled=True))
            elif not isinstance(settings, _FIRST):
                self._calls.put_bucket_settings(self._bucket, settings)
                if settings.removable:
                    self._calls.delete_bucket_settings(self._bucket, type(settings))

    def put_settings(self) -> None:
        """Puts all settings, for good. What an earlier move put, and is not set any more, is deleted."""
        kinds = {type(settings) for settings in self._settings}
        for left in settings_of(self._target):
            if left.removable and type(left) not in kinds:
                self._calls.delete_bucket_settings(self._bucket, type(left))
        for settings in self._settings:
            if settings not in (VersioningSettings(status="Enabled"), ObjectLockSettings(enabled=True)):
                self._calls.put_bucket_settings(self._bucket, settings)
