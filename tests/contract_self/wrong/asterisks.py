"""Drivers that do not know what ``*`` means in a condition."""

from __future__ import annotations

from typing import Any

import msgspec
from bucketry import (
    CopyOptions,
    Deleted,
    DeleteOptions,
    ObjectInfo,
    PartCopyOptions,
    PreconditionFailed,
    PutOptions,
)
from bucketry.hookspecs import hookimpl
from bucketry.options import WriteConditions
from bucketry_contract.suite.copying import CopyTests
from bucketry_contract.suite.multipart import MultipartTests
from bucketry_contract.suite.part_copies import PartCopyTests
from bucketry_contract.suite.write_conditions import WriteConditionTests

from tests.contract_self.cases import fails
from tests.contract_self.honest import HonestDriver

_PUT = WriteConditionTests.test_put_if_match_with_an_asterisk_replaces_any_object
_DELETE = WriteConditionTests.test_delete_if_match_with_an_asterisk_deletes_any_object
_COPY = CopyTests.test_copy_if_match_with_an_asterisk_replaces_any_object
_COMPLETE = MultipartTests.test_complete_if_match_with_an_asterisk_replaces_any_object


@fails(WriteConditionTests, _PUT)
@fails(WriteConditionTests, _DELETE)
@fails(CopyTests, _COPY)
@fails(MultipartTests, _COMPLETE)
class TakesAnAsteriskForAnEtag(HonestDriver):
    def check_write(self, bucket: str, key: str, conditions: WriteConditions | PutOptions) -> None:
        super().check_write(bucket, key, conditions)
        if conditions.if_match == "*":
            raise PreconditionFailed


@fails(WriteConditionTests, _PUT)
@fails(CopyTests, _COPY)
@fails(MultipartTests, _COMPLETE)
class TakesAnAsteriskForNoCondition(HonestDriver):
    def check_write(self, bucket: str, key: str, conditions: WriteConditions | PutOptions) -> None:
        if conditions.if_match != "*":
            super().check_write(bucket, key, conditions)


@fails(WriteConditionTests, _DELETE)
class DeletesWithAnAsteriskWhatIsNotThere(HonestDriver):
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        return super().delete_object(bucket, key, DeleteOptions() if options.if_match == "*" else options)


def _literal(options: Any) -> Any:
    """Has ``*`` of a source's condition be an etag that no object has."""
    return msgspec.structs.replace(options, source_if_match="**") if options.source_if_match == "*" else options


@fails(CopyTests, CopyTests.test_copy_source_if_match_with_an_asterisk_copies_any_object)
class TakesASourcesAsteriskForAnEtag(HonestDriver):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        return super().copy_object(source_bucket, source_key, bucket, key, _literal(options))


@fails(PartCopyTests, PartCopyTests.test_part_copy_source_if_match_with_an_asterisk_copies_any_object)
class TakesAPartsAsteriskForAnEtag(HonestDriver):
    def copied(self, bucket: str, key: str, options: PartCopyOptions) -> tuple[bytes, ...]:
        return super().copied(bucket, key, _literal(options))
