"""Tags of objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from bucketry import CopyOptions, InvalidArgument, ListOptions, NoSuchKey, ObjectHeaders, ObjectInfo
from bucketry.features import MIB
from bucketry.s3 import MAX_TAG_KEY, MAX_TAG_VALUE, MAX_TAGS

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests, once
from bucketry_contract._headers import HEADERS, headers_of
from bucketry_contract._scratch import Bucket
from bucketry_contract.backend import Backend
from bucketry_contract.suite.multipart import MULTIPART

TAGS = {"colour": "blue", "Colour": "Red", "empty": "", "marks +-=._:/@": "+-=._:/@ marks"}
UNICODE = {"größe": "日本語", "\U00010400": "ё１"}
FULL = {f"{number}".rjust(MAX_TAG_KEY, "k"): f"{number}".rjust(MAX_TAG_VALUE, "v") for number in range(MAX_TAGS)}
TAGGING = ("get_object_tagging", "put_object_tagging", "delete_object_tagging")


class TaggingTests(ContractTests):
    """Tags belong to one object, and change nothing else of it."""

    @needs("get_object_tagging")
    def test_an_object_without_tags_has_none(self, bucket: Bucket) -> None:
        bucket.put("key")
        assert _tags(bucket, "key") == {}
        assert bucket.head("key").tag_count == 0

    @needs("get_object_tagging", "put_tagging")
    @pytest.mark.parametrize("tags", [TAGS, FULL], ids=["few", "full"])
    def test_a_put_gives_the_object_its_tags(self, bucket: Bucket, tags: dict[str, str]) -> None:
        answer = bucket.put("key", tags=tags)
        assert _tags(bucket, "key") == tags
        assert answer == bucket.head("key")
        assert answer.tag_count == len(tags)

    @needs("get_object_tagging", "put_tagging")
    @once
    def test_a_large_body_of_unknown_length_gets_its_tags(self, bucket: Bucket, contract_backend: Backend) -> None:
        most = bucket.store.capabilities.features.max_put_size
        pieces = [bytes(MIB)] * min(contract_backend.part_bytes // MIB + 1, most // MIB)
        answer = bucket.put("key", iter(pieces), tags=TAGS)
        assert _tags(bucket, "key") == TAGS
        assert answer == bucket.head("key")

    @needs("get_object_tagging", "put_object_tagging")
    def test_a_put_leaves_none_of_the_tags_that_were_there(self, bucket: Bucket) -> None:
        bucket.put("key")
        _tag(bucket, "key", {"old": "tag"})
        assert bucket.put("key", b"new").tag_count == 0
        assert _tags(bucket, "key") == {}
        _tag(bucket, "key", {"old": "tag"})
        bucket.delete("key")
        bucket.put("key")
        assert _tags(bucket, "key") == {}

    @needs("get_object_tagging", "put_tagging")
    def test_a_put_with_tags_leaves_none_of_those_that_were_there(self, bucket: Bucket) -> None:
        bucket.put("key", tags={"old": "tag", "both": "old"})
        bucket.put("key", tags={"new": "tag", "both": "new"})
        assert _tags(bucket, "key") == {"new": "tag", "both": "new"}

    @needs("get_object_tagging", "put_object_tagging")
    def test_tags_are_replaced_all_at_once(self, bucket: Bucket) -> None:
        bucket.put_all("key", "key2")
        for tags in ({"a": "1", "b": "2"}, {"b": "3", "c": "4"}, FULL, {}, TAGS):
            _tag(bucket, "key", tags)
            assert _tags(bucket, "key") == tags
            assert bucket.head("key").tag_count == len(tags)
        assert _tags(bucket, "key2") == {}

    @needs("get_object_tagging", "put_object_tagging")
    def test_tags_are_kept_character_for_character_or_refused(self, bucket: Bucket) -> None:
        bucket.put("key")
        _tag(bucket, "key", TAGS)
        try:
            _tag(bucket, "key", UNICODE)
        except InvalidArgument:
            assert _tags(bucket, "key") == TAGS
        else:
            assert _tags(bucket, "key") == UNICODE

    @needs("get_object_tagging", "put_tagging")
    def test_a_put_keeps_tags_character_for_character_or_stores_nothing(self, bucket: Bucket) -> None:
        try:
            bucket.put("key", tags=UNICODE)
        except InvalidArgument:
            assert not bucket.holds("key")
        else:
            assert _tags(bucket, "key") == UNICODE

    @needs(*TAGGING)
    def test_tagging_leaves_the_content_type_and_etag_as_they_were(self, bucket: Bucket) -> None:
        before = bucket.put("key", b"content", content_type="text/css")
        for act in (_tag, _untag):
            act(bucket, "key")
            after = bucket.head("key")
            assert (after.etag, after.size_bytes, after.content_type) == (before.etag, 7, "text/css")
            assert bucket.stored("key") == bucket.read("key") == b"content"

    @needs(*TAGGING, "list_objects")
    def test_tagging_leaves_the_object_in_listings_as_it_was(self, bucket: Bucket) -> None:
        before = bucket.put("key", b"content")
        for act in (_tag, _untag):
            act(bucket, "key")
            (listed,) = bucket.store.list_objects(bucket.name).objects
            assert (listed.key, listed.etag, listed.size_bytes) == ("key", before.etag, 7)
            (listed,) = bucket.store.list_objects(bucket.name, ListOptions(content_type=False)).objects
            assert (listed.key, listed.etag, listed.size_bytes) == ("key", before.etag, 7)

    @needs(*TAGGING, "put_headers", "put_metadata")
    def test_tagging_leaves_headers_and_metadata_as_they_were(self, bucket: Bucket) -> None:
        bucket.put("key", **HEADERS)
        for act in (_tag, _untag):
            act(bucket, "key")
            assert headers_of(bucket.head("key")) == HEADERS

    @pytest.mark.short
    @needs(*TAGGING, *MULTIPART, "get_part_number")
    def test_tagging_leaves_the_parts_as_they_were(self, bucket: Bucket) -> None:
        size = max(bucket.store.capabilities.features.min_part_size, 1000)
        upload = bucket.upload("key")
        upload.complete(upload.send(1, bytes(size)), upload.send(2, b"last"))
        before = [bucket.head("key", part_number=number) for number in (1, 2)]
        assert [info.parts_count for info in before] == [2, 2]
        for act in (_tag, _untag):
            act(bucket, "key")
            after = [bucket.head("key", part_number=number) for number in (1, 2)]
            assert [(info.part_range, info.parts_count) for info in after] == [
                (info.part_range, info.parts_count) for info in before
            ]
            assert bucket.read("key", part_number=2) == b"last"

    @needs("get_object_tagging", "put_tagging")
    def test_tags_in_results_cannot_be_changed(self, bucket: Bucket) -> None:
        bucket.put("key", tags=TAGS)
        bucket.put("without")
        for key in ("key", "without"):
            with pytest.raises(TypeError):
                _tags(bucket, key)["colour"] = "red"  # type: ignore[index]
        assert _tags(bucket, "key") == TAGS

    @pytest.mark.short
    @needs(*TAGGING)
    def test_tags_are_deleted_all_at_once_also_where_there_are_none(self, bucket: Bucket) -> None:
        bucket.put("key")
        _tag(bucket, "key", TAGS)
        for _ in range(2):
            _untag(bucket, "key")
            assert _tags(bucket, "key") == {}
            assert bucket.head("key").tag_count == 0

    @needs(*TAGGING)
    def test_tags_of_an_object_that_does_not_exist_are_not_found(self, bucket: Bucket) -> None:
        bucket.put("missing/below")
        with pytest.raises(NoSuchKey):
            _tags(bucket, "missing")
        with pytest.raises(NoSuchKey):
            _tag(bucket, "missing", TAGS)
        with pytest.raises(NoSuchKey):
            _untag(bucket, "missing")
        assert bucket.entries() == ["missing/below"]

    @needs("get_object_tagging", "put_object_tagging", "copy_object")
    @pytest.mark.parametrize("headers", [None, ObjectHeaders(content_type="text/css")], ids=["same", "new headers"])
    def test_a_copy_has_the_tags_of_its_source(self, bucket: Bucket, headers: ObjectHeaders | None) -> None:
        bucket.put_all("source", "copy")
        _tag(bucket, "source", TAGS)
        _tag(bucket, "copy", {"old": "tag"})
        answer = _copy(bucket, headers=headers)
        assert _tags(bucket, "copy") == TAGS
        assert answer == bucket.head("copy")
        _tag(bucket, "source", {})
        assert _tags(bucket, "copy") == TAGS

    @needs("get_object_tagging", "put_object_tagging", "copy_object")
    def test_a_copy_onto_itself_keeps_its_tags(self, bucket: Bucket) -> None:
        bucket.put("source")
        _tag(bucket, "source", TAGS)
        _copy(bucket, "source", headers=ObjectHeaders(content_type="text/css"))
        assert _tags(bucket, "source") == TAGS

    @needs("get_object_tagging", "put_tagging", "copy_object", "copy_tagging")
    @pytest.mark.parametrize("headers", [None, ObjectHeaders(content_type="text/css")], ids=["same", "new headers"])
    def test_new_tags_of_a_copy_replace_all(self, bucket: Bucket, headers: ObjectHeaders | None) -> None:
        bucket.put("source", tags={"old": "tag", "both": "old"})
        tags = {"new": "tag", "both": "new"}
        answer = _copy(bucket, tags=tags, headers=headers)
        assert _tags(bucket, "copy") == tags
        assert answer == bucket.head("copy")
        assert _tags(bucket, "source") == {"old": "tag", "both": "old"}

    @needs("copy_object", "copy_tagging")
    def test_new_tags_of_a_copy_may_be_none_at_all(self, bucket: Bucket) -> None:
        bucket.put("source")
        _copy(bucket, tags={"old": "tag"})
        bucket.store.copy_object(bucket.name, "copy", bucket.name, "bare", CopyOptions(tags={}))
        assert (bucket.head("copy").tag_count, bucket.head("bare").tag_count) == (1, 0)

    @needs("copy_object", "copy_tagging")
    def test_a_copy_that_is_to_have_no_tags_needs_what_any_tags_need(self, bucket: Bucket) -> None:
        bucket.put("source")
        assert _copy(bucket, tags={}).tag_count == 0

    @needs("get_object_tagging", *MULTIPART, "upload_tagging")
    def test_the_object_has_the_tags_that_the_upload_began_with(self, bucket: Bucket) -> None:
        upload = bucket.upload("key", tags=TAGS)
        answer = upload.complete(upload.send(1))
        assert _tags(bucket, "key") == TAGS
        assert answer == bucket.head("key")

    @needs("get_object_tagging", *MULTIPART, "upload_tagging")
    def test_an_upload_keeps_tags_character_for_character_or_is_not_begun(self, bucket: Bucket) -> None:
        try:
            upload = bucket.upload("key", tags=UNICODE)
        except InvalidArgument:
            assert bucket.upload_ids() == []
        else:
            upload.complete(upload.send(1))
            assert _tags(bucket, "key") == UNICODE

    @needs("get_object_tagging", "put_object_tagging", *MULTIPART)
    def test_an_upload_leaves_none_of_the_tags_that_were_there(self, bucket: Bucket) -> None:
        bucket.put("key")
        _tag(bucket, "key", TAGS)
        upload = bucket.upload("key")
        part = upload.send(1)
        assert _tags(bucket, "key") == TAGS
        upload.complete(part)
        assert _tags(bucket, "key") == {}


def _tags(bucket: Bucket, key: str) -> Mapping[str, str]:
    return bucket.store.get_object_tagging(bucket.name, key)


def _tag(bucket: Bucket, key: str, tags: Mapping[str, str] = TAGS) -> None:
    bucket.store.put_object_tagging(bucket.name, key, tags)


def _untag(bucket: Bucket, key: str) -> None:
    bucket.store.delete_object_tagging(bucket.name, key)


def _copy(bucket: Bucket, key: str = "copy", **options: Any) -> ObjectInfo:
    return bucket.store.copy_object(bucket.name, "source", bucket.name, key, CopyOptions(**options))
