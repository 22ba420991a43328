"""Cancellation leaves nothing behind: no object, no upload, no open connection, no thread in use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from bucketry import Store, StoreClosed
from bucketry.aio import AsyncStore

from tests.aio.slow import PATIENCE, SlowDriver

pytestmark = pytest.mark.anyio

ASYNCIO = pytest.mark.parametrize("anyio_backend", ["asyncio"])
"""Marks a test of what asyncio alone has."""

KIB = 1024


def over(driver: SlowDriver, threads: int = 2) -> AsyncStore:
    return AsyncStore(Store(driver), call_threads=threads, transfer_threads=threads)


async def cancelled(driver: SlowDriver, call: Callable[[], Awaitable[object]]) -> bool:
    """Cancels a call once the driver has stopped in it, and lets the driver go on. Returns whether it was cancelled."""
    finished = []

    async def run() -> None:
        finished.append(await call())

    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            group.start_soon(run)
            await driver.has_stopped()
            group.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await anyio.wait_all_tasks_blocked()
                driver.go_on()
    return not finished


async def endless() -> AsyncIterator[bytes]:
    yield bytes(600 * KIB)
    await anyio.sleep_forever()


async def _pieces() -> AsyncIterator[bytes]:
    yield b"con"
    yield b"tent"


BODIES: dict[str, Callable[[], object]] = {
    "bytes": lambda: b"content",
    "many bytes": lambda: bytes(900),
    "an iterable": lambda: [b"con", b"tent"],
    "an async iterable": _pieces,
}


@pytest.mark.parametrize("body", BODIES)
async def test_a_put_that_is_cancelled_stores_nothing(body: str) -> None:
    driver = SlowDriver("before")
    store = over(driver)
    assert await cancelled(driver, lambda: store.put_object("photos", "key", BODIES[body]()))  # type: ignore[arg-type]
    assert driver.objects == {}
    assert driver.running == 0, "the call is still under way"


async def test_a_put_whose_body_hangs_ends_at_once_when_it_is_cancelled() -> None:
    driver = SlowDriver()
    driver.features = SlowDriver.features.__class__(max_put_size=2**30)
    store = over(driver)
    with pytest.raises(TimeoutError), anyio.fail_after(0.2):
        await store.put_object("photos", "key", endless())
    assert driver.objects == {}
    assert driver.running == 0


async def test_a_put_that_was_carried_out_returns_its_result_in_spite_of_a_cancellation() -> None:
    """So whoever sees the cancellation knows that nothing was stored."""
    driver = SlowDriver("after")
    store = over(driver)
    assert not await cancelled(driver, lambda: store.put_object("photos", "key", b"content"))
    assert list(driver.objects) == [("photos", "key")]


async def test_a_cancellation_after_that_is_not_lost() -> None:
    driver = SlowDriver("after")
    store = over(driver)
    went_on = []

    async def put_and_go_on() -> None:
        await store.put_object("photos", "key", b"content")
        await anyio.lowlevel.checkpoint()
        went_on.append(1)

    await cancelled(driver, put_and_go_on)
    assert went_on == []


async def test_a_cancelled_task_in_front_of_a_call_does_not_make_it() -> None:
    for inline in (True, False):
        driver = SlowDriver()
        driver.features = driver.features.__class__(non_blocking=inline)
        store = over(driver)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await store.put_object("photos", "key", b"content")
        assert scope.cancelled_caught
        assert driver.objects == {}


async def test_a_call_that_waits_for_a_thread_is_dropped() -> None:
    driver = SlowDriver("head")
    store = over(driver, threads=1)
    await store.put_object("photos", "key", b"content")
    async with anyio.create_task_group() as group:
        group.start_soon(store.head_object, "photos", "key")
        await driver.has_stopped()
        with anyio.move_on_after(0.05) as scope:
            await store.put_object("photos", "other", b"content")
        assert scope.cancelled_caught
        driver.go_on()
    driver.stops.clear()
    await store.head_object("photos", "key")
    assert list(driver.objects) == [("photos", "key")]


async def test_threads_come_back_after_cancellations() -> None:
    driver = SlowDriver("head")
    store = over(driver, threads=1)
    await store.put_object("photos", "key", b"content")
    for _ in range(20):
        assert await cancelled(driver, lambda: store.head_object("photos", "key"))
    driver.stops.clear()
    with anyio.fail_after(PATIENCE):
        assert (await store.head_object("photos", "key")).size_bytes == 7
    assert driver.most_running == 1


async def test_an_object_that_nobody_gets_is_closed() -> None:
    driver = SlowDriver("get")
    store = over(driver)
    await store.put_object("photos", "key", b"content")
    assert await cancelled(driver, lambda: _opened(store))
    assert driver.closed_streams == 1


async def _opened(store: AsyncStore) -> object:
    return await store.get_object("photos", "key")


async def test_a_cancelled_reader_leaves_its_object_closed() -> None:
    driver = SlowDriver("reading")
    store = over(driver)
    await store.put_object("photos", "key", b"content")

    async def read() -> bytes:
        async with store.get_object("photos", "key") as opened:
            return await opened.read()

    assert await cancelled(driver, read)
    assert driver.closed_streams == 1


async def test_a_read_that_is_cancelled_loses_nothing() -> None:
    driver = SlowDriver("reading")
    store = over(driver)
    await store.put_object("photos", "key", b"content")
    opened = await store.get_object("photos", "key")
    assert await cancelled(driver, opened.read)
    assert await opened.read() == b"content"


async def test_a_listing_that_is_cancelled_asks_for_no_more_pages() -> None:
    driver = SlowDriver("list")
    store = over(driver)

    async def list_all() -> None:
        async for _ in store.iter_objects("photos"):
            pass

    assert await cancelled(driver, list_all)
    assert driver.listed == 1


async def test_an_upload_that_nobody_gets_to_know_of_is_none() -> None:
    driver = SlowDriver("begin")
    store = over(driver)
    gone = await cancelled(driver, lambda: store.create_multipart_upload("photos", "key"))
    assert driver.uploads == ([] if gone else ["key"])


async def test_a_timeout_ends_what_only_reads() -> None:
    driver = SlowDriver("head")
    store = over(driver)
    await store.put_object("photos", "key", b"content")
    async with anyio.create_task_group() as group:

        async def go_on() -> None:
            await anyio.sleep(0.3)
            driver.go_on()

        group.start_soon(go_on)
        with pytest.raises(TimeoutError), anyio.fail_after(0.05):
            await store.head_object("photos", "key")


async def test_closing_is_carried_out_although_the_task_is_cancelled() -> None:
    driver = SlowDriver()
    store = over(driver)
    with anyio.CancelScope() as scope:
        async with store:
            scope.cancel()
    with pytest.raises(StoreClosed):
        await store.status()


@ASYNCIO
@pytest.mark.parametrize("body", BODIES)
async def test_a_task_that_asyncio_cancels_stores_nothing(body: str) -> None:
    """Such a cancellation comes once, and passes through shields of anyio."""
    driver = SlowDriver("before")
    store = over(driver, threads=1)
    task = asyncio.ensure_future(store.put_object("photos", "key", BODIES[body]()))  # type: ignore[arg-type]
    await driver.has_stopped()
    task.cancel()
    await asyncio.sleep(0.05)
    assert not task.done(), "the call goes on without anybody who waits for it"
    task.cancel()  # Again, while it waits for the end of the call.
    driver.go_on()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert driver.objects == {}
    assert driver.running == 0


@ASYNCIO
async def test_a_timeout_of_asyncio_works() -> None:
    driver = SlowDriver()
    driver.features = driver.features.__class__(max_put_size=2**30)
    store = over(driver)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await store.put_object("photos", "key", endless())
    assert driver.objects == {}


@ASYNCIO
async def test_what_asyncio_cancels_leaves_no_upload_and_no_open_object() -> None:
    driver = SlowDriver("begin", "get")
    store = over(driver)
    await store.put_object("photos", "key", b"content")
    calls: list[Coroutine[Any, Any, object]] = [store.create_multipart_upload("photos", "key"), _opened(store)]
    for call in calls:
        task = asyncio.ensure_future(call)
        await driver.has_stopped()
        task.cancel()
        await asyncio.sleep(0)
        driver.go_on()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert driver.uploads == []
    assert driver.closed_streams == 1


@ASYNCIO
async def test_a_loop_that_ends_waits_for_the_calls_of_its_tasks() -> None:
    """As at the end of a program: `asyncio.run` cancels what is left, and waits."""
    driver = SlowDriver("before")
    store = over(driver)

    def program() -> None:
        async def main() -> None:
            left = asyncio.ensure_future(store.put_object("photos", "key", b"content"))
            assert not left.done()
            await driver.has_stopped()
            asyncio.get_running_loop().call_later(0.05, driver.go_on)

        asyncio.run(main())

    await anyio.to_thread.run_sync(program)
    assert driver.objects == {}
    assert driver.running == 0


async def test_many_cancellations_at_any_moment_leave_objects_or_nothing() -> None:
    """Every put that was cancelled stored nothing; every other one stored all."""
    driver = SlowDriver()
    driver.features = driver.features.__class__(max_put_size=2**30)
    store = over(driver, threads=4)
    stored: set[str] = set()

    async def source() -> AsyncIterator[bytes]:
        for _ in range(6):
            yield bytes(200 * KIB)
            await anyio.lowlevel.checkpoint()

    async def put(number: int) -> None:
        with anyio.move_on_after(number * 0.0004):
            await store.put_object("photos", f"{number}", source() if number % 2 else bytes(800 * KIB))
            stored.add(f"{number}")

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            for number in range(60):
                group.start_soon(put, number)
    assert {key for _, key in driver.objects} == stored
    assert driver.running == 0
    assert {info.size_bytes for info, _ in driver.objects.values()} <= {800 * KIB, 1200 * KIB}
