"""Drivers that read wrongly, do not free connections, or hide that content broke off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Self

from bucketry import (
    ByteRange,
    ContentRange,
    GetOptions,
    HeadOptions,
    NotModified,
    ObjectInfo,
    OpenedObject,
    PreconditionFailed,
    Unavailable,
)
from bucketry.conditions import check_read
from bucketry.hookspecs import hookimpl
from bucketry_contract.suite.read_conditions import ReadConditionTests
from bucketry_contract.suite.reading import ReadingTests
from bucketry_contract.suite.streaming import StreamingTests

from tests.contract_self.cases import fails
from tests.contract_self.honest import HonestDriver
from tests.contract_self.honest_state import SdkError, Stored


@fails(ReadingTests, ReadingTests.test_any_range_is_what_slicing_says)
@fails(ReadingTests, ReadingTests.test_a_range_gives_its_first_to_its_last_byte)
class RangeWithoutItsLastByte(HonestDriver):
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        wanted = options.range
        if wanted is not None and wanted.first is not None and wanted.last is not None and wanted.last > wanted.first:
            options = GetOptions(range=ByteRange(wanted.first, wanted.last - 1))
        return super().get_object(bucket, key, options)


@fails(ReadingTests, ReadingTests.test_a_range_gives_its_first_to_its_last_byte)
class SuffixFromTheFront(HonestDriver):
    def chunks(self, bucket: str, key: str, stored: Stored, start: int, stop: int) -> Iterator[bytes]:
        if stop == stored.info.size_bytes:
            start, stop = 0, stop - start
        return super().chunks(bucket, key, stored, start, stop)


@fails(ReadingTests, ReadingTests.test_a_range_without_a_byte_is_refused)
class RangeBeyondTheEndIsEmpty(HonestDriver):
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        size = self.stored(bucket, key).info.size_bytes
        if options.range is not None and (options.range.first or 0) >= size:
            return OpenedObject(self.stored(bucket, key).info, (), content_range=ContentRange(size, size, size))
        return super().get_object(bucket, key, options)


@fails(ReadConditionTests, ReadConditionTests.test_if_match_comes_before_if_unmodified_since)
class TimeBeforeEtag(HonestDriver):
    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        info = self.stored(bucket, key).info
        check_read(info, HeadOptions(if_unmodified_since=options.if_unmodified_since))
        return super().head_object(bucket, key, options)


@fails(ReadConditionTests, ReadConditionTests.test_if_none_match_reads_only_an_object_with_another_etag)
class NotModifiedIsAFailedPrecondition(HonestDriver):
    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        try:
            return super().head_object(bucket, key, options)
        except NotModified:
            raise PreconditionFailed from None


@fails(ReadConditionTests, ReadConditionTests.test_conditions_come_before_the_range)
class RangeBeforeConditions(HonestDriver):
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        if options.range is not None:
            options.range.resolve(self.stored(bucket, key).info.size_bytes)
        return super().get_object(bucket, key, options)


@fails(StreamingTests, StreamingTests.test_a_large_object_is_read_as_it_comes)
class ReadsAllBeforeTheFirstChunk(HonestDriver):
    def chunks(self, bucket: str, key: str, stored: Stored, start: int, stop: int) -> Iterator[bytes]:
        yield b"".join(list(super().chunks(bucket, key, stored, start, stop)))


@fails(StreamingTests, StreamingTests.test_an_overwrite_does_not_show_in_content_that_is_being_read)
class ReadsWhatTheKeyHoldsNow(HonestDriver):
    def chunks(self, bucket: str, key: str, stored: Stored, start: int, stop: int) -> Iterator[bytes]:
        for offset in range(start, stop, 100_000):
            now = self.stored(bucket, key)
            yield from super().chunks(bucket, key, now, offset, min(offset + 100_000, stop))


@fails(StreamingTests, StreamingTests.test_closing_an_unread_object_frees_what_it_holds)
class KeepsConnections(HonestDriver):
    """Gives a connection back at the end of the content, and only there."""

    busy = 0

    def chunks(self, bucket: str, key: str, stored: Stored, start: int, stop: int) -> Iterator[bytes]:
        yield from super().chunks(bucket, key, stored, start, stop)
        self.busy -= 1

    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        if self.busy == 10:
            raise Unavailable("all connections are in use")
        opened = super().get_object(bucket, key, options)
        self.busy += 1
        return opened


@fails(StreamingTests, StreamingTests.test_reading_to_the_end_frees_what_it_holds)
class NeverGivesAConnectionBack(KeepsConnections):
    def chunks(self, bucket: str, key: str, stored: Stored, start: int, stop: int) -> Iterator[bytes]:
        return HonestDriver.chunks(self, bucket, key, stored, start, stop)


@fails(StreamingTests, StreamingTests.test_content_that_breaks_off_is_an_error_of_the_contract)
class FillsUpWhatBrokeOff(HonestDriver):
    def chunks(self, bucket: str, key: str, stored: Stored, start: int, stop: int) -> Iterator[bytes]:
        sent = 0
        try:
            for chunk in super().chunks(bucket, key, stored, start, stop):
                sent += len(chunk)
                yield chunk
        except SdkError:
            yield bytes(stop - start - sent)


class Unguarded(OpenedObject):
    """Hands out its chunks past whoever wraps them."""

    def wrap(self, chunks: Callable[[Iterator[bytes]], Iterator[bytes]]) -> Self:
        return self


class EscapesTheGuard(HonestDriver):
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        stored = self.stored(bucket, key)
        return Unguarded(stored.info, self.chunks(bucket, key, stored, 0, stored.info.size_bytes))


@fails(StreamingTests, StreamingTests.test_content_that_breaks_off_is_an_error_of_the_contract)
class RaisesTheSdksErrorLate(EscapesTheGuard):
    """Its late errors are nobody's."""


@fails(StreamingTests, StreamingTests.test_content_that_breaks_off_is_an_error_of_the_contract)
class EndsEarlyInSilence(EscapesTheGuard):
    def chunks(self, bucket: str, key: str, stored: Stored, start: int, stop: int) -> Iterator[bytes]:
        try:
            yield from super().chunks(bucket, key, stored, start, stop)
        except SdkError:
            return
