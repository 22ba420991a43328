"""Writing aws-chunked bodies."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from bucketry.sigv4 import (
    STREAMING_SIGNED,
    STREAMING_UNSIGNED_TRAILER,
    UNSIGNED_PAYLOAD,
    ChunkDecoder,
    encode_chunks,
    encoded_length,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from .chunked import CHECKSUM, PAYLOADS, decode, new_decoder, new_signer


@settings(deadline=None)
@given(
    st.lists(st.binary(max_size=20_000), max_size=6),
    st.sampled_from(PAYLOADS),
    st.integers(8_192, 30_000),
    st.integers(1, 50_000),
)
def test_what_is_encoded_is_decoded(pieces: list[bytes], payload: str, chunk_size: int, cut: int) -> None:
    data = b"".join(pieces)
    signed, trailed = payload != STREAMING_UNSIGNED_TRAILER, payload != STREAMING_SIGNED
    body = b"".join(
        encode_chunks(
            pieces,
            signer=new_signer() if signed else None,
            trailers=(lambda: CHECKSUM) if trailed else None,
            chunk_size=chunk_size,
        )
    )
    sizes = {name: len(value) for name, value in CHECKSUM.items()} if trailed else None
    assert len(body) == encoded_length(len(data), signed=signed, trailers=sizes, chunk_size=chunk_size)
    parts = [body[at : at + cut] for at in range(0, len(body), cut)]
    assert decode(new_decoder(payload, len(data)), parts) == (data, CHECKSUM if trailed else {})


def test_the_encoder_reads_no_further_than_it_has_to() -> None:
    taken = 0

    def body() -> Iterable[bytes]:
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield b"x" * 8_192

    encoded = iter(encode_chunks(body(), chunk_size=8_192))
    next(encoded)
    assert taken == 1


@pytest.mark.parametrize("chunk_size", [0, -1, 8_191])
def test_chunks_that_s3_would_refuse(chunk_size: int) -> None:
    with pytest.raises(ValueError, match="8192"):
        encode_chunks([], chunk_size=chunk_size)
    with pytest.raises(ValueError, match="8192"):
        encoded_length(1, signed=True, chunk_size=chunk_size)


def test_wrong_use() -> None:
    with pytest.raises(ValueError, match="aws-chunked"):
        ChunkDecoder(UNSIGNED_PAYLOAD, 1)
    with pytest.raises(ValueError, match="signer"):
        ChunkDecoder(STREAMING_SIGNED, 1)
    with pytest.raises(ValueError, match="0 or more"):
        ChunkDecoder(STREAMING_UNSIGNED_TRAILER, -1)
    with pytest.raises(ValueError, match="0 or more"):
        encoded_length(-1, signed=True)
