"""Drivers with mistakes in tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from bucketry import (
    Body,
    CompletedPart,
    CompleteOptions,
    CopyOptions,
    Done,
    InvalidArgument,
    ListOptions,
    NoSuchKey,
    ObjectHeaders,
    ObjectInfo,
    ObjectPage,
    PutOptions,
    Upload,
    UploadOptions,
    VersionOptions,
)
from bucketry.hookspecs import hookimpl
from bucketry.tagging import NO_TAGS
from bucketry_contract.suite.errors import ErrorTests
from bucketry_contract.suite.tagging import TaggingTests

from tests.contract_self.cases import fails
from tests.contract_self.honest import HonestDriver


@fails(TaggingTests, TaggingTests.test_an_object_without_tags_has_none)
class HasATagAlways(HonestDriver):
    @hookimpl
    def get_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Mapping[str, str]:
        return super().get_object_tagging(bucket, key, options) or {"Name": ""}


@fails(ErrorTests, ErrorTests.test_a_bucket_that_does_not_exist_is_named)
class FindsNoTagsInNoBucket(HonestDriver):
    @hookimpl
    def get_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Mapping[str, str]:
        return super().get_object_tagging(bucket, key, options) if bucket in self.buckets else NO_TAGS


@fails(TaggingTests, TaggingTests.test_tags_of_an_object_that_does_not_exist_are_not_found)
class FindsNoTagsOfNoObject(HonestDriver):
    @hookimpl
    def get_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Mapping[str, str]:
        try:
            return super().get_object_tagging(bucket, key, options)
        except NoSuchKey:
            return NO_TAGS


@fails(TaggingTests, TaggingTests.test_a_put_gives_the_object_its_tags)
class ForgetsTheTagsOfAPut(HonestDriver):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        return super().put_object(bucket, key, body, msgspec.structs.replace(options, tags=NO_TAGS))


@fails(TaggingTests, TaggingTests.test_a_put_gives_the_object_its_tags)
class CountsNoTags(HonestDriver):
    def replace(self, *args: Any, **more: Any) -> ObjectInfo:
        info = super().replace(*args, **more)
        bucket, key = args[:2]
        info = msgspec.structs.replace(info, tag_count=0)
        stored = self.stored(bucket, key)
        self.bucket(bucket).objects[key] = msgspec.structs.replace(stored, info=info)
        return info


@fails(TaggingTests, TaggingTests.test_a_large_body_of_unknown_length_gets_its_tags)
class ForgetsTheTagsOfLongBodies(HonestDriver):
    def replace(self, *args: Any, **more: Any) -> ObjectInfo:
        pieces: tuple[bytes, ...] = args[2]
        return super().replace(*args, **(more | {"tags": NO_TAGS} if len(pieces) > 1 else more))


class KeepsTheTagsThatWereThere(HonestDriver):
    def replace(self, *args: Any, **more: Any) -> ObjectInfo:
        bucket, key = args[:2]
        before = self.bucket(bucket).objects.get(key)
        more["tags"] = {**(before.tags if before else {}), **more.get("tags", {})}
        return super().replace(*args, **more)


fails(TaggingTests, TaggingTests.test_a_put_leaves_none_of_the_tags_that_were_there)(KeepsTheTagsThatWereThere)
fails(TaggingTests, TaggingTests.test_a_put_with_tags_leaves_none_of_those_that_were_there)(KeepsTheTagsThatWereThere)


@fails(TaggingTests, TaggingTests.test_an_upload_leaves_none_of_the_tags_that_were_there)
class KeepsTheTagsThroughAnUpload(HonestDriver):
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        before = self.bucket(bucket).objects.get(key)
        upload = self.upload(bucket, key, upload_id)
        upload.tags = upload.tags or (before.tags if before else NO_TAGS)
        return super().complete_multipart_upload(bucket, key, upload_id, parts, options)


@fails(TaggingTests, TaggingTests.test_tags_are_replaced_all_at_once)
class AddsTags(HonestDriver):
    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str], options: VersionOptions) -> Done:
        return super().put_object_tagging(
            bucket, key, {**self.stored(bucket, key).tags, **tags} if tags else tags, options
        )


@fails(TaggingTests, TaggingTests.test_tags_are_kept_character_for_character_or_refused)
class FoldsTags(HonestDriver):
    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str], options: VersionOptions) -> Done:
        folded = {name.encode("ascii", "ignore").decode(): value for name, value in tags.items()}
        return super().put_object_tagging(bucket, key, folded, options)


@fails(TaggingTests, TaggingTests.test_a_put_keeps_tags_character_for_character_or_stores_nothing)
class RefusesTagsAfterThePut(HonestDriver):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        info = super().put_object(bucket, key, body, options)
        _check_ascii(options.tags)
        return info


@fails(TaggingTests, TaggingTests.test_an_upload_keeps_tags_character_for_character_or_is_not_begun)
class RefusesTagsOfAnUploadThatBegan(HonestDriver):
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        begun = super().create_multipart_upload(bucket, key, options)
        _check_ascii(options.tags)
        return begun


def _check_ascii(tags: Mapping[str, str]) -> None:
    if not all(map(str.isascii, tags)):
        raise InvalidArgument("this backend holds ASCII tags alone")


@fails(TaggingTests, TaggingTests.test_tagging_leaves_the_content_type_and_etag_as_they_were)
class TaggingChangesTheEtag(HonestDriver):
    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str], options: VersionOptions) -> Done:
        done = super().put_object_tagging(bucket, key, tags, options)
        stored = self.stored(bucket, key)
        info = msgspec.structs.replace(stored.info, etag=f"{stored.info.etag}-tagged")
        self.bucket(bucket).objects[key] = msgspec.structs.replace(stored, info=info)
        return done


@fails(TaggingTests, TaggingTests.test_tagging_leaves_the_object_in_listings_as_it_was)
class UntaggingForgetsTheEtagInListings(HonestDriver):
    """As Ceph RGW 16.2 does."""

    untagged = False

    @hookimpl
    def delete_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Done:
        self.untagged = True
        return super().delete_object_tagging(bucket, key, options)

    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        page = super().list_objects(bucket, options)
        if not self.untagged:
            return page
        objects = tuple(msgspec.structs.replace(info, etag="") for info in page.objects)
        return msgspec.structs.replace(page, objects=objects)


@fails(TaggingTests, TaggingTests.test_tagging_leaves_headers_and_metadata_as_they_were)
class TaggingForgetsTheMetadata(HonestDriver):
    @hookimpl
    def delete_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Done:
        done = super().delete_object_tagging(bucket, key, options)
        stored = self.stored(bucket, key)
        info = msgspec.structs.replace(stored.info, metadata={})
        self.bucket(bucket).objects[key] = msgspec.structs.replace(stored, info=info)
        return done


@fails(TaggingTests, TaggingTests.test_tags_are_deleted_all_at_once_also_where_there_are_none)
class DeletesTagsOnce(HonestDriver):
    @hookimpl
    def delete_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Done:
        if not self.stored(bucket, key).tags:
            raise NoSuchKey("it has no tags")
        return super().delete_object_tagging(bucket, key, options)


class CopyWithOtherOptions(HonestDriver):
    """Copies with other options than it was given."""

    def other(self, options: CopyOptions) -> CopyOptions:
        return options

    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        return super().copy_object(source_bucket, source_key, bucket, key, self.other(options))


class LosesTheTagsWithNewHeaders(CopyWithOtherOptions):
    def other(self, options: CopyOptions) -> CopyOptions:
        lost = options.headers is not None and options.tags is None
        return msgspec.structs.replace(options, tags=NO_TAGS) if lost else options


fails(TaggingTests, TaggingTests.test_a_copy_has_the_tags_of_its_source)(LosesTheTagsWithNewHeaders)
fails(TaggingTests, TaggingTests.test_a_copy_onto_itself_keeps_its_tags)(LosesTheTagsWithNewHeaders)


@fails(TaggingTests, TaggingTests.test_new_tags_of_a_copy_replace_all)
class KeepsTheTagsOfTheSource(CopyWithOtherOptions):
    def other(self, options: CopyOptions) -> CopyOptions:
        return msgspec.structs.replace(options, tags=None)


class TakesNoTagsForTheOldOnes(CopyWithOtherOptions):
    def other(self, options: CopyOptions) -> CopyOptions:
        return msgspec.structs.replace(options, tags=options.tags or None)


fails(TaggingTests, TaggingTests.test_new_tags_of_a_copy_may_be_none_at_all)(TakesNoTagsForTheOldOnes)


@fails(TaggingTests, TaggingTests.test_a_copy_that_is_to_have_no_tags_needs_what_any_tags_need)
class TagsEveryCopy(CopyWithOtherOptions):
    def other(self, options: CopyOptions) -> CopyOptions:
        return msgspec.structs.replace(options, tags=options.tags or {"copied": "yes"})


@fails(TaggingTests, TaggingTests.test_the_object_has_the_tags_that_the_upload_began_with)
class ForgetsTheTagsOfTheUpload(HonestDriver):
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        headers = {name: getattr(options, name) for name in ObjectHeaders.__struct_fields__}
        return super().create_multipart_upload(bucket, key, UploadOptions(**headers))
