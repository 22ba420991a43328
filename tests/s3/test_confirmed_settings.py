"""Settings of buckets are read after they are put: servers drop values, and AWS shows old ones for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from bucketry import AnyBucketSettings, CorsRule, CorsSettings, Store, Unsupported
from bucketry.hookspecs import hookimpl
from bucketry_memory import MemoryDriver, MemorySettings
from bucketry_s3 import driver
from bucketry_s3.found import EVERYTHING
from bucketry_testing import s3_endpoint
from msgspec.structs import replace

from tests.s3.backend import reachable, store_with


def rules(*origins: str, methods: tuple[Any, ...] = ("GET",), max_age: int | None = 60) -> CorsSettings:
    made = (CorsRule(allowed_methods=methods, allowed_origins=(one,), max_age_seconds=max_age) for one in origins)
    return CorsSettings(rules=tuple(made))


OLD = rules("https://old.example.com")
NEW = rules("https://new.example.com", methods=("PUT",))
ANOTHERS = rules("https://another.example.com")


class Late(MemoryDriver):
    """Shows the old settings some times after new ones were put."""

    late = 3

    def __init__(self, settings: MemorySettings) -> None:
        super().__init__(settings)
        self._shown: list[Any] = []

    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Any:
        self._shown = [super().get_bucket_settings(bucket, type(settings))] * self.late
        return super().put_bucket_settings(bucket, settings)

    @hookimpl
    def get_bucket_settings(self, bucket: str, kind: Any) -> Any:
        return self._shown.pop() if self._shown else super().get_bucket_settings(bucket, kind)


class Deaf(MemoryDriver):
    """Takes settings, and keeps the old ones."""

    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Any:
        kept = super().get_bucket_settings(bucket, type(settings))
        return super().put_bucket_settings(bucket, settings if kept == type(settings)() else kept)


class DropsMaxAge(MemoryDriver):
    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Any:
        assert isinstance(settings, CorsSettings)
        if settings != OLD:
            settings = CorsSettings(rules=tuple(replace(one, max_age_seconds=None) for one in settings.rules))
        return super().put_bucket_settings(bucket, settings)


class SomebodyElsePuts(MemoryDriver):
    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Any:
        return super().put_bucket_settings(bucket, ANOTHERS if settings == NEW else settings)


@contextmanager
def stores(kind: type[MemoryDriver]) -> Iterator[tuple[Store, Store]]:
    """A store with a bucket with old settings, on a server of this kind, without probes; and the store behind it."""
    with (
        Store(kind(MemorySettings())) as behind,
        s3_endpoint(behind) as served,
        store_with(reachable(served), EVERYTHING) as store,
    ):
        store.create_bucket("photos")
        store.put_bucket_settings("photos", OLD)
        yield store, behind


def test_settings_that_are_seen_late_are_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "_PATIENCE", 60.0)  # A busy machine is no failure either.
    with stores(Late) as (store, behind):
        store.put_bucket_settings("photos", NEW)
        assert behind.get_bucket_settings("photos", CorsSettings) == NEW


def test_settings_that_are_never_seen_are_a_failure() -> None:
    with stores(Deaf) as (store, behind):
        with pytest.raises(Unsupported, match="still has the old ones"):
            store.put_bucket_settings("photos", NEW)
        assert behind.get_bucket_settings("photos", CorsSettings) == OLD


@pytest.mark.parametrize("new", [NEW, rules("https://old.example.com", methods=("PUT",))])
def test_the_old_settings_come_back_where_a_value_is_dropped(new: CorsSettings) -> None:
    with stores(DropsMaxAge) as (store, behind):
        with pytest.raises(Unsupported, match="does not keep all of these CorsSettings"):
            store.put_bucket_settings("photos", new)
        assert behind.get_bucket_settings("photos", CorsSettings) == OLD


def test_what_another_caller_has_put_at_that_moment_stays() -> None:
    with stores(SomebodyElsePuts) as (store, behind):
        with pytest.raises(Unsupported, match="another caller's"):
            store.put_bucket_settings("photos", NEW)
        assert behind.get_bucket_settings("photos", CorsSettings) == ANOTHERS
