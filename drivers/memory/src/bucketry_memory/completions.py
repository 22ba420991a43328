"""Completing uploads: the object that an upload makes, and the uploads that were completed not long ago."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, final

import msgspec
from bucketry import CompletedPart, CompleteOptions, TooLarge
from bucketry.completing import COMPLETIONS_KEPT_FOR, MAX_COMPLETIONS, check_repeated, etag_of_parts, fingerprint
from bucketry.features import Features

from bucketry_memory.content import joined
from bucketry_memory.encryption import check_key_if_given
from bucketry_memory.objects import Extras, StoredObject
from bucketry_memory.uploads import UploadState

if TYPE_CHECKING:
    from bucketry_memory.bucket import Bucket


def object_of_parts(
    upload: UploadState, parts: tuple[CompletedPart, ...], options: CompleteOptions, features: Features, now: datetime
) -> StoredObject:
    """Returns the object that an upload makes of its parts, which shares their bytes.

    Args:
        upload: The upload, which stays as it is.
        parts: The parts that the caller lists.
        options: What the object must be like.
        features: The limits of the driver.
        now: When it is made.

    Raises:
        BucketryError: A part is not there or too small, the customer's key or the checksum is another, or the object
            would be too large.
    """
    check_key_if_given(upload.facts.key_digest, options.customer_key)
    chosen = upload.select(parts, features.min_part_size)
    content = joined(part.content for part in chosen)
    if len(content) > features.max_object_size:
        most = features.max_object_size
        raise TooLarge(f"an object has at most {most} bytes", max_size_bytes=most)
    checksum = upload.checksums.of_object(chosen, options)
    digests = tuple(part.checksum.digest for part in chosen if part.checksum is not None)
    extras = Extras(upload.tags, checksum, upload.ends_of(chosen), digests, upload.upload_id, upload.facts)
    return StoredObject(content, etag_of_parts(chosen), now, upload.headers, extras)


class _Completion(msgspec.Struct, frozen=True, gc=False):
    bucket: str
    key: str
    parts: bytes
    completed_at: datetime
    version_id: str


@final
class Completions:
    """The last completed uploads of a store, oldest first. Call it under the store's lock.

    A client whose response got lost sends the same completion again.
    """

    __slots__ = ("_by_id",)

    def __init__(self) -> None:
        self._by_id: OrderedDict[str, _Completion] = OrderedDict()

    def remember(self, bucket: str, key: str, parts: Iterable[CompletedPart], made: StoredObject) -> None:
        """Remembers the upload that made an object just now, and forgets uploads that are too old or too many."""
        now = made.last_modified
        self._by_id[made.more.upload_id] = _Completion(bucket, key, fingerprint(parts), now, made.version_id)
        while len(self._by_id) > MAX_COMPLETIONS or self._is_old(next(iter(self._by_id.values())), now):
            self._by_id.popitem(last=False)

    def made(
        self,
        bucket: Bucket,
        key: str,
        upload_id: str,
        parts: tuple[CompletedPart, ...],
        options: CompleteOptions,
        now: datetime,
    ) -> StoredObject | None:
        """Returns the version that the same call made before, if the key still has it.

        Raises:
            BucketryError: As `check_repeated`, or the customer's key is another.
        """
        version_id = self.version_made(bucket.info.name, key, upload_id, parts, now)
        made = None if version_id is None else bucket.find(key, version_id)
        if not isinstance(made, StoredObject) or made.more.upload_id != upload_id:
            return None
        check_key_if_given(made.facts.key_digest, options.customer_key)
        check_repeated(made.more.checksum, made.more.part_digests, made.size_bytes, parts, options)
        return made

    def version_made(
        self, bucket: str, key: str, upload_id: str, parts: Iterable[CompletedPart], now: datetime
    ) -> str | None:
        """Returns the id of the version that this upload to this key made from exactly these parts, not long ago."""
        found = self._by_id.get(upload_id)
        if (
            found is None
            or self._is_old(found, now)
            or (found.bucket, found.key, found.parts) != (bucket, key, fingerprint(parts))
        ):
            return None
        return found.version_id

    def clear(self) -> None:
        """Forgets all uploads."""
        self._by_id.clear()

    def _is_old(self, completion: _Completion, now: datetime) -> bool:
        return now - completion.completed_at > COMPLETIONS_KEPT_FOR
