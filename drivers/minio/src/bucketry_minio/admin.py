"""MinIO's admin API, as far as the driver needs it.

Source: MinIO's ``cmd/admin-router.go`` and ``madmin-go``. Only what is named here is decoded. No response is
logged, raised or passed on as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, TypeVar

import msgspec
from bucketry import BackendError, Quota, Usage
from bucketry.decoding import from_json
from bucketry_s3client import S3Client, incomplete_response

T = TypeVar("T")

SOURCE_SCANNER: Final = "minio-scanner"
"""MinIO's background scanner: it counts all versions of an object, and lags by minutes or more."""


class _BucketFigures(msgspec.Struct, frozen=True, rename="camel"):
    size: int
    objects_count: int


class Figures(msgspec.Struct, frozen=True, rename="camel"):
    """The scanner's figures of all buckets (``datausageinfo``)."""

    # A server whose scanner did not run yet says the year 1, or nothing.
    last_update: datetime | None = None
    buckets_usage_info: Mapping[str, _BucketFigures] | None = None

    def usage_of(self, bucket: str) -> Usage | None:
        """Returns a bucket's figures; ``None`` if the scanner did not see it yet."""
        found, as_of = (self.buckets_usage_info or {}).get(bucket), self.last_update
        if found is None or as_of is None or as_of.year == 1:
            return None
        return Usage(
            object_count=found.objects_count,
            size_bytes=found.size,
            source=SOURCE_SCANNER,
            as_of=as_of.astimezone(UTC),
        )


class _Quota(msgspec.Struct, frozen=True):
    """A bucket's quota in bytes; 0 means none. Releases before 2024 have ``quota`` only."""

    size: int = 0
    quota: int = 0


class _Details(msgspec.Struct, frozen=True):
    quota: _Quota | None = None


class _AccountBucket(msgspec.Struct, frozen=True):
    name: str
    details: _Details | None = None


class _Account(msgspec.Struct, frozen=True, rename="pascal"):
    buckets: list[_AccountBucket] | None = None


class AdminApi:
    """Asks the admin API. Each question may be refused with the SDK's ``S3ResponseError``. Threads may share it."""

    def __init__(self, client: S3Client) -> None:
        self._client = client

    def figures(self) -> Figures:
        """Returns the scanner's figures of all buckets: one request, for administrators (``admin:DataUsageInfo``)."""
        return _decoded(self._fetch("datausageinfo"), Figures)

    def quotas(self) -> dict[str, Quota]:
        """Returns the quotas of those buckets of the caller that have one: one request, for everybody."""
        account = _decoded(self._fetch("accountinfo"), _Account)
        return {
            bucket.name: Quota(max_size_bytes=most)
            for bucket in account.buckets or ()
            if bucket.details and bucket.details.quota
            if (most := bucket.details.quota.size or bucket.details.quota.quota)
        }

    def _fetch(self, what: str) -> bytes:
        return self._client.request("GET", "minio", f"admin/v3/{what}")[1]


def _decoded(response: bytes, kind: type[T]) -> T:
    if not response:
        raise incomplete_response("a response of the admin API has no body")
    try:
        return from_json(response, kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        # Its text may quote the response.
        raise BackendError("a response of the admin API cannot be read") from None
