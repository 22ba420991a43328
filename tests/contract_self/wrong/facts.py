"""Drivers whose errors carry wrong facts."""

from __future__ import annotations

import msgspec
from bucketry import (
    BadDigest,
    BucketryError,
    CompletedPart,
    CompleteOptions,
    CopyOptions,
    GetOptions,
    HeadOptions,
    InvalidArgument,
    InvalidPart,
    InvalidRange,
    NotModified,
    NotModifiedInfo,
    ObjectInfo,
    OpenedObject,
    Part,
    PartCopyOptions,
    PartTooSmall,
    PreconditionFailed,
    PutOptions,
)
from bucketry.body import Body
from bucketry.hookspecs import hookimpl
from bucketry_contract.suite.error_facts import ErrorFactTests

from tests.contract_self.cases import fails
from tests.contract_self.honest import HonestDriver


class LyingDriver(HonestDriver):
    """A driver that changes its errors before it raises them."""

    def lie(self, error: BucketryError) -> None:
        """Puts something else in the place of a fact."""

    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        try:
            return super().head_object(bucket, key, options)
        except BucketryError as error:
            self.lie(error)
            raise

    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        try:
            return super().get_object(bucket, key, options)
        except BucketryError as error:
            self.lie(error)
            raise

    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        try:
            return super().put_object(bucket, key, body, options)
        except BucketryError as error:
            self.lie(error)
            raise

    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        try:
            return super().copy_object(source_bucket, source_key, bucket, key, options)
        except BucketryError as error:
            self.lie(error)
            raise

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
        try:
            return super().upload_part_copy(bucket, key, upload_id, part_number, source_bucket, source_key, options)
        except BucketryError as error:
            self.lie(error)
            raise

    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        try:
            return super().complete_multipart_upload(bucket, key, upload_id, parts, options)
        except BucketryError as error:
            self.lie(error)
            raise


@fails(ErrorFactTests, ErrorFactTests.test_not_modified_tells_the_etag_that_was_asked_about)
@fails(ErrorFactTests, ErrorFactTests.test_not_modified_tells_the_truth_or_nothing)
class TellsAnotherEtag(LyingDriver):
    def lie(self, error: BucketryError) -> None:
        if isinstance(error, NotModified):
            error.info = NotModifiedInfo(etag="another")


@fails(ErrorFactTests, ErrorFactTests.test_not_modified_tells_headers_of_the_object_alone)
class TellsHeadersOfItsOwn(LyingDriver):
    def lie(self, error: BucketryError) -> None:
        if isinstance(error, NotModified) and error.info is not None and error.info.cache_control is not None:
            error.info = msgspec.structs.replace(error.info, cache_control="no-store")


@fails(ErrorFactTests, ErrorFactTests.test_the_condition_of_a_read_that_does_not_hold_is_named)
@fails(ErrorFactTests, ErrorFactTests.test_the_condition_of_a_put_that_does_not_hold_is_named)
@fails(ErrorFactTests, ErrorFactTests.test_the_condition_on_the_source_of_a_copy_is_named)
class NamesAnotherCondition(LyingDriver):
    def lie(self, error: BucketryError) -> None:
        if isinstance(error, PreconditionFailed):
            error.condition = "if_modified_since"


@fails(ErrorFactTests, ErrorFactTests.test_a_range_beyond_the_end_tells_the_size_or_nothing)
@fails(ErrorFactTests, ErrorFactTests.test_a_part_that_an_object_does_not_have_tells_the_size_or_nothing)
@fails(ErrorFactTests, ErrorFactTests.test_a_range_beyond_the_source_of_a_part_tells_the_size_or_nothing)
class TellsTheSizeOfWhatItSends(LyingDriver):
    def lie(self, error: BucketryError) -> None:
        if isinstance(error, InvalidRange):
            error.size_bytes = 0


@fails(ErrorFactTests, ErrorFactTests.test_a_part_that_is_refused_is_named_or_not)
@fails(ErrorFactTests, ErrorFactTests.test_a_part_that_is_too_small_is_named_or_not)
class CountsPartsFromZero(LyingDriver):
    def lie(self, error: BucketryError) -> None:
        if isinstance(error, InvalidPart):
            error.part_number = 0 if isinstance(error, PartTooSmall) else -1


@fails(ErrorFactTests, ErrorFactTests.test_a_checksum_of_a_part_that_is_another_is_named_or_not)
@fails(ErrorFactTests, ErrorFactTests.test_what_the_whole_object_should_be_is_named_or_not)
class NamesAnotherDigest(LyingDriver):
    def lie(self, error: BucketryError) -> None:
        if isinstance(error, BadDigest):
            error.digest = "md5"


@fails(ErrorFactTests, ErrorFactTests.test_what_the_whole_object_should_be_is_named_or_not)
class DoesNotNameTheSize(LyingDriver):
    def lie(self, error: BucketryError) -> None:
        if isinstance(error, InvalidArgument):
            error.field = None
