"""Drivers that lose or change the headers of an object."""

from __future__ import annotations

from typing import Any

import msgspec
from bucketry import (
    Body,
    CompletedPart,
    CompleteOptions,
    CopyOptions,
    ObjectHeaders,
    ObjectInfo,
    PutOptions,
)
from bucketry.hookspecs import hookimpl
from bucketry_contract.suite.copying import CopyTests
from bucketry_contract.suite.multipart import MultipartTests
from bucketry_contract.suite.reading import ReadingTests
from bucketry_contract.suite.writing import WritingTests

from tests.contract_self.cases import fails
from tests.contract_self.honest import HonestDriver

_PLAIN = ObjectHeaders()


class LosesAHeader(HonestDriver):
    """Base of drivers that lose one header."""

    field: str

    def without(self, bucket: str, key: str) -> ObjectInfo:
        """Takes the header from an object that is there."""
        stored = self.stored(bucket, key)
        info = msgspec.structs.replace(stored.info, **{self.field: getattr(_PLAIN, self.field)})
        self.bucket(bucket).objects[key] = msgspec.structs.replace(stored, info=info)
        return info


class LosesItOnACopy(LosesAHeader):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        super().copy_object(source_bucket, source_key, bucket, key, options)
        return self.without(bucket, key)


class LosesItBetweenBuckets(LosesAHeader):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        info = super().copy_object(source_bucket, source_key, bucket, key, options)
        return info if source_bucket == bucket else self.without(bucket, key)


class LosesItWithAnUpload(LosesAHeader):
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        super().complete_multipart_upload(bucket, key, upload_id, parts, options)
        return self.without(bucket, key)


class LosesItWithAPut(LosesAHeader):
    def kept_headers(self, headers: ObjectHeaders) -> dict[str, Any]:
        return super().kept_headers(headers) | {self.field: getattr(_PLAIN, self.field)}


for _field in ObjectHeaders.__struct_fields__:
    for _base, _subject, _test in (
        (LosesItOnACopy, CopyTests, CopyTests.test_a_copy_has_the_headers_and_metadata_of_its_source),
        (
            LosesItBetweenBuckets,
            CopyTests,
            CopyTests.test_a_copy_in_another_bucket_has_the_headers_and_metadata_of_its_source,
        ),
        (
            LosesItWithAnUpload,
            MultipartTests,
            MultipartTests.test_the_object_has_the_headers_that_the_upload_began_with,
        ),
        (LosesItWithAPut, CopyTests, CopyTests.test_a_copy_has_each_header_that_is_new),
    ):
        _kind = type(f"{_base.__name__}_{_field}", (_base,), {"field": _field, "__module__": __name__})
        globals()[_kind.__name__] = fails(_subject, _test)(_kind)


@fails(WritingTests, WritingTests.test_a_header_is_kept_without_any_other)
@fails(CopyTests, CopyTests.test_a_copy_has_a_header_of_its_source_without_any_other)
class KeepsALanguageBesideMetadataAlone(HonestDriver):
    def kept_headers(self, headers: ObjectHeaders) -> dict[str, Any]:
        return super().kept_headers(headers) | ({} if headers.metadata else {"content_language": None})


@fails(CopyTests, CopyTests.test_a_copy_onto_itself_keeps_none_of_its_headers_and_metadata)
class ACopyOntoItselfKeepsItsMetadata(HonestDriver):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        if source_key == key and options.headers is not None:
            metadata = {**self.stored(bucket, key).info.metadata, **options.headers.metadata}
            headers = msgspec.structs.replace(options.headers, metadata=metadata)
            options = msgspec.structs.replace(options, headers=headers)
        return super().copy_object(source_bucket, source_key, bucket, key, options)


@fails(CopyTests, CopyTests.test_a_copy_onto_itself_keeps_none_of_its_headers_and_metadata)
class ACopyOntoItselfKeepsItsHeaders(HonestDriver):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        if source_key == key and options.headers is not None:
            old = self.stored(bucket, key).info
            headers = msgspec.structs.replace(options.headers, cache_control=old.cache_control)
            options = msgspec.structs.replace(options, headers=headers)
        return super().copy_object(source_bucket, source_key, bucket, key, options)


@fails(WritingTests, WritingTests.test_a_value_of_metadata_is_kept_character_for_character)
class JoinsRunsOfBlanks(HonestDriver):
    def kept_headers(self, headers: ObjectHeaders) -> dict[str, Any]:
        metadata = {name: " ".join(value.split()) for name, value in headers.metadata.items()}
        return super().kept_headers(headers) | {"metadata": metadata}


@fails(WritingTests, WritingTests.test_metadata_with_an_empty_value_is_kept_or_refused)
@fails(CopyTests, CopyTests.test_a_copy_keeps_metadata_with_an_empty_value_or_is_refused)
@fails(MultipartTests, MultipartTests.test_an_upload_keeps_metadata_with_an_empty_value_or_is_refused)
class LeavesOutEmptyMetadata(HonestDriver):
    def kept_headers(self, headers: ObjectHeaders) -> dict[str, Any]:
        metadata = {name: value for name, value in headers.metadata.items() if value}
        return super().kept_headers(headers) | {"metadata": metadata}


@fails(WritingTests, WritingTests.test_metadata_in_results_cannot_be_changed)
class HandsItsOwnMetadataOut(HonestDriver):
    def kept_headers(self, headers: ObjectHeaders) -> dict[str, Any]:
        return super().kept_headers(headers) | {"metadata": dict(headers.metadata)}


@fails(ReadingTests, ReadingTests.test_other_content_of_unknown_length_has_another_etag)
class HasOneEtagForAllThatIsStreamed(HonestDriver):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        is_streamed = body.length is None
        info = super().put_object(bucket, key, body, options)
        if is_streamed:
            stored = self.stored(bucket, key)
            info = msgspec.structs.replace(info, etag="0" * 32)
            self.bucket(bucket).objects[key] = msgspec.structs.replace(stored, info=info)
        return info
