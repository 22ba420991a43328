"""Drivers with mistakes in multipart uploads."""

from __future__ import annotations

import time

import msgspec
from bucketry import (
    DONE,
    Body,
    CompletedPart,
    CompleteOptions,
    Done,
    ObjectHeaders,
    ObjectInfo,
    PageOptions,
    Part,
    PartOptions,
    PartPage,
    PutOptions,
    Upload,
    UploadOptions,
)
from bucketry.hookspecs import hookimpl
from bucketry.options import WriteConditions
from bucketry_contract.suite.concurrency import ConcurrencyTests
from bucketry_contract.suite.multipart import MultipartTests
from bucketry_contract.suite.multipart_errors import MultipartErrorTests

from tests.contract_self.cases import fails
from tests.contract_self.honest import HonestDriver
from tests.contract_self.honest_state import UploadState


@fails(MultipartTests, MultipartTests.test_parts_in_any_order_become_one_object_in_the_order_of_their_numbers)
class JoinsInTheOrderOfSending(HonestDriver):
    def joined(self, upload: UploadState, listed: tuple[CompletedPart, ...]) -> tuple[bytes, ...]:
        super().joined(upload, listed)
        wanted = {part.part_number for part in listed}
        return tuple(piece for number, (_, pieces) in upload.parts.items() if number in wanted for piece in pieces)


@fails(MultipartTests, MultipartTests.test_parts_that_are_not_listed_are_discarded)
class JoinsAllParts(HonestDriver):
    def joined(self, upload: UploadState, listed: tuple[CompletedPart, ...]) -> tuple[bytes, ...]:
        super().joined(upload, listed)
        return tuple(piece for number in sorted(upload.parts) for piece in upload.parts[number][1])


@fails(MultipartTests, MultipartTests.test_parts_in_any_order_become_one_object_in_the_order_of_their_numbers)
class KeepsTheFirstOfTwo(HonestDriver):
    @hookimpl
    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Body, options: PartOptions
    ) -> Part:
        before = self.upload(bucket, key, upload_id).parts.get(part_number)
        part = super().upload_part(bucket, key, upload_id, part_number, body, options)
        if before is not None:
            self.upload(bucket, key, upload_id).parts[part_number] = (part, before[1])
        return part


@fails(MultipartTests, MultipartTests.test_the_key_keeps_its_object_until_the_upload_is_completed)
class ShowsPartsAtOnce(HonestDriver):
    @hookimpl
    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Body, options: PartOptions
    ) -> Part:
        part = super().upload_part(bucket, key, upload_id, part_number, body, options)
        self.replace(bucket, key, self.upload(bucket, key, upload_id).parts[part_number][1], ObjectHeaders())
        return part


@fails(MultipartTests, MultipartTests.test_two_uploads_to_one_key_do_not_mix)
class OneUploadForEachKey(HonestDriver):
    def new_upload_id(self, key: str) -> str:
        return key.encode().hex()


@fails(MultipartTests, MultipartTests.test_the_object_has_the_headers_that_the_upload_began_with)
class ForgetsTheHeadersOfTheUpload(HonestDriver):
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        upload = self.upload(bucket, key, upload_id)
        upload.headers = ObjectHeaders(content_type=upload.headers.content_type)
        return super().complete_multipart_upload(bucket, key, upload_id, parts, options)


@fails(MultipartTests, MultipartTests.test_complete_if_none_match_writes_only_where_there_is_no_object)
class CompletesUnconditionally(HonestDriver):
    def check_write(self, bucket: str, key: str, conditions: WriteConditions | PutOptions) -> None:
        if not isinstance(conditions, CompleteOptions):
            super().check_write(bucket, key, conditions)


@fails(MultipartTests, MultipartTests.test_parts_are_listed_in_the_order_of_their_numbers_page_by_page)
class ListsPartsAsText(HonestDriver):
    @hookimpl
    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
        page = super().list_parts(bucket, key, upload_id, options)
        return PartPage(parts=tuple(sorted(page.parts, key=lambda p: str(p.part_number))), cursor=page.cursor)


@fails(MultipartErrorTests, MultipartErrorTests.test_a_part_with_another_etag_is_refused_and_the_upload_stays)
class IgnoresThePartsEtag(HonestDriver):
    def joined(self, upload: UploadState, listed: tuple[CompletedPart, ...]) -> tuple[bytes, ...]:
        stored = {number: part.etag for number, (part, _) in upload.parts.items()}
        return super().joined(
            upload, tuple(CompletedPart(p.part_number, stored.get(p.part_number, "")) for p in listed)
        )


@fails(MultipartErrorTests, MultipartErrorTests.test_a_part_with_another_etag_is_refused_and_the_upload_stays)
class EndsTheUploadThatFails(HonestDriver):
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        try:
            return super().complete_multipart_upload(bucket, key, upload_id, parts, options)
        finally:
            self.bucket(bucket).uploads.pop(upload_id, None)


@fails(MultipartErrorTests, MultipartErrorTests.test_a_part_before_the_last_that_is_too_small_is_refused)
class TakesSmallParts(HonestDriver):
    def joined(self, upload: UploadState, listed: tuple[CompletedPart, ...]) -> tuple[bytes, ...]:
        return tuple(piece for part in listed for piece in super(TakesSmallParts, self).joined(upload, (part,)))


@fails(MultipartErrorTests, MultipartErrorTests.test_a_part_whose_body_breaks_off_leaves_no_trace)
class KeepsAPartThatBrokeOff(HonestDriver):
    def pull(self, bucket: str, key: str, body: Body) -> tuple[bytes, ...]:
        try:
            return super().pull(bucket, key, body)
        except Exception:
            for upload in self.bucket(bucket).uploads.values():
                upload.parts.clear()
            raise


@fails(MultipartErrorTests, MultipartErrorTests.test_an_aborted_upload_is_gone_and_leaves_the_key_as_it_was)
class AbortsNothing(HonestDriver):
    @hookimpl
    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> Done:
        self.upload(bucket, key, upload_id)
        return DONE


@fails(MultipartErrorTests, MultipartErrorTests.test_an_upload_is_known_under_its_own_key_alone)
class FindsUploadsUnderAnyKey(HonestDriver):
    def upload(self, bucket: str, key: str, upload_id: str) -> UploadState:
        found = self.bucket(bucket).uploads.get(upload_id)
        return found or super().upload(bucket, key, upload_id)


@fails(MultipartTests, MultipartTests.test_an_upload_keeps_its_key_byte_for_byte_or_is_refused)
class UploadsToAnotherKey(HonestDriver):
    """Notices that the backend cannot hold a key when it is too late, and takes another."""

    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        return super().create_multipart_upload(bucket, key.replace("\0", ""), options)


@fails(ConcurrencyTests, ConcurrencyTests.test_of_many_uploads_with_if_none_match_exactly_one_is_completed)
class ChecksAndCompletesInTwoSteps(HonestDriver):
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        self.check_write(bucket, key, options)
        time.sleep(0.005)
        return super().complete_multipart_upload(bucket, key, upload_id, parts, CompleteOptions())


@fails(MultipartTests, MultipartTests.test_other_content_that_was_uploaded_in_parts_has_another_etag)
class HasOneEtagForAllUploads(HonestDriver):
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        info = super().complete_multipart_upload(bucket, key, upload_id, parts, options)
        info = msgspec.structs.replace(info, etag=f"{'0' * 32}-{len(parts)}")
        self.bucket(bucket).objects[key] = msgspec.structs.replace(self.stored(bucket, key), info=info)
        return info
