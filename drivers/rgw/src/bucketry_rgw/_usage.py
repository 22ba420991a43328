"""How much buckets hold: from the best source that the gateway and the user's capabilities have."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from bucketry import BackendError, ListOptions, Usage
from bucketry.paging import Paging
from bucketry_s3client import S3Client, S3ResponseError, read_count, reading, response_date

from bucketry_rgw._admin import NO_ADMIN_API, AdminApi, BucketStats
from bucketry_rgw._inflight import parts, uploads
from bucketry_rgw._listing import Lister

ADMIN, HEAD, LISTING = "rgw-admin", "rgw-head", "listing"

_MOST_UPLOADS: Final = 100
"""Of how many uploads in progress in a bucket the parts are looked up. With more, they are counted as RGW does."""

_ASK_AGAIN_AFTER: Final = 300.0
"""Seconds after which a capability that was missing is asked for again."""

_log = logging.getLogger("bucketry.rgw")


class UsageCounter:
    """Says how much buckets hold. Threads may share it.

    RGW's own figures count what is no object: the parts of uploads in progress, which are taken off again here, and in
    versioned buckets the versions before the last.
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
        counted = {name: self._of_stats(found[name], moment) for name in buckets if found and name in found}
        # Without the capability, all of them; else those that are another user's, or do not exist.
        left = [name for name in buckets if name not in counted]
        others = zip(left, self._lookups.map(self._of_one, left), strict=True)
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
        """Asks the admin API; ``None`` if it cannot be used, and no buckets if it answers with one of these codes."""
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
            pass  # A release whose answer is another.
        self._refused_until = time.monotonic() + _ASK_AGAIN_AFTER
        self.say_once(
            ADMIN,
            "the admin API cannot be used, so buckets are asked one by one: give the user the capability buckets=read, "
            "and see that the gateway serves it (rgw_enable_apis)",
        )
        return None

    def _of_stats(self, stats: BucketStats, moment: datetime) -> Usage:
        count, size = stats.main.num_objects, stats.main.size
        if stats.uploads:
            count, size = self._without_parts(stats.bucket, count, size)
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
        for upload in islice(uploads(self._client, bucket), _MOST_UPLOADS):
            try:
                sizes = [part.size_bytes for part in parts(self._client, bucket, upload.key, upload.upload_id)]
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
