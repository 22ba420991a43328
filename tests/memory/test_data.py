"""Pieces and ranges, against a plain ``bytes``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bucketry import Body, ByteRange, GetOptions, InvalidRange
from bucketry_memory.content import PIECE_BYTES, Pieces, chunks, joined, pull
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.memory.opened import BUCKET, MIB, make_driver, make_store

PIECES = st.lists(st.binary(max_size=20), max_size=12)


@settings(deadline=None)
@given(PIECES, st.integers(0, 250), st.integers(0, 250))
def test_a_range_of_pieces_is_that_range_of_the_bytes(pieces: list[bytes], start: int, length: int) -> None:
    whole = b"".join(pieces)
    start = min(start, len(whole))
    stop = min(start + length, len(whole))
    content = joined(pieces)

    given_out = list(chunks(content, start, stop))

    assert len(content) == len(whole)
    assert b"".join(given_out) == whole[start:stop]
    assert all(given_out)


@settings(deadline=None)
@given(PIECES, PIECES)
def test_joining_copies_no_piece(first: list[bytes], second: list[bytes]) -> None:
    content = joined([Pieces(first), Pieces(second)])

    kept = [content] if isinstance(content, bytes) else list(content)
    wanted = [piece for piece in first + second if piece]
    assert [id(piece) for piece in kept if piece] == [id(piece) for piece in wanted]


def broken_into(whole: bytes, sizes: list[int]) -> Iterator[bytes]:
    begin = 0
    for size in sizes:
        yield whole[begin : begin + size]
        begin += size
    yield whole[begin:]


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([1, 100, 65_535, 65_536, 65_537, 500_000, MIB, 1_500_000]), max_size=8),
    st.booleans(),
    st.integers(0, 4 * MIB),
    st.integers(1, 2 * MIB),
)
def test_whatever_pieces_a_body_comes_in_it_is_stored_whole(
    sizes: list[int], known: bool, first: int, length: int
) -> None:
    whole = bytes(range(251)) * (sum(sizes) // 251 + 1)
    store, _ = make_store()

    store.put_object(BUCKET, "key", Body(broken_into(whole, sizes), len(whole) if known else None))

    with store.get_object(BUCKET, "key") as opened:
        given_out = list(opened)
    assert b"".join(given_out) == whole
    assert max(map(len, given_out)) <= PIECE_BYTES
    wanted = GetOptions(range=ByteRange(first, first + length - 1))
    if first < len(whole):
        assert store.get_object(BUCKET, "key", wanted).read() == whole[first : first + length]
    else:
        with pytest.raises(InvalidRange):
            store.get_object(BUCKET, "key", wanted)


def test_many_tiny_pieces_become_few_large_ones() -> None:
    driver = make_driver()

    content, reserved = pull(Body(bytes(100) for _ in range(3 * MIB // 100)), driver._quota)

    assert isinstance(content, Pieces)
    assert len(list(content)) == 3
    assert reserved == len(content) == 3 * MIB // 100 * 100


@pytest.mark.parametrize("size", [0, 1, 1000, 64 * 1024, 64 * 1024 + 1, MIB])
def test_a_small_object_that_is_read_whole_is_the_very_object_that_was_written(size: int) -> None:
    store, _ = make_store()
    data = bytes(size)

    store.put_object(BUCKET, "key", data)

    assert store.get_object(BUCKET, "key").read() is data


def test_one_large_bytes_is_stored_as_it_is() -> None:
    store, driver = make_store()
    data = bytes(3 * MIB + 1)

    store.put_object(BUCKET, "key", data)

    assert driver._buckets[BUCKET].objects["key"].content is data


def test_an_empty_object_has_no_chunks() -> None:
    store, _ = make_store()

    store.put_object(BUCKET, "key", b"")

    assert list(store.get_object(BUCKET, "key")) == []


def test_a_copy_shares_its_bytes_with_the_original() -> None:
    store, driver = make_store()
    store.put_object(BUCKET, "key", bytes(3 * MIB))

    store.copy_object(BUCKET, "key", BUCKET, "copy")

    objects = driver._buckets[BUCKET].objects
    assert objects["copy"].content is objects["key"].content


def test_what_is_open_stays_what_it_was_when_the_object_is_replaced_or_deleted() -> None:
    store, _ = make_store()
    first = bytes([1]) * (3 * MIB)
    store.put_object(BUCKET, "key", first)
    opened = store.get_object(BUCKET, "key")
    chunks_of_it = iter(opened)
    begun = next(chunks_of_it)

    store.put_object(BUCKET, "key", bytes([2]) * (3 * MIB))
    store.delete_object(BUCKET, "key")

    assert begun + b"".join(chunks_of_it) == first
