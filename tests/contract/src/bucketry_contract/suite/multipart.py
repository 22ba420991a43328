"""Multipart uploads that go well."""

from __future__ import annotations

import pytest
from bucketry import CompletedPart, InvalidKey, NoSuchKey, PreconditionFailed, Store, Unsupported

from bucketry_contract._capabilities import needs
from bucketry_contract._contents import content_of
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._headers import EMPTY, HEADERS, headers_of, kept_or_refused
from bucketry_contract._pages import parts_of
from bucketry_contract._report_notes import Notes
from bucketry_contract._scratch import Bucket
from bucketry_contract._threads import race
from bucketry_contract.suite.write_conditions import any_etag

MULTIPART = ("create_multipart_upload", "upload_part", "complete_multipart_upload")


class MultipartTests(ContractTests):
    """Parts become one object when they are completed, and not before."""

    @needs(*MULTIPART)
    def test_parts_in_any_order_become_one_object_in_the_order_of_their_numbers(
        self, store: Store, bucket: Bucket
    ) -> None:
        size = max(store.capabilities.features.min_part_size, 1000)
        first, last = content_of(size, 1), content_of(100, 2)
        upload = bucket.upload("key")
        three = upload.send(3, iter([last[:40], last[40:]]))
        upload.send(1, b"sent again, and replaced")
        one = upload.send(1, first)
        assert (one.part_number, one.size_bytes) == (1, size)
        answer = upload.complete(one, three)
        assert answer == bucket.head("key")
        assert answer.size_bytes == size + 100
        assert bucket.stored("key") == first + last
        assert bucket.upload_ids() == []

    @needs(*MULTIPART, "complete_subset")
    def test_parts_that_are_not_listed_are_discarded(self, bucket: Bucket) -> None:
        upload = bucket.upload("key")
        upload.send(1, b"unlisted")
        two = upload.send(2, b"listed")
        upload.send(3, b"unlisted too")
        try:
            assert upload.complete(two).size_bytes == len(b"listed")
        except Unsupported:
            assert [part.part_number for part in upload.parts()] == [1, 2, 3], "the upload did not stay as it was"
            raise
        assert bucket.stored("key") == bucket.read("key") == b"listed"
        assert bucket.upload_ids() == []

    @needs(*MULTIPART)
    def test_other_content_that_was_uploaded_in_parts_has_another_etag(self, bucket: Bucket) -> None:
        etags = set()
        for content in (b"one", b"two", b"three"):
            upload = bucket.upload("key")
            etags.add(upload.complete(upload.send(1, content)).etag)
            assert bucket.head("key").etag in etags
        assert len(etags) == 3

    @needs(*MULTIPART)
    def test_parts_may_be_sent_side_by_side(self, store: Store, bucket: Bucket) -> None:
        upload = bucket.upload("key")
        size = max(store.capabilities.features.min_part_size, 1000)
        contents = {1: content_of(size, 1), 2: content_of(size + 1, 2), 3: content_of(1000, 3)}
        parts = race([lambda number=number: upload.send(number, contents[number]) for number in contents])  # type: ignore[misc]
        assert [(part.part_number, part.size_bytes) for part in parts] == [(n, len(contents[n])) for n in contents]
        upload.complete(*parts)
        assert bucket.read("key") == b"".join(contents.values())

    @needs(*MULTIPART)
    def test_the_key_keeps_its_object_until_the_upload_is_completed(self, bucket: Bucket) -> None:
        bucket.put("key", b"old")
        upload = bucket.upload("key")
        part = upload.send(1, b"new")
        assert bucket.stored("key") == bucket.read("key") == b"old"
        upload.complete(part)
        assert bucket.stored("key") == bucket.read("key") == b"new"

    @needs("create_multipart_upload", "upload_part")
    def test_an_upload_in_progress_is_no_object(self, bucket: Bucket) -> None:
        upload = bucket.upload("key")
        upload.send(1)
        assert not bucket.holds("key")
        assert bucket.entries() == []

    @needs(*MULTIPART)
    def test_two_uploads_to_one_key_do_not_mix(self, bucket: Bucket) -> None:
        one, two = bucket.upload("key"), bucket.upload("key")
        assert one.upload_id != two.upload_id
        part_of_one, part_of_two = one.send(1, b"of one"), two.send(1, b"of two")
        two.complete(part_of_two)
        assert bucket.read("key") == b"of two"
        one.complete(part_of_one)
        assert bucket.read("key") == b"of one"

    @pytest.mark.short
    @needs(*MULTIPART)
    def test_the_object_has_the_content_type_that_the_upload_began_with(self, bucket: Bucket) -> None:
        bucket.put("key", content_type="text/css")
        upload = bucket.upload("key", content_type="text/csv")
        upload.complete(upload.send(1))
        assert bucket.head("key").content_type == bucket.listed_info("key").content_type == "text/csv"

    @needs(*MULTIPART, "put_headers", "put_metadata")
    def test_the_object_has_the_headers_that_the_upload_began_with(self, bucket: Bucket) -> None:
        upload = bucket.upload("key", **HEADERS)
        answer = upload.complete(upload.send(1))
        assert headers_of(bucket.head("key")) == HEADERS
        assert answer == bucket.head("key")

    @pytest.mark.short
    @needs(*MULTIPART, "put_metadata")
    def test_an_upload_keeps_metadata_with_an_empty_value_or_is_refused(self, bucket: Bucket, notes: Notes) -> None:
        with kept_or_refused(bucket, "key", notes):
            upload = bucket.upload("key", metadata=EMPTY)
        upload.complete(upload.send(1))
        assert bucket.head("key").metadata == EMPTY

    @needs(*MULTIPART)
    @pytest.mark.parametrize("key", ["a//b", "a/../b", "/a", "a/", "a%2Fb+c d", "é😀", "a\nb", "a\0b"], ids=ascii)
    def test_an_upload_keeps_its_key_byte_for_byte_or_is_refused(self, bucket: Bucket, key: str) -> None:
        try:
            upload = bucket.upload(key)
        except InvalidKey:  # Also of a key that a put can have, where the backend has other ways for uploads.
            assert bucket.upload_ids() == []
            assert bucket.entries() == []
        else:
            upload.complete(upload.send(1, b"content"))
            assert bucket.entries() == [key]
            assert bucket.stored(key) == bucket.read(key) == b"content"

    @needs(*MULTIPART)
    def test_the_last_part_may_have_the_highest_number_and_any_size(self, store: Store, bucket: Bucket) -> None:
        upload = bucket.upload("key")
        upload.complete(upload.send(store.capabilities.features.max_parts, b"x"))
        assert bucket.read("key") == b"x"

    @needs(*MULTIPART)
    def test_a_part_may_be_listed_by_number_and_quoted_etag(self, store: Store, bucket: Bucket) -> None:
        upload = bucket.upload("key")
        part = upload.send(7, b"seven")
        listed = [CompletedPart(7, f'"{part.etag}"')]
        store.complete_multipart_upload(bucket.name, "key", upload.upload_id, listed)
        assert bucket.read("key") == b"seven"

    @needs("create_multipart_upload", "upload_part", "list_parts")
    def test_parts_are_listed_in_the_order_of_their_numbers_page_by_page(self, store: Store, bucket: Bucket) -> None:
        upload = bucket.upload("key")
        assert upload.parts() == []
        sent = {number: upload.send(number, b"x" * number) for number in (10, 2, 1, 11, 9)}
        sent[2] = upload.send(2, b"replaced")
        for limit in (1, 2, 5, 1000):
            parts = parts_of(store, bucket.name, "key", upload.upload_id, limit)
            listed = [(part.part_number, part.size_bytes, part.etag) for part in parts]
            assert listed == [(number, sent[number].size_bytes, sent[number].etag) for number in sorted(sent)]

    @needs(*MULTIPART, "complete_if_match")
    def test_complete_if_match_replaces_only_the_object_with_that_etag(self, bucket: Bucket) -> None:
        old, etag = bucket.put("key", b"old").etag, bucket.put("key", b"current").etag
        upload = bucket.upload("key")
        part = upload.send(1, b"new")
        with pytest.raises(PreconditionFailed):
            upload.complete(part, if_match=old)
        assert bucket.read("key") == b"current"
        upload.complete(part, if_match=etag)
        assert bucket.read("key") == b"new"

    @needs(*MULTIPART, "complete_if_match")
    @any_etag
    def test_complete_if_match_finds_no_key_where_there_is_no_object(self, bucket: Bucket, etag: str) -> None:
        upload = bucket.upload("key")
        part = upload.send(1, b"new")
        with pytest.raises(NoSuchKey) as caught:
            upload.complete(part, if_match=etag)
        assert (caught.value.bucket, caught.value.key) == (bucket.name, "key")
        assert bucket.entries() == []
        upload.complete(part)

    @pytest.mark.short
    @needs(*MULTIPART, "complete_if_none_match")
    def test_complete_if_none_match_writes_only_where_there_is_no_object(self, bucket: Bucket) -> None:
        bucket.put("key", b"current")
        upload = bucket.upload("key")
        part = upload.send(1, b"new")
        with pytest.raises(PreconditionFailed):
            upload.complete(part, if_none_match="*")
        assert bucket.read("key") == b"current"
        bucket.delete("key")
        upload.complete(part, if_none_match="*")
        assert bucket.read("key") == b"new"

    @needs(*MULTIPART, "complete_if_match")
    def test_complete_if_match_with_an_asterisk_replaces_any_object(self, bucket: Bucket) -> None:
        upload = bucket.upload("key")
        part = upload.send(1, b"new")
        with pytest.raises(NoSuchKey):
            upload.complete(part, if_match="*")
        assert not bucket.holds("key")
        bucket.put("key", b"old")
        upload.complete(part, if_match="*")
        assert bucket.read("key") == b"new"
