"""Buckets: the list of them, creating and deleting them, what they hold, and their settings."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final
from xml.sax.saxutils import escape

import msgspec
from bucketry import (
    AccessDenied,
    BucketAlreadyExists,
    BucketInfo,
    BucketNotEmpty,
    BucketReport,
    BucketSettings,
    CreateBucketOptions,
    DeleteMarker,
    InvalidBucketState,
    ListOptions,
    NotificationSettings,
    Unsupported,
    Upload,
    Usage,
    UsageReport,
    VersionListOptions,
)
from bucketry.backend_requests import in_this_context
from bucketry.bucket_settings import AnyBucketSettings, PolicySettings
from bucketry.object_lock import BUCKET_LOCK
from bucketry.paging import iter_pages
from bucketry.s3 import NAMESPACE
from bucketry_s3client import (
    S3Client,
    S3ResponseError,
    delete_notification,
    delete_settings,
    get_settings,
    is_without_versions,
    list_buckets,
    list_versions,
    put_notification,
    put_settings,
    response_date,
)

from bucketry_s3.errors import MISSING_SETTINGS
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

_FIRST_PAUSE: Final = 0.05
"""Seconds until settings that were put are read again."""

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
        patience: float,
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
            patience: Seconds for which settings that were put may still be the old ones when they are read.
            checks_deleted: Whether the server may delete a bucket with all that is in it.
        """
        self._client = client
        self._find = find
        self._lister = lister
        self._lookups = lookups
        self._uploads = uploads
        self._has_versions = has_versions
        self._patience = patience
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

    def get_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> AnyBucketSettings:
        """Returns a bucket's settings of one kind: one request."""
        return get_settings(self._client, bucket, kind, also_missing=MISSING_SETTINGS)

    def put_settings(self, bucket: str, settings: AnyBucketSettings) -> None:
        """Replaces a bucket's settings of one kind, and reads what the server keeps: three requests, a policy one.

        Raises:
            Unsupported: The server drops a value of them without a word. The old settings are there again then, unless
                another caller has put others meanwhile.
        """
        if isinstance(settings, PolicySettings):  # Servers write the document in their own way.
            put_settings(self._client, bucket, settings)
            return
        kind: type[AnyBucketSettings] = type(settings)
        before = self.get_settings(bucket, kind)
        if isinstance(settings, NotificationSettings) and all(one.id for one in settings.configurations):
            put_notification(self._client, bucket, settings)
        else:
            put_settings(self._client, bucket, settings)
        kept = self._kept(bucket, settings, before)
        if not _lost(settings, kept):
            return
        detail = f"the server does not keep all of these {kind.__name__}"
        if kept == before:
            raise Unsupported(f"{detail}: it still has the old ones", bucket=bucket)
        if not _is_partly(settings, kept, before):
            raise Unsupported(f"{detail}: it has others, perhaps another caller's", bucket=bucket)
        raise Unsupported(f"{detail}{self._undone(bucket, before)}", bucket=bucket)

    def _kept(self, bucket: str, settings: AnyBucketSettings, before: AnyBucketSettings) -> AnyBucketSettings:
        """Reads what the server keeps: again while it is the old settings, which AWS may show for some seconds.

        What is neither old nor complete is read once more: another caller may have put settings at that moment.
        """
        end = time.monotonic() + self._patience
        pause = _FIRST_PAUSE
        partial: AnyBucketSettings | None = None
        while True:
            kept = self.get_settings(bucket, type(settings))
            if not _lost(settings, kept) or kept == partial or time.monotonic() + pause > end:
                return kept
            partial = None if kept == before else kept
            time.sleep(pause)
            pause *= 2

    def _undone(self, bucket: str, before: AnyBucketSettings) -> str:
        """Puts the old settings back. Returns what to say if that fails."""
        try:
            if before == type(before)():
                self.delete_settings(bucket, type(before))
            else:
                put_settings(self._client, bucket, before)
        except (InvalidBucketState, S3ResponseError) as error:
            return f", and the old ones cannot be put back: {getattr(error, 'code', '')}"
        return ""

    def delete_settings(self, bucket: str, kind: type[BucketSettings]) -> None:
        """Deletes a bucket's settings of one kind."""
        if kind is NotificationSettings:
            delete_notification(self._client, bucket)
            return
        delete_settings(self._client, bucket, kind, also_missing=MISSING_SETTINGS)


def _lost(settings: BucketSettings, kept: BucketSettings) -> Counter[str]:
    """Returns the values that the server does not keep. It may write values in another order, or add some."""
    return _values_of(settings) - _values_of(kept)


def _is_partly(settings: BucketSettings, kept: BucketSettings, before: BucketSettings) -> bool:
    """Whether what is kept are these settings without some values, not others that another caller has put.

    They have something of them that the old ones lack, or they are the old ones without something.
    """
    new, old = _values_of(settings) - _values_of(before), _values_of(before)
    return bool(new & _values_of(kept)) or not _values_of(kept) - old


def _values_of(settings: BucketSettings) -> Counter[str]:
    return Counter(_values_in(msgspec.to_builtins(settings)))


def _values_in(value: Any) -> Iterator[str]:
    """Yields the values that are set in settings, whatever they stand in."""
    if isinstance(value, dict):
        for name, one in value.items():
            if name != "display_name":  # Servers have their own name of a grantee for people.
                yield from _values_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _values_in(one)
    elif value is not None and value != "" and value is not False:
        yield str(value)
