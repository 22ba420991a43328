"""Drivers with mistakes in settings of buckets."""

from __future__ import annotations

import json
import time

from bucketry import (
    DONE,
    AclSettings,
    AnyBucketSettings,
    BucketInfo,
    CreateBucketOptions,
    Done,
    InvalidBucketState,
    LifecycleFilter,
    LifecycleSettings,
    NoSuchBucket,
    NotificationSettings,
    ObjectLockSettings,
    OwnershipSettings,
    PolicySettings,
    PublicAccessSettings,
    TagSettings,
    VersioningSettings,
)
from bucketry.hookspecs import hookimpl
from bucketry_contract.suite.bucket_settings import SettingsTests
from msgspec.structs import replace

from tests.contract_self.cases import fails
from tests.contract_self.honest import HonestDriver
from tests.contract_self.honest_memory import HonestMemory


@fails(SettingsTests, SettingsTests.test_a_kind_of_which_nothing_is_set_is_empty)
class BlocksThePublicByDefault(HonestDriver):
    @hookimpl
    def get_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> AnyBucketSettings:
        settings = super().get_bucket_settings(bucket, kind)
        return PublicAccessSettings(block_public_acls=True) if settings == PublicAccessSettings() else settings


class ChangesSettings(HonestDriver):
    """Keeps other settings than it was given."""

    def other(self, bucket: str, settings: AnyBucketSettings) -> AnyBucketSettings:
        return settings

    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        return super().put_bucket_settings(bucket, self.other(bucket, settings))


@fails(SettingsTests, SettingsTests.test_settings_are_kept_with_all_their_values)
class LosesTagsOfFilters(ChangesSettings):
    """Deletes objects that its user wanted to keep."""

    def other(self, bucket: str, settings: AnyBucketSettings) -> AnyBucketSettings:
        if not isinstance(settings, LifecycleSettings):
            return settings
        rules = [replace(rule, filter=replace(rule.filter or LifecycleFilter(), tags=())) for rule in settings.rules]
        return replace(settings, rules=tuple(rules))


@fails(SettingsTests, SettingsTests.test_settings_are_kept_with_all_their_values)
class TakesDisabledRulesForEnabled(ChangesSettings):
    def other(self, bucket: str, settings: AnyBucketSettings) -> AnyBucketSettings:
        if not isinstance(settings, LifecycleSettings):
            return settings
        return replace(settings, rules=tuple(replace(rule, status="Enabled") for rule in settings.rules))


@fails(SettingsTests, SettingsTests.test_settings_are_kept_with_all_their_values)
class LosesFiltersOfNotifications(ChangesSettings):
    def other(self, bucket: str, settings: AnyBucketSettings) -> AnyBucketSettings:
        if not isinstance(settings, NotificationSettings):
            return settings
        return replace(settings, queues=tuple(replace(queue, filter_rules=()) for queue in settings.queues))


@fails(SettingsTests, SettingsTests.test_settings_are_kept_with_all_their_values)
class WidensPolicies(ChangesSettings):
    def other(self, bucket: str, settings: AnyBucketSettings) -> AnyBucketSettings:
        if not isinstance(settings, PolicySettings):
            return settings
        document = json.loads(settings.document)
        for statement in document["Statement"]:
            statement["Resource"] = ["*"]
        return PolicySettings(document=json.dumps(document))


@fails(SettingsTests, SettingsTests.test_settings_are_kept_whole_or_refused)
class IgnoresSizesInFilters(ChangesSettings):
    def other(self, bucket: str, settings: AnyBucketSettings) -> AnyBucketSettings:
        if not isinstance(settings, LifecycleSettings):
            return settings
        rules = [
            rule
            if rule.filter is None
            else replace(rule, filter=replace(rule.filter, size_less_than=None, size_greater_than=None))
            for rule in settings.rules
        ]
        return replace(settings, rules=tuple(rules))


@fails(SettingsTests, SettingsTests.test_new_settings_of_a_kind_replace_all_of_it)
class AddsTags(ChangesSettings):
    def other(self, bucket: str, settings: AnyBucketSettings) -> AnyBucketSettings:
        kept = self.get_bucket_settings(bucket, TagSettings)
        if not isinstance(settings, TagSettings) or not isinstance(kept, TagSettings):
            return settings
        merged = {tag.key: tag for tag in (*kept.tags, *settings.tags)}
        return TagSettings(tags=tuple(merged.values()))


@fails(SettingsTests, SettingsTests.test_a_bucket_has_up_to_fifty_tags)
class KeepsTenTags(ChangesSettings):
    def other(self, bucket: str, settings: AnyBucketSettings) -> AnyBucketSettings:
        return TagSettings(tags=settings.tags[:10]) if isinstance(settings, TagSettings) else settings


@fails(SettingsTests, SettingsTests.test_a_bucket_has_many_lifecycle_rules)
class KeepsFiftyLifecycleRules(ChangesSettings):
    def other(self, bucket: str, settings: AnyBucketSettings) -> AnyBucketSettings:
        return LifecycleSettings(rules=settings.rules[:50]) if isinstance(settings, LifecycleSettings) else settings


@fails(SettingsTests, SettingsTests.test_settings_are_deleted_also_where_nothing_is_set)
class DeletesSettingsOnce(HonestDriver):
    @hookimpl
    def delete_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> Done:
        if kind not in self.bucket(bucket).settings:
            raise NoSuchBucket("nothing is set")
        return super().delete_bucket_settings(bucket, kind)


@fails(SettingsTests, SettingsTests.test_other_kinds_stay_as_they_are)
class HasOneKindAtATime(HonestDriver):
    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        self.bucket(bucket).settings.clear()
        return super().put_bucket_settings(bucket, settings)


@fails(SettingsTests, SettingsTests.test_kinds_that_are_put_at_the_same_moment_are_both_kept)
class LosesOneOfTwoChanges(HonestDriver):
    """Reads all settings of the bucket, and writes all of them, without a lock."""

    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        before = dict(self.bucket(bucket).settings)
        time.sleep(0.02)
        self.bucket(bucket).settings = {**before, type(settings): settings}
        return DONE


@fails(SettingsTests, SettingsTests.test_settings_are_one_buckets_alone)
class HasOneSetOfSettings(HonestDriver):
    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        done = super().put_bucket_settings(bucket, settings)
        for state in self.buckets.values():
            state.settings[type(settings)] = settings
        return done


@fails(SettingsTests, SettingsTests.test_settings_end_with_their_bucket)
class SettingsOutliveTheirBucket(HonestDriver):
    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        self.orphans = getattr(self, "orphans", {}) | {bucket: self.bucket(bucket).settings}
        return super().delete_bucket(bucket)

    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        info = super().create_bucket(bucket, options)
        self.buckets[bucket].settings = getattr(self, "orphans", {}).pop(bucket, {})
        return info


class AllowsMore(HonestMemory):
    """Lets settings stand together that exclude each other."""

    allowed: type[AnyBucketSettings]

    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        try:
            return super().put_bucket_settings(bucket, settings)
        except InvalidBucketState:
            if not isinstance(settings, self.allowed):
                raise
            self._buckets[bucket].settings._settings[type(settings)] = settings
            return DONE


@fails(SettingsTests, SettingsTests.test_object_lock_needs_versioning)
class LocksWithoutVersions(AllowsMore):
    allowed = ObjectLockSettings


@fails(SettingsTests, SettingsTests.test_versioning_is_not_suspended_nor_object_lock_removed_while_it_is_on)
class SuspendsUnderALock(AllowsMore):
    """Overwrites what is locked."""

    allowed = VersioningSettings


@fails(SettingsTests, SettingsTests.test_enforced_ownership_and_rights_of_others_exclude_each_other)
class ForgetsAclsWhenOwnershipIsEnforced(AllowsMore):
    allowed = OwnershipSettings


@fails(SettingsTests, SettingsTests.test_enforced_ownership_and_rights_of_others_exclude_each_other)
class TakesAclsThatDoNotCount(AllowsMore):
    allowed = AclSettings


class RemovesMore(HonestMemory):
    """Removes settings that stay once they are set."""

    removed: type[AnyBucketSettings]

    @hookimpl
    def delete_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> Done:
        if kind is self.removed:
            self._buckets[bucket].settings._settings.pop(kind, None)
            return DONE
        return super().delete_bucket_settings(bucket, kind)


@fails(SettingsTests, SettingsTests.test_versioning_can_be_suspended_but_not_removed)
class RemovesVersioning(RemovesMore):
    removed = VersioningSettings


@fails(SettingsTests, SettingsTests.test_versioning_is_not_suspended_nor_object_lock_removed_while_it_is_on)
class RemovesObjectLock(RemovesMore):
    removed = ObjectLockSettings
