"""Encryption of content where a driver stores it: what a durable driver needs to declare ``encrypts_at_rest``.

Each content has a random key of its own and is encrypted with AES-256-GCM, chunk by chunk. A chunk is authenticated
with its place, so ranges can be read and memory does not grow with the content. The content's key is wrapped: by a
master key of the store, or by the customer's key (SSE-C). The `Envelope` holds the wrapped key and the size of the
content. The driver stores it beside the content.

It needs the package ``cryptography``: ``pip install 'bucketry[encryption]'``.

A put and a read of the first chunk::

    keys = MasterKeys.parse(settings.encryption_keys)
    context = f"{bucket}/{key}".encode()

    content = ContentKey()
    chunks = [content.encrypt(index, chunk) for index, chunk in enumerate(iter(lambda: body.read(CHUNK_BYTES), b""))]
    envelope = keys.current.wrap(content, size_bytes=body.bytes_read, context=context)

    found = keys.unwrap(envelope, context=context)
    first = found.decrypt(0, chunks[0], envelope)
"""

from __future__ import annotations

from bucketry.encrypting._content import CHUNK_BYTES, TAG_BYTES, ContentKey, Envelope, decrypted
from bucketry.encrypting._keys import MasterKeys, WrappingKey

__all__ = ["CHUNK_BYTES", "TAG_BYTES", "ContentKey", "Envelope", "MasterKeys", "WrappingKey", "decrypted"]
