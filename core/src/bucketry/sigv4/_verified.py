"""What verifying gives."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import final

from bucketry.s3 import basic_time
from bucketry.secret import Secret

from ._chunk_decoding import ChunkDecoder
from ._chunk_signing import ChunkSigner
from ._claims import Kind
from ._errors import SignatureError
from ._keys import credential_scope
from ._request import PAYLOAD_LITERALS


@final
@dataclass(frozen=True, slots=True)
class Verified:
    """A signature that holds.

    Attributes:
        access_key: Who signed.
        date: When, UTC, to the second.
        region: The region of the credential scope.
        signed_headers: Lower-case names, sorted; empty for a policy.
        kind: ``header``, ``query`` (a presigned URL) or ``policy`` (a form upload).
        payload: The signed value of ``x-amz-content-sha256``: a hash of the body in lower-case hex, or one of the
            literals. ``UNSIGNED-PAYLOAD`` where none was sent with a presigned URL.
        session_token: The token that was sent. The verifier does not know it: whoever gave it out must check it, and
            whoever gives out none must refuse it.
        expires_at: When a presigned URL ends to hold; None for the other kinds.
        signature: The signature, which is the seed of the chunk signatures.
        signing_key: The key that the chunks are signed with. Never log it.
    """

    access_key: str
    date: datetime
    region: str
    signed_headers: tuple[str, ...]
    kind: Kind
    payload: str
    session_token: Secret | None
    expires_at: datetime | None
    signature: str = field(repr=False)
    signing_key: bytes = field(repr=False)

    def check_payload(self, sha256: str) -> None:
        """Compares the body with what was signed. Does nothing where the payload is not declared by its hash.

        Args:
            sha256: The SHA-256 of the whole body, lower-case hex.

        Raises:
            SignatureError: It is another body (``XAmzContentSHA256Mismatch``).
        """
        if self.payload not in PAYLOAD_LITERALS and not hmac.compare_digest(self.payload, sha256):
            raise SignatureError(
                "XAmzContentSHA256Mismatch", "The body is not the one whose SHA-256 x-amz-content-sha256 holds."
            )

    def chunk_decoder(self, decoded_length: int, trailers: Collection[str] = ()) -> ChunkDecoder:
        """Returns the decoder for the body of a request whose payload is one of the ``STREAMING_…`` constants.

        Args:
            decoded_length: The value of ``x-amz-decoded-content-length``.
            trailers: The names in ``x-amz-trailer``.

        Raises:
            ValueError: The payload is not aws-chunked, or the length is negative.
        """
        stamp = basic_time(self.date)
        signer = ChunkSigner(self.signing_key, stamp, credential_scope(stamp[:8], self.region), self.signature)
        return ChunkDecoder(self.payload, decoded_length, signer=signer, trailers=trailers)
