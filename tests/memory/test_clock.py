"""The driver's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from bucketry_memory import objects

from tests.memory.opened import BUCKET, make_store


def test_time_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([1000.0, 1000.0015, 1000.0019, 1000.0021, 500.0, 1000.0022, 2000.5])
    monkeypatch.setattr(objects, "time", lambda: next(times))
    clock = objects.Clock()

    seen = [clock.now() for _ in range(6)]

    base = datetime.fromtimestamp(1000, UTC)
    milliseconds = [(moment - base) / timedelta(milliseconds=1) for moment in seen]
    assert milliseconds == [1, 1, 2, 2, 2, 1_000_500]
    # One object for all that is written in a millisecond.
    assert seen[0] is seen[1]


def test_an_object_has_the_time_of_its_write_in_utc() -> None:
    store, _ = make_store()
    before = datetime.now(UTC)

    info = store.put_object(BUCKET, "key", b"")

    assert info.last_modified.tzinfo is UTC
    assert before - timedelta(milliseconds=1) < info.last_modified <= datetime.now(UTC)
    assert info == store.head_object(BUCKET, "key") == store.list_objects(BUCKET).objects[0]
