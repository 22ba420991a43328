"""A driver that reads what is put into it and drops it, so that nothing but the way to it is measured."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar, final

from bucketry import (
    BucketInfo,
    Features,
    NoSuchBucket,
    ObjectInfo,
    PutOptions,
    Status,
    Usage,
)
from bucketry.body import Body
from bucketry.hookspecs import CONTRACT_VERSION, DriverSpec, hookimpl
from bucketry.settings import DriverSettings
from typing_extensions import override

BUCKET = "bench"
_CREATED = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)


class DiscardSettings(DriverSettings, frozen=True, kw_only=True):
    """There are none."""

    scheme: ClassVar[str] = "discard"


@final
class DiscardDriver(DriverSpec):
    """Has one bucket, takes any object, and keeps nothing of it."""

    name = "discard"
    contract_version = CONTRACT_VERSION
    Settings = DiscardSettings
    features = Features()

    @override
    @hookimpl
    def status(self) -> Status:
        return Status(available=True, endpoint="http://localhost:9000", region="us-east-1")

    @override
    @hookimpl
    def list_buckets(self) -> tuple[BucketInfo, ...]:
        return (BucketInfo(name=BUCKET, created_at=_CREATED),)

    @override
    @hookimpl
    def head_bucket(self, bucket: str) -> BucketInfo:
        if bucket != BUCKET:
            raise NoSuchBucket
        return BucketInfo(name=BUCKET, created_at=_CREATED)

    @override
    @hookimpl
    def bucket_usage(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        usage = Usage(object_count=0, size_bytes=0, source="index", as_of=_CREATED)
        return {bucket: usage for bucket in buckets if bucket == BUCKET}

    @override
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        if bucket != BUCKET:
            raise NoSuchBucket
        return ObjectInfo(
            key=key,
            size_bytes=sum(map(len, body)),
            etag="discarded",
            last_modified=_CREATED,
            content_type=options.content_type,
        )
