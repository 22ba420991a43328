"""A body as what one request takes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bucketry import Body, TooLarge
from bucketry.features import MIB
from bucketry_s3client import Content, Feed, length_of, one_piece, take

MEMORY = 4 * MIB


def zeros(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield bytes(MIB)


def whole(content: Content) -> bytes:
    return content if isinstance(content, bytes) else b"".join(content)


@pytest.mark.parametrize("length", [0, 3, 3 * MIB, MEMORY, 9 * MIB])
@pytest.mark.parametrize("is_known", [True, False])
def test_a_body_of_any_length_goes_in_one_piece(length: int, is_known: bool) -> None:
    sent = bytes(range(256)) * (length // 256) + b"x" * (length % 256)
    with one_piece(Body(iter([sent]), length if is_known else None), MEMORY, 10 * MIB) as content:
        assert length_of(content) == length
        assert whole(content) == sent


def test_what_was_taken_already_comes_first_and_is_let_go() -> None:
    body = Body(iter([b"a" * MEMORY, b"b" * MEMORY]))
    taken = take(body, MEMORY)
    with one_piece(body, MEMORY, 10 * MIB, taken) as content:
        assert isinstance(content, Feed)
        assert taken == []
        assert whole(content) == b"a" * MEMORY + b"b" * MEMORY


@pytest.mark.parametrize("length", [11 * MIB, None])
def test_a_body_that_is_too_long_is_refused_as_soon_as_that_is_known(length: int | None) -> None:
    body = Body(zeros(100), length)
    with pytest.raises(TooLarge, match="one piece"), one_piece(body, MEMORY, 10 * MIB):
        pytest.fail("it has no content")
    assert body.bytes_read <= 11 * MIB
