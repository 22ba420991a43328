"""Buckets: the list of them, creating and deleting them, and what they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape

import msgspec
from bucketry import (
    AccessDenied,
    BucketAlreadyExists,
    BucketInfo,
    BucketNotEmpty,
    BucketReport,
    CreateBucketOptions,
    DeleteMarker,
    ListOptions,
    Upload,
    Usage,
    UsageReport,
    VersionListOptions,
)
from bucketry.backend_requests import in_this_context
from bucketry.object_lock import BUCKET_LOCK
from bucketry.paging import iter_pages
from bucketry.s3 import NAMESPACE
from bucketry_s3client import (
    S3Client,
    S3ResponseError,
    is_without_versions,
    list_buckets,
    list_versions,
    response_date,
)

from bucketry_s3.listing import Lister

SOURCE: Final = "listing"

_NO_CONSTRAINT: Final = "us-east-1"
"""The region that a new bucket of AWS is in where its request names none (S3 API reference, CreateBucket)."""

_CREATE: Final = (
    f'<CreateBucketConfiguration xmlns="{NAMESPACE}">'
    "<LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>"
)
_ANOTHERS: Final = frozenset({301, 403})
"""Statuses for a bucket in another region, another user's, or of which the caller may know nothing (S3 API reference,
HeadBucket)."""

_ONE: Final = ListOptions(limit=1, content_type=False)
_ALL: Final = ListOptions(content_type=False)
_ALL_VERSIONS: Final = VersionListOptions()


class Buckets:
    """The caller's buckets. Threads may share it."""

    def __init__(
        self,
        client: S3Client,
        find: Callable[[str], None],
        lister: Lister,
        lookups: ThreadPoolExecutor,
        constraint: str,
        uploads: Callable[[str], Iterable[Upload]],
        *,
        has_versions: bool,
        checks_deleted: bool,
    ) -> None:
        """Takes what it needs; sends nothing.

        Args:
            client: The way to the server.
            find: Raises what is wrong with a bucket that is not in the list.
            lister: Lists objects.
            lookups: Counts buckets side by side.
            constraint: The region of new buckets, where the server wants to be told; else empty.
            uploads: Lists the uploads in a bucket.
            has_versions: Whether the server keeps versions.
            checks_deleted: Whether the server may delete a bucket with all that is in it.
        """
        self._client = client
        self._find = find
        self._lister = lister
        self._lookups = lookups
        self._uploads = uploads
        self._has_versions = has_versions
        self._checks_deleted = checks_deleted
        self._constraint = constraint if constraint != _NO_CONSTRAINT else ""

    def list(self) -> tuple[BucketInfo, ...]:
        """Returns all buckets, in byte order of their names."""
        return list_buckets(self._client).infos

    def create(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        """Creates a bucket: three requests, since AWS and RGW answer 200 for one that the caller has already.

        Two processes that create one name at the same moment may both succeed on such a server. Nothing is lost by
        that: creating a bucket again changes nothing.
        """
        if self._is_ours(bucket):
            raise BucketAlreadyExists(bucket=bucket)
        content = _CREATE.format(escape(self._constraint)).encode() if self._constraint else b""
        headers = {BUCKET_LOCK: "true"} if options.object_lock else {}
        # Sent again after its response was lost, it would fail: the bucket exists then.
        made, _ = self._client.request("PUT", bucket, headers=headers, content=content, repeatable=False)
        try:
            info = self.head(bucket)
        except (AccessDenied, S3ResponseError) as error:
            if isinstance(error, S3ResponseError) and error.code != "AccessDenied":
                raise
            # It is there, but the caller may not see the list of buckets.
            info = BucketInfo(name=bucket, created_at=response_date(made))
        return msgspec.structs.replace(info, object_lock=options.object_lock)

    def _is_ours(self, bucket: str) -> bool:
        """Whether the caller may use a bucket of this name. Of another's, the server says more when it is created."""
        try:
            self._client.request("HEAD", bucket)
        except S3ResponseError as error:
            if error.code == "NoSuchBucket" or error.status in _ANOTHERS:
                return False
            raise
        return True

    def head(self, bucket: str) -> BucketInfo:
        """Returns a bucket, from the list of them: no other response has the time of its creation."""
        for found in self.list():
            if found.name == bucket:
                return found
        self._find(bucket)
        raise AccessDenied("the credentials may use this bucket, but not see it in the list", bucket=bucket)

    def delete(self, bucket: str) -> None:
        """Deletes an empty bucket; its uploads first, which some servers would show in the next one of that name.

        Raises:
            BucketNotEmpty: It holds something. On a server that deletes that too, what is written at the same moment
                is lost.
        """
        uploads = tuple(self._uploads(bucket))
        if (uploads or self._checks_deleted) and not self._is_empty(bucket):
            raise BucketNotEmpty
        for upload in uploads:
            self._client.request("DELETE", bucket, upload.key, query={"uploadId": upload.upload_id})
        self._client.request("DELETE", bucket, repeatable=False)

    def _is_empty(self, bucket: str) -> bool:
        if self._checks_deleted or not self._has_versions:
            return not self._lister.page(bucket, _ONE).objects and not self._holds_versions(bucket)
        return is_without_versions(self._client, bucket)

    def _holds_versions(self, bucket: str) -> bool:
        """Whether there are versions. Delete markers do not count: SeaweedFS lists some that it cannot remove."""
        if not self._has_versions:
            return False
        pages = iter_pages(lambda asked: list_versions(self._client, bucket, asked, ""), _ALL_VERSIONS)
        return any(not isinstance(entry, DeleteMarker) for page in pages for entry in page.versions)

    def usage_of(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        """Counts buckets by listing them, side by side; those that do not exist are left out."""
        found = self._lookups.map(in_this_context(self._count), buckets)
        return {bucket: usage for bucket, usage in zip(buckets, found, strict=True) if usage is not None}

    def report(self) -> UsageReport:
        """Counts all buckets of the caller."""
        moment = datetime.now(UTC)
        usages = self.usage_of(tuple(info.name for info in self.list()))
        return UsageReport(
            source=SOURCE,
            as_of=moment,
            buckets=tuple(
                BucketReport(name=name, object_count=usage.object_count, size_bytes=usage.size_bytes)
                for name, usage in sorted(usages.items())
            ),
        )

    def _count(self, bucket: str) -> Usage | None:
        count = size = 0
        try:
            for page in iter_pages(lambda asked: self._lister.page(bucket, asked), _ALL):
                count += len(page.objects)
                size += sum(info.size_bytes for info in page.objects)
        except S3ResponseError as error:
            if error.code == "NoSuchBucket":
                return None
            raise
        return Usage(object_count=count, size_bytes=size, source=SOURCE, as_of=datetime.now(UTC))
