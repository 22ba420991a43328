"""A read of what is in memory needs no thread; any other one gets one."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from bucketry import Store
from bucketry.layers import CallEvent, ReportCalls
from bucketry_file import FileDriver, FileSettings
from bucketry_http.shared.calls import StoreCalls
from bucketry_http.shared.object_reading import head_object, open_object


@pytest.mark.parametrize("size", [10, 200_000])
def test_a_small_object_that_was_used_lately_is_read_in_the_event_loop(tmp_path: Path, size: int) -> None:
    used: list[tuple[str, bool]] = []
    loops = threading.current_thread()

    def report(event: CallEvent) -> None:
        if event.operation in {"head_object", "get_object"}:  # Lifecycle calls others, in a thread of its own.
            used.append((event.operation, threading.current_thread() is loops))

    driver = FileDriver(FileSettings(location=str(tmp_path / "data"), sync=False))
    with Store(driver, [ReportCalls(report)]) as store:
        store.create_bucket("bucket")
        store.put_object("bucket", "key", bytes(size))
        used.clear()
        calls = StoreCalls(store, call_threads=2, transfer_threads=2)

        async def run() -> None:
            for headers in ({}, {"range": "bytes=0-4"}, {"if-match": "*"}):
                await head_object(calls, "bucket", "key", headers)
                result = await open_object(calls, "bucket", "key", headers)
                assert result.length == (5 if "range" in headers else size)
                await result.close()

        asyncio.run(run())
        assert {operation for operation, _ in used} == {"head_object", "get_object"}
        assert {inline for _, inline in used} == {size == 10}
