"""Makes aws-chunked bodies without the encoder that is tested."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest
from bucketry.sigv4 import (
    STREAMING_SIGNED,
    STREAMING_SIGNED_TRAILER,
    STREAMING_UNSIGNED_TRAILER,
    ChunkDecoder,
    ChunkSigner,
    SignatureError,
    payload_hash,
)

KEY = b"k" * 32
CHECKSUM = {"x-amz-checksum-crc32": "AAAAAA=="}
PAYLOADS = [STREAMING_SIGNED, STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER]
CHUNKS = [b"hello, ", b"world", b"\r\n0\r\n\r\n"]
DATA = b"".join(CHUNKS)


def new_signer() -> ChunkSigner:
    return ChunkSigner(KEY, "20130524T000000Z", "20130524/us-east-1/s3/aws4_request", "0" * 64)


def frame(
    payload: str, chunks: Iterable[bytes] = CHUNKS, trailers: Mapping[str, str] = CHECKSUM, ending: bytes = b"\r\n"
) -> bytes:
    """Frames chunks of any size, as the reference describes it, apart from the encoder."""
    signer = new_signer()
    signed = payload != STREAMING_UNSIGNED_TRAILER
    out = bytearray()
    for chunk in [*chunks, b""]:
        out += b"%x" % len(chunk)
        if signed:
            out += b";chunk-signature=" + signer.sign_chunk(payload_hash(chunk)).encode()
        out += b"\r\n" + chunk + (b"\r\n" if chunk else b"")
    if payload != STREAMING_SIGNED:
        for name, value in trailers.items():
            out += f"{name}:{value}\r\n".encode()
        if signed:
            out += f"x-amz-trailer-signature:{signer.sign_trailers(trailers)}\r\n".encode()
    return bytes(out + ending)


def new_decoder(payload: str, length: int = len(DATA), names: Iterable[str] = CHECKSUM) -> ChunkDecoder:
    return ChunkDecoder(payload, length, signer=new_signer(), trailers=list(names))


def decode(decoder: ChunkDecoder, pieces: Iterable[bytes]) -> tuple[bytes, dict[str, str]]:
    data = b"".join(part for piece in pieces for part in decoder.feed(piece))
    return data, decoder.finish()


def expected(payload: str) -> tuple[bytes, dict[str, str]]:
    return DATA, {} if payload == STREAMING_SIGNED else CHECKSUM


def error_of(decoder: ChunkDecoder, *pieces: bytes) -> SignatureError:
    with pytest.raises(SignatureError) as caught:
        decode(decoder, pieces)
    with pytest.raises(SignatureError) as again:
        decoder.feed(b"more")
    assert again.value is caught.value
    with pytest.raises(SignatureError) as at_last:
        decoder.finish()
    assert at_last.value is caught.value
    assert KEY.hex() not in str(caught.value)
    return caught.value
