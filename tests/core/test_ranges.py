"""Byte ranges mean what RFC 9110 says."""

from __future__ import annotations

import pytest
from bucketry import ByteRange, ContentRange, InvalidArgument, InvalidRange
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-", (0, 10)),
        ("bytes=3-5", (3, 6)),
        ("bytes=9-99", (9, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-99", (0, 10)),
        ("BYTES=3-5", (3, 6)),
        ("Bytes=-3", (7, 10)),
        ("bytes=3-" + "9" * 20, (3, 10)),
        ("bytes=-" + "9" * 5000, (0, 10)),
        ("bytes=" + "0" * 5000 + "3-" + "0" * 30 + "5", (3, 6)),
        (" bytes=1-1 ", (1, 2)),
    ],
)
def test_a_range_of_ten_bytes(header: str, expected: tuple[int, int]) -> None:
    assert ByteRange.parse(header).resolve(10) == ContentRange(*expected, 10)


@pytest.mark.parametrize(
    "header", ["bytes=10-", "bytes=99-100", "bytes=-0", f"bytes={'9' * 20}-", f"bytes={'9' * 5000}-{'9' * 5001}"]
)
def test_a_range_beyond_the_end_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(InvalidRange, match="10 bytes"):
        ByteRange.parse(header).resolve(10)


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=0-0", "bytes=1-", "bytes=-0"])
def test_no_other_range_of_an_empty_object_than_its_last_bytes_can_be_satisfied(header: str) -> None:
    with pytest.raises(InvalidRange, match="0 bytes"):
        ByteRange.parse(header).resolve(0)


@pytest.mark.parametrize("header", ["bytes=-1", "bytes=-8", "bytes=-9999999999999999999"])
def test_the_last_bytes_of_an_empty_object_are_none(header: str) -> None:
    assert ByteRange.parse(header).resolve(0) == ContentRange(0, 0, 0)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=1-2,4-5",
        "items=0-1",
        "bytes=5-3",
        "bytes=٣-",
    ],
)
def test_a_malformed_range_is_refused(header: str) -> None:
    with pytest.raises(InvalidArgument):
        ByteRange.parse(header)


@pytest.mark.parametrize("wrong", [ByteRange(None), ByteRange(-1), ByteRange(0, -1), ByteRange(2, 1)])
def test_a_range_made_by_hand_is_checked_too(wrong: ByteRange) -> None:
    with pytest.raises(InvalidArgument):
        wrong.checked()


@given(st.integers(0, 20), st.integers(0, 20), st.binary(max_size=20))
def test_a_range_is_a_slice(first: int, extra: int, content: bytes) -> None:
    last = first + extra
    try:
        found = ByteRange(first, last).resolve(len(content))
    except InvalidRange:
        assert content[first : last + 1] == b""
    else:
        assert content[found.start : found.stop] == content[first : last + 1]
        assert str(found) == f"bytes {found.start}-{found.stop - 1}/{len(content)}"


@given(st.integers(0, 10**18 - 1), st.integers(0, 10**10))
def test_a_range_is_written_as_it_is_read(first: int, extra: int) -> None:
    for wanted in (ByteRange(first), ByteRange(None, first), ByteRange(first, min(first + extra, 10**18 - 1))):
        assert ByteRange.parse(str(wanted)) == wanted
