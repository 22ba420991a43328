"""Writing, reading and verifying aws-chunked bodies.

Source: S3 API reference, "Signature calculations for the Authorization header: transferring payload in multiple
chunks" and "... including trailing headers".
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Final, final

from .canonical import HEADER_NAME, STREAMING_SIGNED, STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER, sign_string
from .errors import SignatureError

DEFAULT_CHUNK_SIZE: Final = 65_536
"""Bytes in a chunk. S3 wants at least 8,192 in every chunk but the last."""

_EMPTY_SHA256: Final = sha256(b"").hexdigest()
_MIN_CHUNK_SIZE: Final = 8_192
_CHUNK_SIGNATURE: Final = ";chunk-signature="
_TRAILER_SIGNATURE: Final = "x-amz-trailer-signature"


# A size of up to 16 hex digits, ";chunk-signature=" and 64 hex digits fit twice over.
_MAX_CHUNK_LINE: Final = 256
_MAX_TRAILER_BYTES: Final = 8_192
# S3 refuses smaller ones, but for the last. Servers that clients are used to do not, and a client that passes a
# stream's pieces on as they come sends them (aws/aws-sdk-js-v3, issues 6949 and 7509): here they cost next to nothing.
_SMALL: Final = 8_192
# minio-go ends its unsigned trailers with one line break too many.
_MAX_BYTES_AFTER_END: Final = 4
_SIGNED_HEAD: Final = re.compile(rb"([0-9A-Fa-f]{1,16});chunk-signature=([0-9a-f]{64})\r")
_UNSIGNED_HEAD: Final = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[\x20-\x7e]*)?\r()")


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


@final
class ChunkDecoder:
    """Takes an aws-chunked body in pieces of any size, and gives back the data, checked.

    It holds no data: what goes in comes out in the same call, **before** the signature of its chunk can be checked.
    So nothing of it may be kept unless ``finish`` returns. Memory is bounded by one line, or by the trailers (8 KiB).
    Once it has raised an error it raises the same again.
    """

    __slots__ = (
        "_after_end",
        "_chunk_left",
        "_digest",
        "_error",
        "_expected",
        "_head",
        "_left",
        "_line",
        "_names",
        "_signer",
        "_state",
        "_trailer_bytes",
        "_trailer_signed",
        "_trailers",
    )

    def __init__(
        self,
        payload: str,
        decoded_length: int,
        *,
        signer: ChunkSigner | None = None,
        trailers: Collection[str] = (),
    ) -> None:
        """Prepares to read one body.

        Args:
            payload: The value of ``x-amz-content-sha256``, one of the three ``STREAMING_…`` constants.
            decoded_length: Bytes of data, from ``x-amz-decoded-content-length``. No chunk and no sum of chunks may
                exceed it.
            signer: Starts from the request's signature. Needed for the signed payloads, not used for the other.
            trailers: Names of the trailing headers to expect, from ``x-amz-trailer``. All of them must come, and no
                others.

        Raises:
            ValueError: The payload is not aws-chunked, a signer is missing, or the length is negative.
        """
        if payload not in (STREAMING_SIGNED, STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER):
            raise ValueError("the payload is not aws-chunked")
        signed = payload != STREAMING_UNSIGNED_TRAILER
        if signed and signer is None:
            raise ValueError("a signed payload needs a signer")
        if decoded_length < 0:
            raise ValueError("a length is 0 or more")
        self._signer = signer if signed else None
        self._left = decoded_length
        self._names = {name.lower() for name in trailers} if payload != STREAMING_SIGNED else None
        self._trailers: dict[str, str] = {}
        self._trailer_signed = not signed
        self._head = _SIGNED_HEAD if signed else _UNSIGNED_HEAD
        self._line = bytearray()
        self._digest = sha256()
        self._expected = b""
        self._chunk_left = 0
        self._trailer_bytes = 0
        self._after_end = 0
        self._error: SignatureError | None = None
        # Functions, not bound methods: those would make a reference cycle of each decoder.
        self._state: Callable[[ChunkDecoder, bytes, int, list[bytes]], int] = ChunkDecoder._read_head

    def feed(self, data: bytes) -> list[bytes]:
        """Takes the next piece of the body and returns the data in it, in pieces. Small ones are joined.

        Raises:
            SignatureError: A chunk or the trailer is malformed or does not match its signature, or the data is longer
                than the declared length.
        """
        return self.feed_some(data, 0, len(data))[1]

    def feed_some(self, data: bytes, start: int, most_steps: int) -> tuple[int, list[bytes]]:
        """As `feed`, and ends after some steps: a piece may hold thousands of tiny chunks.

        Args:
            data: The next piece of the body, or one that was taken in part before.
            start: Where in it to begin.
            most_steps: How many steps to take. A chunk has one to three.

        Returns:
            Where in the piece to go on, its length at its end; and the data up to there.

        Raises:
            SignatureError: As `feed`.
        """
        if self._error is not None:
            raise self._error
        out: list[bytes] = []
        position = start
        try:
            while position < len(data) and most_steps > 0:
                position = self._state(self, data, position, out)
                most_steps -= 1
        except SignatureError as error:
            self._error = error
            raise
        if len(out) > 1 and sum(map(len, out)) < len(out) * _SMALL:
            out = [b"".join(out)]
        return position, out

    def finish(self) -> dict[str, str]:
        """Ends the body and returns its trailing headers, by lower-case name.

        Raises:
            SignatureError: The body broke off, is shorter than the declared length, or lacks a declared trailer.
        """
        if self._error is not None:
            raise self._error
        try:
            self._check_complete()
        except SignatureError as error:
            self._error = error
            raise
        return dict(self._trailers)

    def _read_head(self, data: bytes, start: int, out: list[bytes]) -> int:
        end, line = self._next_line(data, start, _MAX_CHUNK_LINE)
        if line is None:
            return end
        match = self._head.fullmatch(line)
        if match is None:
            raise SignatureError("InvalidRequest", f"The body is not aws-chunked: bad chunk head {line[:32]!r}.")
        size = int(match[1], 16)
        if size > self._left:
            raise SignatureError(
                "IncompleteBody",
                "The chunks hold more data than x-amz-decoded-content-length says. Send its true value.",
            )
        self._expected = match[2]
        self._chunk_left = size
        if size:
            self._state = ChunkDecoder._read_data
            if data.startswith(b"\r\n", end + size):
                # All of it is here: tiny chunks are not worth three steps.
                end = self._read_data(data, end, out) + 2
                self._state = ChunkDecoder._read_head
        else:
            self._check_chunk()
            self._state = ChunkDecoder._read_end if self._names is None else ChunkDecoder._read_trailer
        return end

    def _read_data(self, data: bytes, start: int, out: list[bytes]) -> int:
        piece = data[start : start + self._chunk_left]
        if self._signer is not None:
            self._digest.update(piece)
        out.append(piece)
        self._chunk_left -= len(piece)
        self._left -= len(piece)
        if not self._chunk_left:
            self._check_chunk()
            self._state = ChunkDecoder._read_chunk_end
        return start + len(piece)

    def _read_chunk_end(self, data: bytes, start: int, _out: list[bytes]) -> int:
        end, line = self._next_line(data, start, 2)
        if line is not None:
            if line != b"\r":
                raise SignatureError("InvalidRequest", "The body is not aws-chunked: no line break after a chunk.")
            self._state = ChunkDecoder._read_head
        return end

    def _read_trailer(self, data: bytes, start: int, _out: list[bytes]) -> int:
        end, line = self._next_line(data, start, _MAX_TRAILER_BYTES - self._trailer_bytes)
        if line is None:
            return end
        self._trailer_bytes += len(line) + 1
        text = line.strip(b" \t\r")
        if text:
            self._add_trailer(text)
        elif self._has_all_trailers():
            # Elsewhere a blank line means nothing: minio-go sends one before the signature of its trailers.
            self._state = ChunkDecoder._read_end
        return end

    def _read_end(self, data: bytes, start: int, _out: list[bytes]) -> int:
        self._after_end += len(data) - start
        if self._after_end > _MAX_BYTES_AFTER_END or data[start:].strip(b"\r\n"):
            raise SignatureError("InvalidRequest", "The body goes on after its last chunk.")
        return len(data)

    def _next_line(self, data: bytes, start: int, limit: int) -> tuple[int, bytes | None]:
        """Returns where reading goes on, and the line without its end: None until all of it has come."""
        found = data.find(b"\n", start, start + limit + 1)
        end = len(data) if found < 0 else found + 1
        if len(self._line) + end - start > limit:
            raise SignatureError("InvalidRequest", "The body is not aws-chunked: a line of it is too long.")
        if found >= 0 and not self._line:
            return end, data[start:found]
        self._line += data[start:end]
        if found < 0:
            return end, None
        line = bytes(self._line[:-1])
        self._line.clear()
        return end, line

    def _check_chunk(self) -> None:
        if self._signer is None:
            return
        signature = self._signer.sign_chunk(self._digest.hexdigest())
        self._digest = sha256()
        if not hmac.compare_digest(signature.encode(), self._expected):
            raise SignatureError("SignatureDoesNotMatch", "The signature of a chunk does not match its data.")

    def _add_trailer(self, line: bytes) -> None:
        raw_name, colon, raw_value = line.partition(b":")
        try:
            name, value = raw_name.decode("ascii").lower(), raw_value.decode("ascii").strip()
        except UnicodeDecodeError:
            raise SignatureError("MalformedTrailerError", "A trailing header is not ASCII.") from None
        if not colon or not HEADER_NAME.fullmatch(name) or name in self._trailers:
            raise SignatureError("MalformedTrailerError", "A trailing header is malformed or comes twice.")
        if name == _TRAILER_SIGNATURE and not self._trailer_signed:
            self._check_trailers(value)
        elif self._names is None or name not in self._names or (self._signer is not None and self._trailer_signed):
            raise SignatureError(
                "MalformedTrailerError",
                f"The trailing header {name!r} is not in x-amz-trailer, or follows the signature.",
            )
        else:
            self._trailers[name] = value

    def _check_trailers(self, signature: str) -> None:
        if self._signer is None:
            return
        expected = self._signer.sign_trailers(self._trailers)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise SignatureError("SignatureDoesNotMatch", "The signature of the trailing headers does not match them.")
        self._trailer_signed = True

    def _has_all_trailers(self) -> bool:
        return self._trailer_signed and self._trailers.keys() == self._names

    def _check_complete(self) -> None:
        if self._state not in (ChunkDecoder._read_end, ChunkDecoder._read_trailer):
            raise SignatureError("IncompleteBody", "The body ended before its last chunk. Send it again.")
        if self._left:
            raise SignatureError(
                "IncompleteBody",
                "The chunks hold less data than x-amz-decoded-content-length says. Send its true value.",
            )
        if self._names is not None and (self._line or not self._has_all_trailers()):
            raise SignatureError(
                "MalformedTrailerError",
                "The body ended before all headers named in x-amz-trailer, and the signature over them, had come.",
            )
