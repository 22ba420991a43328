"""The body of a request. It is compared with what the headers and the signature say of it while it passes.

An error comes at the end of the body at the latest, so a body that fails is never stored.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from bucketry.sigv4 import (
    STREAMING_SIGNED,
    STREAMING_SIGNED_TRAILER,
    STREAMING_UNSIGNED_TRAILER,
    UNSIGNED_PAYLOAD,
    SignatureError,
    Verified,
)

from bucketry_http.s3.checksums import BodyChecksum, body_checksum, trailers_of
from bucketry_http.s3.errors import S3Error, of_signature
from bucketry_http.s3.request import S3Request
from bucketry_http.shared.request_body import Pauses

if TYPE_CHECKING:
    from bucketry.sigv4 import ChunkDecoder

_STREAMING: Final = frozenset({STREAMING_SIGNED, STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER})
_UNSIGNED: Final = frozenset({None, UNSIGNED_PAYLOAD, STREAMING_UNSIGNED_TRAILER})
_MD5_BYTES: Final = 16
_MAX_LENGTH: Final = 2**63
_STEPS_AT_ONCE: Final = 1000
"""How many chunks are decoded before other tasks may run. A piece may hold thousands of tiny chunks."""


class S3Body:
    """A request's body, decoded and checked.

    Attributes:
        length: How many bytes it has; ``None`` if the client did not say.
        checksum: The checksum that came with it; ``None`` without one.
        ended: Whether the whole body has come, and is what the client declared.
    """

    __slots__ = (
        "_content",
        "_declared",
        "_decoded",
        "_decoder",
        "_md5",
        "_md5_digest",
        "_pauses",
        "_ready",
        "_sha256",
        "_undecoded",
        "_verified",
        "checksum",
        "ended",
        "length",
    )

    def __init__(self, request: S3Request, *, has_checksum: bool = True) -> None:
        """Reads what the request says of the body. The body itself is not read yet.

        Args:
            request: The request.
            has_checksum: Whether a checksum in the headers is that of the body, and not that of an object.

        Raises:
            S3Error: A header about the body is malformed.
        """
        headers, declared = request.headers, request.payload
        self._content = request.content
        self._declared = declared
        self._verified = type(request.verified) is Verified
        self.ended = False
        self.checksum: BodyChecksum | None = None
        self._md5: bytes | None = None
        self._md5_digest: Any = None
        self._decoder: ChunkDecoder | None = None
        self._sha256: Any = None
        if not request.is_plain:
            self._expect(headers, has_checksum=has_checksum)
        if declared in _STREAMING:
            self.length: int | None = _length(headers, "x-amz-decoded-content-length")
            self._decoder = _decoder(request, declared, self.length)
            self._undecoded, self._decoded = b"", 0
            self._ready: list[bytes] = []
            self._pauses = Pauses()
            return
        self.length = _length(headers, "content-length")
        if declared is not None and declared != UNSIGNED_PAYLOAD:
            self._sha256 = hashlib.sha256()
        if not request.is_plain and trailers_of(headers):
            raise S3Error("InvalidRequest", "x-amz-trailer goes with an aws-chunked body.")

    def _expect(self, headers: Mapping[str, str], *, has_checksum: bool) -> None:
        self.checksum = body_checksum(headers) if has_checksum else None
        self._md5 = content_md5(headers.get("content-md5"))
        self._md5_digest = None if self._md5 is None else hashlib.md5(usedforsecurity=False)

    @property
    def has_digest(self) -> bool:
        """Whether it comes with ``Content-MD5`` or a checksum."""
        return self._md5 is not None or self.checksum is not None

    @property
    def is_protected(self) -> bool:
        """Whether a digest, a checksum or the signature says what it holds."""
        return self.has_digest or self._declared not in _UNSIGNED

    async def next(self) -> bytes:
        """Returns the next piece; an empty one at the end, and again after it.

        Raises:
            BucketryError: The body broke off, or is not what the client declared.
        """
        if self.ended:
            return b""
        if self._decoder is not None:
            piece, ended = await self._next_decoded(self._decoder)
        else:
            piece = await self._content.next()
            ended = self._content.ended
            if self._sha256 is not None:
                self._sha256.update(piece)
        if self.checksum is not None:
            self.checksum.update(piece)
        if self._md5_digest is not None:
            self._md5_digest.update(piece)
        if ended:
            self.ended = True
            self._finish()
        return piece

    async def read(self, limit: int) -> bytes:
        """Returns the whole body.

        Raises:
            S3Error: It is longer than the limit.
            BucketryError: As `next`.
        """
        if (self.length or 0) > limit:
            raise _too_long(limit)
        pieces, size = [], 0
        while piece := await self.next():
            size += len(piece)
            if size > limit:
                raise _too_long(limit)
            pieces.append(piece)
        return b"".join(pieces)

    async def _next_decoded(self, decoder: ChunkDecoder) -> tuple[bytes, bool]:
        """Returns the next piece without its framing, and whether the body has ended."""
        while not self._ready:
            if not self._undecoded:
                self._undecoded = await self._content.next()
                if not self._undecoded:
                    return b"", True
            elif self._pauses.is_due:
                await self._pauses.take()
            try:
                self._decoded, self._ready = decoder.feed_some(self._undecoded, self._decoded, _STEPS_AT_ONCE)
            except SignatureError as error:
                raise of_signature(error, "") from None
            if self._decoded == len(self._undecoded):
                self._undecoded, self._decoded = b"", 0
            self._ready.reverse()
        return self._ready.pop(), False

    def _finish(self) -> None:
        if self._decoder is not None:
            self._finish_chunks(self._decoder)
        elif self._sha256 is not None:
            self._check_sha256(self._sha256.hexdigest())
        if self._md5_digest is not None and self._md5_digest.digest() != self._md5:
            raise S3Error("BadDigest", "The Content-MD5 you specified did not match what we received.")
        if self.checksum is not None:
            self.checksum.check()

    def _finish_chunks(self, decoder: ChunkDecoder) -> None:
        try:
            trailers = decoder.finish()
        except SignatureError as error:
            raise of_signature(error, "") from None
        checksum = self.checksum
        if checksum is not None and checksum.header in trailers:
            checksum.expect(trailers[checksum.header])

    def _check_sha256(self, digest: str) -> None:
        declared = self._declared or ""
        # Without a signature the header may hold any characters, and `compare_digest` takes ASCII only.
        if not (hmac.compare_digest(digest, declared) if self._verified else digest == declared):
            raise S3Error(
                "XAmzContentSHA256Mismatch", "The body is not the one whose SHA-256 x-amz-content-sha256 holds."
            )


def _decoder(request: S3Request, declared: str, length: int | None) -> ChunkDecoder:
    if length is None:
        raise S3Error("MissingContentLength", "An aws-chunked body needs the header x-amz-decoded-content-length.")
    trailers = trailers_of(request.headers)
    # A signature of version 2 says nothing of the body, and no chunk can follow from it.
    if isinstance(request.verified, Verified):
        return request.verified.chunk_decoder(length, trailers)
    if declared != STREAMING_UNSIGNED_TRAILER:
        raise S3Error("AccessDenied", "The chunks are signed, and the request is not.")
    from bucketry.sigv4 import ChunkDecoder  # Only here: a server starts sooner without it.

    return ChunkDecoder(declared, length, trailers=trailers)


def _too_long(limit: int) -> S3Error:
    return S3Error(
        "MaxMessageLengthExceeded",
        f"Your request was too big: its body may have {limit} bytes",
        elements={"MaxMessageLengthBytes": str(limit)},
    )


def _length(headers: dict[str, str], name: str) -> int | None:
    if name not in headers:
        return None
    text = headers[name]
    if not (text.isascii() and text.isdecimal()) or len(text) > 19 or int(text) >= _MAX_LENGTH:
        raise S3Error("InvalidArgument", f"{name} is a number of bytes.")
    return int(text)


def content_md5(header: str | None) -> bytes | None:
    """Returns the digest in ``Content-MD5`` (RFC 1864); ``None`` without that header.

    Raises:
        S3Error: It is not an MD5.
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


def sized_body(request: S3Request, most: int) -> tuple[S3Body, int | None]:
    """Returns the body of an upload, and its length; ``None`` for a body in chunks of HTTP, which says no length.

    S3 itself wants a length. Ceph RGW and HTTP (RFC 9112, 7.1) take such bodies, and the store limits their size.

    Args:
        request: The upload.
        most: How many bytes it may have.

    Raises:
        S3Error: The request does not say how long it is, it is too long, or a header about it is malformed.
    """
    payload = S3Body(request)
    if payload.length is None:
        if "transfer-encoding" not in request.headers:
            raise S3Error("MissingContentLength")
    elif payload.length > most:
        # Before the client is asked for its body.
        raise S3Error("EntityTooLarge", elements={"ProposedSize": str(payload.length), "MaxSizeAllowed": str(most)})
    return payload, payload.length
