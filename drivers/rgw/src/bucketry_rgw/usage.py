"""What buckets hold, from the best source that the gateway and the user's capabilities offer, and the report of it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from typing import Final, TypeVar

from bucketry import BackendError, BucketReport, ListOptions, OperationUsage, Quota, Usage, UsageReport, UserReport
from bucketry.backend_requests import in_this_context
from bucketry.paging import Paging
from bucketry_s3client import S3Client, S3ResponseError, read_count, reading, response_date

from bucketry_rgw.admin import NO_ADMIN_API, AdminApi, BucketStats, quota_of
from bucketry_rgw.listing import Lister
from bucketry_rgw.uploads import list_parts, list_uploads

T = TypeVar("T")

ADMIN, HEAD, LISTING = "rgw-admin", "rgw-head", "listing"

_MOST_UPLOADS: Final = 100
"""Of how many uploads in progress in a bucket the parts are looked up. With more, they are counted as RGW does."""

_ASK_AGAIN_AFTER: Final = 300.0
"""Seconds after which a capability that was missing is asked for again."""

_log = logging.getLogger("bucketry.rgw")


class UsageCounter:
    """Says how much buckets hold. Threads may share it.

    RGW's own figures also count the parts of uploads in progress, which are subtracted here, and old versions in
    versioned buckets.
    """

    def __init__(
        self,
        client: S3Client,
        admin: AdminApi,
        lister: Lister,
        lookups: ThreadPoolExecutor,
        uid: Callable[[], str],
    ) -> None:
        self._client = client
        self._admin = admin
        self._lister = lister
        self._lookups = lookups
        self._uid = uid
        self._refused_until = 0.0
        self._said: set[str] = set()
        self._lock = threading.Lock()

    def usage_of(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        """Counts: by one request to the admin API, else by a ``HEAD`` for each bucket, else by listing it."""
        found = None if len(buckets) == 1 else self.stats()
        moment = datetime.now(UTC)
        known = {name: self._of_stats(found[name], moment) for name in buckets if found and name in found}
        counted = {name: usage for name, usage in known.items() if usage is not None}
        # Without the capability, all of them; else those that are another user's, or do not exist.
        left = [name for name in buckets if name not in counted]
        others = zip(left, self._lookups.map(in_this_context(self._of_one), left), strict=True)
        return counted | {name: usage for name, usage in others if usage is not None}

    def stats(self) -> dict[str, BucketStats] | None:
        """Returns the admin API's statistics of all of the user's buckets; ``None`` without the capability."""
        return self._asked_admin(lambda: self._admin.buckets_of(self._uid()), {"NoSuchKey", "NoSuchUser"})

    def say_once(self, topic: str, message: str) -> None:
        """Warns of something that does not change from call to call."""
        with self._lock:
            is_new = topic not in self._said
            self._said.add(topic)
        if is_new:
            _log.warning(message)

    def _asked_admin(
        self, ask: Callable[[], Iterable[BucketStats]], nothing: Collection[str]
    ) -> dict[str, BucketStats] | None:
        """Asks the admin API; ``None`` if it cannot be used, and no buckets if it responds with one of these codes."""
        if time.monotonic() < self._refused_until:
            return None
        try:
            return {stats.bucket: stats for stats in ask()}
        except S3ResponseError as error:
            if error.code in nothing:
                return {}
            if error.code not in NO_ADMIN_API:
                raise
        except BackendError:
            pass  # A release whose response is another.
        self._refused_until = time.monotonic() + _ASK_AGAIN_AFTER
        self.say_once(
            ADMIN,
            "the admin API cannot be used, so buckets are asked one by one: give the user the capability buckets=read, "
            "and see that the gateway serves it (rgw_enable_apis)",
        )
        return None

    def _of_stats(self, stats: BucketStats, moment: datetime) -> Usage | None:
        """Takes what a bucket holds from its statistics; ``None`` if it was deleted meanwhile."""
        count, size = stats.main.num_objects, stats.main.size
        if stats.uploads:
            try:
                count, size = self._without_parts(stats.bucket, count, size)
            except S3ResponseError as error:
                if error.code == "NoSuchBucket":
                    return None
                raise
        return Usage(object_count=count, size_bytes=size, source=ADMIN, as_of=moment)

    def _of_one(self, bucket: str) -> Usage | None:
        """Counts one bucket; ``None`` if there is none."""
        moment = datetime.now(UTC)
        found = self._asked_admin(lambda: [self._admin.bucket(bucket)], {"NoSuchBucket", "NoSuchKey"})
        if found and bucket in found:
            return self._of_stats(found[bucket], moment)
        # No such bucket may also mean the bucket that the API's path begins with, where it is not served.
        try:
            headers = self.head(bucket)
            count, size = headers.get("x-rgw-object-count"), headers.get("x-rgw-bytes-used")
            if count is None or size is None:
                self.say_once(
                    HEAD, "the gateway does not say how much a bucket holds, so buckets are counted by listing"
                )
                return self._by_listing(bucket)
            with reading("what a bucket holds"):
                told = read_count(count), read_count(size)
            exact = self._without_parts(bucket, *told)
        except S3ResponseError as error:
            if error.code == "NoSuchBucket":
                return None
            raise
        return Usage(object_count=exact[0], size_bytes=exact[1], source=HEAD, as_of=response_date(headers))

    def head(self, bucket: str) -> Mapping[str, str]:
        """Returns what RGW says of a bucket to its owner. Releases from Tentacle on say it only if they are asked."""
        headers, _ = self._client.request("HEAD", bucket, query={"read-stats": "true"})
        return headers

    def _without_parts(self, bucket: str, count: int, size: int) -> tuple[int, int]:
        for upload in islice(list_uploads(self._client, bucket), _MOST_UPLOADS):
            try:
                sizes = [part.size_bytes for part in list_parts(self._client, bucket, upload.key, upload.upload_id)]
            except S3ResponseError as error:
                if error.code in {"NoSuchKey", "NoSuchUpload"}:
                    continue  # It ended meanwhile.
                raise
            count, size = count - len(sizes), size - sum(sizes)
        return max(count, 0), max(size, 0)

    def _by_listing(self, bucket: str) -> Usage:
        moment = datetime.now(UTC)
        count = size = 0
        options, paging = ListOptions(content_type=False), Paging()
        while True:
            page = self._lister.page(bucket, options)
            paging.follow(page)
            count += len(page.objects)
            size += sum(info.size_bytes for info in page.objects)
            if page.cursor is None:
                return Usage(object_count=count, size_bytes=size, source=LISTING, as_of=moment)
            options = ListOptions(content_type=False, cursor=page.cursor)


class Reporter:
    """Writes reports. What the user's capabilities do not show is left out, and said once in the log."""

    def __init__(
        self,
        admin: AdminApi,
        counter: UsageCounter,
        uid: Callable[[], str],
        bucket_names: Callable[[], tuple[str, ...]],
    ) -> None:
        self._admin = admin
        self._counter = counter
        self._uid = uid
        self._bucket_names = bucket_names

    def report(self) -> UsageReport:
        """Asks for everything anew."""
        moment, names, uid = datetime.now(UTC), self._bucket_names(), self._uid()
        stats = self._counter.stats()
        usages = self._counter.usage_of(names)
        told = [
            _bucket_report(name, usage.object_count, usage.size_bytes, (stats or {}).get(name))
            for name, usage in sorted(usages.items())
        ]
        return UsageReport(
            source=ADMIN if stats is not None else _least([usage.source for usage in usages.values()]),
            as_of=moment,
            buckets=tuple(told),
            users=(self._user_report(uid, told),),
        )

    def _user_report(self, uid: str, buckets: list[BucketReport]) -> UserReport:
        on_disk = [told.size_on_disk_bytes for told in buckets]
        quota, max_buckets = self._bounds(uid, buckets)
        return UserReport(
            user=uid,
            object_count=sum(told.object_count for told in buckets),
            size_bytes=sum(told.size_bytes for told in buckets),
            size_on_disk_bytes=None if None in on_disk else sum(size for size in on_disk if size is not None),
            max_buckets=max_buckets,
            quota=quota,
            operations=self._operations(uid),
        )

    def _bounds(self, uid: str, buckets: list[BucketReport]) -> tuple[Quota | None, int | None]:
        """Returns the user's quota and the most buckets he may have, out of what RGW says of any of his buckets."""
        headers = self._first_answer(buckets)
        with reading("the bounds on a user"):
            bounds = {
                name.lower(): int(value) for name, value in headers.items() if name.lower().startswith("x-rgw-quota-")
            }
        most = bounds.get("x-rgw-quota-max-buckets", 0)
        quota = quota_of(bounds.get("x-rgw-quota-user-size", -1), bounds.get("x-rgw-quota-user-objects", -1))
        if not bounds:
            quotas = self._allowed("users=read", lambda: self._admin.quotas_of(uid))
            quota = None if quotas is None else quotas.user_quota.as_quota()
        return quota, most if most > 0 else None

    def _first_answer(self, buckets: list[BucketReport]) -> Mapping[str, str]:
        """The headers of the first bucket that still exists: others may be deleted while the report is made."""
        for told in buckets:
            try:
                return self._counter.head(told.name)
            except S3ResponseError as error:
                if error.code != "NoSuchBucket":
                    raise
        return {}

    def _operations(self, uid: str) -> tuple[OperationUsage, ...] | None:
        users = self._allowed("usage=read", lambda: self._admin.operations_of(uid))
        if users is None:
            return None
        found = [category for user in users if user.user == uid for category in user.categories]
        return tuple(
            OperationUsage(
                category=category.category,
                operations=category.ops,
                successful=category.successful_ops,
                bytes_sent=category.bytes_sent,
                bytes_received=category.bytes_received,
            )
            for category in sorted(found, key=lambda category: category.category)
        )

    def _allowed(self, capability: str, ask: Callable[[], T]) -> T | None:
        try:
            return ask()
        except S3ResponseError as error:
            if error.code not in NO_ADMIN_API | {"NoSuchKey", "NoSuchUser"}:
                raise
        except BackendError:
            pass  # A release whose response is another.
        self._counter.say_once(capability, f"reports leave out what the capability {capability} would show")
        return None


def _least(sources: Collection[str]) -> str:
    """Returns the source that says least, of those without the admin API."""
    return LISTING if LISTING in sources else HEAD


def _bucket_report(name: str, object_count: int, size_bytes: int, stats: BucketStats | None) -> BucketReport:
    if stats is None:
        return BucketReport(name=name, object_count=object_count, size_bytes=size_bytes)
    return BucketReport(
        name=name,
        object_count=object_count,
        size_bytes=size_bytes,
        # Of an empty bucket RGW says nothing, and it takes up nothing.
        size_on_disk_bytes=stats.main.size_actual,
        owner=stats.owner,
        shards=stats.num_shards or None,
        placement=stats.placement_rule,
        quota=stats.bucket_quota.as_quota(),
    )
