"""Counts what buckets hold: by listing while they are small, by MinIO's own figures above that."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Final

import msgspec
from bucketry import BackendError, BucketReport, ListOptions, Quota, Unavailable, Usage, UsageReport
from bucketry.backend_requests import in_this_context
from bucketry.paging import Paging
from bucketry_s3client import S3ResponseError

from bucketry_minio.admin import AdminApi, Figures
from bucketry_minio.connection import Connection
from bucketry_minio.listing import list_page

SOURCE_LISTING: Final = "listing"

_SIDE_BY_SIDE: Final = 8
_ASK_AGAIN_AFTER: Final = 300.0
"""Seconds after which figures that were refused are asked for again."""

_NONE: Final = Figures()
# Not what breaks off: the next try may have it.
_CANNOT_BE_HAD: Final = (S3ResponseError, BackendError)

_log = logging.getLogger("bucketry.minio")


class UsageCounter:
    """Counts buckets, and writes the report of it. Threads may share it."""

    def __init__(self, connection: Connection, admin: AdminApi, list_limit: int) -> None:
        self._connection = connection
        self._admin = admin
        self._list_limit = list_limit
        self._refused_until = 0.0

    def count(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        """Counts these buckets side by side; those that do not exist are left out.

        One request for the server's figures, and for each bucket one for each 1,000 objects up to the limit.
        """
        if not buckets:
            return {}
        figures = self._figures()
        with ThreadPoolExecutor(min(_SIDE_BY_SIDE, len(buckets)), "bucketry-minio-usage") as pool:
            counted = list(pool.map(in_this_context(partial(self._count, figures)), buckets))
        return {bucket: usage for bucket, usage in zip(buckets, counted, strict=True) if usage is not None}

    def report(self, buckets: tuple[str, ...]) -> UsageReport:
        """Counts these buckets, and says which quotas they have; source and time are those of the oldest figures."""
        moment = datetime.now(UTC)
        usages = self.count(buckets)
        quotas = self._quotas()
        oldest = min(usages.values(), key=lambda usage: usage.as_of, default=None)
        return UsageReport(
            source=SOURCE_LISTING if oldest is None else oldest.source,
            as_of=moment if oldest is None else oldest.as_of,
            buckets=tuple(
                BucketReport(
                    name=name, object_count=usage.object_count, size_bytes=usage.size_bytes, quota=quotas.get(name)
                )
                for name, usage in sorted(usages.items())
            ),
        )

    def _count(self, figures: Figures, bucket: str) -> Usage | None:
        known = figures.usage_of(bucket)
        try:
            if known is not None and known.object_count > self._list_limit:
                self._connection.find(bucket)  # The scanner remembers buckets that are gone.
                return known
            return self._list(bucket, known)
        except S3ResponseError as error:
            if error.code == "NoSuchBucket":
                return None
            raise

    def _list(self, bucket: str, known: Usage | None) -> Usage:
        """Counts by listing; where there turns out to be too much, takes what is known, if anything is."""
        count = size = 0
        options, paging = ListOptions(content_type=False), Paging()
        while True:
            page = list_page(self._connection, bucket, options)
            paging.follow(page)
            count += len(page.objects)
            size += sum(info.size_bytes for info in page.objects)
            if page.cursor is None:
                return Usage(object_count=count, size_bytes=size, source=SOURCE_LISTING, as_of=datetime.now(UTC))
            if count >= self._list_limit and known is not None:
                return known
            options = msgspec.structs.replace(options, cursor=page.cursor)

    def _figures(self) -> Figures:
        """Asks for the server's figures; none where the credentials may not see them or they cannot be had."""
        if time.monotonic() < self._refused_until:
            return _NONE
        try:
            return self._admin.figures()
        except (*_CANNOT_BE_HAD, Unavailable) as error:  # Listings say the same, and more exactly.
            self._refused_until = time.monotonic() + _ASK_AGAIN_AFTER
            _log.info("MinIO's own usage figures are not available (%s): buckets are listed", type(error).__name__)
            return _NONE

    def _quotas(self) -> dict[str, Quota]:
        """Asks for the quotas; none where they cannot be had, so that what was counted is not lost."""
        try:
            return self._admin.quotas()
        except _CANNOT_BE_HAD as error:
            _log.warning("MinIO's quotas are not available (%s): the report leaves them out", type(error).__name__)
            return {}
