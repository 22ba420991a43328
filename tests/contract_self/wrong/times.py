"""Drivers with mistakes in times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec
from bucketry import BucketInfo, CopyOptions, Deleted, HeadOptions, NotModified, ObjectInfo, PreconditionFailed
from bucketry.hookspecs import hookimpl
from bucketry_contract.suite.read_conditions import ReadConditionTests
from bucketry_contract.suite.times import TimeTests

from tests.contract_self.cases import fails
from tests.contract_self.honest import HonestDriver
from tests.contract_self.honest_state import Stored


@fails(ReadConditionTests, ReadConditionTests.test_times_are_compared_in_whole_seconds)
class ComparesFractionsOfSeconds(HonestDriver):
    def info_if(self, stored: Stored, options: HeadOptions) -> ObjectInfo:
        info = super().info_if(stored, options)
        if options.if_modified_since is not None and info.last_modified > options.if_modified_since:
            return info
        if options.if_unmodified_since is not None and info.last_modified > options.if_unmodified_since:
            raise PreconditionFailed
        return info


@fails(ReadConditionTests, ReadConditionTests.test_times_are_compared_in_whole_seconds)
class TakesTheSameSecondForLater(HonestDriver):
    def info_if(self, stored: Stored, options: HeadOptions) -> ObjectInfo:
        if options.if_modified_since is None:
            return super().info_if(stored, options)
        if stored.info.last_modified <= options.if_modified_since:
            raise NotModified
        return stored.info


@fails(TimeTests, TimeTests.test_the_time_of_an_object_is_in_utc)
@fails(TimeTests, TimeTests.test_the_time_of_a_copy_is_in_utc)
@fails(TimeTests, TimeTests.test_the_times_of_an_upload_are_in_utc)
@fails(TimeTests, TimeTests.test_the_time_of_a_bucket_is_in_utc)
@fails(TimeTests, TimeTests.test_the_time_of_a_report_is_in_utc)
class PassesLocalTimeOffAsUtc(HonestDriver):
    def now(self) -> datetime:
        return datetime.now().replace(tzinfo=UTC)  # noqa: DTZ005 - the mistake


@fails(TimeTests, TimeTests.test_the_time_of_an_object_is_in_utc)
@fails(TimeTests, TimeTests.test_the_time_of_a_copy_is_in_utc)
@fails(TimeTests, TimeTests.test_the_times_of_an_upload_are_in_utc)
@fails(TimeTests, TimeTests.test_the_time_of_a_bucket_is_in_utc)
@fails(TimeTests, TimeTests.test_the_time_of_a_figure_is_in_utc)
@fails(TimeTests, TimeTests.test_the_time_of_a_report_is_in_utc)
class TellsTheTimeOfAnotherZone(HonestDriver):
    def now(self) -> datetime:
        return datetime.now(timezone(timedelta(hours=2)))


@fails(TimeTests, TimeTests.test_an_overwrite_has_a_later_time)
class KeepsTheTimeOfTheFirstWrite(HonestDriver):
    def written_at(self, bucket: str, key: str) -> datetime:
        current = self.bucket(bucket).objects.get(key)
        return super().written_at(bucket, key) if current is None else current.info.last_modified


@fails(TimeTests, TimeTests.test_a_copy_has_a_later_time_than_what_was_there_before)
class CopiesTheTimeToo(HonestDriver):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        time = self.stored(source_bucket, source_key).info.last_modified
        info = super().copy_object(source_bucket, source_key, bucket, key, options)
        stored = self.stored(bucket, key)
        info = msgspec.structs.replace(info, last_modified=time)
        self.bucket(bucket).objects[key] = msgspec.structs.replace(stored, info=info)
        return info


@fails(TimeTests, TimeTests.test_a_copy_has_a_later_time_than_what_was_there_before)
class ACopyOntoItselfKeepsItsTime(CopiesTheTimeToo):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        kind = CopiesTheTimeToo if source_key == key else HonestDriver
        return kind.copy_object(self, source_bucket, source_key, bucket, key, options)


@fails(TimeTests, TimeTests.test_when_a_bucket_was_created_does_not_change)
class BucketsAreCreatedWhenOneLooks(HonestDriver):
    @hookimpl
    def head_bucket(self, bucket: str) -> BucketInfo:
        return msgspec.structs.replace(super().head_bucket(bucket), created_at=self.now())


@fails(TimeTests, TimeTests.test_when_a_bucket_was_created_does_not_change)
class BucketsAreCreatedWithEachWrite(HonestDriver):
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: object) -> Deleted:
        self.bucket(bucket).created_at = self.now()
        return super().delete_object(bucket, key, options)  # type: ignore[arg-type]
