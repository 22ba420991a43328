"""Copies within a store."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bucketry import (
    InvalidArgument,
    NoSuchBucket,
    NoSuchKey,
    ObjectHeaders,
    PreconditionFailed,
)

from bucketry_contract._capabilities import needs
from bucketry_contract._contents import content_of
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._headers import EMPTY, HEADERS, each_header, headers_of, kept_or_refused
from bucketry_contract._report_notes import Notes
from bucketry_contract._scratch import Bucket, Scratch
from bucketry_contract.suite.multipart import MULTIPART
from bucketry_contract.suite.write_conditions import any_etag


class CopyTests(ContractTests):
    """A copy is a put whose body is in the store already."""

    @pytest.mark.short
    @needs("copy_object")
    def test_a_copy_has_the_content_and_type_of_its_source(self, bucket: Bucket) -> None:
        content = content_of(100_000)
        source = bucket.put("source", content, content_type="text/csv")
        answer = bucket.copy("source", "copy")
        assert answer == bucket.head("copy")
        assert (answer.key, answer.size_bytes, answer.content_type) == ("copy", len(content), "text/csv")
        assert bucket.stored("copy") == bucket.read("copy") == content
        assert bucket.head("source") == source
        assert bucket.entries() == ["copy", "source"]

    @needs("copy_object", "put_headers", "put_metadata")
    def test_a_copy_has_the_headers_and_metadata_of_its_source(self, bucket: Bucket) -> None:
        bucket.put("source", **HEADERS)
        answer = bucket.copy("source", "copy")
        assert headers_of(bucket.head("copy")) == headers_of(bucket.head("source")) == HEADERS
        assert answer == bucket.head("copy")

    @pytest.mark.parametrize("name", each_header("copy_object"))
    def test_a_copy_has_a_header_of_its_source_without_any_other(self, bucket: Bucket, name: str) -> None:
        bucket.put("source", **{name: HEADERS[name]})
        bucket.copy("source", "copy")
        assert headers_of(bucket.head("copy")) == headers_of(ObjectHeaders()) | {name: HEADERS[name]}

    @pytest.mark.short
    @needs("copy_object", "put_metadata")
    def test_a_copy_keeps_metadata_with_an_empty_value_or_is_refused(self, bucket: Bucket, notes: Notes) -> None:
        bucket.put("source")
        with kept_or_refused(bucket, "copy", notes):
            bucket.copy("source", "copy", headers=ObjectHeaders(metadata=EMPTY))
        bucket.copy("copy", "copy of it")
        assert bucket.head("copy").metadata == bucket.head("copy of it").metadata == EMPTY

    @needs("copy_object", "put_headers", "put_metadata")
    def test_a_copy_in_another_bucket_has_the_headers_and_metadata_of_its_source(
        self, bucket: Bucket, new_bucket: Callable[[], Bucket]
    ) -> None:
        other = new_bucket()
        bucket.put("key", **HEADERS)
        bucket.store.copy_object(bucket.name, "key", other.name, "key")
        assert headers_of(other.head("key")) == HEADERS

    @needs("copy_object", "put_metadata")
    def test_new_headers_replace_all_headers_and_metadata(self, bucket: Bucket) -> None:
        bucket.put("source", b"content", content_type="text/css", metadata={"colour": "blue", "shape": "round"})
        bucket.copy("source", "copy", headers=ObjectHeaders(content_type="text/html", metadata={"colour": "red"}))
        copy = bucket.head("copy")
        assert (copy.content_type, copy.metadata) == ("text/html", {"colour": "red"})
        assert bucket.read("copy") == b"content"
        assert bucket.head("source").metadata == {"colour": "blue", "shape": "round"}

    @needs("copy_object", "put_metadata")
    def test_new_metadata_of_a_copy_needs_what_it_needs_of_a_put(self, bucket: Bucket) -> None:
        bucket.put("source")
        bucket.copy("source", "copy", headers=ObjectHeaders(metadata={"colour": "red"}))
        assert bucket.head("copy").metadata == {"colour": "red"}

    @needs("copy_object", "put_headers")
    def test_new_headers_of_a_copy_need_what_they_need_of_a_put(self, bucket: Bucket) -> None:
        bucket.put("source")
        bucket.copy(
            "source",
            "copy",
            headers=ObjectHeaders(cache_control="no-store", expires="Sun, 06 Nov 1994 08:49:37 GMT"),
        )
        copy = bucket.head("copy")
        assert (copy.cache_control, copy.expires) == ("no-store", "Sun, 06 Nov 1994 08:49:37 GMT")

    @needs("copy_object")
    def test_a_copy_onto_itself_replaces_the_headers_and_keeps_the_content(self, bucket: Bucket) -> None:
        content = content_of(1000)
        etag = bucket.put("key", content, content_type="text/css").etag
        answer = bucket.copy("key", "key", headers=ObjectHeaders(content_type="text/html"))
        assert answer == bucket.head("key")
        assert (answer.content_type, answer.size_bytes, answer.etag) == ("text/html", 1000, etag)
        assert bucket.read("key") == content

    @needs("copy_object", "put_headers", "put_metadata")
    def test_a_copy_onto_itself_keeps_none_of_its_headers_and_metadata(self, bucket: Bucket) -> None:
        bucket.put("key", b"content", **HEADERS)
        new = ObjectHeaders(content_type="text/html", metadata={"shape": "round"})
        for headers in (new, ObjectHeaders()):
            answer = bucket.copy("key", "key", headers=headers)
            assert headers_of(bucket.head("key")) == {name: getattr(headers, name) for name in HEADERS}
            assert answer == bucket.head("key")
        assert bucket.read("key") == b"content"

    @needs("copy_object", "put_headers", "put_metadata")
    @pytest.mark.parametrize("key", ["copy", "source"])
    def test_a_copy_has_each_header_that_is_new(self, bucket: Bucket, key: str) -> None:
        bucket.put("source", b"content")
        bucket.copy("source", key, headers=ObjectHeaders(**HEADERS))
        assert headers_of(bucket.head(key)) == HEADERS

    def test_a_copy_onto_itself_that_changes_nothing_is_refused(self, bucket: Bucket) -> None:
        before = bucket.put("key")
        with pytest.raises(InvalidArgument):
            bucket.copy("key", "key")
        assert bucket.head("key") == before

    @needs("copy_object")
    def test_a_copy_replaces_what_was_there(self, bucket: Bucket) -> None:
        bucket.put("source", b"new")
        bucket.put("copy", b"rather longer than the new one")
        bucket.copy("source", "copy")
        assert bucket.read("copy") == b"new"

    @needs("copy_object")
    def test_a_copy_lives_on_without_its_source(self, bucket: Bucket) -> None:
        bucket.put("source", b"content")
        bucket.copy("source", "copy")
        bucket.put("source", b"changed")
        bucket.delete("source")
        assert bucket.read("copy") == b"content"

    @needs("copy_object")
    def test_a_copy_may_go_to_another_bucket(self, bucket: Bucket, new_bucket: Callable[[], Bucket]) -> None:
        other = new_bucket()
        bucket.put("key", b"content")
        bucket.store.copy_object(bucket.name, "key", other.name, "key")
        assert other.read("key") == bucket.read("key") == b"content"

    @needs("copy_object")
    def test_a_source_that_does_not_exist_is_not_found(self, bucket: Bucket, scratch: Scratch) -> None:
        bucket.put("copy", b"old")
        with pytest.raises(NoSuchKey):
            bucket.copy("missing", "copy")
        assert bucket.read("copy") == b"old"
        missing = scratch.new_name()
        with pytest.raises(NoSuchBucket):
            bucket.store.copy_object(missing, "copy", bucket.name, "copy")
        with pytest.raises(NoSuchBucket):
            bucket.store.copy_object(bucket.name, "copy", missing, "copy")

    @needs("copy_object", "copy_if_match")
    def test_copy_if_match_replaces_only_the_object_with_that_etag(self, bucket: Bucket) -> None:
        source, etag = bucket.put("source", b"new").etag, bucket.put("copy", b"old").etag
        with pytest.raises(PreconditionFailed):
            bucket.copy("source", "copy", if_match=source)
        assert bucket.read("copy") == b"old"
        bucket.copy("source", "copy", if_match=etag)
        assert bucket.read("copy") == b"new"

    @needs("copy_object", "copy_if_match")
    @any_etag
    def test_copy_if_match_finds_no_key_where_there_is_no_object(self, bucket: Bucket, etag: str) -> None:
        bucket.put("source")
        with pytest.raises(NoSuchKey) as caught:
            bucket.copy("source", "missing", if_match=etag)
        assert (caught.value.bucket, caught.value.key) == (bucket.name, "missing")
        assert bucket.entries() == ["source"]

    @pytest.mark.short
    @needs("copy_object", "copy_own_etag", *MULTIPART)
    def test_a_copy_of_an_object_that_was_uploaded_in_parts_has_the_etag_of_a_put(self, bucket: Bucket) -> None:
        plain = bucket.put("plain", b"content").etag
        upload = bucket.upload("source")
        whole = upload.complete(upload.send(1, b"content"))
        assert bucket.copy("source", "copy").etag == bucket.head("copy").etag == plain
        assert bucket.head("source") == whole
        itself = bucket.copy("source", "source", headers=ObjectHeaders(content_type="text/html"))
        assert itself.etag == bucket.head("source").etag == plain
        assert bucket.stored("copy") == bucket.read("source") == b"content"

    @needs("copy_object", "copy_if_match")
    def test_copy_if_match_with_an_asterisk_replaces_any_object(self, bucket: Bucket) -> None:
        bucket.put_all("source", "copy")
        bucket.copy("source", "copy", if_match="*")
        with pytest.raises(NoSuchKey):
            bucket.copy("source", "missing", if_match="*")
        assert bucket.read("copy") == b"source"
        assert bucket.entries() == ["copy", "source"]

    @needs("copy_object", "copy_if_none_match")
    def test_copy_if_none_match_writes_only_where_there_is_no_object(self, bucket: Bucket) -> None:
        bucket.put_all("source", "taken")
        bucket.copy("source", "free", if_none_match="*")
        with pytest.raises(PreconditionFailed):
            bucket.copy("source", "taken", if_none_match="*")
        assert (bucket.read("free"), bucket.read("taken")) == (b"source", b"taken")

    @needs("copy_object", "copy_source_if_match")
    def test_copy_source_if_match_copies_only_the_object_with_that_etag(self, bucket: Bucket) -> None:
        old, etag = bucket.put("source", b"old").etag, bucket.put("source", b"new").etag
        with pytest.raises(PreconditionFailed):
            bucket.copy("source", "copy", source_if_match=old)
        assert bucket.entries() == ["source"]
        bucket.copy("source", "copy", source_if_match=etag)
        assert bucket.read("copy") == b"new"

    @needs("copy_object", "copy_source_if_match")
    def test_copy_source_if_match_with_an_asterisk_copies_any_object(self, bucket: Bucket) -> None:
        bucket.put("source", b"content")
        bucket.copy("source", "copy", source_if_match="*")
        assert bucket.read("copy") == b"content"
        with pytest.raises(NoSuchKey):
            bucket.copy("missing", "copy", source_if_match="*")
