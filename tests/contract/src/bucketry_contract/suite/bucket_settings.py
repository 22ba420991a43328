"""Settings of buckets of every kind: put, got, replaced and deleted in one way."""

from __future__ import annotations

from typing import Final

import pytest
from bucketry import (
    AclSettings,
    BucketSettings,
    CreateBucketOptions,
    InvalidArgument,
    InvalidBucketState,
    LifecycleExpiration,
    LifecycleRule,
    LifecycleSettings,
    NotificationSettings,
    ObjectLockSettings,
    OwnershipSettings,
    Store,
    Tag,
    TagSettings,
    Unsupported,
    VersioningSettings,
)

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._scratch import Bucket, Scratch
from bucketry_contract._settings import EXAMPLE_KINDS, REFUSABLE, examples, plain
from bucketry_contract._threads import race

_READS: Final = ("get_bucket_settings",)
_WRITES: Final = (*_READS, "put_bucket_settings")
_DELETES: Final = (*_WRITES, "delete_bucket_settings")
_LOCKS: Final = (*_WRITES, "bucket_versioning", "bucket_object_lock")
_ROUNDS: Final = 8
_ENABLED: Final = VersioningSettings(status="Enabled")
_LOCKED: Final = ObjectLockSettings(enabled=True)


def _each(*operations: str, removable: bool = False, beside: bool = False) -> pytest.MarkDecorator:
    """Runs a test for each kind, or for each that can be removed, or for each beside another one."""
    kinds = [kind for kind in EXAMPLE_KINDS if kind.removable or not removable]
    marks = [
        pytest.param(
            kind,
            id=kind.__name__,
            marks=needs(*operations, *_features(kind), *([_other(kind).feature] if beside else [])),
        )
        for kind in kinds
    ]
    return pytest.mark.parametrize("kind", marks)


def _features(kind: type[BucketSettings]) -> tuple[str, ...]:
    """What a driver declares if a kind can be put: object lock also needs versions."""
    return (kind.feature, "bucket_versioning") if kind is ObjectLockSettings else (kind.feature,)


def _other(kind: type[BucketSettings]) -> type[BucketSettings]:
    return LifecycleSettings if kind is TagSettings else TagSettings


class SettingsTests(ContractTests):
    """These tests use buckets of their own, because settings outlive a test."""

    @_each(*_READS)
    def test_a_kind_of_which_nothing_is_set_is_empty(self, fresh_bucket: Bucket, kind: type[BucketSettings]) -> None:
        assert fresh_bucket.store.get_bucket_settings(fresh_bucket.name, kind) == kind()

    @_each(*_WRITES)
    def test_settings_are_kept_with_all_their_values(self, fresh_bucket: Bucket, kind: type[BucketSettings]) -> None:
        for settings in _prepared(fresh_bucket, kind):
            fresh_bucket.store.put_bucket_settings(fresh_bucket.name, settings)
            _check(fresh_bucket, settings)

    @pytest.mark.parametrize(
        "settings",
        [pytest.param(one, id=name, marks=needs(*_WRITES, one.feature)) for name, one in REFUSABLE.items()],
    )
    def test_settings_are_kept_whole_or_refused(self, fresh_bucket: Bucket, settings: BucketSettings) -> None:
        before, _ = _prepared(fresh_bucket, type(settings))
        fresh_bucket.store.put_bucket_settings(fresh_bucket.name, before)
        try:
            fresh_bucket.store.put_bucket_settings(fresh_bucket.name, settings)
        except (Unsupported, InvalidArgument):
            settings = before
        _check(fresh_bucket, settings)

    @_each(*_WRITES)
    def test_new_settings_of_a_kind_replace_all_of_it(self, fresh_bucket: Bucket, kind: type[BucketSettings]) -> None:
        one, other = _prepared(fresh_bucket, kind)
        for settings in (one, other, one):
            fresh_bucket.store.put_bucket_settings(fresh_bucket.name, settings)
        _check(fresh_bucket, one)

    @_each(*_DELETES, removable=True)
    def test_settings_are_deleted_also_where_nothing_is_set(
        self, fresh_bucket: Bucket, kind: type[BucketSettings]
    ) -> None:
        store, name = fresh_bucket.store, fresh_bucket.name
        store.put_bucket_settings(name, _prepared(fresh_bucket, kind)[0])
        for _ in range(2):
            store.delete_bucket_settings(name, kind)
            assert store.get_bucket_settings(name, kind) == kind()

    @_each(*_DELETES, beside=True)
    def test_other_kinds_stay_as_they_are(self, fresh_bucket: Bucket, kind: type[BucketSettings]) -> None:
        store, name = fresh_bucket.store, fresh_bucket.name
        kept = examples(store, name, _other(kind))[0]
        settings = _prepared(fresh_bucket, kind)[0]
        store.put_bucket_settings(name, kept)
        store.put_bucket_settings(name, settings)
        _check(fresh_bucket, kept)
        if kind.removable:
            store.delete_bucket_settings(name, kind)
            _check(fresh_bucket, kept)

    @pytest.mark.short
    @needs(*_DELETES, "bucket_tagging", "bucket_lifecycle")
    def test_kinds_that_are_put_at_the_same_moment_are_both_kept(self, fresh_bucket: Bucket) -> None:
        store, name = fresh_bucket.store, fresh_bucket.name
        both = [examples(store, name, kind)[0] for kind in (TagSettings, LifecycleSettings)]
        for _ in range(_ROUNDS):
            race([lambda one=one: store.put_bucket_settings(name, one) for one in both])  # type: ignore[misc]
            for one in both:
                _check(fresh_bucket, one)
                store.delete_bucket_settings(name, type(one))

    @_each(*_DELETES)
    def test_settings_are_one_buckets_alone(
        self, fresh_bucket: Bucket, scratch: Scratch, kind: type[BucketSettings]
    ) -> None:
        store, other = fresh_bucket.store, scratch.create()
        settings = _prepared(fresh_bucket, kind)[0]
        store.put_bucket_settings(fresh_bucket.name, settings)
        assert store.get_bucket_settings(other, kind) == kind()
        store.delete_bucket_settings(other, kind)
        _check(fresh_bucket, settings)

    @_each(*_DELETES)
    def test_settings_end_with_their_bucket(self, fresh_bucket: Bucket, kind: type[BucketSettings]) -> None:
        store, name = fresh_bucket.store, fresh_bucket.name
        store.put_bucket_settings(name, _prepared(fresh_bucket, kind)[0])
        store.delete_bucket(name)
        store.create_bucket(name)
        assert store.get_bucket_settings(name, kind) == kind()

    @needs(*_WRITES, TagSettings.feature)
    def test_a_bucket_has_up_to_fifty_tags(self, fresh_bucket: Bucket) -> None:
        tags = TagSettings(tags=tuple(Tag(key=f"key {number}", value="v" * 256) for number in range(50)))
        fresh_bucket.store.put_bucket_settings(fresh_bucket.name, tags)
        _check(fresh_bucket, tags)

    @needs(*_WRITES, LifecycleSettings.feature)
    def test_a_bucket_has_many_lifecycle_rules(self, fresh_bucket: Bucket) -> None:
        expiration = LifecycleExpiration(days=1)
        rules = (
            LifecycleRule(id=f"rule {number}", prefix=f"{number}/", status="Enabled", expiration=expiration)
            for number in range(100)
        )
        settings = LifecycleSettings(rules=tuple(rules))
        fresh_bucket.store.put_bucket_settings(fresh_bucket.name, settings)
        _check(fresh_bucket, settings)

    @needs(*_DELETES, VersioningSettings.feature)
    def test_versioning_can_be_suspended_but_not_removed(self, fresh_bucket: Bucket) -> None:
        store, name = fresh_bucket.store, fresh_bucket.name
        store.delete_bucket_settings(name, VersioningSettings)  # Nothing is set.
        for settings in (_ENABLED, VersioningSettings(status="Suspended"), _ENABLED):
            store.put_bucket_settings(name, settings)
            with pytest.raises(InvalidBucketState):
                store.delete_bucket_settings(name, VersioningSettings)
            _check(fresh_bucket, settings)

    @needs(*_LOCKS)
    def test_object_lock_needs_versioning(self, fresh_bucket: Bucket) -> None:
        store, name = fresh_bucket.store, fresh_bucket.name
        for before in (None, VersioningSettings(status="Suspended")):
            if before is not None:
                store.put_bucket_settings(name, before)
            with pytest.raises(InvalidBucketState):
                store.put_bucket_settings(name, _LOCKED)
            assert store.get_bucket_settings(name, ObjectLockSettings) == ObjectLockSettings()

    @needs(*_LOCKS, "object_lock_later")
    def test_object_lock_can_be_turned_on_later(self, fresh_bucket: Bucket) -> None:
        store, name = fresh_bucket.store, fresh_bucket.name
        store.put_bucket_settings(name, _ENABLED)
        store.put_bucket_settings(name, _LOCKED)
        _check(fresh_bucket, _LOCKED)

    @pytest.mark.short
    @needs(*_LOCKS, "delete_bucket_settings")
    def test_versioning_is_not_suspended_nor_object_lock_removed_while_it_is_on(self, fresh_bucket: Bucket) -> None:
        store, name = fresh_bucket.store, fresh_bucket.name
        _prepared(fresh_bucket, ObjectLockSettings)
        with pytest.raises(InvalidBucketState):
            store.put_bucket_settings(name, VersioningSettings(status="Suspended"))
        with pytest.raises(InvalidBucketState):
            store.delete_bucket_settings(name, ObjectLockSettings)
        _check(fresh_bucket, _ENABLED)
        _check(fresh_bucket, _LOCKED)

    @needs(*_WRITES, AclSettings.feature, OwnershipSettings.feature)
    def test_enforced_ownership_and_rights_of_others_exclude_each_other(
        self, store: Store, fresh_bucket: Bucket, scratch: Scratch
    ) -> None:
        enforced = OwnershipSettings(ownership="BucketOwnerEnforced")
        other = scratch.create()
        store.put_bucket_settings(fresh_bucket.name, enforced)
        with pytest.raises(InvalidBucketState):
            store.put_bucket_settings(fresh_bucket.name, examples(store, fresh_bucket.name, AclSettings)[0])
        assert store.get_bucket_settings(fresh_bucket.name, AclSettings) == AclSettings()
        store.put_bucket_settings(other, examples(store, other, AclSettings)[0])
        with pytest.raises(InvalidBucketState):
            store.put_bucket_settings(other, enforced)
        assert store.get_bucket_settings(other, OwnershipSettings) == OwnershipSettings()


def _prepared(bucket: Bucket, kind: type[BucketSettings]) -> tuple[BucketSettings, BucketSettings]:
    """Returns two examples of a kind, once the bucket has what the kind needs."""
    if kind is ObjectLockSettings:
        bucket.store.delete_bucket(bucket.name)
        bucket.store.create_bucket(bucket.name, CreateBucketOptions(object_lock=True))
    if kind is NotificationSettings and bucket.notifications is not None:
        return bucket.notifications
    return examples(bucket.store, bucket.name, kind)


def _check(bucket: Bucket, settings: BucketSettings) -> None:
    found = bucket.store.get_bucket_settings(bucket.name, type(settings))
    assert plain(found) == plain(settings)
