"""Drivers that write the wrong thing, or write in more than one step."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from bucketry import (
    BadDigest,
    Body,
    CopyOptions,
    IncompleteBody,
    ObjectHeaders,
    ObjectInfo,
    PutOptions,
    Upload,
)
from bucketry.hookspecs import hookimpl
from bucketry.options import WriteConditions
from bucketry_contract.suite.concurrency import ConcurrencyTests
from bucketry_contract.suite.copying import CopyTests
from bucketry_contract.suite.reading import ReadingTests
from bucketry_contract.suite.streaming import StreamingTests
from bucketry_contract.suite.write_conditions import WriteConditionTests
from bucketry_contract.suite.writing import WritingTests

from tests.contract_self.cases import fails
from tests.contract_self.honest import HonestDriver
from tests.contract_self.honest_state import UploadState


@fails(WriteConditionTests, WriteConditionTests.test_put_if_match_replaces_only_the_object_with_that_etag)
class IgnoresIfMatch(HonestDriver):
    def check_write(self, bucket: str, key: str, conditions: WriteConditions | PutOptions) -> None:
        super().check_write(bucket, key, WriteConditions(if_none_match=conditions.if_none_match))


@fails(WriteConditionTests, WriteConditionTests.test_put_if_none_match_writes_only_where_there_is_no_object)
class IgnoresIfNoneMatch(HonestDriver):
    def check_write(self, bucket: str, key: str, conditions: WriteConditions | PutOptions) -> None:
        super().check_write(bucket, key, WriteConditions(if_match=conditions.if_match))


class ChecksBeforeTheBody(HonestDriver):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        self.check_write(bucket, key, options)
        return self.replace(bucket, key, self.pull(bucket, key, body), options)


fails(
    WriteConditionTests,
    WriteConditionTests.test_of_a_writer_and_one_that_comes_while_its_body_is_on_its_way_one_wins,
)(ChecksBeforeTheBody)
fails(
    WriteConditionTests,
    WriteConditionTests.test_an_object_that_changes_while_the_body_is_on_its_way_fails_if_match,
)(ChecksBeforeTheBody)


@fails(ConcurrencyTests, ConcurrencyTests.test_of_many_writers_with_if_none_match_exactly_one_wins)
class ChecksAndWritesInTwoSteps(HonestDriver):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        pieces = self.pull(bucket, key, body)
        self.check_write(bucket, key, options)
        time.sleep(0.005)
        return self.replace(bucket, key, pieces, options)


@fails(ConcurrencyTests, ConcurrencyTests.test_of_many_copies_with_if_none_match_exactly_one_is_made)
class ChecksAndCopiesInTwoSteps(HonestDriver):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        self.check_write(bucket, key, options)
        time.sleep(0.005)
        unchecked = msgspec.structs.replace(options, if_none_match=None)
        return super().copy_object(source_bucket, source_key, bucket, key, unchecked)


@fails(ConcurrencyTests, ConcurrencyTests.test_nothing_is_lost_when_many_put_list_and_delete)
class LosesWritesOfOthers(HonestDriver):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        state = self.bucket(bucket)
        before = dict(state.objects)
        info = super().put_object(bucket, key, body, options)
        time.sleep(0.002)
        state.objects = before | {key: state.objects[key]} if key in state.objects else before
        return info


@fails(WritingTests, WritingTests.test_nobody_sees_an_object_before_it_is_whole)
class ShowsHalfAnObject(HonestDriver):
    def pull(self, bucket: str, key: str, body: Body) -> tuple[bytes, ...]:
        pieces: list[bytes] = []
        for piece in body:
            pieces.append(piece)
            self.replace(bucket, key, tuple(pieces), ObjectHeaders())
        return tuple(pieces)


@fails(WritingTests, WritingTests.test_a_body_that_breaks_off_leaves_the_old_object)
class StoresWhatCame(HonestDriver):
    def pull(self, bucket: str, key: str, body: Body) -> tuple[bytes, ...]:
        pieces = []
        try:
            for piece in body:
                pieces.append(piece)  # noqa: PERF402 - what came before the error is kept
        except Exception:
            self.replace(bucket, key, tuple(pieces), ObjectHeaders())
            raise
        return tuple(pieces)


@fails(WritingTests, WritingTests.test_a_body_that_breaks_off_stores_nothing)
class TakesABrokenBodyForAWhole(HonestDriver):
    def pull(self, bucket: str, key: str, body: Body) -> tuple[bytes, ...]:
        try:
            return super().pull(bucket, key, body)
        except (IncompleteBody, BadDigest):
            return ()


@fails(WritingTests, WritingTests.test_a_large_body_that_breaks_off_leaves_no_parts_behind)
class LeaksParts(HonestDriver):
    def pull(self, bucket: str, key: str, body: Body) -> tuple[bytes, ...]:
        first = body.read(1024**2)
        if len(first) < 1024**2:
            return (first,)
        begun = Upload(key=key, upload_id="of a put", initiated_at=self.bucket(bucket).created_at)
        self.bucket(bucket).uploads[begun.upload_id] = UploadState(begun, ObjectHeaders())
        pieces = (first, *body)
        del self.bucket(bucket).uploads[begun.upload_id]
        return pieces


@fails(StreamingTests, StreamingTests.test_a_large_body_is_pulled_as_it_is_stored)
class TakesTheBodyInOnePiece(HonestDriver):
    def pull(self, bucket: str, key: str, body: Body) -> tuple[bytes, ...]:
        return (body.read(),)


@fails(StreamingTests, StreamingTests.test_a_large_body_is_pulled_as_it_is_stored)
class HoldsTheBodyTwice(HonestDriver):
    def pull(self, bucket: str, key: str, body: Body) -> tuple[bytes, ...]:
        return (b"".join(list(body)),)


@fails(WritingTests, WritingTests.test_metadata_is_kept)
class ForgetsMetadata(HonestDriver):
    def kept_headers(self, headers: ObjectHeaders) -> dict[str, Any]:
        return super().kept_headers(headers) | {"metadata": {}}


@fails(WritingTests, WritingTests.test_headers_are_kept)
class ForgetsHeaders(HonestDriver):
    def kept_headers(self, headers: ObjectHeaders) -> dict[str, Any]:
        return {"content_type": headers.content_type, "metadata": headers.metadata}


@fails(WritingTests, WritingTests.test_an_object_has_a_content_type_always)
class GuessesContentTypes(HonestDriver):
    def kept_headers(self, headers: ObjectHeaders) -> dict[str, Any]:
        return super().kept_headers(headers) | {"content_type": "text/html"}


@fails(WritingTests, WritingTests.test_the_answer_of_a_put_is_what_head_says)
class AnswersWithAnotherEtag(HonestDriver):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        return msgspec.structs.replace(super().put_object(bucket, key, body, options), etag="another")


@fails(ReadingTests, ReadingTests.test_other_content_has_another_etag)
class EtagIsTheSize(HonestDriver):
    def etag(self, pieces: object) -> str:
        return str(sum(map(len, pieces)))  # type: ignore[call-overload]


@fails(CopyTests, CopyTests.test_a_copy_has_the_content_and_type_of_its_source)
class CopiesWithoutHeaders(HonestDriver):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        plain = CopyOptions(if_match=options.if_match, headers=options.headers or ObjectHeaders())
        return super().copy_object(source_bucket, source_key, bucket, key, plain)


@fails(CopyTests, CopyTests.test_new_headers_replace_all_headers_and_metadata)
class CopiesWithOldMetadata(HonestDriver):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        return super().copy_object(
            source_bucket,
            source_key,
            bucket,
            key,
            CopyOptions(if_match=options.if_match) if source_key != key else options,
        )


@fails(CopyTests, CopyTests.test_copy_source_if_match_copies_only_the_object_with_that_etag)
class IgnoresSourceIfMatch(HonestDriver):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        kept = CopyOptions(if_match=options.if_match, if_none_match=options.if_none_match, headers=options.headers)
        return super().copy_object(source_bucket, source_key, bucket, key, kept)


@fails(ConcurrencyTests, ConcurrencyTests.test_a_reader_sees_one_whole_version_while_others_copy)
class CopiesPieceByPiece(HonestDriver):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        self.replace(bucket, key, (self.stored(source_bucket, source_key).pieces[0][:10],), ObjectHeaders())
        time.sleep(0.05)
        return super().copy_object(source_bucket, source_key, bucket, key, options)
