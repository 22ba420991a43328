"""Settings of buckets are read after they are put: servers drop values, and AWS shows old ones for a while."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from bucketry import (
    AnyBucketSettings,
    CorsRule,
    CorsSettings,
    EncryptionSettings,
    Store,
    Tag,
    TagSettings,
    Unsupported,
)
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


class LosesOne(MemoryDriver):
    """Loses the first of some settings, as servers do with two that they get at the same moment."""

    lost = False

    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Any:
        if settings == NEW and not self.lost:
            self.lost = True
            settings = OLD
        return super().put_bucket_settings(bucket, settings)


class AddsIds(MemoryDriver):
    puts: ClassVar[list[Any]] = []

    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Any:
        assert isinstance(settings, CorsSettings)
        self.puts.append(settings)
        return super().put_bucket_settings(
            bucket, CorsSettings(rules=tuple(replace(one, id="made-here") for one in settings.rules))
        )


class ReadsAndWritesWhole(MemoryDriver):
    """Notes what a server that reads and writes all settings of a bucket together may lose."""

    changing: ClassVar[list[Any]] = []
    lost: ClassVar[list[Any]] = []

    def __init__(self, settings: MemorySettings) -> None:
        super().__init__(settings)
        self.features = replace(self.features, non_blocking=False)  # The server calls it in threads.

    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Any:
        self._change(settings)
        return super().put_bucket_settings(bucket, settings)

    @hookimpl
    def delete_bucket_settings(self, bucket: str, kind: Any) -> Any:
        self._change(kind)
        return super().delete_bucket_settings(bucket, kind)

    def _change(self, what: object) -> None:
        self.changing.append(what)
        if len(self.changing) > 1:
            self.lost.append(what)
        time.sleep(0.05)
        self.changing.remove(what)


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


def test_settings_that_were_lost_once_are_put_again() -> None:
    with stores(LosesOne) as (store, behind):
        store.put_bucket_settings("photos", NEW)
        assert behind.get_bucket_settings("photos", CorsSettings) == NEW


def test_changes_of_one_bucket_come_one_after_the_other() -> None:
    kinds = NEW, TagSettings(tags=(Tag(key="a", value="b"),)), EncryptionSettings(algorithm="AES256")
    with stores(ReadsAndWritesWhole) as (store, behind), ThreadPoolExecutor(len(kinds)) as threads:
        list(threads.map(partial(store.put_bucket_settings, "photos"), kinds))
        assert ReadsAndWritesWhole.lost == []
        for one in kinds:
            assert behind.get_bucket_settings("photos", type(one)) == one
        list(threads.map(partial(store.delete_bucket_settings, "photos"), map(type, kinds)))
        assert ReadsAndWritesWhole.lost == []


def test_settings_that_are_there_already_are_put_once() -> None:
    """Also where the server adds something to them."""
    with stores(AddsIds) as (store, behind):
        before = len(AddsIds.puts)
        store.put_bucket_settings("photos", OLD)
        assert len(AddsIds.puts) == before + 1
        assert behind.get_bucket_settings("photos", CorsSettings) != OLD


def test_settings_that_are_never_taken_take_no_more_than_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    clock = SimpleNamespace(sleep=waited.append, monotonic=lambda: 1000.0 + sum(waited))
    monkeypatch.setattr("bucketry_s3.bucket_settings.time", clock)
    with stores(Deaf) as (store, _), pytest.raises(Unsupported, match="still has the old ones"):
        store.put_bucket_settings("photos", NEW)
    assert 0.5 <= sum(waited) <= driver._PATIENCE


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
