"""Layers for these tests."""

from __future__ import annotations

from collections.abc import Generator

from bucketry import Body, ObjectInfo, OpenedObject, PutOptions
from bucketry.hookspecs import hookimpl
from bucketry.models import BucketInfo, Usage
from bucketry.options import GetOptions


class Raises:
    """Fails every listing of buckets."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error

    @hookimpl(wrapper=True)
    def list_buckets(self) -> Generator[None, tuple[BucketInfo, ...], tuple[BucketInfo, ...]]:
        if self.error is not None:
            raise self.error
        return (yield)


class FailsToPut:
    """Fails to store one key."""

    def __init__(self, key: str, error: Exception) -> None:
        self.key = key
        self.error = error

    @hookimpl(wrapper=True)
    def put_object(
        self, bucket: str, key: str, body: Body, options: PutOptions
    ) -> Generator[None, ObjectInfo, ObjectInfo]:
        if key == self.key:
            raise self.error
        return (yield)


class Counted:
    """Remembers which usages were asked for, which objects were opened, and which of these were closed."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.usages: list[tuple[str, ...]] = []
        self.opened: list[str] = []
        self.closed: list[str] = []

    @hookimpl(wrapper=True)
    def bucket_usage(self, buckets: tuple[str, ...]) -> Generator[None, dict[str, Usage], dict[str, Usage]]:
        self.usages.append(buckets)
        return (yield)

    @hookimpl(wrapper=True)
    def get_object(self, bucket: str, key: str, options: GetOptions) -> Generator[None, OpenedObject, OpenedObject]:
        opened = yield
        self.opened.append(key)
        return opened.on_close(lambda: self.closed.append(key))
