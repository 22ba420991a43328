"""A reset deletes what is locked, whatever the lock is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from bucketry import CreateBucketOptions, CustomerKey, InvalidArgument, PutOptions, Retention, Store
from bucketry.events import EventLog
from bucketry.layers import Faults
from bucketry.object_lock import RetentionMode
from bucketry_cli.stage import Stage
from bucketry_memory import MemoryDriver, MemorySettings

KEY = CustomerKey(b"0" * 32)


@pytest.mark.parametrize("mode", ["GOVERNANCE", "COMPLIANCE"])
@pytest.mark.parametrize("legal_hold", [True, False])
@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "with a customer's key"])
def test_a_locked_version_is_deleted(mode: RetentionMode, key: CustomerKey | None, *, legal_hold: bool) -> None:
    with Store(MemoryDriver(MemorySettings())) as store:
        store.create_bucket("kept", CreateBucketOptions(object_lock=True))
        retention = Retention(mode=mode, until=store.clock.now() + timedelta(days=90_000))
        store.put_object("kept", "a", b"x", PutOptions(retention=retention, legal_hold=legal_hold, customer_key=key))
        Stage(store, ["first"], Faults(), EventLog()).reset()
        assert [bucket.name for bucket in store.list_buckets()] == ["first"]
        assert store.clock.ahead == 0


def test_no_lock_outlasts_the_clock() -> None:
    with Store(MemoryDriver(MemorySettings())) as store:
        store.create_bucket("kept", CreateBucketOptions(object_lock=True))
        store.put_object("kept", "a", b"x")
        forever = Retention(mode="COMPLIANCE", until=datetime(9000, 1, 1, tzinfo=UTC))
        with pytest.raises(InvalidArgument, match="before the year 9000"):
            store.put_object("kept", "b", b"x", PutOptions(retention=forever))
        with pytest.raises(InvalidArgument, match="before the year 9000"):
            store.put_object_retention("kept", "a", forever)
