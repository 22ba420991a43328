"""Large contents, contents that break off, and contents that nobody reads to the end."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from itertools import islice

import pytest
from bucketry import Body, NoSuchKey, OpenedObject, Store, Unavailable
from bucketry.features import MIB

from bucketry_contract._capabilities import needs
from bucketry_contract._contents import WatchedBody, content_of
from bucketry_contract._contract_tests import ContractTests, once
from bucketry_contract._scratch import Bucket

LARGE = 64 * MIB
"""Bytes. More than any driver keeps in memory of an object in transit; a driver may keep half of it, a few parts."""


class StreamingTests(ContractTests):
    """Memory does not grow with the object, and content that ends early is an error."""

    effort = 1

    @needs("put_object", "get_object")
    @once
    @pytest.mark.parametrize("is_known", [True, False], ids=["known length", "unknown length"])
    def test_a_large_body_is_pulled_as_it_is_stored(self, bucket: Bucket, is_known: bool) -> None:
        size = _large(bucket.store)
        body = WatchedBody(_zeros(size), size if is_known else None)
        peak, kept = _traced(lambda: bucket.put("large", body))
        assert body.bytes_read == size
        assert body.largest_read <= size // 2, "the driver took the body in one piece"
        # A driver that keeps its objects in memory keeps this one; what is above that was held twice.
        assert peak - kept <= size // 2, "the driver held the body in memory"
        assert bucket.head("large").size_bytes == size

    @needs("put_object", "get_object")
    @once
    def test_a_large_object_is_read_as_it_comes(self, bucket: Bucket) -> None:
        size = _large(bucket.store)
        bucket.put("large", Body(_zeros(size), size))
        sizes: list[int] = []
        peak, _ = _traced(lambda: sizes.extend(map(len, bucket.store.get_object(bucket.name, "large"))))
        assert sum(sizes) == size
        assert peak <= size // 2, "the driver held the object in memory"

    @needs("get_object")
    def test_an_overwrite_does_not_show_in_content_that_is_being_read(self, bucket: Bucket) -> None:
        old = content_of(MIB, 1)
        bucket.put("key", old)
        with bucket.store.get_object(bucket.name, "key") as opened:
            chunks = iter(opened)
            first = next(chunks)
            bucket.put("key", content_of(MIB, 2))
            assert first + b"".join(chunks) == old

    @needs("get_object")
    def test_a_delete_does_not_show_in_content_that_is_being_read(self, bucket: Bucket) -> None:
        old = content_of(MIB, 1)
        bucket.put("key", old)
        with bucket.store.get_object(bucket.name, "key") as opened:
            chunks = iter(opened)
            first = next(chunks)
            bucket.delete("key")
            assert first + b"".join(chunks) == old
        with pytest.raises(NoSuchKey):
            bucket.read("key")

    @pytest.mark.short
    @needs("get_object")
    def test_closing_an_unread_object_frees_what_it_holds(self, bucket: Bucket) -> None:
        bucket.put("key", content_of(MIB))
        for number in range(60):
            opened = bucket.store.get_object(bucket.name, "key")
            if number % 2:
                next(iter(opened))
            opened.close()
            opened.close()
        assert bucket.head("key").size_bytes == MIB

    @needs("get_object")
    def test_reading_to_the_end_frees_what_it_holds(self, bucket: Bucket) -> None:
        bucket.put("key", b"content")
        for number in range(60):
            opened = bucket.store.get_object(bucket.name, "key")
            content = opened.read() if number % 2 else b"".join(opened)
            assert content == b"content"

    @needs("get_object")
    def test_many_objects_may_be_open_at_once(self, bucket: Bucket) -> None:
        bucket.put_all("a", "b", "c", "d")
        opened = [bucket.store.get_object(bucket.name, key) for key in "abcd"]
        assert [reader.read() for reader in reversed(opened)] == [b"d", b"c", b"b", b"a"]

    @pytest.mark.short
    def test_content_that_breaks_off_is_an_error_of_the_contract(self, bucket_on: Callable[[str], Bucket]) -> None:
        bucket = bucket_on("breaking_reads")
        bucket.put("key", content_of(4 * MIB))
        reads: list[Callable[[OpenedObject], object]] = [OpenedObject.read, list]
        for read in reads:
            with pytest.raises(Unavailable) as caught:
                read(bucket.store.get_object(bucket.name, "key"))
            assert (caught.value.code, caught.value.bucket, caught.value.key) == ("unavailable", bucket.name, "key")


def _large(store: Store) -> int:
    return min(LARGE, store.capabilities.features.max_put_size)


def _zeros(size_bytes: int) -> Iterator[bytes]:
    # A new object for each piece: one that is shared would take no memory.
    return islice(iter(lambda: bytes(MIB), None), size_bytes // MIB)


def _traced(act: Callable[[], object]) -> tuple[int, int]:
    """Calls a function. Returns the peak of Python's memory during the call, and its memory after it, in bytes."""
    tracemalloc.start()
    try:
        act()
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return peak, after
