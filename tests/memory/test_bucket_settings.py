"""How the memory driver keeps settings of buckets: within its limits, and given back with the bucket."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from bucketry import (
    CreateBucketOptions,
    InvalidArgument,
    LoggingSettings,
    PolicySettings,
    QuotaExceeded,
    Store,
    Tag,
    TagSettings,
    VersioningSettings,
    WebsiteSettings,
)
from bucketry.bucket_settings import MAX_SETTINGS_BYTES, LogTarget, Redirect, RoutingRule
from bucketry_memory import MemoryDriver, MemorySettings
from bucketry_memory.quota import Quota

TAGS = TagSettings(tags=(Tag(key="k", value="v"),))


def opened(**settings: Any) -> tuple[Store, Quota]:
    driver = MemoryDriver(MemorySettings(**settings))
    store = Store(driver)
    store.create_bucket("things")
    return store, driver._quota


def test_settings_count_as_entries_and_bytes_until_they_are_gone() -> None:
    store, quota = opened()
    before = quota.bytes_held, quota.entries_held
    store.put_bucket_settings("things", TAGS)
    store.put_bucket_settings("things", PolicySettings(document='{"a": 1}'))
    held = quota.bytes_held
    assert (held > before[0], quota.entries_held) == (True, before[1] + 2)
    store.put_bucket_settings("things", TagSettings(tags=(*TAGS.tags, Tag(key="other", value=""))))
    assert (quota.bytes_held > held, quota.entries_held) == (True, before[1] + 2)
    for _ in range(2):
        store.delete_bucket_settings("things", TagSettings)
        assert quota.entries_held == before[1] + 1
    store.delete_bucket("things")
    assert (quota.bytes_held, quota.entries_held) == (0, 0)


@pytest.mark.parametrize("limits", [{"max_bytes": 20}, {"max_entries": 1}])
def test_settings_beyond_the_limits_change_nothing(limits: dict[str, int]) -> None:
    store, quota = opened(**limits)
    before = quota.bytes_held, quota.entries_held
    with pytest.raises(QuotaExceeded):
        store.put_bucket_settings("things", TAGS)
    assert store.get_bucket_settings("things", TagSettings) == TagSettings()
    assert (quota.bytes_held, quota.entries_held) == before


def test_a_bucket_with_a_lock_is_created_whole_or_not_at_all() -> None:
    store, quota = opened(max_entries=3)
    with pytest.raises(QuotaExceeded):
        store.create_bucket("locked", CreateBucketOptions(object_lock=True))
    assert [bucket.name for bucket in store.list_buckets()] == ["things"]
    assert quota.entries_held == 1


def test_no_settings_are_larger_than_a_mebibyte() -> None:
    store, _ = opened()
    rules = tuple(RoutingRule(redirect=Redirect(replace_key_with="x" * 1024)) for _ in range(50))
    store.put_bucket_settings("things", WebsiteSettings(index_suffix="i", routing_rules=rules))
    settings = LoggingSettings(target=LogTarget(bucket="b", prefix="x" * (MAX_SETTINGS_BYTES + 1)))
    with pytest.raises(InvalidArgument):
        store.put_bucket_settings("things", settings)


def _puts(store: Store) -> list[Callable[[], None]]:
    return [
        lambda: store.put_bucket_settings("things", TAGS),
        lambda: store.delete_bucket_settings("things", TagSettings),
        lambda: store.put_bucket_settings("things", VersioningSettings(status="Enabled")),
        lambda: store.put_bucket_settings("things", PolicySettings(document="{}")),
        lambda: store.delete_bucket_settings("things", PolicySettings),
    ]


def test_threads_that_change_settings_lose_nothing_of_the_quota() -> None:
    store, quota = opened()
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(put) for _ in range(200) for put in _puts(store)]:
            done.result()
    store.delete_bucket("things")
    assert (quota.bytes_held, quota.entries_held) == (0, 0)
