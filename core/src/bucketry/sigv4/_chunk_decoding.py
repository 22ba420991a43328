"""Reading and verifying aws-chunked bodies.

Source: S3 API reference, "Signature calculations for the Authorization header: transferring payload in multiple
chunks" and "... including trailing headers".
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Collection
from hashlib import sha256
from typing import Final, final

from ._chunk_signing import ChunkSigner
from ._errors import SignatureError
from ._request import HEADER_NAME, STREAMING_SIGNED, STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER

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
_TRAILER_SIGNATURE: Final = "x-amz-trailer-signature"


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
