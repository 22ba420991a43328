"""What quotas ask the backend: what a bucket holds, and what lies under a key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from bucketry.bucket_settings import VersioningSettings
from bucketry.errors import (
    CustomerKeyNeeded,
    InvalidArgument,
    IsDeleteMarker,
    NoSuchBucket,
    NoSuchKey,
    NoSuchUpload,
    NoSuchVersion,
    WrongCustomerKey,
)
from bucketry.models import DeleteMarker, ObjectToDelete, ObjectVersion
from bucketry.options import (
    CopyOptions,
    HeadOptions,
    ListOptions,
    PageOptions,
    PartCopyOptions,
    UploadListOptions,
    VersionListOptions,
)
from bucketry.owners import DEFAULT_OWNER
from bucketry.paging import iter_pages
from bucketry.quotas._ledger import Count
from bucketry.s3 import NULL_VERSION

if TYPE_CHECKING:
    from bucketry.hookspecs import DriverSpec

OFF: Final = ""
ENABLED: Final = "Enabled"
SUSPENDED: Final = "Suspended"

_CURRENT: Final = HeadOptions()

_FEW: Final = 8
"""Up to so many keys are looked up one by one; more are looked up in a listing first."""

_MOST_PAGES: Final = 3
"""Most pages of a listing in which the keys of one batch are looked up."""


class Held(NamedTuple):
    """What lies under a key, or a version of it: its size, and how many objects it counts for."""

    size: int
    objects: int


NOTHING: Final = Held(0, 0)


class BackendView:
    """Asks a driver, past all layers."""

    def __init__(self, driver: DriverSpec) -> None:
        """Takes the driver."""
        from bucketry._chain import build_chain

        # The driver itself would raise its SDK's errors.
        self._chain, operations = build_chain(driver, ())
        self._lists_versions = "list_object_versions" in operations and driver.features.bucket_versioning
        self._lists_uploads = {"list_multipart_uploads", "list_parts"} <= operations
        self._starts_after = driver.features.list_start_after
        self.is_shared = driver.features.persistent

    def owner_of(self, bucket: str) -> str:
        """Returns the id of a bucket's owner.

        Raises:
            NoSuchBucket: It does not exist.
        """
        return (self._chain.head_bucket(bucket).owner or DEFAULT_OWNER).id

    def buckets_of(self, owner: str) -> list[str]:
        """Returns the names of all buckets of an owner."""
        found = self._chain.list_buckets()
        return [bucket.name for bucket in found if (bucket.owner or DEFAULT_OWNER).id == owner]

    def versioning_of(self, bucket: str) -> str:
        """Says whether a bucket makes versions: `OFF`, `ENABLED` or `SUSPENDED`."""
        if not self._lists_versions:
            return OFF
        settings = self._chain.get_bucket_settings(bucket, VersioningSettings)
        return (settings.status or OFF) if isinstance(settings, VersioningSettings) else OFF

    def held(self, bucket: str, key: str, options: HeadOptions = _CURRENT) -> Held:
        """Returns what lies under a key."""
        try:
            return Held(self._chain.head_object(bucket, key, options).size_bytes, 1)
        except (NoSuchKey, NoSuchVersion):
            # Some backends say this of a delete marker too.
            return NOTHING if options.version_id is None else self.listed(bucket, key, options.version_id)
        except IsDeleteMarker:
            return Held(0, 1)
        except (CustomerKeyNeeded, WrongCustomerKey, InvalidArgument):
            # Only with the customer's key would the backend tell it. A listing needs none.
            return self.listed(bucket, key, options.version_id)

    def size_of_source(self, bucket: str, key: str, options: CopyOptions | PartCopyOptions) -> int:
        """Returns the size of the source of a copy; 0 if there is none, which the driver says itself."""
        source = HeadOptions(version_id=options.source_version_id, customer_key=options.source_customer_key)
        try:
            return self.held(bucket, key, source).size
        except NoSuchBucket:
            return 0

    def listed(self, bucket: str, key: str, version_id: str | None) -> Held:
        """Returns what lies under a key, out of a listing."""
        if version_id is None:
            page = self._chain.list_objects(bucket, ListOptions(prefix=key, limit=1, content_type=False))
            return next((Held(info.size_bytes, 1) for info in page.objects if info.key == key), NOTHING)
        for version in self._versions(bucket, key):
            if version.key != key:
                break
            if version.version_id == version_id:
                return _held_by(version)
        return NOTHING

    def null_version(self, bucket: str, key: str) -> Held:
        """Returns what the version ``null`` of a key holds, which a write replaces while versioning is suspended."""
        return self.listed(bucket, key, NULL_VERSION)

    def held_by_many(self, bucket: str, objects: Sequence[ObjectToDelete]) -> dict[ObjectToDelete, Held]:
        """Returns what lies under each of these keys, or versions of them."""
        found: dict[ObjectToDelete, Held] = {}
        if len(objects) > _FEW and not any(entry.version_id for entry in objects):
            found = self._found_by_listing(bucket, [entry.key for entry in objects])
        for entry in objects:
            if entry not in found:
                found[entry] = self.held(bucket, entry.key, HeadOptions(version_id=entry.version_id))
        return found

    def _found_by_listing(self, bucket: str, keys: list[str]) -> dict[ObjectToDelete, Held]:
        """Returns what a few pages tell. Keys that are deleted together mostly stand together."""
        first, last, wanted = min(keys), max(keys), set(keys)
        found: dict[ObjectToDelete, Held] = {}
        options = ListOptions(start_after=first if self._starts_after else "", content_type=False)
        for _ in range(_MOST_PAGES):
            page = self._chain.list_objects(bucket, options)
            found.update(
                {ObjectToDelete(info.key): Held(info.size_bytes, 1) for info in page.objects if info.key in wanted}
            )
            if page.cursor is None or (page.objects and page.objects[-1].key >= last):
                break
            options = msgspec.structs.replace(options, cursor=page.cursor)
        return found

    def count(self, bucket: str, versioning: str, known: set[str], being_written: set[str]) -> Count:
        """Counts what a bucket holds.

        Args:
            bucket: The bucket.
            versioning: Whether it makes versions.
            known: Ids of uploads that a client began, as far as they are known.
            being_written: Keys that are being written. A driver may have an upload of its own for each of them.

        Raises:
            NoSuchBucket: It does not exist.
        """
        size, objects = self._count_objects(bucket, versioning)
        uploads = {
            upload: self.parts_of(bucket, key, upload) or {}
            for key, upload in (self._uploads(bucket) if self._lists_uploads else ())
            if upload in known or key not in being_written
        }
        return Count(size, objects, uploads)

    def _count_objects(self, bucket: str, versioning: str) -> tuple[int, int]:
        usage = self._chain.bucket_usage((bucket,)).get(bucket)
        if usage is None:
            raise NoSuchBucket(bucket=bucket)
        if versioning == OFF or usage.noncurrent_count is not None:
            older = usage.noncurrent_bytes or 0, usage.noncurrent_count or 0
            return usage.size_bytes + older[0], usage.object_count + older[1]
        size = objects = 0
        for version in self._versions(bucket, ""):
            size += _held_by(version).size
            objects += 1
        return size, objects

    def _versions(self, bucket: str, prefix: str) -> Iterator[ObjectVersion | DeleteMarker]:
        options = VersionListOptions(prefix=prefix)
        for page in iter_pages(lambda asked: self._chain.list_object_versions(bucket, asked), options):
            yield from page.versions

    def _uploads(self, bucket: str) -> Iterator[tuple[str, str]]:
        options = UploadListOptions()
        for page in iter_pages(lambda asked: self._chain.list_multipart_uploads(bucket, asked), options):
            for upload in page.uploads:
                yield upload.key, upload.upload_id

    def parts_of(self, bucket: str, key: str, upload: str) -> dict[int, int] | None:
        """Returns the sizes of an upload's parts by number; ``None``: there is no such upload."""
        try:
            pages = iter_pages(lambda asked: self._chain.list_parts(bucket, key, upload, asked), PageOptions())
            return {part.part_number: part.size_bytes for page in pages for part in page.parts}
        except NoSuchUpload:
            return None


def _held_by(version: ObjectVersion | DeleteMarker) -> Held:
    return Held(version.info.size_bytes if isinstance(version, ObjectVersion) else 0, 1)
