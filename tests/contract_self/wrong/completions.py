"""Drivers with mistakes in completions that are sent again."""

from __future__ import annotations

import msgspec
from bucketry import CompletedPart, CompleteOptions, CopyOptions, ObjectInfo
from bucketry.hookspecs import hookimpl
from bucketry_contract.suite.completing_again import CompletingAgainTests

from tests.contract_self.cases import fails
from tests.contract_self.honest import HonestDriver
from tests.contract_self.honest_state import Stored


@fails(CompletingAgainTests, CompletingAgainTests.test_a_completion_that_is_sent_again_gives_the_same_result)
class ForgetsCompletions(HonestDriver):
    def made_before(self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...]) -> Stored | None:
        return None


@fails(CompletingAgainTests, CompletingAgainTests.test_other_parts_complete_no_upload_again)
class CompletesAgainWithAnyParts(HonestDriver):
    def made_before(self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...]) -> Stored | None:
        current = self.bucket(bucket).objects.get(key)
        return current if current is not None and current.upload_id == upload_id else None


@fails(CompletingAgainTests, CompletingAgainTests.test_a_part_with_another_checksum_completes_no_upload_again)
class CompletesAgainWhateverTheChecksumsOfParts(HonestDriver):
    def made_before(self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...]) -> Stored | None:
        known = self.bucket(bucket).completed.get(upload_id, ())
        same = [part.etag for part in known] == [part.etag for part in parts]
        return super().made_before(bucket, key, upload_id, known if same else parts)


@fails(CompletingAgainTests, CompletingAgainTests.test_a_completion_is_not_known_once_its_object_is_gone)
class CompletesAgainWhateverIsThere(HonestDriver):
    def made_before(self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...]) -> Stored | None:
        known = self.bucket(bucket).completed.get(upload_id) == parts
        return self.bucket(bucket).objects.get(key) if known else None


@fails(CompletingAgainTests, CompletingAgainTests.test_the_same_parts_complete_no_other_upload)
class KnowsCompletionsByTheirPartsAlone(HonestDriver):
    def made_before(self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...]) -> Stored | None:
        if upload_id in self.bucket(bucket).uploads:
            return None
        current = self.bucket(bucket).objects.get(key)
        return current if current is not None and parts in self.bucket(bucket).completed.values() else None


@fails(CompletingAgainTests, CompletingAgainTests.test_a_copy_onto_itself_is_no_longer_what_the_upload_made)
class KeepsTheUploadOfACopy(HonestDriver):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        upload_id = self.stored(source_bucket, source_key).upload_id
        info = super().copy_object(source_bucket, source_key, bucket, key, options)
        stored = self.bucket(bucket).objects[key]
        self.bucket(bucket).objects[key] = msgspec.structs.replace(stored, upload_id=upload_id)
        return info


@fails(CompletingAgainTests, CompletingAgainTests.test_conditions_of_a_completion_that_is_sent_again_held_already)
class ChecksConditionsAgain(HonestDriver):
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        self.check_write(bucket, key, options)
        return super().complete_multipart_upload(bucket, key, upload_id, parts, options)


@fails(
    CompletingAgainTests,
    CompletingAgainTests.test_what_a_completion_that_is_sent_again_says_of_the_object_is_compared_again,
)
class BelievesACompletionThatIsSentAgain(HonestDriver):
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        made = self.made_before(bucket, key, upload_id, parts)
        return made.info if made else super().complete_multipart_upload(bucket, key, upload_id, parts, options)
