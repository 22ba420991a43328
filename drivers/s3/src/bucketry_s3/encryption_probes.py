"""Probes of encryption: that objects say how they are encrypted, and that a customer's key is needed and enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from secrets import token_bytes
from typing import Any, Final

from bucketry import (
    BucketryError,
    ByteRange,
    CompletedPart,
    CustomerKey,
    CustomerKeyNeeded,
    CustomerKeyNotNeeded,
    Encryption,
    PartCopyOptions,
    PartOptions,
    WrongCustomerKey,
)
from bucketry.encryption import SSE_S3

from bucketry_s3.ground import Ground, Probe

_CONTENT: Final = b"content"
_BYTES: Final = ByteRange(1, 3)


def _encrypted(algorithm: Any, ground: Ground) -> bool:
    wanted = Encryption(algorithm=algorithm)
    key = ground.put("encrypted", encryption=wanted)
    ground.copy(key, "encrypted-copy", encryption=wanted)
    plain = ground.copy(key, "encrypted-source").encryption
    if plain is not None and plain.algorithm != SSE_S3:  # Some encrypt everything so (S3 user guide, "SSE-S3").
        return False
    uploaded, upload_id, parts = ground.upload("encrypted-upload", b"one", encryption=wanted)
    ground.complete(uploaded, upload_id, parts)
    found = [ground.head(one).encryption for one in (key, f"{ground.prefix}encrypted-copy", uploaded)]
    return all(one is not None and one.algorithm == algorithm for one in found) and ground.read(key) == b"one"


class _Keys:
    """Two customers' keys, and what a server does with them."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.own = CustomerKey(token_bytes(32))
        self.other = CustomerKey(token_bytes(32))

    def fails(self, kind: type[BucketryError], call: Callable[..., object], **options: Any) -> bool:
        """Whether a call ends in this error."""
        try:
            call(**options)
        except kind:
            return True
        except BucketryError:
            return False
        return False

    def open_it(self, key: str) -> bool:
        """Whether an object is read with the own key, and neither without nor with another one."""
        ground, own = self.ground, self.own
        if ground.head(key, customer_key=own).customer_key_md5 != own.md5:
            return False
        ranged = ground.read(key, customer_key=own, range=_BYTES)
        if (ground.read(key, customer_key=own), ranged) != (_CONTENT, _CONTENT[1:4]):
            return False
        reads = [partial(ground.read, key), partial(ground.head, key), partial(ground.read, key, range=_BYTES)]
        return all(
            self.fails(CustomerKeyNeeded, read) and self.fails(WrongCustomerKey, read, customer_key=self.other)
            for read in reads
        )

    def are_for_objects(self) -> bool:
        """Whether objects and their copies are under the keys that they were written with."""
        ground, own = self.ground, self.own
        key, plain = ground.put("sse-c", _CONTENT, customer_key=own), ground.put("sse-c-plain", _CONTENT)
        if not all(
            self.fails(CustomerKeyNotNeeded, read, key=plain, customer_key=own) for read in (ground.read, ground.head)
        ):
            return False
        copy = partial(ground.copy, key, "sse-c-copy")
        if not self.fails(CustomerKeyNeeded, copy) or not self.fails(
            WrongCustomerKey, copy, source_customer_key=self.other
        ):
            return False
        if not self.fails(CustomerKeyNotNeeded, partial(ground.copy, plain, "sse-c-copy"), source_customer_key=own):
            return False
        ground.copy(plain, "sse-c-encrypted", customer_key=own)
        ground.copy(key, "sse-c-copy", source_customer_key=own, customer_key=own)
        copy(source_customer_key=own)
        is_plain = ground.read(ground.key("sse-c-copy")) == _CONTENT
        copy(source_customer_key=own, customer_key=own)
        return is_plain and all(map(self.open_it, (key, ground.key("sse-c-copy"), ground.key("sse-c-encrypted"))))

    def are_for_uploads(self) -> bool:
        """Whether an upload takes parts with its own key alone, and makes an object under it."""
        key, upload_id, _ = self.ground.upload("sse-c-in-parts", customer_key=self.own)
        plain, plain_id, _ = self.ground.upload("sse-c-plain-in-parts")
        send, copy = partial(self._send, key, upload_id), partial(self._copied, key, upload_id)
        complete = partial(self.ground.complete, key, upload_id)
        is_refused = (
            self.fails(CustomerKeyNeeded, send)
            and self.fails(WrongCustomerKey, send, customer_key=self.other)
            and self.fails(CustomerKeyNotNeeded, partial(self._send, plain, plain_id), customer_key=self.own)
            and self.fails(CustomerKeyNeeded, copy)
            and self.fails(WrongCustomerKey, copy, customer_key=self.other)
        )
        stored = [
            self.ground.store.list_parts(self.ground.bucket, *each).parts
            for each in ((key, upload_id), (plain, plain_id))
        ]
        if not is_refused or any(stored):
            return False
        parts = [copy(customer_key=self.own)]
        if not self.fails(WrongCustomerKey, complete, parts=parts, customer_key=self.other):
            return False
        complete(parts=parts)
        if not self.open_it(key):
            return False
        key, upload_id, _ = self.ground.upload("sse-c-in-parts", customer_key=self.own)
        made = self.ground.complete(
            key, upload_id, [self._send(key, upload_id, customer_key=self.own)], customer_key=self.own
        )
        return made.customer_key_md5 == self.own.md5 and self.open_it(key)

    def _send(self, key: str, upload_id: str, **options: Any) -> CompletedPart:
        store, bucket = self.ground.store, self.ground.bucket
        part = store.upload_part(bucket, key, upload_id, 1, _CONTENT, PartOptions(**options))
        return CompletedPart(1, part.etag)

    def _copied(self, key: str, upload_id: str, **options: Any) -> CompletedPart:
        store, bucket, source = self.ground.store, self.ground.bucket, self.ground.key("sse-c")
        asked = PartCopyOptions(source_customer_key=self.own, **options)
        return CompletedPart(1, store.upload_part_copy(bucket, key, upload_id, 1, bucket, source, asked).etag)


def _encrypt_sse_c(ground: Ground) -> bool:
    keys = _Keys(ground)
    return keys.are_for_objects() and keys.are_for_uploads()


ENCRYPTION_PROBES: Final[Mapping[str, Probe]] = {
    "encrypt_sse_c": _encrypt_sse_c,
    "encrypt_sse_kms": partial(_encrypted, "aws:kms"),
    "encrypt_sse_s3": partial(_encrypted, "AES256"),
}
"""Probes that change nothing of a bucket but objects below the prefix."""
