"""Signing and writing aws-chunked bodies.

Source: S3 API reference, "Signature calculations for the Authorization header: transferring payload in multiple
chunks" and "... including trailing headers".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Final, final

from ._keys import sign_string

DEFAULT_CHUNK_SIZE: Final = 65_536
"""Bytes in a chunk. S3 wants at least 8,192 in every chunk but the last."""

_EMPTY_SHA256: Final = sha256(b"").hexdigest()
_MIN_CHUNK_SIZE: Final = 8_192
_CHUNK_SIGNATURE: Final = ";chunk-signature="
_TRAILER_SIGNATURE: Final = "x-amz-trailer-signature"


@final
class ChunkSigner:
    """Signs the chunks of one body in turn: each signature covers the one before."""

    __slots__ = ("_key", "_previous", "_scope", "_timestamp")

    def __init__(self, key: bytes, timestamp: str, scope: str, seed: str) -> None:
        """Starts from a request's signature.

        Args:
            key: The signing key.
            timestamp: When the request was signed, ``YYYYMMDDTHHMMSSZ``.
            scope: The credential scope of the request.
            seed: The signature of the request.
        """
        self._key = key
        self._timestamp = timestamp
        self._scope = scope
        self._previous = seed

    def __repr__(self) -> str:
        return f"ChunkSigner(scope={self._scope!r})"

    def sign_chunk(self, digest: str) -> str:
        """Returns the signature of the next chunk, given the SHA-256 of its data as lower-case hex."""
        return self._sign("AWS4-HMAC-SHA256-PAYLOAD", f"{_EMPTY_SHA256}\n{digest}")

    def sign_trailers(self, trailers: Mapping[str, str]) -> str:
        """Returns the signature of the trailing headers, given by lower-case name. It comes after the last chunk's."""
        lines = "".join(f"{name}:{' '.join(value.split())}\n" for name, value in sorted(trailers.items()))
        return self._sign("AWS4-HMAC-SHA256-TRAILER", sha256(lines.encode()).hexdigest())

    def _sign(self, algorithm: str, hashes: str) -> str:
        string = f"{algorithm}\n{self._timestamp}\n{self._scope}\n{self._previous}\n{hashes}"
        self._previous = sign_string(self._key, string)
        return self._previous


def encode_chunks(
    body: Iterable[bytes],
    *,
    signer: ChunkSigner | None = None,
    trailers: Callable[[], Mapping[str, str]] | None = None,
    chunk_size: int = DEFAULT_CHUNK_SIZE,
) -> Iterator[bytes]:
    """Returns a body as aws-chunked, piece by piece. It holds one chunk at a time.

    Args:
        body: The data, in pieces of any size.
        signer: Signs the chunks and trailers, for the two ``STREAMING_SIGNED…`` payloads; None for unsigned.
        trailers: Called once all data has passed; returns the trailing headers by lower-case name, those that the
            request's ``x-amz-trailer`` names. None when the payload has no trailers.
        chunk_size: Bytes in every chunk but the last, at least 8,192.

    Raises:
        ValueError: The chunk size is too small.
    """
    _check_chunk_size(chunk_size)
    return _encode_chunks(_rechunk(body, chunk_size), signer, trailers)


def _encode_chunks(
    chunks: Iterable[bytes],
    signer: ChunkSigner | None,
    trailers: Callable[[], Mapping[str, str]] | None,
) -> Iterator[bytes]:
    for chunk in chunks:
        yield b"%s\r\n%s\r\n" % (_chunk_head(len(chunk), chunk, signer), chunk)
    yield _chunk_head(0, b"", signer) + b"\r\n"
    if trailers is not None:
        values = dict(trailers())
        if signer is not None:
            values[_TRAILER_SIGNATURE] = signer.sign_trailers(values)
        yield "".join(f"{name}:{value}\r\n" for name, value in values.items()).encode()
    yield b"\r\n"


def encoded_length(
    length: int,
    *,
    signed: bool,
    trailers: Mapping[str, int] | None = None,
    chunk_size: int = DEFAULT_CHUNK_SIZE,
) -> int:
    """Returns the bytes that ``encode_chunks`` yields: the ``content-length`` of the request.

    Args:
        length: Bytes in the body, which also is the value of ``x-amz-decoded-content-length``.
        signed: Whether there is a signer.
        trailers: Bytes in the value of each trailing header, by name; None when the payload has no trailers.
        chunk_size: As given to ``encode_chunks``.

    Raises:
        ValueError: The chunk size is too small, or the length is negative.
    """
    _check_chunk_size(chunk_size)
    if length < 0:
        raise ValueError("a length is 0 or more")
    full, rest = divmod(length, chunk_size)
    signature = len(_CHUNK_SIGNATURE) + 64 if signed else 0

    def framed(size: int) -> int:
        return len(f"{size:x}") + signature + 2 + size + (2 if size else 0)

    total = full * framed(chunk_size) + (framed(rest) if rest else 0) + framed(0) + 2
    if trailers is not None:
        sizes = dict(trailers) | ({_TRAILER_SIGNATURE: 64} if signed else {})
        total += sum(len(name) + 1 + size + 2 for name, size in sizes.items())
    return total


def _check_chunk_size(chunk_size: int) -> None:
    if chunk_size < _MIN_CHUNK_SIZE:
        raise ValueError(f"a chunk size is {_MIN_CHUNK_SIZE} bytes or more, not {chunk_size}")


def _chunk_head(size: int, chunk: bytes, signer: ChunkSigner | None) -> bytes:
    if signer is None:
        return b"%x" % size
    return f"{size:x}{_CHUNK_SIGNATURE}{signer.sign_chunk(sha256(chunk).hexdigest())}".encode()


def _rechunk(body: Iterable[bytes], size: int) -> Iterator[bytes]:
    held = bytearray()
    for piece in body:
        view = memoryview(piece)
        while len(held) + len(view) >= size:
            cut = size - len(held)
            held += view[:cut]
            view = view[cut:]
            yield bytes(held)
            held.clear()
        held += view
    if held:
        yield bytes(held)
