"""Drivers with mistakes at an end: of a page, a figure, an upload or a store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from bucketry import (
    Body,
    BucketReport,
    CompletedPart,
    CompleteOptions,
    Done,
    ListOptions,
    NoSuchBucket,
    NoSuchUpload,
    ObjectInfo,
    ObjectPage,
    PageOptions,
    Part,
    PartPage,
    TooLarge,
    UploadListOptions,
    UploadPage,
    Usage,
    UsageReport,
    VersionOptions,
)
from bucketry.hookspecs import hookimpl
from bucketry_contract.suite.buckets import BucketTests
from bucketry_contract.suite.errors import ErrorTests
from bucketry_contract.suite.listing import ListingTests
from bucketry_contract.suite.multipart_errors import MultipartErrorTests
from bucketry_contract.suite.paging import PagingTests
from bucketry_contract.suite.persistence import PersistenceTests
from bucketry_contract.suite.reading import ReadingTests
from bucketry_contract.suite.tagging import TaggingTests
from bucketry_contract.suite.usage import UsageTests

from tests.contract_self.cases import fails
from tests.contract_self.honest import HonestDriver
from tests.contract_self.honest_state import BucketState, Stored, UploadState
from tests.contract_self.persistent import PersistentDriver, SmallDriver


@fails(PagingTests, PagingTests.test_a_cursor_is_given_only_where_more_comes)
class FullPagesHaveACursor(HonestDriver):
    def page(self, bucket: str, entries: list[str], options: ListOptions) -> ObjectPage:
        page = super().page(bucket, entries, options)
        is_full = len(entries) == options.limit
        return msgspec.structs.replace(page, cursor=self.encode(entries[-1])) if is_full else page


@fails(PagingTests, PagingTests.test_no_cursor_is_given_where_only_keys_of_the_last_prefix_come)
@fails(PagingTests, PagingTests.test_no_cursor_is_given_where_only_keys_without_the_prefix_come)
class LooksForMoreKeysThanAreListed(HonestDriver):
    def page(self, bucket: str, entries: list[str], options: ListOptions) -> ObjectPage:
        page = super().page(bucket, entries, options)
        goes_on = entries and max(self.bucket(bucket).objects) > entries[: options.limit][-1]
        return msgspec.structs.replace(page, cursor=self.encode(entries[: options.limit][-1]) if goes_on else None)


@fails(MultipartErrorTests, MultipartErrorTests.test_a_cursor_is_given_only_where_more_parts_come)
class FullPagesOfPartsHaveACursor(HonestDriver):
    @hookimpl
    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
        page = super().list_parts(bucket, key, upload_id, options)
        is_full = len(page.parts) == options.limit
        return msgspec.structs.replace(page, cursor=str(page.parts[-1].part_number)) if is_full else page


@fails(MultipartErrorTests, MultipartErrorTests.test_a_cursor_is_given_only_where_more_uploads_come)
class FullPagesOfUploadsHaveACursor(HonestDriver):
    @hookimpl
    def list_multipart_uploads(self, bucket: str, options: UploadListOptions) -> UploadPage:
        page = super().list_multipart_uploads(bucket, options)
        end = int(options.cursor or 0) + len(page.uploads)
        return msgspec.structs.replace(page, cursor=str(end)) if len(page.uploads) == options.limit else page


@fails(UsageTests, UsageTests.test_usage_counts_beyond_the_first_thousand_objects)
@fails(UsageTests, UsageTests.test_a_report_counts_beyond_the_first_thousand_objects)
class CountsOnePage(HonestDriver):
    def usage(self, bucket: BucketState) -> Usage:
        usage = super().usage(bucket)
        sizes = [stored.info.size_bytes for _, stored in sorted(bucket.objects.items())[:1000]]
        return msgspec.structs.replace(usage, object_count=len(sizes), size_bytes=sum(sizes))


@fails(UsageTests, UsageTests.test_a_report_does_not_count_parts_in_flight)
class ReportsPartsInFlight(HonestDriver):
    @hookimpl
    def usage_report(self) -> UsageReport:
        report = super().usage_report()
        return msgspec.structs.replace(report, buckets=tuple(map(self.with_parts, report.buckets)))

    def with_parts(self, told: BucketReport) -> BucketReport:
        sizes = [
            part.size_bytes for upload in self.buckets[told.name].uploads.values() for part, _ in upload.parts.values()
        ]
        return msgspec.structs.replace(
            told, object_count=told.object_count + len(sizes), size_bytes=told.size_bytes + sum(sizes)
        )


@fails(MultipartErrorTests, MultipartErrorTests.test_a_part_on_its_way_does_not_bring_an_aborted_upload_back)
@fails(MultipartErrorTests, MultipartErrorTests.test_a_part_on_its_way_does_not_bring_a_completed_upload_back)
class APartBringsItsUploadBack(HonestDriver):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.known: dict[str, UploadState] = {}

    def upload(self, bucket: str, key: str, upload_id: str) -> UploadState:
        self.known[upload_id] = found = super().upload(bucket, key, upload_id)
        return found

    def put_part(self, bucket: str, key: str, upload_id: str, part_number: int, pieces: tuple[bytes, ...]) -> Part:
        self.bucket(bucket).uploads.setdefault(upload_id, self.known[upload_id])
        return super().put_part(bucket, key, upload_id, part_number, pieces)


@fails(ErrorTests, ErrorTests.test_an_upload_in_a_bucket_that_does_not_exist_is_not_found)
class ThereIsNoUploadWhereThereIsNoBucket(HonestDriver):
    def upload(self, bucket: str, key: str, upload_id: str) -> UploadState:
        try:
            return super().upload(bucket, key, upload_id)
        except NoSuchBucket:
            raise NoSuchUpload from None


@fails(ErrorTests, ErrorTests.test_an_upload_in_a_bucket_that_does_not_exist_is_not_found)
class FindsUploadsInAnyBucket(HonestDriver):
    def upload(self, bucket: str, key: str, upload_id: str) -> UploadState:
        found = [state.uploads[upload_id] for state in self.buckets.values() if upload_id in state.uploads]
        return found[0] if found and bucket not in self.buckets else super().upload(bucket, key, upload_id)


@fails(TaggingTests, TaggingTests.test_tagging_leaves_the_parts_as_they_were)
class TagsForgetParts(HonestDriver):
    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Any, options: VersionOptions) -> Done:
        done = super().put_object_tagging(bucket, key, tags, options)
        stored = self.stored(bucket, key)
        self.bucket(bucket).objects[key] = msgspec.structs.replace(stored, part_sizes=())
        return done


@fails(TaggingTests, TaggingTests.test_tags_in_results_cannot_be_changed)
class HandsItsOwnTagsOut(HonestDriver):
    @hookimpl
    def get_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Any:
        return dict(super().get_object_tagging(bucket, key, options))


@fails(MultipartErrorTests, MultipartErrorTests.test_more_than_max_object_size_is_not_completed)
class CompletesObjectsOfAnySize(SmallDriver):
    def check_size(self, size: int) -> None:
        """Checks nothing."""


@fails(MultipartErrorTests, MultipartErrorTests.test_more_than_max_object_size_is_not_completed)
class EndsAnUploadThatIsTooLarge(SmallDriver):
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        try:
            return super().complete_multipart_upload(bucket, key, upload_id, parts, options)
        except TooLarge:
            self.abort_multipart_upload(bucket, key, upload_id)
            raise


@fails(PersistenceTests, PersistenceTests.test_objects_are_there_when_the_store_is_opened_again)
class ForgetsObjects(PersistentDriver):
    @hookimpl
    def close(self) -> Done:
        for bucket in self.buckets.values():
            bucket.objects.clear()
        return super().close()


@fails(PersistenceTests, PersistenceTests.test_an_upload_goes_on_when_the_store_is_opened_again)
class ForgetsUploads(PersistentDriver):
    @hookimpl
    def close(self) -> Done:
        for bucket in self.buckets.values():
            bucket.uploads.clear()
        return super().close()


@fails(PersistenceTests, PersistenceTests.test_a_bucket_is_there_when_the_store_is_opened_again)
class ForgetsRules(PersistentDriver):
    @hookimpl
    def close(self) -> Done:
        for bucket in self.buckets.values():
            bucket.settings = {}
        return super().close()


@fails(PersistenceTests, PersistenceTests.test_objects_are_there_when_the_store_is_opened_again)
class ForgetsTags(PersistentDriver):
    @hookimpl
    def close(self) -> Done:
        for name, bucket in self.buckets.items():
            for key in bucket.objects:
                self.put_object_tagging(name, key, {}, VersionOptions())
        return super().close()


@fails(BucketTests, BucketTests.test_nothing_is_put_into_a_bucket_that_is_deleted_meanwhile)
class APutBringsItsBucketBack(HonestDriver):
    def pull(self, bucket: str, key: str, body: Body) -> tuple[bytes, ...]:
        state = self.bucket(bucket)
        pieces = super().pull(bucket, key, body)
        self.buckets.setdefault(bucket, state)
        return pieces


@fails(ReadingTests, ReadingTests.test_a_range_of_a_large_object_begins_and_ends_anywhere)
class CountsARangeFromItsPiece(HonestDriver):
    def chunks(self, bucket: str, key: str, stored: Stored, start: int, stop: int) -> Iterator[bytes]:
        first = stored.pieces[0] if stored.pieces else b""
        is_later = start >= len(first) and len(stored.pieces) > 1
        return super().chunks(bucket, key, stored, start + 1 if is_later else start, stop + 1 if is_later else stop)


@fails(ListingTests, ListingTests.test_a_delimiter_may_be_the_last_character_there_is)
class EndsBehindTheLastCharacter(HonestDriver):
    def entries(self, bucket: str, options: ListOptions) -> list[str]:
        found = super().entries(bucket, options)
        ends = (at for at, entry in enumerate(found, 1) if entry.endswith("\U0010ffff"))
        return found[: next(ends, len(found))]
