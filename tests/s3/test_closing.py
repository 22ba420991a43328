"""A store that is closed in the middle of an operation of another thread: that says so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from bucketry import HeadOptions, ListOptions, Secret, Store, StoreClosed
from bucketry.hookspecs import hookimpl
from bucketry_memory import MemoryDriver, MemorySettings
from bucketry_s3 import S3Driver
from bucketry_s3.found import EVERYTHING
from bucketry_s3.settings import S3StoreSettings
from bucketry_s3client import LastingThreads
from bucketry_testing import s3_endpoint
from msgspec.structs import replace

from tests.http.serving import eventually
from tests.s3.backend import location, reachable


class Waits(MemoryDriver):
    """Answers nothing about an object, and no page of a bucket whose name begins with ``slow``, until it may."""

    def __init__(self, settings: MemorySettings) -> None:
        super().__init__(settings)
        self.features = replace(self.features, non_blocking=False)  # The server calls it in threads.
        self.asked, self.may_answer = threading.Event(), threading.Event()

    def _wait(self) -> None:
        self.asked.set()
        assert self.may_answer.wait(60)

    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> Any:
        self._wait()
        return super().head_object(bucket, key, options)

    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> Any:
        if bucket.startswith("slow"):
            self._wait()
        return super().list_objects(bucket, options)


def _list(store: Store) -> object:
    return list(store.iter_objects("photos", ListOptions(content_type=True)))


@pytest.mark.parametrize("call", [_list, Store.usage_report])
def test_who_waits_for_many_requests_is_told_that_the_store_was_closed(call: Callable[[Store], object]) -> None:
    driver = Waits(MemorySettings())
    with Store(driver) as behind, s3_endpoint(behind) as served, ThreadPoolExecutor(2) as threads:
        behind.create_bucket("photos")
        for number in range(60):  # More than are asked for at a time.
            behind.put_object("photos", f"{number}.jpg", b"")
            behind.create_bucket(f"slow-{number}")
        server = reachable(served)
        settings = S3StoreSettings(
            location=location(server), access_key=server.access_key, secret_key=Secret(server.secret_key)
        )
        asking = S3Driver(settings, EVERYTHING)
        store = Store(asking)
        calling = threads.submit(call, store)
        try:
            assert driver.asked.wait(60)
            closing = threads.submit(store.close)  # It waits for requests that have begun, and takes back the others.
            assert eventually(partial(_takes_nothing, asking._lookups))
        finally:
            driver.may_answer.set()
        with pytest.raises(StoreClosed):
            calling.result(60)
        closing.result(60)


def _takes_nothing(threads: LastingThreads) -> bool:
    """Whether threads were shut down, and what waited for them was taken back: one entry says that to them."""
    return threads._shutdown and threads._work_queue.qsize() <= 1
