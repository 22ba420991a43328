"""Encrypted content: what is stored tells nothing, and every change of it is found."""

from __future__ import annotations

import pickle
import random

import pytest
from bucketry import BackendError
from bucketry.encrypting import CHUNK_BYTES, TAG_BYTES, ContentKey, Envelope, decrypted
from hypothesis import given
from hypothesis import strategies as st

SMALL = 64


def stored_of(key: ContentKey, content: bytes, chunk_bytes: int = SMALL) -> tuple[list[bytes], Envelope]:
    chunks = [content[start : start + chunk_bytes] for start in range(0, len(content), chunk_bytes)]
    envelope = Envelope(wrapped_key=b"", size_bytes=len(content), chunk_bytes=chunk_bytes)
    return [key.encrypt(index, chunk) for index, chunk in enumerate(chunks)], envelope


@given(
    size=st.integers(0, 5 * SMALL),
    bounds=st.tuples(st.integers(0, 5 * SMALL), st.integers(0, 5 * SMALL)),
    piece=st.integers(1, 3 * SMALL),
)
def test_any_range_reads_as_slicing_says(size: int, bounds: tuple[int, int], piece: int) -> None:
    content = random.Random(size).randbytes(size)
    start, stop = sorted(min(bound, size) for bound in bounds)
    key = ContentKey()
    chunks, envelope = stored_of(key, content)
    joined = b"".join(chunks)
    assert len(joined) == envelope.stored_bytes
    first, last = envelope.stored_range(start, stop)
    wanted = joined[first:last]
    pieces = [wanted[at : at + piece] for at in range(0, len(wanted), piece)]
    assert b"".join(decrypted(key, envelope, pieces, start, stop)) == content[start:stop]


def test_no_part_of_the_content_is_stored_readably() -> None:
    content = b"a secret that stands here again and again. " * 4000
    chunks, envelope = stored_of(ContentKey(), content, CHUNK_BYTES)
    assert len(chunks) == 3
    assert envelope.stored_bytes == len(content) + 3 * TAG_BYTES
    assert all(b"secret" not in chunk for chunk in chunks)
    assert chunks[0][:1000] != stored_of(ContentKey(), content, CHUNK_BYTES)[0][0][:1000]


def test_chunks_that_were_changed_moved_or_cut_are_found() -> None:
    key, content = ContentKey(), bytes(5 * SMALL - 7)
    chunks, envelope = stored_of(key, content)
    flipped = chunks[1][:5] + bytes([chunks[1][5] ^ 1]) + chunks[1][6:]
    damaged = {
        "a byte is another": [chunks[0], flipped, *chunks[2:]],
        "two chunks changed places": [chunks[1], chunks[0], *chunks[2:]],
        "a chunk stands twice": [chunks[0], chunks[0], *chunks[2:]],
        "a chunk is missing": [chunks[0], *chunks[2:]],
        "the last chunk is missing": chunks[:-1],
        "the last chunk is short": [*chunks[:-1], chunks[-1][:-1]],
        "the last chunk is gone but for its tag": [*chunks[:-1], chunks[-1][-TAG_BYTES:]],
        "a chunk of another content": [*chunks[:-1], stored_of(ContentKey(), content)[0][-1]],
        "nothing is left": [],
    }
    for what, pieces in damaged.items():
        with pytest.raises(BackendError, match="authentication"):
            b"".join(decrypted(key, envelope, pieces, 0, len(content)))
        assert what


def test_an_envelope_of_another_size_does_not_cut_a_content() -> None:
    key = ContentKey()
    chunks, envelope = stored_of(key, bytes(2 * SMALL + 10))
    short = Envelope(wrapped_key=b"", size_bytes=2 * SMALL + 9, chunk_bytes=SMALL)
    assert envelope.length_of(2) == 10
    assert envelope.length_of(3) == 0
    with pytest.raises(BackendError):
        key.decrypt(2, chunks[2], short)


def test_a_range_is_read_without_the_rest() -> None:
    key, content = ContentKey(), random.Random(1).randbytes(5 * SMALL)
    chunks, envelope = stored_of(key, content)
    chunks[0] = chunks[4] = b""
    assert envelope.stored_range(SMALL, 2 * SMALL + 1) == (SMALL + TAG_BYTES, 3 * (SMALL + TAG_BYTES))
    start, stop = SMALL + 3, 2 * SMALL + 1
    assert b"".join(decrypted(key, envelope, chunks[1:3], start, stop)) == content[start:stop]


def test_a_key_shows_nowhere() -> None:
    key = ContentKey(b"k" * 32)
    assert "kkkk" not in repr(key)
    with pytest.raises(TypeError):
        pickle.dumps(key)
