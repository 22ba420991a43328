"""Drivers with mistakes in storage classes."""

from __future__ import annotations

from collections.abc import Mapping

from bucketry import (
    Body,
    CompletedPart,
    CompleteOptions,
    CopyOptions,
    Done,
    GetOptions,
    ListOptions,
    ObjectInfo,
    ObjectPage,
    ObjectVersion,
    OpenedObject,
    PageOptions,
    PartPage,
    PutOptions,
    Upload,
    UploadListOptions,
    UploadOptions,
    UploadPage,
    VersionListOptions,
    VersionOptions,
    VersionPage,
)
from bucketry.hookspecs import hookimpl
from bucketry_contract.suite.storage_classes import StorageClassTests
from msgspec.structs import replace

from tests.contract_self.cases import fails
from tests.contract_self.honest_memory import HonestMemory


@fails(StorageClassTests, StorageClassTests.test_a_put_gives_the_object_its_storage_class)
class StoresNoClass(HonestMemory):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        info = super().put_object(bucket, key, body, replace(options, storage_class=None))
        return replace(info, storage_class=options.storage_class)


@fails(StorageClassTests, StorageClassTests.test_a_put_gives_the_object_its_storage_class)
class ReadsWithoutTheClass(HonestMemory):
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        opened = super().get_object(bucket, key, options)
        return OpenedObject(replace(opened.info, storage_class=None), opened, content_range=opened.content_range)


@fails(StorageClassTests, StorageClassTests.test_the_standard_class_is_the_one_of_objects_without_any)
class KeepsTheClassThatWasThere(HonestMemory):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        before = self._buckets[bucket].objects.get(key) if bucket in self._buckets else None
        if before is not None and options.storage_class is None:
            options = replace(options, storage_class=before.facts.storage_class)
        return super().put_object(bucket, key, body, options)


@fails(StorageClassTests, StorageClassTests.test_listings_show_storage_classes)
class ListsWithoutClasses(HonestMemory):
    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        page = super().list_objects(bucket, options)
        return replace(page, objects=tuple(replace(info, storage_class=None) for info in page.objects))


@fails(StorageClassTests, StorageClassTests.test_a_listing_of_versions_shows_storage_classes)
class ListsVersionsWithoutClasses(HonestMemory):
    @hookimpl
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        page = super().list_object_versions(bucket, options)
        bare = [
            replace(version, info=replace(version.info, storage_class=None))
            if isinstance(version, ObjectVersion)
            else version
            for version in page.versions
        ]
        return replace(page, versions=tuple(bare))


@fails(StorageClassTests, StorageClassTests.test_a_copy_has_the_class_that_it_is_given_and_never_its_sources)
class CopiesTheClassOfTheSource(HonestMemory):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        source = self._buckets[source_bucket].objects.get(source_key) if source_bucket in self._buckets else None
        if source is not None and options.storage_class is None:
            options = replace(options, storage_class=source.facts.storage_class)
        return super().copy_object(source_bucket, source_key, bucket, key, options)


class ForgetsTheClassOfAnUpload(HonestMemory):
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        begun = super().create_multipart_upload(bucket, key, replace(options, storage_class=None))
        return replace(begun, storage_class=options.storage_class)


class ListsUploadsWithoutClasses(HonestMemory):
    @hookimpl
    def list_multipart_uploads(self, bucket: str, options: UploadListOptions) -> UploadPage:
        page = super().list_multipart_uploads(bucket, options)
        return replace(page, uploads=tuple(replace(upload, storage_class=None) for upload in page.uploads))


class ListsPartsWithoutTheClass(HonestMemory):
    @hookimpl
    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
        return replace(super().list_parts(bucket, key, upload_id, options), storage_class=None)


class CompletesWithoutTheClass(HonestMemory):
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        return replace(super().complete_multipart_upload(bucket, key, upload_id, parts, options), storage_class=None)


for _wrong in (
    ForgetsTheClassOfAnUpload,
    ListsUploadsWithoutClasses,
    ListsPartsWithoutTheClass,
    CompletesWithoutTheClass,
):
    fails(StorageClassTests, StorageClassTests.test_an_upload_gives_the_object_its_storage_class)(_wrong)


@fails(StorageClassTests, StorageClassTests.test_tagging_leaves_the_storage_class_as_it_was)
class TaggingLosesTheClass(HonestMemory):
    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str], options: VersionOptions) -> Done:
        done = super().put_object_tagging(bucket, key, tags, options)
        objects = self._buckets[bucket].objects
        objects[key] = objects[key].with_facts(replace(objects[key].facts, storage_class=None))
        return done
