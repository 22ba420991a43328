"""Cursors: a written cursor can be read again, and any other text is refused."""

from __future__ import annotations

import string

import msgspec
import pytest
from bucketry import InvalidArgument
from bucketry.cursors import decode_cursor, encode_cursor
from hypothesis import given
from hypothesis import strategies as st

LISTING = "acme objects"
SAFE = frozenset(string.ascii_letters + string.digits + "-_")


class Place(msgspec.Struct, frozen=True, array_like=True):
    key: bytes
    number: int


@given(st.text(st.characters(codec="utf-8")))
def test_a_key_comes_back_and_the_cursor_needs_no_encoding(key: str) -> None:
    cursor = encode_cursor(LISTING, key)
    assert decode_cursor(LISTING, cursor, str) == key
    assert set(cursor) <= SAFE


@pytest.mark.parametrize("position", [0, 10_000, b"\xff\0", ("a", b"b", 3), ""])
def test_any_position_comes_back(position: object) -> None:
    kind = tuple[str, bytes, int] if isinstance(position, tuple) else type(position)
    assert decode_cursor(LISTING, encode_cursor(LISTING, position), kind) == position


def test_a_struct_comes_back() -> None:
    assert decode_cursor(LISTING, encode_cursor(LISTING, Place(b"key", 7)), Place) == Place(b"key", 7)


def test_the_longest_key_makes_a_cursor_that_the_store_takes() -> None:
    assert len(encode_cursor(LISTING, "x" * 1024)) < 1500


@pytest.mark.parametrize("listing", ["acme uploads", "other objects", "acme", "acme objects ", ""])
def test_a_cursor_of_another_listing_is_refused(listing: str) -> None:
    with pytest.raises(InvalidArgument, match="belongs to another listing"):
        decode_cursor(LISTING, encode_cursor(listing, "key"), str)


@given(st.text(max_size=64))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        decode_cursor(LISTING, text, str)


@pytest.mark.parametrize("kind", [int, bytes, tuple[str, str], Place])
def test_a_position_of_another_type_is_refused(kind: type) -> None:
    with pytest.raises(InvalidArgument):
        decode_cursor(LISTING, encode_cursor(LISTING, "key"), kind)


def test_a_changed_cursor_is_refused() -> None:
    cursor = encode_cursor(LISTING, "some key")
    for at in range(len(cursor)):
        for other in ("A", "b", "!", "\n", "é"):
            changed = cursor[:at] + other + cursor[at + 1 :]
            if changed != cursor:
                with pytest.raises(InvalidArgument):
                    decode_cursor(LISTING, changed, str)
    for changed in (
        cursor + "\n",
        " " + cursor,
        cursor + "=",
        cursor[:-1],
        cursor + "A",
        f"{cursor[:4]}\n{cursor[4:]}",
    ):
        with pytest.raises(InvalidArgument):
            decode_cursor(LISTING, changed, str)


def test_an_error_does_not_repeat_the_cursor() -> None:
    with pytest.raises(InvalidArgument) as caught:
        decode_cursor(LISTING, "c2VjcmV0", str)
    assert "c2VjcmV0" not in str(caught.value)
