"""Drivers with mistakes in copied parts and in reads of one part."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import msgspec
from bucketry import (
    ByteRange,
    CompletedPart,
    HeadOptions,
    InvalidRange,
    NoSuchKey,
    NoSuchUpload,
    ObjectHeaders,
    ObjectInfo,
    Part,
    PartCopyOptions,
    TooLarge,
)
from bucketry_contract.suite.errors import ErrorTests
from bucketry_contract.suite.part_copies import PartCopyTests
from bucketry_contract.suite.part_reads import PartReadTests
from bucketry_contract.suite.writing import WritingTests

from tests.contract_self.cases import fails
from tests.contract_self.honest import HonestDriver
from tests.contract_self.honest_state import Stored, UploadState


@fails(WritingTests, WritingTests.test_headers_are_kept)
class ForgetsWhenItExpires(HonestDriver):
    def kept_headers(self, headers: ObjectHeaders) -> dict[str, Any]:
        return super().kept_headers(headers) | {"expires": None}


@fails(PartCopyTests, PartCopyTests.test_a_part_is_copied_from_a_whole_object)
class CopiesAllButTheLastByte(HonestDriver):
    def copied(self, bucket: str, key: str, options: PartCopyOptions) -> tuple[bytes, ...]:
        (content,) = super().copied(bucket, key, options)
        return (content,) if options.range else (content[:-1],)


@fails(PartCopyTests, PartCopyTests.test_a_part_is_copied_from_the_first_to_the_last_byte_of_a_range)
class TakesTheLastByteForTheEnd(HonestDriver):
    def copied(self, bucket: str, key: str, options: PartCopyOptions) -> tuple[bytes, ...]:
        (content,) = super().copied(bucket, key, options)
        return (content[:-1],) if options.range else (content,)


@fails(PartCopyTests, PartCopyTests.test_a_copied_part_replaces_the_one_before_and_is_listed)
class CopiesIntoAFreeNumber(HonestDriver):
    copies = False

    def copied(self, bucket: str, key: str, options: PartCopyOptions) -> tuple[bytes, ...]:
        self.copies = True
        return super().copied(bucket, key, options)

    def put_part(self, bucket: str, key: str, upload_id: str, part_number: int, pieces: tuple[bytes, ...]) -> Part:
        parts = self.upload(bucket, key, upload_id).parts
        number = max(parts) + 1 if self.copies and part_number in parts else part_number
        self.copies = False
        return super().put_part(bucket, key, upload_id, number, pieces)


@fails(PartCopyTests, PartCopyTests.test_a_copied_part_stays_what_it_is_whatever_becomes_of_its_source)
class CopiesAtTheEnd(HonestDriver):
    source: tuple[str, str, PartCopyOptions] | None = None

    def copied(self, bucket: str, key: str, options: PartCopyOptions) -> tuple[bytes, ...]:
        self.source = bucket, key, options
        return super().copied(bucket, key, options)

    def joined(self, upload: UploadState, listed: tuple[CompletedPart, ...]) -> tuple[bytes, ...]:
        pieces = super().joined(upload, listed)
        return pieces if self.source is None else super().copied(*self.source)


@fails(PartCopyTests, PartCopyTests.test_a_part_may_be_copied_from_what_the_key_holds)
class CopiesNothingIntoItsSource(HonestDriver):
    def copied(self, bucket: str, key: str, options: PartCopyOptions) -> tuple[bytes, ...]:
        if any(upload.begun.key == key for upload in self.bucket(bucket).uploads.values()):
            raise NoSuchKey
        return super().copied(bucket, key, options)


@fails(PartCopyTests, PartCopyTests.test_a_part_is_copied_from_the_very_key_in_any_bucket)
class UnquotesTheSource(HonestDriver):
    def copied(self, bucket: str, key: str, options: PartCopyOptions) -> tuple[bytes, ...]:
        return super().copied(bucket, unquote(key), options)


@fails(PartCopyTests, PartCopyTests.test_a_part_whose_source_does_not_exist_is_not_found)
class CopiesNothingOfNothing(HonestDriver):
    def copied(self, bucket: str, key: str, options: PartCopyOptions) -> tuple[bytes, ...]:
        try:
            return super().copied(bucket, key, options)
        except NoSuchKey:
            return (b"",)


@fails(ErrorTests, ErrorTests.test_an_upload_that_does_not_exist_is_not_found)
class TakesTheUploadForTheSource(HonestDriver):
    def put_part(self, bucket: str, key: str, upload_id: str, part_number: int, pieces: tuple[bytes, ...]) -> Part:
        try:
            return super().put_part(bucket, key, upload_id, part_number, pieces)
        except NoSuchUpload:
            raise NoSuchKey from None

    def upload(self, bucket: str, key: str, upload_id: str) -> UploadState:
        try:
            return super().upload(bucket, key, upload_id)
        except NoSuchUpload:
            raise NoSuchKey from None


@fails(PartCopyTests, PartCopyTests.test_a_range_that_does_not_lie_within_the_source_is_refused)
class CutsTheRangeShort(HonestDriver):
    def copied(self, bucket: str, key: str, options: PartCopyOptions) -> tuple[bytes, ...]:
        size = self.stored(bucket, key).info.size_bytes
        if options.range and options.range.first is not None and options.range.first < size:
            last = min(options.range.last or 0, size - 1)
            options = msgspec.structs.replace(options, range=ByteRange(options.range.first, last))
        return super().copied(bucket, key, options)


@fails(PartCopyTests, PartCopyTests.test_more_than_max_part_size_is_not_copied)
class CopiesPartsOfAnySize(HonestDriver):
    def copied(self, bucket: str, key: str, options: PartCopyOptions) -> tuple[bytes, ...]:
        try:
            return super().copied(bucket, key, options)
        except TooLarge:
            return self.stored(bucket, key).pieces


@fails(PartCopyTests, PartCopyTests.test_part_copy_source_if_match_copies_only_the_object_with_that_etag)
class IgnoresTheEtagOfTheSource(HonestDriver):
    def copied(self, bucket: str, key: str, options: PartCopyOptions) -> tuple[bytes, ...]:
        return super().copied(bucket, key, msgspec.structs.replace(options, source_if_match=None))


@fails(PartReadTests, PartReadTests.test_each_part_is_read_alone)
class ReadsTheWholeForAPart(HonestDriver):
    def info_if(self, stored: Stored, options: HeadOptions) -> ObjectInfo:
        return super().info_if(stored, msgspec.structs.replace(options, part_number=None))


@fails(PartReadTests, PartReadTests.test_an_object_that_was_not_uploaded_in_parts_has_one)
class FindsNoPartOfWhatWasPut(HonestDriver):
    def part_info(self, stored: Stored, number: int) -> ObjectInfo:
        if not stored.part_sizes:
            raise InvalidRange
        return super().part_info(stored, number)


@fails(PartReadTests, PartReadTests.test_without_a_number_nothing_is_said_of_parts)
class CountsPartsAlways(HonestDriver):
    def info_if(self, stored: Stored, options: HeadOptions) -> ObjectInfo:
        return msgspec.structs.replace(super().info_if(stored, options), parts_count=len(stored.part_sizes) or None)


@fails(PartReadTests, PartReadTests.test_a_part_that_the_object_does_not_have_is_refused)
class GivesTheLastPartForAnyBeyond(HonestDriver):
    def part_info(self, stored: Stored, number: int) -> ObjectInfo:
        return super().part_info(stored, min(number, len(stored.part_sizes) or 1))


@fails(PartReadTests, PartReadTests.test_conditions_come_before_the_part)
class ForgetsConditionsForAPart(HonestDriver):
    def info_if(self, stored: Stored, options: HeadOptions) -> ObjectInfo:
        if options.part_number is None:
            return super().info_if(stored, options)
        return self.part_info(stored, options.part_number)
