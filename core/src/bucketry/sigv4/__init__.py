"""AWS Signature Version 4 for S3: in headers, in presigned URLs, in aws-chunked bodies and in POST policies.

``Presigner`` and ``Signer`` sign, ``Verifier`` verifies; ``encode_chunks`` writes an aws-chunked body and
``ChunkDecoder`` reads one. They take the time as an argument, and do no I/O.

Source: S3 API reference, "Authenticating requests (AWS Signature Version 4)".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bucketry.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from .canonical import (
        STREAMING_SIGNED,
        STREAMING_SIGNED_TRAILER,
        STREAMING_UNSIGNED_TRAILER,
        UNSIGNED_PAYLOAD,
        RequestHeaders,
        payload_hash,
    )
    from .chunks import DEFAULT_CHUNK_SIZE, ChunkDecoder, ChunkSigner, encode_chunks, encoded_length
    from .credentials import Credentials
    from .errors import SignatureError
    from .presign import Presigner
    from .signing import SignedRequest, Signer
    from .times import MAX_SKEW, Times
    from .verifying import Verified, Verifier

__all__ = [
    "DEFAULT_CHUNK_SIZE",
    "MAX_SKEW",
    "STREAMING_SIGNED",
    "STREAMING_SIGNED_TRAILER",
    "STREAMING_UNSIGNED_TRAILER",
    "UNSIGNED_PAYLOAD",
    "ChunkDecoder",
    "ChunkSigner",
    "Credentials",
    "Presigner",
    "RequestHeaders",
    "SignatureError",
    "SignedRequest",
    "Signer",
    "Times",
    "Verified",
    "Verifier",
    "encode_chunks",
    "encoded_length",
    "payload_hash",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "canonical": (
            "STREAMING_SIGNED",
            "STREAMING_SIGNED_TRAILER",
            "STREAMING_UNSIGNED_TRAILER",
            "UNSIGNED_PAYLOAD",
            "RequestHeaders",
            "payload_hash",
        ),
        "chunks": ("DEFAULT_CHUNK_SIZE", "ChunkDecoder", "ChunkSigner", "encode_chunks", "encoded_length"),
        "credentials": ("Credentials",),
        "errors": ("SignatureError",),
        "presign": ("Presigner",),
        "signing": ("SignedRequest", "Signer"),
        "times": ("MAX_SKEW", "Times"),
        "verifying": ("Verified", "Verifier"),
    },
)
