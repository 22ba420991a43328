"""RGW's admin ops API, as far as the driver needs it.

Source: Ceph, "Admin Operations". Answers may hold secrets of users (those of ``/admin/user`` do), so only what is named
here is url_decoded, and no response is logged, raised or passed on as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec
from bucketry import BackendError, Quota
from bucketry.decoding import from_json
from bucketry_s3client import S3Client, incomplete_response

T = TypeVar("T")

NO_ADMIN_API: Final = frozenset({"AccessDenied", "MethodNotAllowed", "NoSuchBucket", "NotImplemented"})
"""What responses a question where the capability is missing, or the gateway does not serve the API (rgw_enable_apis):
then its path is that of an object."""


class RawQuota(msgspec.Struct, frozen=True):
    """A quota as RGW writes it. A negative number means no limit."""

    enabled: bool = False
    max_size: int = -1
    max_objects: int = -1

    def as_quota(self) -> Quota | None:
        """Returns it as the contract writes it; ``None`` if nothing is bounded."""
        return quota_of(self.max_size, self.max_objects) if self.enabled else None


class Category(msgspec.Struct, frozen=True):
    """What a bucket holds of one kind of objects."""

    size: int
    num_objects: int
    size_actual: int = 0


_EMPTY: Final = Category(size=0, num_objects=0)


class BucketStats(msgspec.Struct, frozen=True):
    """A bucket's statistics. ``usage`` is empty as long as the bucket is."""

    bucket: str
    usage: dict[str, Category]
    owner: str = ""
    num_shards: int = 0
    placement_rule: str = ""
    bucket_quota: RawQuota = RawQuota()

    @property
    def main(self) -> Category:
        """What its objects take. The other categories are RGW's own; one of them may hold a count near 2^64."""
        return self.usage.get("rgw.main", _EMPTY)

    @property
    def uploads(self) -> int:
        """How many multipart uploads are in progress; `main` counts their parts."""
        return self.usage.get("rgw.multimeta", _EMPTY).num_objects


class Operations(msgspec.Struct, frozen=True):
    """Requests of one category."""

    category: str
    bytes_sent: int = 0
    bytes_received: int = 0
    ops: int = 0
    successful_ops: int = 0


class UserOperations(msgspec.Struct, frozen=True):
    """Requests of a user."""

    user: str = ""
    categories: list[Operations] = []


class UsageSummary(msgspec.Struct, frozen=True):
    """A response of the usage log."""

    summary: list[UserOperations] = []


class Quotas(msgspec.Struct, frozen=True):
    """A user's quota, and the one that each of his buckets has."""

    user_quota: RawQuota = RawQuota()
    bucket_quota: RawQuota = RawQuota()


class AdminApi:
    """Asks the admin ops API. Each question may be refused with ``AccessDenied``: the capability is missing."""

    def __init__(self, client: S3Client, path: str) -> None:
        self._client = client
        self._path = path

    def buckets_of(self, uid: str) -> list[BucketStats]:
        """Returns the statistics of all of a user's buckets, in one request; needs ``buckets=read``."""
        return self._ask("bucket", {"uid": uid, "stats": "true"}, list[BucketStats])

    def bucket(self, name: str) -> BucketStats:
        """Returns the statistics of one bucket; needs ``buckets=read``."""
        return self._ask("bucket", {"bucket": name, "stats": "true"}, BucketStats)

    def operations_of(self, uid: str) -> list[UserOperations]:
        """Returns what the usage log says of a user, half a minute late; needs ``usage=read``."""
        query = {"uid": uid, "show-entries": "false", "show-summary": "true"}
        return self._ask("usage", query, UsageSummary).summary

    def quotas_of(self, uid: str) -> Quotas:
        """Returns a user's quotas; needs ``users=read``. Asked so, RGW responses without the user's keys."""
        return self._ask("user", {"quota": "", "uid": uid}, Quotas)

    def _ask(self, what: str, query: Mapping[str, str], kind: type[T]) -> T:
        _, body = self._client.request("GET", self._path, what, query=query)
        if not body:
            raise incomplete_response(f"the response of the admin API to {what!r} has no body")
        try:
            return from_json(body, kind)
        except msgspec.DecodeError:
            # Its text may quote the response.
            raise BackendError(f"the response of the admin API to {what!r} cannot be read") from None


def quota_of(max_size: int, max_objects: int) -> Quota | None:
    """Returns a quota; ``None`` if neither is bounded."""
    if max_size < 0 and max_objects < 0:
        return None
    return Quota(
        max_size_bytes=max_size if max_size >= 0 else None, max_objects=max_objects if max_objects >= 0 else None
    )
