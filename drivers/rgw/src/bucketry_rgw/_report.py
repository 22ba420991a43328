"""The report of what only RGW knows: room on disk, owner, shards, placement, quotas and the usage log."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from bucketry import BackendError, BucketReport, OperationUsage, Quota, UsageReport, UserReport
from bucketry_s3client import S3ResponseError, reading

from bucketry_rgw._admin import NO_ADMIN_API, AdminApi, BucketStats, quota_of
from bucketry_rgw._usage import ADMIN, HEAD, LISTING, UsageCounter

T = TypeVar("T")


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
            pass  # A release whose answer is another.
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
