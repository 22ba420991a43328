"""Reading objects and ranges of them."""

from __future__ import annotations

import pytest
from bucketry import ByteRange, ContentRange, GetOptions, InvalidRange, NoSuchKey, PreconditionFailed
from hypothesis import given
from hypothesis import strategies as st

from bucketry_contract._capabilities import needs
from bucketry_contract._contents import content_of
from bucketry_contract._contract_tests import ContractTests, once
from bucketry_contract._examples import some_examples
from bucketry_contract._scratch import Bucket

SIZE = 1000
LARGE_PIECE = 700_000
"""Bytes. Drivers that keep what comes in pieces keep more than one of these."""

OFFSETS = st.one_of(st.integers(0, SIZE + 50), st.sampled_from([0, 1, SIZE - 1, SIZE, SIZE + 1, 2**40]))


class ReadingTests(ContractTests):
    """Reads return the written bytes, all or a range of them."""

    @needs("get_object", "put_object")
    @pytest.mark.parametrize("size", [0, 1, 1000, 300_000])
    def test_an_object_is_read_back_byte_for_byte(self, bucket: Bucket, size: int) -> None:
        content = content_of(size)
        bucket.put("key", content)
        with bucket.store.get_object(bucket.name, "key") as opened:
            assert (opened.info, opened.content_range) == (bucket.head("key"), None)
            assert opened.length == size
            assert opened.read() == content
        assert bucket.stored("key") == content

    @needs("get_object")
    def test_content_comes_in_chunks_that_are_bytes(self, bucket: Bucket) -> None:
        content = content_of(100_000)
        bucket.put("key", content)
        chunks = list(bucket.store.get_object(bucket.name, "key"))
        assert all(type(chunk) is bytes for chunk in chunks)
        assert b"".join(chunks) == content

    @needs("get_object", "head_object")
    def test_an_object_that_does_not_exist_is_not_found(self, bucket: Bucket) -> None:
        for act in (bucket.head, bucket.read):
            with pytest.raises(NoSuchKey) as caught:
                act("missing")
            assert (caught.value.code, caught.value.bucket, caught.value.key) == ("no_such_key", bucket.name, "missing")

    @needs("head_object")
    def test_head_says_size_etag_time_and_type(self, bucket: Bucket) -> None:
        bucket.put("key", b"12345", content_type="image/png")
        info = bucket.head("key")
        assert (info.key, info.size_bytes, info.content_type) == ("key", 5, "image/png")
        assert info.last_modified.utcoffset() is not None
        assert info.etag.strip('"') == info.etag != ""

    @needs("head_object")
    def test_other_content_has_another_etag(self, bucket: Bucket) -> None:
        etags = {bucket.put("key", content).etag for content in (b"one", b"two", b"", b"onetwo")}
        assert len(etags) == 4

    @needs("head_object")
    @pytest.mark.parametrize("size", [10, 100_000], ids=["small", "large"])
    def test_other_content_of_unknown_length_has_another_etag(self, bucket: Bucket, size: int) -> None:
        contents = [content_of(size, seed) for seed in range(3)]
        etags = [bucket.put(f"key{number}", iter([content])).etag for number, content in enumerate(contents)]
        assert len(set(etags)) == len(contents)
        assert [bucket.head(f"key{number}").etag for number in range(len(contents))] == etags

    @needs("get_object")
    @pytest.mark.parametrize(
        ("wanted", "start", "stop"),
        [
            (ByteRange(0, 0), 0, 1),
            (ByteRange(0, 9), 0, 10),
            (ByteRange(10, 19), 10, 20),
            (ByteRange(0), 0, SIZE),
            (ByteRange(SIZE - 1), SIZE - 1, SIZE),
            (ByteRange(0, SIZE - 1), 0, SIZE),
            (ByteRange(SIZE - 10, SIZE + 10), SIZE - 10, SIZE),
            (ByteRange(None, 1), SIZE - 1, SIZE),
            (ByteRange(None, SIZE), 0, SIZE),
            (ByteRange(None, SIZE + 1), 0, SIZE),
        ],
        ids=str,
    )
    def test_a_range_gives_its_first_to_its_last_byte(
        self, bucket: Bucket, wanted: ByteRange, start: int, stop: int
    ) -> None:
        content = content_of(SIZE)
        bucket.put("key", content)
        with bucket.store.get_object(bucket.name, "key", GetOptions(range=wanted)) as opened:
            assert opened.content_range == ContentRange(start, stop, SIZE)
            assert opened.info.size_bytes == SIZE
            assert opened.length == stop - start
            assert opened.read() == content[start:stop]

    @pytest.mark.short
    @needs("get_object")
    @pytest.mark.parametrize(
        "wanted", [ByteRange(SIZE), ByteRange(SIZE, SIZE + 1), ByteRange(2**40), ByteRange(None, 0)], ids=str
    )
    def test_a_range_without_a_byte_is_refused(self, bucket: Bucket, wanted: ByteRange) -> None:
        bucket.put("key", content_of(SIZE))
        with pytest.raises(InvalidRange) as caught:
            bucket.read("key", range=wanted)
        assert caught.value.code == "invalid_range"

    @needs("get_object")
    @pytest.mark.parametrize("wanted", [ByteRange(None, 1), ByteRange(None, 8), ByteRange(None, 2**62)], ids=str)
    def test_the_last_bytes_of_an_empty_object_are_none(self, bucket: Bucket, wanted: ByteRange) -> None:
        written = bucket.put("key", b"")
        with bucket.store.get_object(bucket.name, "key", GetOptions(range=wanted)) as opened:
            assert (opened.content_range, opened.length) == (ContentRange(0, 0, 0), 0)
            assert (opened.info.size_bytes, opened.info.etag) == (0, written.etag)
            assert opened.read() == b""

    @needs("get_object", "get_if_match")
    def test_a_condition_comes_before_the_last_bytes_of_an_empty_object(self, bucket: Bucket) -> None:
        written = bucket.put("key", b"")
        with pytest.raises(PreconditionFailed):
            bucket.read("key", range=ByteRange(None, 8), if_match="another")
        assert bucket.read("key", range=ByteRange(None, 8), if_match=written.etag) == b""

    @needs("get_object")
    @pytest.mark.parametrize("wanted", [ByteRange(0), ByteRange(0, 0), ByteRange(1), ByteRange(None, 0)], ids=str)
    def test_an_empty_object_has_no_other_range(self, bucket: Bucket, wanted: ByteRange) -> None:
        bucket.put("key", b"")
        with pytest.raises(InvalidRange):
            bucket.read("key", range=wanted)

    @pytest.mark.short
    @needs("get_object")
    @once
    def test_a_range_of_a_large_object_begins_and_ends_anywhere(self, bucket: Bucket) -> None:
        content = content_of(3 * LARGE_PIECE)
        bucket.put(
            "key", iter([content[:LARGE_PIECE], content[LARGE_PIECE : 2 * LARGE_PIECE], content[2 * LARGE_PIECE :]])
        )
        for start in (0, 1, LARGE_PIECE - 1, LARGE_PIECE, LARGE_PIECE + 1, 2 * LARGE_PIECE, 2 * LARGE_PIECE + 1):
            for stop in (start + 1, start + 1000, start + LARGE_PIECE, 3 * LARGE_PIECE):
                wanted = ByteRange(start, min(stop, len(content)) - 1)
                assert bucket.read("key", range=wanted) == content[start:stop], f"bytes {start} to {stop} are others"

    @needs("get_object")
    def test_any_range_is_what_slicing_says(self, bucket: Bucket) -> None:
        content = content_of(SIZE)
        bucket.put("key", content)

        @some_examples(40)
        @given(first=st.none() | OFFSETS, last=OFFSETS | st.none())
        def check(first: int | None, last: int | None) -> None:
            if (first is None and last is None) or (first is not None and last is not None and last < first):
                return
            if first is None:
                model = content[-last:] if last else b""
            else:
                model = content[first:] if last is None else content[first : last + 1]
            if model:
                assert bucket.read("key", range=ByteRange(first, last)) == model
            else:
                with pytest.raises(InvalidRange):
                    bucket.read("key", range=ByteRange(first, last))

        check()
