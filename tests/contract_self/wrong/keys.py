"""Drivers that change keys, or act on more or other objects than they should."""

from __future__ import annotations

import time
import unicodedata

from bucketry import (
    DELETED,
    BatchDeleteOptions,
    Deleted,
    DeleteOptions,
    DeleteResult,
    NoSuchKey,
    ObjectToDelete,
    PutOptions,
)
from bucketry.hookspecs import hookimpl
from bucketry_contract.suite.concurrency import ConcurrencyTests
from bucketry_contract.suite.deleting import DeletingTests
from bucketry_contract.suite.keys import KeyTests
from bucketry_contract.suite.model import ModelTests
from bucketry_contract.suite.write_conditions import WriteConditionTests

from tests.contract_self.cases import fails
from tests.contract_self.honest import HonestDriver


@fails(KeyTests, KeyTests.test_a_key_is_kept_byte_for_byte_or_refused)
class EatsSlashes(HonestDriver):
    def stored_key(self, key: str) -> str:
        while "//" in key:
            key = key.replace("//", "/")
        return super().stored_key(key)


@fails(KeyTests, KeyTests.test_keys_that_look_alike_are_different_keys)
class FoldsCase(HonestDriver):
    def stored_key(self, key: str) -> str:
        return super().stored_key(key).casefold()


@fails(KeyTests, KeyTests.test_a_key_is_kept_byte_for_byte_or_refused)
class ComposesUnicode(HonestDriver):
    def stored_key(self, key: str) -> str:
        return unicodedata.normalize("NFC", super().stored_key(key))


@fails(KeyTests, KeyTests.test_only_the_very_key_finds_the_object)
class DropsLeadingSlash(HonestDriver):
    def stored_key(self, key: str) -> str:
        return super().stored_key(key).lstrip("/") or "/"


@fails(DeletingTests, DeletingTests.test_a_deleted_object_is_gone)
class ReturnsNothing(HonestDriver):
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        super().delete_object(bucket, key, options)
        return None  # type: ignore[return-value]


@fails(ModelTests, ModelTests.test_any_sequence_of_operations_does_what_a_dict_does)
@fails(DeletingTests, DeletingTests.test_a_deleted_object_is_gone)
class DeletesNothing(HonestDriver):
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        self.bucket(bucket)
        return DELETED


@fails(DeletingTests, DeletingTests.test_deleting_what_does_not_exist_succeeds)
class DeletingNothingFails(HonestDriver):
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        if key not in self.bucket(bucket).objects:
            raise NoSuchKey
        return super().delete_object(bucket, key, options)


@fails(DeletingTests, DeletingTests.test_a_delete_takes_neither_what_begins_with_the_key_nor_what_is_above_it)
class DeletesBelow(HonestDriver):
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        objects = self.bucket(bucket).objects
        for below in [other for other in objects if other.startswith(f"{key}/")]:
            del objects[below]
        return super().delete_object(bucket, key, options)


@fails(DeletingTests, DeletingTests.test_an_object_above_stays_when_the_last_one_below_goes)
class DeletesAbove(HonestDriver):
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        objects = self.bucket(bucket).objects
        for above in [other for other in objects if other.endswith("/") and key.startswith(other)]:
            del objects[above]
        return super().delete_object(bucket, key, options)


@fails(WriteConditionTests, WriteConditionTests.test_delete_if_match_deletes_only_the_object_with_that_etag)
class DeclaresDeleteIfMatchAndIgnoresIt(HonestDriver):
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        return super().delete_object(bucket, key, DeleteOptions())


@fails(DeletingTests, DeletingTests.test_a_key_that_fails_does_not_hold_up_the_others)
class BatchEndsAtAFailure(HonestDriver):
    @hookimpl
    def delete_objects(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        for entry in objects:
            self.delete_object(bucket, entry.key, DeleteOptions())
        return DeleteResult.without_versions(entry.key for entry in objects)


@fails(DeletingTests, DeletingTests.test_a_batch_deletes_its_keys_and_says_so)
class BatchNamesOnlyWhatWasThere(HonestDriver):
    @hookimpl
    def delete_objects(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        there = tuple(entry for entry in objects if entry.key in self.bucket(bucket).objects)
        return super().delete_objects(bucket, there, options)


@fails(DeletingTests, DeletingTests.test_a_batch_may_hold_more_than_a_thousand_keys)
class BatchTakesAHundred(HonestDriver):
    @hookimpl
    def delete_objects(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        super().delete_objects(bucket, objects[:100], options)
        return DeleteResult.without_versions(entry.key for entry in objects)


@fails(ConcurrencyTests, ConcurrencyTests.test_of_a_put_and_a_delete_with_one_etag_exactly_one_wins)
class ChecksAndDeletesInTwoSteps(HonestDriver):
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        self.check_write(bucket, key, PutOptions(if_match=options.if_match))
        time.sleep(0.005)
        return super().delete_object(bucket, key, DeleteOptions())
