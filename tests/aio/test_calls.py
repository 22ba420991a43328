"""Where calls run, how many at a time, and what becomes of them when the store is closed."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from bucketry import Features, InvalidSettings, ListOptions, NoSuchBucket, Store, StoreClosed, Unavailable, open_store
from bucketry.aio import AsyncStore
from bucketry.aio import open_store as open_async

from tests.aio.slow import PATIENCE, SlowDriver
from tests.core.tiny import TinyDriver, TinySettings

pytestmark = pytest.mark.anyio

VARIABLE: ContextVar[str] = ContextVar("VARIABLE")


async def test_a_driver_that_never_blocks_is_called_in_the_event_loop() -> None:
    driver = SlowDriver()
    driver.features = Features(non_blocking=True)
    async with AsyncStore(Store(driver)) as store:
        await store.put_object("photos", "key", b"content")
        async with store.get_object("photos", "key") as opened:
            assert await opened.read() == b"content"
        await store.head_object("photos", "key")
    # Closing may wait, as for requests that are under way.
    assert driver.threads - {threading.current_thread().name} <= {"bucketry-aio_0"}
    assert threading.current_thread().name in driver.threads


async def test_all_others_are_called_in_threads_of_the_store() -> None:
    driver = SlowDriver()
    async with AsyncStore(Store(driver)) as store:
        await store.put_object("photos", "key", b"content")
        async with store.get_object("photos", "key") as opened:
            assert await opened.read() == b"content"
        await store.head_object("photos", "key")
    assert all(name.startswith("bucketry-aio") for name in driver.threads)


async def test_a_layer_that_waits_has_its_driver_called_in_threads() -> None:
    class Blocks:
        blocks = True

    driver = SlowDriver()
    driver.features = Features(non_blocking=True)
    async with AsyncStore(Store(driver, [Blocks()])) as store:
        await store.put_object("photos", "key", b"content")
    assert driver.threads == {"bucketry-aio_0"}


@pytest.mark.parametrize("most", [1, 3])
async def test_no_more_calls_run_at_once_than_threads_are_allowed(most: int) -> None:
    driver = SlowDriver("head")
    async with AsyncStore(Store(driver), call_threads=most) as store, anyio.create_task_group() as group:
        await store.put_object("photos", "key", b"content")
        for _ in range(10):
            group.start_soon(store.head_object, "photos", "key")
        for _ in range(10):
            await driver.has_stopped()
            driver.go_on()
    assert driver.most_running <= most


async def test_slow_uploads_do_not_delay_other_calls() -> None:
    driver = SlowDriver("before")
    store = AsyncStore(Store(driver), call_threads=1, transfer_threads=1)
    async with store, anyio.create_task_group() as group:
        group.start_soon(store.put_object, "photos", "key", iter([b"content"]))
        await driver.has_stopped()
        with anyio.fail_after(PATIENCE):
            await store.list_objects("photos")
        driver.go_on()


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "2", True])
async def test_a_wrong_number_of_threads_is_refused(wrong: Any) -> None:
    sync = open_store("memory://")
    for name in ("call_threads", "transfer_threads"):
        with pytest.raises(InvalidSettings, match="at least one thread"):
            AsyncStore(sync, **{name: wrong})
        with pytest.raises(InvalidSettings, match="at least one thread"):
            await open_async("memory://", **{name: wrong})


async def test_a_url_that_is_wrong_is_refused() -> None:
    with pytest.raises(InvalidSettings, match="nowhere"):
        await open_async("nowhere://")


async def test_a_thread_sees_the_context_variables_of_its_task() -> None:
    seen: list[str] = []

    class Driver(TinyDriver):
        @property
        def objects(self) -> dict[Any, Any]:
            seen.append(VARIABLE.get())
            return {}

        @objects.setter
        def objects(self, value: dict[Any, Any]) -> None:
            pass

    VARIABLE.set("of the task")
    store = AsyncStore(Store(Driver(TinySettings())))
    await store.put_object("photos", "key", b"content")
    assert set(seen) == {"of the task"}


async def test_calls_that_never_wait_let_other_tasks_run() -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await anyio.lowlevel.checkpoint()

    async with open_async("memory://") as store, anyio.create_task_group() as group:
        group.start_soon(tick)
        while ticks < 5:
            await store.status()
        group.cancel_scope.cancel()


async def test_a_listing_asks_for_the_next_page_when_it_is_needed() -> None:
    driver = SlowDriver()
    async with AsyncStore(Store(driver)) as store:
        entries = store.iter_objects("photos", ListOptions(limit=2))
        asked = []
        for _ in range(5):
            await anext(entries)
            asked.append(driver.listed)
        assert asked == [1, 1, 2, 2, 3]


async def test_an_error_ends_a_listing() -> None:
    async with open_async("memory://") as store:
        entries = store.iter_objects("missing")
        with pytest.raises(NoSuchBucket):
            await anext(entries)
        with pytest.raises(StopAsyncIteration):
            await anext(entries)


async def test_a_listing_that_does_not_move_on_is_an_error() -> None:
    driver = SlowDriver()
    async with AsyncStore(Store(driver)) as store:
        entries = store.iter_object_pages("photos")
        await anext(entries)
        driver.listed = 0
        with pytest.raises(Unavailable, match="does not move on"):
            await anext(entries)


async def test_all_kinds_of_listings_come_whole() -> None:
    async with open_async("memory://") as store:
        await store.create_bucket("photos")
        keys = [f"{number:02}" for number in range(25)]
        for key in keys:
            await store.put_object("photos", key, b"content")
        upload = await store.create_multipart_upload("photos", "key")
        for number in range(1, 8):
            await store.upload_part("photos", "key", upload.upload_id, number, b"part")
        small = ListOptions(limit=10)
        assert [entry.key async for entry in store.iter_objects("photos", small)] == keys
        assert [len(page.objects) async for page in store.iter_object_pages("photos", small)] == [10, 10, 5]
        assert [entry.key async for entry in store.iter_object_versions("photos")] == keys
        assert [entry.key async for entry in store.iter_multipart_uploads("photos")] == ["key"]
        numbers = [part.part_number async for part in store.iter_parts("photos", "key", upload.upload_id)]
        assert numbers == list(range(1, 8))


async def test_closing_does_not_wait_for_calls_under_way() -> None:
    driver = SlowDriver("head")
    store = AsyncStore(Store(driver))
    await store.put_object("photos", "key", b"content")
    async with anyio.create_task_group() as group:
        group.start_soon(store.head_object, "photos", "key")
        await driver.has_stopped()
        with anyio.fail_after(PATIENCE):
            await store.close()
            await store.close()
        driver.go_on()


async def test_calls_that_wait_for_a_thread_end_when_the_store_is_closed() -> None:
    driver = SlowDriver("head")
    store = AsyncStore(Store(driver), call_threads=2)
    await store.put_object("photos", "key", b"content")
    ended: list[object] = []

    async def head() -> None:
        try:
            ended.append(await store.head_object("photos", "key"))
        except StoreClosed as error:
            ended.append(error)

    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(head)
            await driver.has_stopped()
            await driver.has_stopped()
            group.start_soon(store.close)
            for _ in range(4):
                driver.go_on()
    assert len(ended) == 4


async def test_an_object_that_was_opened_before_is_read_after_the_store_is_closed() -> None:
    driver = SlowDriver()
    store = AsyncStore(Store(driver))
    await store.put_object("photos", "key", b"content")
    opened = await store.get_object("photos", "key")
    await store.close()
    assert await opened.read() == b"content"


async def test_a_closed_store_cannot_be_entered() -> None:
    store = await open_async("memory://")
    await store.close()
    with pytest.raises(StoreClosed):
        async with store:
            pytest.fail("entered")


async def test_its_threads_end_with_the_store() -> None:
    before = set(threading.enumerate())
    store = AsyncStore(Store(SlowDriver()))
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(store.list_objects, "photos")
    started = [each for each in set(threading.enumerate()) - before if each.name.startswith("bucketry-aio")]
    assert started
    await store.close()
    for thread in started:
        await anyio.to_thread.run_sync(thread.join, PATIENCE)
        assert not thread.is_alive()


async def test_what_it_can_do_and_its_sync_store_are_there() -> None:
    async with open_async("memory://") as store:
        assert store.capabilities is store.store.capabilities
        assert store.clock is store.store.clock
        assert repr(store) == "<AsyncStore memory>"
