"""Counts what buckets hold: by listing while they are small, by MinIO's own figures above that."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final

import msgspec
from bucketry import ListOptions, Usage
from minio.error import MinioAdminException, S3Error
from urllib3.exceptions import HTTPError

from bucketry_minio._connection import Connection
from bucketry_minio._listing import list_page

SOURCE_LISTING: Final = "listing"
SOURCE_SCANNER: Final = "minio-scanner"
"""MinIO's background scanner: it counts all versions of an object, and lags by minutes or more."""

_SIDE_BY_SIDE: Final = 8
_ASK_AGAIN_AFTER: Final = 300.0
"""Seconds after which figures that were refused are asked for again."""

_log = logging.getLogger("bucketry.minio")


class _BucketFigures(msgspec.Struct, frozen=True, rename="camel"):
    size: int
    objects_count: int


class _Figures(msgspec.Struct, frozen=True, rename="camel"):
    """What ``get_data_usage_info`` gives, as far as it matters here."""

    # A server whose scanner did not run yet says the year 1, or nothing.
    last_update: datetime | None = None
    buckets_usage_info: Mapping[str, _BucketFigures] | None = None


_NONE: Final = _Figures()


class UsageCounter:
    """Counts buckets. Threads may share it."""

    def __init__(self, connection: Connection, list_limit: int) -> None:
        self._connection = connection
        self._list_limit = list_limit
        self._refused_until = 0.0

    def count(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        """Counts these buckets side by side; those that do not exist are left out.

        One request for the server's figures, and for each bucket one for each 1,000 objects up to the limit.
        """
        figures = self._figures()
        with ThreadPoolExecutor(min(_SIDE_BY_SIDE, len(buckets)), "bucketry-minio-usage") as pool:
            counted = list(pool.map(lambda bucket: self._count(bucket, figures), buckets))
        return {bucket: usage for bucket, usage in zip(buckets, counted, strict=True) if usage is not None}

    def _count(self, bucket: str, figures: _Figures) -> Usage | None:
        known = _usage_of(bucket, figures)
        try:
            if known is not None and known.object_count > self._list_limit:
                self._connection.send("HEAD", bucket)  # The scanner remembers buckets that are gone.
                return known
            return self._list(bucket, known)
        except S3Error as error:
            if error.code == "NoSuchBucket":
                return None
            raise

    def _list(self, bucket: str, known: Usage | None) -> Usage:
        """Counts by listing; where there turns out to be too much, takes what is known, if anything is."""
        count = size = 0
        options = ListOptions(content_type=False)
        while True:
            page = list_page(self._connection, bucket, options)
            count += len(page.objects)
            size += sum(info.size_bytes for info in page.objects)
            if page.cursor is None:
                return Usage(object_count=count, size_bytes=size, source=SOURCE_LISTING, as_of=datetime.now(UTC))
            if count >= self._list_limit and known is not None:
                return known
            options = msgspec.structs.replace(options, cursor=page.cursor)

    def _figures(self) -> _Figures:
        """Asks for the server's figures; none where the credentials may not see them or they cannot be had."""
        if time.monotonic() < self._refused_until:
            return _NONE
        try:
            return msgspec.json.decode(self._connection.usage_info(), type=_Figures)
        except (MinioAdminException, HTTPError, OSError, ValueError, msgspec.MsgspecError) as error:
            self._refused_until = time.monotonic() + _ASK_AGAIN_AFTER
            _log.info("MinIO's own usage figures are not available (%s): buckets are listed", type(error).__name__)
            return _NONE


def _usage_of(bucket: str, figures: _Figures) -> Usage | None:
    found, as_of = (figures.buckets_usage_info or {}).get(bucket), figures.last_update
    if found is None or as_of is None or as_of.year == 1:
        return None
    return Usage(
        object_count=found.objects_count,
        size_bytes=found.size,
        source=SOURCE_SCANNER,
        as_of=as_of.astimezone(UTC),
    )
