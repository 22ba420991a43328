"""Drivers with mistakes in versions of objects."""

from __future__ import annotations

from collections.abc import Mapping

from bucketry import (
    AnyBucketSettings,
    AttributesOptions,
    BatchDeleteOptions,
    Body,
    CompletedPart,
    CompleteOptions,
    CopyOptions,
    Deleted,
    DeletedObject,
    DeleteMarker,
    DeleteOptions,
    DeleteResult,
    Done,
    GetOptions,
    HeadOptions,
    IsDeleteMarker,
    ListOptions,
    NoSuchKey,
    NoSuchVersion,
    ObjectAttributes,
    ObjectInfo,
    ObjectPage,
    ObjectToDelete,
    ObjectVersion,
    OpenedObject,
    Part,
    PartCopyOptions,
    PreconditionFailed,
    PresignedUrl,
    PresignOptions,
    PutOptions,
    Usage,
    VersioningSettings,
    VersionListOptions,
    VersionOptions,
)
from bucketry.hookspecs import hookimpl
from bucketry_contract.suite.presigning import PresignTests
from bucketry_contract.suite.versions import VersionTests
from msgspec.structs import replace

from tests.contract_self.cases import fails
from tests.contract_self.honest_memory import HonestMemory

Listed = ObjectVersion | DeleteMarker


class WritesOtherwise(HonestMemory):
    """Puts with a mistake before or after."""

    def before_put(self, bucket: str, key: str) -> None:
        """Does something before the put."""

    def after_put(self, info: ObjectInfo) -> ObjectInfo:
        """Changes the result."""
        return info

    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        self.before_put(bucket, key)
        return self.after_put(super().put_object(bucket, key, body, options))


@fails(VersionTests, VersionTests.test_every_write_makes_a_version_and_keeps_those_before)
class KeepsTheNewestVersionAlone(WritesOtherwise):
    def before_put(self, bucket: str, key: str) -> None:
        for version in self.list_object_versions(bucket, VersionListOptions(prefix=key)).versions:
            super().delete_object(bucket, key, DeleteOptions(version_id=version.version_id))


@fails(VersionTests, VersionTests.test_every_write_makes_a_version_and_keeps_those_before)
class DoesNotTellTheIdOfAWrite(WritesOtherwise):
    def after_put(self, info: ObjectInfo) -> ObjectInfo:
        return replace(info, version_id=None)


@fails(VersionTests, VersionTests.test_a_bucket_without_versioning_tells_no_ids)
class TellsAnIdAlways(WritesOtherwise):
    def after_put(self, info: ObjectInfo) -> ObjectInfo:
        return replace(info, version_id=info.version_id or "null")


@fails(VersionTests, VersionTests.test_what_was_there_before_versioning_is_the_version_null)
class ForgetsWhatWasThereBeforeVersioning(HonestMemory):
    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        if isinstance(settings, VersioningSettings):
            for info in self.list_objects(bucket, ListOptions()).objects:
                self.delete_object(bucket, info.key, DeleteOptions(version_id="null"))
        return super().put_bucket_settings(bucket, settings)


class NeverSuspends(HonestMemory):
    """Keeps the versions ``null`` that writes should replace."""

    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        if settings == VersioningSettings(status="Suspended"):
            settings = VersioningSettings(status="Enabled")
        return super().put_bucket_settings(bucket, settings)


fails(VersionTests, VersionTests.test_while_versioning_is_suspended_a_write_replaces_the_version_null)(NeverSuspends)
fails(VersionTests, VersionTests.test_of_many_writers_while_versioning_is_suspended_one_version_is_left)(NeverSuspends)
fails(VersionTests, VersionTests.test_a_delete_while_versioning_is_suspended_makes_a_marker_null)(NeverSuspends)


@fails(VersionTests, VersionTests.test_a_version_null_is_replaced_wherever_it_is)
class ReplacesTheVersionNullIfItIsTheNewest(HonestMemory):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        held = self._buckets[bucket]
        versions = [] if held.history is None else list(held.history.of(key))
        info = super().put_object(bucket, key, body, options)
        if held.history is not None and info.version_id == "null":
            for version in versions:
                if version.version_id == "null":
                    held.history.add(key, version)
        return info


@fails(VersionTests, VersionTests.test_versions_stay_when_versioning_is_suspended_and_enabled_again)
class ForgetsVersionsWhenSuspended(HonestMemory):
    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        done = super().put_bucket_settings(bucket, settings)
        if settings == VersioningSettings(status="Suspended"):
            for version in self.list_object_versions(bucket, VersionListOptions()).versions:
                if not version.is_latest:
                    self.delete_object(bucket, version.key, DeleteOptions(version_id=version.version_id))
        return done


@fails(VersionTests, VersionTests.test_a_completed_upload_makes_a_version_as_a_put_does)
class AnUploadReplacesTheNewestVersion(HonestMemory):
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        current = self._buckets[bucket].objects.get(key)
        info = super().complete_multipart_upload(bucket, key, upload_id, parts, options)
        if current is not None:
            self.delete_object(bucket, key, DeleteOptions(version_id=current.version_id))
        return info


@fails(VersionTests, VersionTests.test_a_completion_that_is_sent_again_finds_its_version_below_a_newer_one)
class FindsTheNewestWhenACompletionIsSentAgain(HonestMemory):
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        super().complete_multipart_upload(bucket, key, upload_id, parts, options)
        return self.head_object(bucket, key, HeadOptions())


class CopiesOtherwise(HonestMemory):
    """Copies with a mistake in the options."""

    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        return super().copy_object(source_bucket, source_key, bucket, key, replace(options, source_version_id=None))


fails(VersionTests, VersionTests.test_a_version_is_copied)(CopiesOtherwise)
fails(VersionTests, VersionTests.test_an_older_version_that_is_copied_onto_its_key_is_the_newest)(CopiesOtherwise)
fails(VersionTests, VersionTests.test_a_version_that_does_not_exist_is_not_found)(CopiesOtherwise)


@fails(VersionTests, VersionTests.test_a_copy_makes_a_version_as_a_put_does)
class ACopyHasTheIdOfItsSource(HonestMemory):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        source = self.head_object(source_bucket, source_key, HeadOptions(version_id=options.source_version_id))
        info = super().copy_object(source_bucket, source_key, bucket, key, options)
        return replace(info, version_id=source.version_id)


@fails(VersionTests, VersionTests.test_a_copy_of_a_deleted_object_is_not_made)
class CopiesDeletedObjects(HonestMemory):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        try:
            return super().copy_object(source_bucket, source_key, bucket, key, options)
        except NoSuchKey:
            found = self.list_object_versions(source_bucket, VersionListOptions(prefix=source_key)).versions
            older = next(version.version_id for version in found if isinstance(version, ObjectVersion))
            return super().copy_object(
                source_bucket, source_key, bucket, key, replace(options, source_version_id=older)
            )


@fails(VersionTests, VersionTests.test_a_part_is_copied_from_a_version)
class CopiesPartsOfTheNewestVersion(HonestMemory):
    @hookimpl
    def upload_part_copy(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        part_number: int,
        source_bucket: str,
        source_key: str,
        options: PartCopyOptions,
    ) -> Part:
        options = replace(options, source_version_id=None)
        return super().upload_part_copy(bucket, key, upload_id, part_number, source_bucket, source_key, options)


class DeletesOtherwise(HonestMemory):
    """Deletes with a mistake."""

    def other(self, bucket: str, key: str, options: DeleteOptions) -> DeleteOptions:
        """Returns other options."""
        return options

    def after_delete(self, bucket: str, key: str, options: DeleteOptions, deleted: Deleted) -> Deleted:
        """Does something after the delete, and changes its result."""
        return deleted

    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        deleted = super().delete_object(bucket, key, self.other(bucket, key, options))
        return self.after_delete(bucket, key, options, deleted)


@fails(VersionTests, VersionTests.test_a_delete_makes_a_marker_and_keeps_the_versions)
class DeletesTheNewestVersion(DeletesOtherwise):
    def other(self, bucket: str, key: str, options: DeleteOptions) -> DeleteOptions:
        current = self._buckets[bucket].objects.get(key)
        newest = None if current is None else current.version_id
        return replace(options, version_id=options.version_id or newest)


@fails(VersionTests, VersionTests.test_a_delete_makes_a_marker_and_keeps_the_versions)
class ListsDeletedObjects(HonestMemory):
    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        page = super().list_objects(bucket, options)
        listed = self.list_object_versions(bucket, VersionListOptions(prefix=options.prefix)).versions
        found = {version.key: version.info for version in reversed(listed) if isinstance(version, ObjectVersion)}
        return replace(page, objects=tuple(found[key] for key in sorted(found)))


@fails(VersionTests, VersionTests.test_a_deleted_object_is_not_found_and_the_error_tells_the_marker)
class DoesNotTellOfTheMarker(HonestMemory):
    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        try:
            return super().head_object(bucket, key, options)
        except NoSuchKey:
            raise NoSuchKey from None


@fails(VersionTests, VersionTests.test_a_delete_of_nothing_says_whether_it_made_a_marker)
class SaysThatItMadeAMarkerOfNothing(HonestMemory):
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        if options.version_id is None and key not in self._buckets[bucket].objects:
            return Deleted(version_id="0" * 32, delete_marker=True)
        return super().delete_object(bucket, key, options)


@fails(VersionTests, VersionTests.test_deleting_the_marker_brings_the_object_back)
class DeletesTheVersionBelowAMarkerToo(DeletesOtherwise):
    def after_delete(self, bucket: str, key: str, options: DeleteOptions, deleted: Deleted) -> Deleted:
        if options.version_id is not None and deleted.delete_marker:
            current = self._buckets[bucket].objects.get(key)
            if current is not None:
                super(DeletesOtherwise, self).delete_object(bucket, key, DeleteOptions(version_id=current.version_id))
        return deleted


@fails(VersionTests, VersionTests.test_deleting_the_marker_brings_the_object_back)
class DoesNotSayThatAMarkerIsGone(DeletesOtherwise):
    def after_delete(self, bucket: str, key: str, options: DeleteOptions, deleted: Deleted) -> Deleted:
        return deleted if options.version_id is None else replace(deleted, delete_marker=False)


@fails(VersionTests, VersionTests.test_exactly_the_version_that_is_named_is_gone)
class DeletesNewerVersionsToo(DeletesOtherwise):
    def other(self, bucket: str, key: str, options: DeleteOptions) -> DeleteOptions:
        found = self.list_object_versions(bucket, VersionListOptions(prefix=key)).versions
        ids = [version.version_id for version in found]
        if options.version_id in ids:
            for newer in ids[: ids.index(options.version_id)]:
                super(DeletesOtherwise, self).delete_object(bucket, key, DeleteOptions(version_id=newer))
        return options


@fails(VersionTests, VersionTests.test_exactly_the_version_that_is_named_is_gone)
class MakesAMarkerInPlaceOfAVersion(DeletesOtherwise):
    def other(self, bucket: str, key: str, options: DeleteOptions) -> DeleteOptions:
        return replace(options, version_id=None)


@fails(VersionTests, VersionTests.test_the_version_null_is_deleted_by_its_id)
class KeepsTheVersionNull(HonestMemory):
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        if options.version_id == "null":
            return Deleted(version_id="null")
        return super().delete_object(bucket, key, options)


@fails(VersionTests, VersionTests.test_deleting_a_version_that_does_not_exist_succeeds)
class FindsNoVersionToDelete(HonestMemory):
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        if options.version_id is not None and self._buckets[bucket].find(key, options.version_id) is None:
            raise NoSuchVersion(version_id=options.version_id)
        return super().delete_object(bucket, key, options)


class DeletesBatchesOtherwise(HonestMemory):
    """Deletes batches with a mistake."""

    def other(self, entry: ObjectToDelete) -> ObjectToDelete:
        """Returns another entry."""
        return entry

    def done(self, entry: DeletedObject) -> DeletedObject:
        """Changes what is said of an entry."""
        return entry

    @hookimpl
    def delete_objects(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        result = super().delete_objects(bucket, tuple(map(self.other, objects)), options)
        return DeleteResult(tuple(map(self.done, result.deleted)), result.failed)


@fails(VersionTests, VersionTests.test_a_batch_deletes_versions_and_makes_markers)
class ABatchForgetsTheVersions(DeletesBatchesOtherwise):
    def other(self, entry: ObjectToDelete) -> ObjectToDelete:
        return ObjectToDelete(entry.key)


@fails(VersionTests, VersionTests.test_a_batch_deletes_versions_and_makes_markers)
class ABatchDoesNotTellOfMarkers(DeletesBatchesOtherwise):
    def done(self, entry: DeletedObject) -> DeletedObject:
        return DeletedObject(entry.key, entry.version_id)


@fails(VersionTests, VersionTests.test_a_bucket_that_holds_versions_alone_is_not_deleted)
class DeletesBucketsWithVersions(HonestMemory):
    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        held = self._buckets[bucket]
        if not held.objects:
            held.history = None
        return super().delete_bucket(bucket)


@fails(VersionTests, VersionTests.test_delete_if_match_compares_the_newest_version)
class DeletesIfAnyVersionMatches(HonestMemory):
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        found = self.list_object_versions(bucket, VersionListOptions(prefix=key)).versions
        if any(isinstance(one, ObjectVersion) and one.info.etag == options.if_match for one in found):
            options = replace(options, if_match=None)
        return super().delete_object(bucket, key, options)


@fails(VersionTests, VersionTests.test_a_version_that_does_not_exist_is_not_found)
class ReadsTheNewestInstead(HonestMemory):
    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        try:
            return super().head_object(bucket, key, options)
        except NoSuchVersion:
            return super().head_object(bucket, key, replace(options, version_id=None))


@fails(VersionTests, VersionTests.test_a_delete_marker_holds_nothing)
class ReadsTheNewestInPlaceOfAMarker(HonestMemory):
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        try:
            return super().get_object(bucket, key, options)
        except IsDeleteMarker:
            return super().get_object(bucket, key, replace(options, version_id=None))


@fails(VersionTests, VersionTests.test_an_id_that_is_none_is_refused)
class TakesAnyIdForTheNewest(HonestMemory):
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        version_id = options.version_id
        return super().get_object(
            bucket, key, replace(options, version_id=None if version_id and " " in version_id else version_id)
        )


@fails(VersionTests, VersionTests.test_a_version_tells_its_attributes)
class TellsAttributesOfTheNewest(HonestMemory):
    @hookimpl
    def get_object_attributes(self, bucket: str, key: str, options: AttributesOptions) -> ObjectAttributes:
        return super().get_object_attributes(bucket, key, replace(options, version_id=None))


@fails(VersionTests, VersionTests.test_tags_are_those_of_one_version)
class TagsTheNewest(HonestMemory):
    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str], options: VersionOptions) -> Done:
        return super().put_object_tagging(bucket, key, tags, VersionOptions())


@fails(VersionTests, VersionTests.test_tags_are_those_of_one_version)
class UntagsEveryVersion(HonestMemory):
    @hookimpl
    def delete_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Done:
        for version in self.list_object_versions(bucket, VersionListOptions(prefix=key)).versions:
            super().delete_object_tagging(bucket, key, VersionOptions(version_id=version.version_id))
        return super().delete_object_tagging(bucket, key, options)


class CountsMarkersAsObjects(HonestMemory):
    """Finds an object where the newest version is a delete marker."""

    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        history = self._buckets[bucket].history
        if history is not None and history.of(key):
            if options.if_none_match:
                raise PreconditionFailed
            options = replace(options, if_match=None)
        return super().put_object(bucket, key, body, options)


fails(VersionTests, VersionTests.test_a_deleted_object_counts_as_none_for_if_none_match)(CountsMarkersAsObjects)
fails(VersionTests, VersionTests.test_a_deleted_object_counts_as_none_for_if_match)(CountsMarkersAsObjects)


@fails(VersionTests, VersionTests.test_usage_counts_current_objects_and_names_the_others)
class CountsAllVersions(HonestMemory):
    @hookimpl
    def bucket_usage(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        return {
            name: replace(
                usage,
                object_count=usage.object_count + (usage.noncurrent_count or 0),
                size_bytes=usage.size_bytes + (usage.noncurrent_bytes or 0),
            )
            for name, usage in super().bucket_usage(buckets).items()
        }


@fails(VersionTests, VersionTests.test_of_many_writers_each_makes_a_version)
class GivesTheSameIdTwice(WritesOtherwise):
    _last: str | None = None

    def after_put(self, info: ObjectInfo) -> ObjectInfo:
        shown, self._last = self._last, None if self._last else info.version_id
        return replace(info, version_id=shown or info.version_id)


@fails(PresignTests, PresignTests.test_a_url_names_the_version)
class SignsNoVersion(HonestMemory):
    @hookimpl
    def presign(self, bucket: str, key: str, options: PresignOptions) -> PresignedUrl:
        return super().presign(bucket, key, replace(options, version_id=None))
