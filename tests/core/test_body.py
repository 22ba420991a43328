"""A body is pulled once, counted and checked."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator

import pytest
from bucketry import BadDigest, Body, BodySource, IncompleteBody, InvalidArgument, Throttled, TooLarge, Unavailable
from hypothesis import given
from hypothesis import strategies as st


def sources(content: bytes) -> Iterator[Body]:
    """The same content from every kind of source, with and without a declared length."""
    pieces = [content[start : start + 3] for start in range(0, len(content), 3)]
    for length in (None, len(content)):
        yield Body(content, length)
        yield Body(bytearray(content), length)
        yield Body(memoryview(content), length)
        yield Body(io.BytesIO(content), length)
        yield Body(iter([*pieces[:1], b"", *pieces[1:]]), length)


@given(st.binary(max_size=40), st.lists(st.integers(1, 15), max_size=10))
def test_reads_of_any_size_give_the_content_in_order(content: bytes, sizes: list[int]) -> None:
    for body in sources(content):
        pieces = [body.read(size) for size in sizes]
        done = 0
        for piece, size in zip(pieces, sizes, strict=True):
            assert len(piece) == min(size, len(content) - done)
            done += len(piece)
        assert b"".join(pieces) + body.read() == content
        assert body.read(1) == b""
        assert body.bytes_read == len(content)


@given(st.binary(max_size=40), st.integers(0, 10))
def test_iterating_gives_what_is_left(content: bytes, first: int) -> None:
    for body in sources(content):
        assert body.read(first) + b"".join(body) == content
        assert list(body) == []


def test_bytes_are_handed_on_without_a_copy() -> None:
    content = b"x" * 100
    assert Body(content).read() is content
    assert list(Body(content)) == [content]
    assert next(iter(Body(content))) is content


def test_a_bytearray_changed_later_does_not_change_the_body() -> None:
    content = bytearray(b"before")
    body = Body(content)
    content[:] = b"after!"
    assert body.read() == b"before"


def test_a_declared_length_that_bytes_do_not_have_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="3 bytes, not the declared 4"):
        Body(b"abc", 4)


def test_a_negative_length_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="negative"):
        Body(io.BytesIO(), -1)


@pytest.mark.parametrize("declared", [2, 4])
@pytest.mark.parametrize("size", [-1, 1, 2, 3, 100])
def test_a_stream_of_another_length_fails_before_its_end_is_seen(declared: int, size: int) -> None:
    body = Body(io.BytesIO(b"abc"), declared)
    with pytest.raises(IncompleteBody, match=f"declared {declared}"):
        list(iter(lambda: body.read(size), b""))


def test_a_stream_that_is_too_long_fails_in_the_call_that_gives_the_last_declared_byte() -> None:
    body = Body(iter([b"ab", b"c"]), 2)
    with pytest.raises(IncompleteBody):
        body.read(2)


@pytest.mark.parametrize("length", [None, 3])
def test_a_wrong_digest_fails_at_the_end(length: int | None) -> None:
    for source in (b"abc", io.BytesIO(b"abc"), iter([b"a", b"bc"])):
        body = Body(source, length)
        body.require_md5(hashlib.md5(b"other").digest())  # noqa: S324 - Content-MD5
        assert body.read(2) == b"ab"
        with pytest.raises(BadDigest):
            list(iter(lambda: body.read(1), b""))  # noqa: B023 - called at once


def test_the_right_digest_passes_and_can_be_asked_for() -> None:
    digest = hashlib.md5(b"abc")  # noqa: S324 - Content-MD5
    for body in sources(b"abc"):
        body.require_md5(digest.digest())
        assert body.read() == b"abc"
        assert body.md5_hex() == digest.hexdigest()


def test_a_digest_that_was_not_tracked_cannot_be_asked_for() -> None:
    with pytest.raises(InvalidArgument, match="track_md5"):
        Body(b"abc").md5_hex()


@pytest.mark.parametrize("source", ["text", 7, None])
def test_what_is_no_source_is_refused(source: object) -> None:
    with pytest.raises(InvalidArgument, match="a body is"):
        Body(source)  # type: ignore[arg-type]


def test_a_text_file_is_refused_with_advice() -> None:
    with pytest.raises(InvalidArgument, match="binary mode"):
        Body(io.StringIO("text")).read()  # type: ignore[arg-type]


def test_an_error_of_the_source_is_a_body_that_broke_off() -> None:
    def broken() -> Iterator[bytes]:
        yield b"a"
        raise ConnectionResetError

    body = Body(broken())
    with pytest.raises(IncompleteBody, match="its source failed with ConnectionResetError") as caught:
        body.read()
    assert isinstance(caught.value.__cause__, ConnectionResetError)
    assert body.failure is caught.value
    with pytest.raises(IncompleteBody):
        body.read()


def test_a_contracts_error_of_the_source_passes_unchanged() -> None:
    raised = Throttled()

    def broken() -> Iterator[bytes]:
        yield b"a"
        raise raised

    with pytest.raises(Throttled) as caught:
        Body(broken()).read()
    assert caught.value is raised


def test_a_limit_holds_for_bodies_of_unknown_length() -> None:
    body = Body(iter([b"abc", b"de"]))
    body.limit = 4
    assert body.read(3) == b"abc"
    with pytest.raises(TooLarge, match="more than 4 bytes"):
        body.read(2)


def test_a_large_read_asks_a_file_for_what_is_missing_only() -> None:
    asked: list[int] = []

    class File(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            asked.append(size or 0)
            return super().read(min(4, size or 0))

    assert Body(File(b"0123456789")).read(6) == b"012345"
    assert asked == [6, 2]


@pytest.mark.parametrize("source", [b"0123456789", io.BytesIO(b"0123456789"), [b"01234", b"56789"]])
def test_a_layer_sees_the_pieces_and_changes_nothing_else(source: BodySource) -> None:
    seen: list[bytes] = []

    def note(pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            seen.append(piece)
            yield piece

    body = Body(source, 10)
    body.require_md5(hashlib.md5(b"0123456789", usedforsecurity=False).digest())
    body.wrap(note)
    assert body.length == 10
    assert (body.read(3), body.read()) == (b"012", b"3456789")
    assert b"".join(seen) == b"0123456789"


def test_a_layer_may_break_a_body_off() -> None:
    def break_off(pieces: Iterator[bytes]) -> Iterator[bytes]:
        yield next(pieces)[:4]
        raise Unavailable("on request")

    body = Body(b"0123456789")
    body.wrap(break_off)
    with pytest.raises(Unavailable):
        body.read()
    assert isinstance(body.failure, Unavailable)
