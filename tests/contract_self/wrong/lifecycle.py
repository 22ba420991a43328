"""Drivers with mistakes in lifecycle."""

from __future__ import annotations

from datetime import datetime, timedelta

from bucketry import (
    DONE,
    AnyBucketSettings,
    Deleted,
    DeleteOptions,
    Done,
    HeadOptions,
    LifecycleSettings,
    ObjectInfo,
    Upload,
    UploadListOptions,
    UploadOptions,
    UploadPage,
    VersionListOptions,
    VersionPage,
)
from bucketry.hookspecs import hookimpl
from bucketry.lifecycle import expiration_of
from bucketry.models import Expiration
from bucketry.origin import LIFECYCLE, origin_of_call
from bucketry_contract.suite.lifecycle import LifecycleTests
from msgspec.structs import replace

from tests.contract_self.cases import fails
from tests.contract_self.honest import HonestDriver
from tests.contract_self.honest_memory import HonestMemory


@fails(LifecycleTests, LifecycleTests.test_an_object_says_when_it_expires_and_by_which_rule)
class NeverSaysWhenObjectsExpire(HonestDriver):
    def with_expiration(self, bucket: str, info: ObjectInfo) -> ObjectInfo:
        return info


@fails(LifecycleTests, LifecycleTests.test_an_object_says_when_it_expires_and_by_which_rule)
class ForgetsToRoundUp(HonestDriver):
    def with_expiration(self, bucket: str, info: ObjectInfo) -> ObjectInfo:
        info = super().with_expiration(bucket, info)
        if info.expiration is None:
            return info
        exact = info.last_modified + timedelta(days=2)
        return replace(info, expiration=Expiration(exact, info.expiration.rule_id))


@fails(LifecycleTests, LifecycleTests.test_an_object_says_when_it_expires_and_by_which_rule)
class NamesTheFirstRule(HonestDriver):
    def with_expiration(self, bucket: str, info: ObjectInfo) -> ObjectInfo:
        info = super().with_expiration(bucket, info)
        if info.expiration is None:
            return info
        rules = self.get_bucket_settings(bucket, LifecycleSettings)
        assert isinstance(rules, LifecycleSettings)
        return replace(info, expiration=Expiration(info.expiration.at, rules.rules[0].id))


@fails(LifecycleTests, LifecycleTests.test_tags_decide_whether_an_object_expires)
class OverlooksTagsInRules(HonestDriver):
    def with_expiration(self, bucket: str, info: ObjectInfo) -> ObjectInfo:
        rules = self.get_bucket_settings(bucket, LifecycleSettings)
        assert isinstance(rules, LifecycleSettings)
        return replace(info, expiration=expiration_of(rules.rules, info.key, info.size_bytes, info.last_modified))


@fails(LifecycleTests, LifecycleTests.test_without_rules_no_object_expires)
@fails(LifecycleTests, LifecycleTests.test_rules_that_are_removed_delete_nothing)
class KeepsRulesThatWereDeleted(HonestMemory):
    @hookimpl
    def delete_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> Done:
        return DONE if kind is LifecycleSettings else super().delete_bucket_settings(bucket, kind)


@fails(LifecycleTests, LifecycleTests.test_objects_expire_at_midnight_after_their_days)
class StoresTimesOfTheSystemsClock(HonestMemory):
    """What is written after the clock was turned seems old, and expires too early."""

    @hookimpl
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        page, ahead = super().list_object_versions(bucket, options), self.clock.offset
        return replace(page, versions=tuple([_earlier(version, ahead) for version in page.versions]))


def _earlier(version: object, ahead: timedelta) -> object:
    info = getattr(version, "info", None)
    return version if info is None else replace(version, info=replace(info, last_modified=info.last_modified - ahead))  # type: ignore[type-var]


@fails(LifecycleTests, LifecycleTests.test_an_object_that_is_written_meanwhile_is_kept)
class ComparesOnlyTheEtag(HonestMemory):
    """The same content was written again, and is lost."""

    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        return super().delete_object(bucket, key, replace(options, if_last_modified=None))


@fails(LifecycleTests, LifecycleTests.test_in_a_bucket_with_versions_objects_that_expire_get_markers)
class DeletesTheVersionThatExpires(HonestMemory):
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        if origin_of_call() is LIFECYCLE and options.version_id is None:
            options = replace(options, version_id=self.head_object(bucket, key, HeadOptions()).version_id)
        return super().delete_object(bucket, key, options)


@fails(LifecycleTests, LifecycleTests.test_versions_expire_after_their_days_but_for_the_newest_ones)
class ListsVersionsOldestFirst(HonestMemory):
    @hookimpl
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        page = super().list_object_versions(bucket, options)
        return replace(page, versions=page.versions[::-1])


@fails(LifecycleTests, LifecycleTests.test_a_locked_version_is_kept)
class DeletesLockedVersionsForLifecycle(HonestMemory):
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        is_lifecycle = origin_of_call() is LIFECYCLE
        return super().delete_object(bucket, key, replace(options, bypass_governance=is_lifecycle))


@fails(LifecycleTests, LifecycleTests.test_a_delete_marker_goes_once_it_is_alone)
class HidesVersionsBelowMarkers(HonestMemory):
    """Every marker seems to be alone."""

    @hookimpl
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        page = super().list_object_versions(bucket, options)
        if origin_of_call() is not LIFECYCLE:
            return page
        return replace(page, versions=tuple([version for version in page.versions if version.is_latest]))


@fails(LifecycleTests, LifecycleTests.test_an_upload_says_when_it_is_aborted)
class CountsDaysOfUploadsExactly(HonestMemory):
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        upload = super().create_multipart_upload(bucket, key, options)
        if upload.abort is None:
            return upload
        return replace(upload, abort=Expiration(upload.initiated_at + timedelta(days=2), upload.abort.rule_id))


@fails(LifecycleTests, LifecycleTests.test_an_upload_that_nobody_completes_is_aborted)
class UploadsNeverAge(HonestMemory):
    @hookimpl
    def list_multipart_uploads(self, bucket: str, options: UploadListOptions) -> UploadPage:
        page, now = super().list_multipart_uploads(bucket, options), self.clock.now()
        return replace(page, uploads=tuple([_begun(upload, now) for upload in page.uploads]))


def _begun(upload: Upload, now: datetime) -> Upload:
    return replace(upload, initiated_at=now)


@fails(LifecycleTests, LifecycleTests.test_a_date_is_the_end_of_what_comes_later_too)
class RefusesConditionalDeletes(HonestMemory):
    """Nothing that expires is ever deleted."""

    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        if options.if_last_modified is not None:
            options = replace(options, if_last_modified=options.if_last_modified - timedelta(seconds=1))
        return super().delete_object(bucket, key, options)
