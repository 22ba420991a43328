"""Drivers with mistakes in object lock."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bucketry import (
    DONE,
    AnyBucketSettings,
    BatchDeleteOptions,
    Body,
    BucketInfo,
    CompletedPart,
    CompleteOptions,
    CopyOptions,
    CreateBucketOptions,
    Deleted,
    DeletedObject,
    DeleteOptions,
    DeleteResult,
    Done,
    HeadOptions,
    InvalidArgument,
    InvalidBucketState,
    NoSuchKey,
    ObjectInfo,
    ObjectLocked,
    ObjectLockSettings,
    ObjectToDelete,
    PutOptions,
    Retention,
    RetentionOptions,
    Upload,
    UploadOptions,
    VersionOptions,
)
from bucketry.hookspecs import hookimpl
from bucketry.object_lock import COMPLIANCE
from bucketry.version_facts import VersionFacts
from bucketry_contract.suite.object_lock import ComplianceTests, ObjectLockTests
from bucketry_memory.objects import StoredObject
from msgspec.structs import replace

from tests.contract_self.cases import fails
from tests.contract_self.honest_memory import HonestMemory


class LocksOtherwise(HonestMemory):
    """Honest, with a way to change the facts of a version behind the back of the rules."""

    def set_facts(self, bucket: str, key: str, change: Callable[[VersionFacts], VersionFacts]) -> None:
        """Changes the facts of the current object."""
        held = self._buckets[bucket]
        stored = held.objects.get(key)
        if isinstance(stored, StoredObject):
            held.replace(key, stored, stored.with_facts(change(stored.facts)))


@fails(ObjectLockTests, ObjectLockTests.test_a_bucket_that_is_created_with_object_lock_has_it)
class CreatesBucketsWithoutObjectLock(HonestMemory):
    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        return super().create_bucket(bucket, replace(options, object_lock=False))


class IgnoresLocksWithoutObjectLock(HonestMemory):
    """Stores versions without their lock in buckets without object lock."""

    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        if not self.head_bucket(bucket).object_lock:
            options = replace(options, retention=None, legal_hold=None)
        return super().put_object(bucket, key, body, options)


fails(ObjectLockTests, ObjectLockTests.test_a_bucket_without_object_lock_refuses_locks)(IgnoresLocksWithoutObjectLock)


@fails(ObjectLockTests, ObjectLockTests.test_an_object_without_object_lock_gets_no_lock)
class HoldsObjectsWithoutObjectLock(HonestMemory):
    @hookimpl
    def put_object_legal_hold(self, bucket: str, key: str, legal_hold: bool, options: VersionOptions) -> Done:
        try:
            return super().put_object_legal_hold(bucket, key, legal_hold, options)
        except InvalidBucketState:
            return DONE


@fails(ObjectLockTests, ObjectLockTests.test_a_write_gives_the_version_its_lock)
class UploadsWithoutTheLock(HonestMemory):
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        return super().create_multipart_upload(bucket, key, replace(options, retention=None, legal_hold=None))


@fails(ObjectLockTests, ObjectLockTests.test_a_write_with_a_retention_in_the_past_is_refused)
class TakesRetentionsInThePast(LocksOtherwise):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        try:
            return super().put_object(bucket, key, body, options)
        except InvalidArgument:
            info = super().put_object(bucket, key, body, replace(options, retention=None))
            self.set_facts(bucket, key, lambda facts: replace(facts, retention=options.retention))
            return info


class KeepsNoDefault(HonestMemory):
    """Forgets the default retention of a bucket."""

    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        held = self._buckets[bucket]
        kept = held.settings.get(ObjectLockSettings)
        if kept.default is not None:
            held.settings.put(ObjectLockSettings(enabled=True))
        info = super().put_object(bucket, key, body, options)
        if kept.default is not None:
            held.settings.put(kept)
        return info


fails(ObjectLockTests, ObjectLockTests.test_the_default_of_the_bucket_is_the_retention_of_new_versions)(KeepsNoDefault)


@fails(ObjectLockTests, ObjectLockTests.test_the_default_of_the_bucket_can_be_removed)
class KeepsTheFirstDefault(HonestMemory):
    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        if isinstance(settings, ObjectLockSettings) and settings.default is None:
            settings = self._buckets[bucket].settings.get(ObjectLockSettings)
        return super().put_bucket_settings(bucket, settings)


@fails(ObjectLockTests, ObjectLockTests.test_a_copy_never_has_the_lock_of_its_source)
class ACopyInheritsTheLock(HonestMemory):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        source = self.head_object(source_bucket, source_key, HeadOptions(version_id=options.source_version_id))
        if options.retention is None:
            options = replace(options, retention=source.retention, legal_hold=source.legal_hold)
        return super().copy_object(source_bucket, source_key, bucket, key, options)


@fails(ObjectLockTests, ObjectLockTests.test_a_retained_version_is_not_deleted_unless_governance_is_bypassed)
class BypassesGovernanceAlways(HonestMemory):
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        return super().delete_object(bucket, key, replace(options, bypass_governance=True))


@fails(ObjectLockTests, ObjectLockTests.test_a_legal_hold_holds_up_the_delete_until_it_is_removed)
class BypassesALegalHold(LocksOtherwise):
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        if options.bypass_governance:
            self.set_facts(bucket, key, lambda facts: replace(facts, legal_hold=None))
        return super().delete_object(bucket, key, options)


@fails(ComplianceTests, ComplianceTests.test_nobody_ends_a_retention_in_compliance_mode_before_its_time)
class BypassesCompliance(LocksOtherwise):
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        if options.bypass_governance:
            self.set_facts(bucket, key, lambda facts: replace(facts, retention=None))
        return super().delete_object(bucket, key, options)


@fails(ComplianceTests, ComplianceTests.test_nobody_ends_a_retention_in_compliance_mode_before_its_time)
class ShortensCompliance(LocksOtherwise):
    @hookimpl
    def put_object_retention(self, bucket: str, key: str, retention: Retention, options: RetentionOptions) -> Done:
        self.set_facts(bucket, key, lambda facts: replace(facts, retention=None))
        return super().put_object_retention(bucket, key, retention, options)


@fails(ObjectLockTests, ObjectLockTests.test_a_lock_holds_up_neither_a_write_nor_a_delete_marker)
class ALockHoldsUpEveryDelete(HonestMemory):
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        current = self._buckets[bucket].objects.get(key)
        if options.version_id is None and current is not None and current.facts.legal_hold:
            raise ObjectLocked
        return super().delete_object(bucket, key, options)


class ALockHoldsUpWrites(HonestMemory):
    """Refuses to overwrite what is locked."""

    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        current = self._buckets[bucket].objects.get(key)
        if current is not None and current.facts.retention is not None:
            raise ObjectLocked
        return super().put_object(bucket, key, body, options)


fails(ObjectLockTests, ObjectLockTests.test_a_lock_holds_up_neither_a_write_nor_a_delete_marker)(ALockHoldsUpWrites)


@fails(ObjectLockTests, ObjectLockTests.test_each_locked_version_of_a_batch_fails_alone)
class ABatchFailsWhole(HonestMemory):
    @hookimpl
    def delete_objects(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        done = []
        for entry in objects:
            wanted = DeleteOptions(version_id=entry.version_id, bypass_governance=options.bypass_governance)
            deleted = self.delete_object(bucket, entry.key, wanted)
            done.append(DeletedObject(entry.key, entry.version_id, deleted.delete_marker))
        return DeleteResult(tuple(done))


@fails(ObjectLockTests, ObjectLockTests.test_a_retention_in_governance_mode_is_made_longer_by_anybody)
class NeedsABypassForEveryChange(HonestMemory):
    @hookimpl
    def put_object_retention(self, bucket: str, key: str, retention: Retention, options: RetentionOptions) -> Done:
        stored = self._buckets[bucket].read(key, options.version_id)
        if stored.facts.retention is not None and not options.bypass_governance:
            raise ObjectLocked
        return super().put_object_retention(bucket, key, retention, options)


@fails(ObjectLockTests, ObjectLockTests.test_a_retention_in_governance_mode_is_weakened_by_whoever_bypasses_it)
class AnybodyWeakensARetention(HonestMemory):
    @hookimpl
    def put_object_retention(self, bucket: str, key: str, retention: Retention, options: RetentionOptions) -> Done:
        return super().put_object_retention(bucket, key, retention, replace(options, bypass_governance=True))


@fails(ComplianceTests, ComplianceTests.test_governance_mode_becomes_compliance_mode_for_whoever_bypasses_it)
class AnybodyMakesItCompliance(HonestMemory):
    @hookimpl
    def put_object_retention(self, bucket: str, key: str, retention: Retention, options: RetentionOptions) -> Done:
        if retention.mode == COMPLIANCE:
            options = replace(options, bypass_governance=True)
        return super().put_object_retention(bucket, key, retention, options)


@fails(ObjectLockTests, ObjectLockTests.test_a_retention_in_the_past_is_refused)
class SetsRetentionsInThePast(LocksOtherwise):
    @hookimpl
    def put_object_retention(self, bucket: str, key: str, retention: Retention, options: RetentionOptions) -> Done:
        try:
            return super().put_object_retention(bucket, key, retention, options)
        except InvalidArgument:
            self.set_facts(bucket, key, lambda facts: replace(facts, retention=retention))
            raise


@fails(ObjectLockTests, ObjectLockTests.test_a_lock_is_that_of_one_version)
class RetainsTheNewest(HonestMemory):
    @hookimpl
    def put_object_retention(self, bucket: str, key: str, retention: Retention, options: RetentionOptions) -> Done:
        return super().put_object_retention(bucket, key, retention, replace(options, version_id=None))


@fails(ObjectLockTests, ObjectLockTests.test_a_lock_is_that_of_one_version)
class ALegalHoldEndsTheRetention(HonestMemory):
    @hookimpl
    def put_object_legal_hold(self, bucket: str, key: str, legal_hold: bool, options: VersionOptions) -> Done:
        held = self._buckets[bucket]
        stored = held.read(key, options.version_id)
        held.replace(key, stored, stored.with_facts(replace(stored.facts, retention=None)))
        return super().put_object_legal_hold(bucket, key, legal_hold, options)


@fails(ObjectLockTests, ObjectLockTests.test_a_change_of_tags_leaves_the_lock_as_it_was)
class TagsEndTheLock(HonestMemory):
    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str], options: VersionOptions) -> Done:
        held = self._buckets[bucket]
        stored = held.read(key, options.version_id)
        held.replace(key, stored, stored.with_facts(replace(stored.facts, retention=None, legal_hold=None)))
        return super().put_object_tagging(bucket, key, tags, options)


@fails(ObjectLockTests, ObjectLockTests.test_what_does_not_exist_gets_no_lock)
class LocksNothing(HonestMemory):
    @hookimpl
    def put_object_legal_hold(self, bucket: str, key: str, legal_hold: bool, options: VersionOptions) -> Done:
        try:
            return super().put_object_legal_hold(bucket, key, legal_hold, options)
        except NoSuchKey:
            return DONE


@fails(ObjectLockTests, ObjectLockTests.test_a_write_gives_the_version_its_lock)
class CompletesWithoutTheLock(LocksOtherwise):
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        info = super().complete_multipart_upload(bucket, key, upload_id, parts, options)
        self.set_facts(bucket, key, lambda facts: replace(facts, retention=None, legal_hold=None))
        return info
