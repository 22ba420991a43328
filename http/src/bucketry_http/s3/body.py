"""The body of a request, checked as it passes against all that was said of it.

Whatever is wrong is raised at the latest where the body ends, and a body that fails is never stored.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final

from bucketry.sigv4 import (
    STREAMING_SIGNED,
    STREAMING_SIGNED_TRAILER,
    STREAMING_UNSIGNED_TRAILER,
    UNSIGNED_PAYLOAD,
    ChunkDecoder,
    SignatureError,
    Verified,
)

from bucketry_http.s3.checksums import body_checksum, trailers_of
from bucketry_http.s3.errors import S3Error, of_signature
from bucketry_http.s3.request import S3Request
from bucketry_http.shared.request_body import Pauses, Pieces

_STREAMING: Final = frozenset({STREAMING_SIGNED, STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER})
_MD5_BYTES: Final = 16
_MAX_LENGTH: Final = 2**63
_STEPS_AT_ONCE: Final = 1000
"""Chunks may be tiny, and a piece hold thousands: so many take some milliseconds, and others are to have their turn."""


class S3Body:
    """A request's body, decoded and checked.

    Attributes:
        length: How many bytes it has; ``None`` if the client did not say.
        checksum: The checksum that came with it.
    """

    __slots__ = (
        "_declared",
        "_decoded",
        "_decoder",
        "_ended",
        "_md5",
        "_md5_digest",
        "_pauses",
        "_pieces",
        "_ready",
        "_sha256",
        "_undecoded",
        "_verified",
        "checksum",
        "length",
    )

    def __init__(self, request: S3Request, *, has_checksum: bool = True) -> None:
        """Reads what is said of the body; nothing of it is read yet.

        Args:
            request: The request.
            has_checksum: Whether a checksum in its headers is the body's, and not that of an object.

        Raises:
            S3Error: What is said of it is malformed.
        """
        headers = request.headers
        self._pieces: Pieces = request.content
        self._verified = _signature_of_body(request)
        self._ready: list[bytes] = []
        self._undecoded, self._decoded = b"", 0
        self._pauses = Pauses()
        self._ended = False
        self._decoder: ChunkDecoder | None = None
        self._sha256 = None
        self.checksum = body_checksum(headers) if has_checksum else None
        self._md5 = content_md5(headers.get("content-md5"))
        self._md5_digest = None if self._md5 is None else hashlib.md5(usedforsecurity=False)
        declared = self._declared = request.payload
        if declared in _STREAMING:
            self.length: int | None = _length(headers, "x-amz-decoded-content-length")
            self._decoder = _decoder(request, declared, self.length)
        else:
            self.length = _length(headers, "content-length")
            if declared not in {None, UNSIGNED_PAYLOAD}:
                self._sha256 = hashlib.sha256()
            if trailers_of(headers):
                raise S3Error("InvalidRequest", "x-amz-trailer goes with an aws-chunked body.")

    @property
    def has_digest(self) -> bool:
        """Whether it comes with ``Content-MD5`` or a checksum."""
        return self._md5 is not None or self.checksum is not None

    async def next(self) -> bytes:
        """Returns the next piece; an empty one at the end, and again after it.

        Raises:
            BucketryError: The body broke off, or is not what was said of it.
        """
        while not self._ready:
            if self._ended:
                return b""
            piece = await self._following()
            if not piece:
                self._ended = True
                self._finish()
                return b""
            self._take(piece)
        piece = self._ready.pop()
        if self.checksum is not None:
            self.checksum.update(piece)
        if self._md5_digest is not None:
            self._md5_digest.update(piece)
        return piece

    async def read(self, limit: int) -> bytes:
        """Returns all of it.

        Raises:
            S3Error: It is longer than that.
            BucketryError: As `next`.
        """
        if (self.length or 0) > limit:
            raise S3Error("MaxMessageLengthExceeded")
        pieces, size = [], 0
        while piece := await self.next():
            size += len(piece)
            if size > limit:
                raise S3Error("MaxMessageLengthExceeded")
            pieces.append(piece)
        return b"".join(pieces)

    async def _following(self) -> bytes:
        if not self._undecoded:
            return await self._pieces.next()
        if self._pauses.is_due:
            await self._pauses.take()
        return self._undecoded

    def _take(self, piece: bytes) -> None:
        if self._sha256 is not None:
            self._sha256.update(piece)
        if self._decoder is None:
            self._ready.append(piece)
            return
        try:
            self._decoded, self._ready = self._decoder.feed_some(piece, self._decoded, _STEPS_AT_ONCE)
        except SignatureError as error:
            raise of_signature(error, "") from None
        if self._decoded == len(piece):
            self._undecoded, self._decoded = b"", 0
        else:
            self._undecoded = piece
        self._ready.reverse()

    def _finish(self) -> None:
        try:
            if self._decoder is not None:
                self._take_trailers(self._decoder.finish())
            elif self._sha256 is not None:
                self._check_sha256(self._sha256.hexdigest())
        except SignatureError as error:
            raise of_signature(error, "") from None
        if self._md5_digest is not None and self._md5_digest.digest() != self._md5:
            raise S3Error("BadDigest", "The Content-MD5 you specified did not match what we received.")
        if self.checksum is not None:
            self.checksum.check()

    def _take_trailers(self, trailers: dict[str, str]) -> None:
        checksum = self.checksum
        if checksum is not None and checksum.header in trailers:
            checksum.expect(trailers[checksum.header])

    def _check_sha256(self, digest: str) -> None:
        if self._verified is not None:
            self._verified.check_payload(digest)
        elif digest != self._declared:
            raise S3Error(
                "XAmzContentSHA256Mismatch", "The body is not the one whose SHA-256 x-amz-content-sha256 holds."
            )


def _decoder(request: S3Request, declared: str, length: int | None) -> ChunkDecoder:
    if length is None:
        raise S3Error("MissingContentLength", "An aws-chunked body needs the header x-amz-decoded-content-length.")
    trailers = trailers_of(request.headers)
    if (verified := _signature_of_body(request)) is not None:
        return verified.chunk_decoder(length, trailers)
    if declared != STREAMING_UNSIGNED_TRAILER:
        raise S3Error("AccessDenied", "The chunks are signed, and the request is not.")
    return ChunkDecoder(declared, length, trailers=trailers)


def _signature_of_body(request: S3Request) -> Verified | None:
    # One of version 2 says nothing of the body, and no chunk can follow from it.
    return request.verified if isinstance(request.verified, Verified) else None


def _length(headers: dict[str, str], name: str) -> int | None:
    text = headers.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > 19 or int(text) >= _MAX_LENGTH:
        raise S3Error("InvalidArgument", f"{name} is a number of bytes.")
    return int(text)


def content_md5(header: str | None) -> bytes | None:
    """Returns the digest in ``Content-MD5`` (RFC 1864); ``None`` without that header.

    Raises:
        S3Error: It is no MD5.
    """
    if header is None:
        return None
    try:
        digest = base64.b64decode(header.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise S3Error("InvalidDigest") from None
    if len(digest) != _MD5_BYTES:
        raise S3Error("InvalidDigest")
    return digest


def sized_body(request: S3Request, most: int) -> tuple[S3Body, int]:
    """Returns the body of an upload, which must say how long it is.

    Args:
        request: The upload.
        most: How many bytes it may have.

    Raises:
        S3Error: It does not, it is too long, or what is said of it is malformed.
    """
    payload = S3Body(request)
    if payload.length is None:
        raise S3Error("MissingContentLength")
    if payload.length > most:
        # Said before the client is asked for its body.
        raise S3Error("EntityTooLarge", elements={"ProposedSize": str(payload.length), "MaxSizeAllowed": str(most)})
    return payload, payload.length
