"""Drivers for these tests: one that counts and drops what it gets, and ways to make others worse."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import ClassVar

from bucketry import (
    BucketInfo,
    Done,
    DriverSettings,
    Features,
    NoSuchBucket,
    ObjectInfo,
    ObjectPage,
    PutOptions,
    Status,
    Usage,
)
from bucketry.body import Body
from bucketry.hookspecs import CONTRACT_VERSION, DriverSpec, hookimpl
from bucketry.models import DONE
from bucketry.options import ListOptions

CREATED = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)


class DiscardSettings(DriverSettings, frozen=True, kw_only=True):
    """No settings."""

    scheme = "discard"


class DiscardDriver(DriverSpec):
    """Reads bodies to their end, counts them, and keeps nothing but their size."""

    name: ClassVar[str] = "discard"
    contract_version: ClassVar[int] = CONTRACT_VERSION
    Settings: ClassVar[type[DriverSettings]] = DiscardSettings

    def __init__(self) -> None:
        self.features = Features(put_metadata=True, put_headers=True)
        self.sizes: dict[str, int] = {}
        self.lock = threading.Lock()

    @hookimpl
    def status(self) -> Status:
        return Status(available=True, endpoint="discard:", region="here")

    @hookimpl
    def list_buckets(self) -> tuple[BucketInfo, ...]:
        return (BucketInfo(name="sink", created_at=CREATED),)

    @hookimpl
    def bucket_usage(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        with self.lock:
            usage = Usage(
                object_count=len(self.sizes), size_bytes=sum(self.sizes.values()), source="index", as_of=CREATED
            )
        return {bucket: usage for bucket in buckets if bucket == "sink"}

    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        with self.lock:
            return ObjectPage(objects=tuple(self._info(key, PutOptions()) for key in sorted(self.sizes)))

    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        if bucket != "sink":
            raise NoSuchBucket
        size = sum(map(len, body))
        with self.lock:
            self.sizes[key] = size
            return self._info(key, options)

    @hookimpl
    def close(self) -> Done:
        return DONE

    def _info(self, key: str, options: PutOptions) -> ObjectInfo:
        return ObjectInfo(
            key=key,
            size_bytes=self.sizes[key],
            etag="0" * 32,
            last_modified=CREATED,
            content_type=options.content_type,
        )


class HangingDriver(DiscardDriver):
    """Does not say how it is until it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    @hookimpl
    def status(self) -> Status:
        self.go_on.wait()
        return super().status()
