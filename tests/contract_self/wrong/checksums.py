"""Drivers with mistakes in checksums or in an object's parts."""

from __future__ import annotations

import msgspec
from bucketry import (
    AttributesOptions,
    Body,
    Checksum,
    CompletedPart,
    CompleteOptions,
    CopyOptions,
    NoSuchKey,
    ObjectAttributes,
    ObjectInfo,
    PageOptions,
    Part,
    PartCopyOptions,
    PartOptions,
    PartPage,
    PreconditionFailed,
    PutOptions,
    Upload,
    UploadOptions,
)
from bucketry.checksums import checksum_of, checksum_of_parts
from bucketry.hookspecs import hookimpl
from bucketry.options import WriteConditions
from bucketry_contract.suite.checksums import ChecksumTests
from bucketry_contract.suite.copying import CopyTests
from bucketry_contract.suite.multipart import MultipartTests
from bucketry_contract.suite.object_parts import ObjectPartTests
from bucketry_contract.suite.write_conditions import WriteConditionTests

from tests.contract_self.cases import fails
from tests.contract_self.honest import HonestDriver
from tests.contract_self.honest_state import Stored, UploadState


@fails(ChecksumTests, ChecksumTests.test_a_put_gives_the_object_the_checksum_of_its_body)
class ForgetsChecksums(HonestDriver):
    def body_checksum(self, _body: Body) -> Checksum | None:
        return None


@fails(ChecksumTests, ChecksumTests.test_a_put_gives_the_object_the_checksum_of_its_body)
class TakesOneXxhashForAnother(HonestDriver):
    def body_checksum(self, body: Body) -> Checksum | None:
        made = super().body_checksum(body)
        return msgspec.structs.replace(made, algorithm="XXHASH64") if made and made.algorithm == "XXHASH3" else made


@fails(ChecksumTests, ChecksumTests.test_a_put_without_a_checksum_leaves_none_of_what_was_there)
class KeepsTheChecksumThatWasThere(HonestDriver):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        before = self.bucket(bucket).objects.get(key)
        info = super().put_object(bucket, key, body, options)
        if before is None or info.checksum is not None:
            return info
        info = msgspec.structs.replace(info, checksum=before.info.checksum)
        stored = self.bucket(bucket).objects[key]
        self.bucket(bucket).objects[key] = msgspec.structs.replace(stored, info=info)
        return info


@fails(ChecksumTests, ChecksumTests.test_a_body_with_another_checksum_is_not_stored)
class StoresBeforeTheChecksumIsKnown(HonestDriver):
    def pull(self, bucket: str, key: str, body: Body) -> tuple[bytes, ...]:
        pieces: list[bytes] = []
        try:
            pieces.extend(body)
        except Exception:
            self.replace(bucket, key, tuple(pieces), PutOptions())
            raise
        return tuple(pieces)


@fails(ChecksumTests, ChecksumTests.test_an_upload_gives_the_object_a_checksum_of_its_parts)
class MakesAllChecksumsComposite(HonestDriver):
    def object_checksum(self, upload: UploadState, parts: list[Part], options: CompleteOptions) -> Checksum | None:
        made = super().object_checksum(upload, parts, options)
        digests = [(part.checksum.digest, 0) for part in parts if part.checksum is not None]
        return made and checksum_of_parts(made.algorithm, "COMPOSITE", digests)


@fails(ChecksumTests, ChecksumTests.test_an_upload_in_progress_says_what_its_checksums_are)
class ListsPartsWithoutTheirAlgorithm(HonestDriver):
    @hookimpl
    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
        page = super().list_parts(bucket, key, upload_id, options)
        return PartPage(parts=page.parts, cursor=page.cursor)


@fails(ChecksumTests, ChecksumTests.test_an_upload_gives_the_object_a_checksum_of_its_parts)
class BeginsWithoutSayingTheType(HonestDriver):
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        begun = super().create_multipart_upload(bucket, key, options)
        return msgspec.structs.replace(begun, checksum_type=None)


@fails(ChecksumTests, ChecksumTests.test_a_part_with_another_checksum_is_not_stored)
class KeepsPartsThatFailed(HonestDriver):
    @hookimpl
    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Body, options: PartOptions
    ) -> Part:
        pieces: list[bytes] = []
        try:
            pieces.extend(body)
        except Exception:
            self.put_part(bucket, key, upload_id, part_number, tuple(pieces))
            raise
        self.check_sent(self.upload(bucket, key, upload_id), options)
        return self.put_part(bucket, key, upload_id, part_number, tuple(pieces))


@fails(ChecksumTests, ChecksumTests.test_a_part_has_the_algorithm_of_its_upload)
class TakesPartsOfAnyAlgorithm(HonestDriver):
    def check_sent(self, upload: UploadState, options: PartOptions) -> None:
        """Takes all."""


@fails(ChecksumTests, ChecksumTests.test_a_checksum_in_an_upload_without_any_is_checked_and_not_kept)
class KeepsChecksumsNobodyAskedFor(HonestDriver):
    def part_checksum(self, upload: UploadState, pieces: tuple[bytes, ...]) -> Checksum | None:
        return super().part_checksum(upload, pieces) or checksum_of("CRC32", pieces)


@fails(ChecksumTests, ChecksumTests.test_an_object_with_another_checksum_than_is_said_is_not_made)
class IgnoresTheChecksumOfTheWhole(HonestDriver):
    def object_checksum(self, upload: UploadState, parts: list[Part], options: CompleteOptions) -> Checksum | None:
        return super().object_checksum(upload, parts, msgspec.structs.replace(options, checksum=None))


class TakesWhatIsSaidOfTheObject(HonestDriver):
    def object_checksum(self, upload: UploadState, parts: list[Part], options: CompleteOptions) -> Checksum | None:
        return super().object_checksum(upload, parts, CompleteOptions(checksum=self.kept(upload, options)))

    def kept(self, upload: UploadState, options: CompleteOptions) -> Checksum | None:
        given = options.checksum
        return given if given is None or given.algorithm == upload.options.checksum_algorithm else None


fails(ChecksumTests, ChecksumTests.test_what_is_said_of_an_object_is_what_its_upload_began_with)(
    TakesWhatIsSaidOfTheObject
)


@fails(ChecksumTests, ChecksumTests.test_a_part_that_is_listed_with_another_checksum_is_refused)
class IgnoresChecksumsOfListedParts(HonestDriver):
    def check_listed(self, upload: UploadState, wanted: CompletedPart, part: Part) -> None:
        """Takes all."""


@fails(ChecksumTests, ChecksumTests.test_the_number_of_parts_may_be_left_out)
class WantsTheNumberOfParts(HonestDriver):
    def object_checksum(self, upload: UploadState, parts: list[Part], options: CompleteOptions) -> Checksum | None:
        given = options.checksum
        if given is not None and not given.parts_count and upload.options.checksum_type == "COMPOSITE":
            options = msgspec.structs.replace(options, checksum=msgspec.structs.replace(given, parts_count=10_000))
        return super().object_checksum(upload, parts, options)


@fails(ChecksumTests, ChecksumTests.test_a_copied_part_has_a_checksum_too)
class CopiesPartsWithoutChecksum(HonestDriver):
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
        part = super().upload_part_copy(bucket, key, upload_id, part_number, source_bucket, source_key, options)
        return msgspec.structs.replace(part, checksum=None)


@fails(ChecksumTests, ChecksumTests.test_a_copy_has_a_checksum_of_its_whole_content)
class CopiesTheSourcesChecksum(HonestDriver):
    def copy_checksum(self, source: Stored, options: CopyOptions) -> Checksum | None:
        return super().copy_checksum(source, options) if options.checksum_algorithm else source.info.checksum


@fails(ChecksumTests, ChecksumTests.test_a_copy_may_get_a_checksum_of_another_algorithm)
class CopiesWithTheSourcesAlgorithm(HonestDriver):
    def copy_checksum(self, source: Stored, options: CopyOptions) -> Checksum | None:
        return super().copy_checksum(source, CopyOptions() if source.info.checksum else options)


@fails(ChecksumTests, ChecksumTests.test_a_part_that_is_read_alone_has_its_own_checksum)
class ReadsPartsWithTheChecksumOfTheWhole(HonestDriver):
    def part_info(self, stored: Stored, number: int) -> ObjectInfo:
        return msgspec.structs.replace(super().part_info(stored, number), checksum=stored.info.checksum)


@fails(CopyTests, CopyTests.test_a_copy_of_an_object_that_was_uploaded_in_parts_has_the_etag_of_a_put)
class CopiesTheSourcesEtag(HonestDriver):
    def copy_etag(self, source: Stored) -> str:
        return source.info.etag


@fails(ObjectPartTests, ObjectPartTests.test_an_object_tells_the_parts_it_was_uploaded_in)
class TellsAllPartsAtOnce(HonestDriver):
    @hookimpl
    def get_object_attributes(self, bucket: str, key: str, options: AttributesOptions) -> ObjectAttributes:
        return super().get_object_attributes(bucket, key, msgspec.structs.replace(options, limit=1000))


@fails(ObjectPartTests, ObjectPartTests.test_an_object_that_was_put_tells_no_parts)
class TellsOnePartOfWhatWasPut(HonestDriver):
    @hookimpl
    def get_object_attributes(self, bucket: str, key: str, options: AttributesOptions) -> ObjectAttributes:
        found = super().get_object_attributes(bucket, key, options)
        return msgspec.structs.replace(found, parts_count=found.parts_count or 1)


@fails(ObjectPartTests, ObjectPartTests.test_an_object_tells_the_checksums_of_its_parts)
class TellsPartsWithoutChecksums(HonestDriver):
    @hookimpl
    def get_object_attributes(self, bucket: str, key: str, options: AttributesOptions) -> ObjectAttributes:
        found = super().get_object_attributes(bucket, key, options)
        bare = tuple(msgspec.structs.replace(part, checksum=None) for part in found.parts)
        return msgspec.structs.replace(found, parts=bare)


class TakesAMissingObjectForAFailedCondition(HonestDriver):
    def check_write(self, bucket: str, key: str, conditions: WriteConditions | PutOptions) -> None:
        try:
            super().check_write(bucket, key, conditions)
        except NoSuchKey:
            raise PreconditionFailed from None


for _subject, _test in (
    (WriteConditionTests, WriteConditionTests.test_put_if_match_finds_no_key_where_there_is_no_object),
    (WriteConditionTests, WriteConditionTests.test_delete_if_match_finds_no_key_where_there_is_no_object),
    (CopyTests, CopyTests.test_copy_if_match_finds_no_key_where_there_is_no_object),
    (MultipartTests, MultipartTests.test_complete_if_match_finds_no_key_where_there_is_no_object),
):
    fails(_subject, _test)(TakesAMissingObjectForAFailedCondition)
