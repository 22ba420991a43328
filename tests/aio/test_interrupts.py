"""Cancellations of two kinds at once, interrupts, tasks that nobody runs any more, and event loops that come and go."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import trio
from bucketry import InvalidDriver, ListOptions, Store, Unavailable
from bucketry.aio import AsyncBody, AsyncStore, Opening
from bucketry.aio._store import opened_in_thread

from tests.aio.slow import PATIENCE, SlowDriver
from tests.aio.test_cancelling import ASYNCIO, KIB, cancelled, endless, over
from tests.aio.test_native import NativeDriver

pytestmark = pytest.mark.anyio

RUN: dict[str, Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]] = {
    "asyncio": lambda main: asyncio.run(main()),
    "trio": trio.run,
}


async def until(holds: Callable[[], bool]) -> None:
    with anyio.fail_after(PATIENCE):
        while not holds():  # noqa: ASYNC110 - threads do it, which set no event
            await anyio.sleep(0.002)


@ASYNCIO
@pytest.mark.parametrize("first", ["scope", "task"])
async def test_a_cancellation_of_asyncio_is_not_lost_behind_one_of_a_scope(first: str) -> None:
    """Its write was carried out, which a scope alone would have it return."""
    driver = SlowDriver("after")
    store = over(driver)
    scope = anyio.CancelScope()

    async def put() -> None:
        with scope:
            await store.put_object("photos", "key", b"content")

    task = asyncio.ensure_future(put())
    await driver.has_stopped()
    for cancel in (scope.cancel, task.cancel) if first == "scope" else (task.cancel, scope.cancel):
        cancel()
        await anyio.wait_all_tasks_blocked()
    driver.go_on()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(driver.objects) == [("photos", "key")]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("size", [1, 600 * KIB])
async def test_an_interrupt_in_a_body_comes_as_it_is_and_stores_nothing(error: type[BaseException], size: int) -> None:
    driver = SlowDriver()
    driver.features = driver.features.__class__(max_put_size=2**30)
    store = over(driver)

    async def interrupted() -> AsyncIterator[bytes]:
        yield bytes(size)
        raise error

    with pytest.raises(error):
        await store.put_object("photos", "key", interrupted())
    assert driver.objects == {}
    assert driver.running == 0


INTERRUPTED = """
import signal, sys, threading
from bucketry.aio._threads import Job, call_soon_of_loop
from tests.aio.slow import PATIENCE, SlowDriver
from tests.aio.test_cancelling import over
from tests.aio.test_interrupts import RUN

driver = SlowDriver("get", "before")
store = over(driver)

loops = []

async def open_it():
    loops.append(call_soon_of_loop())
    await store.get_object("photos", "key")

async def put():
    loops.append(call_soon_of_loop())
    await store.put_object("photos", "new", b"content")

async def first():
    driver.stops.clear()
    await store.put_object("photos", "key", b"content")

def interrupt():
    assert driver._stopped.acquire(timeout=PATIENCE)
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    loops[-1](lambda: None)  # asyncio does not notice a signal that comes just before it waits.

def wait_for_end(job):
    if driver.running:  # The interrupt has come.
        driver.go_on()
    return really_wait(job)

really_wait, Job._wait_for_end = Job._wait_for_end, wait_for_end
run = RUN[sys.argv[1]]
run(first)
for call in (open_it, put):
    driver.stops = {"get", "before"}
    threading.Thread(target=interrupt).start()
    try:
        run(call)
    except KeyboardInterrupt:
        print("interrupted")
print(driver.closed_streams, driver.running, list(driver.objects))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("library", RUN)
def test_an_interrupt_of_the_keyboard_leaves_nothing_open_and_stores_nothing(library: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, library], capture_output=True, text=True, check=True, timeout=280
    )
    assert done.stdout.split("\n") == ["interrupted", "interrupted", "1 0 [('photos', 'key')]", ""]


@ASYNCIO
async def test_a_task_that_nobody_runs_any_more_leaves_nothing_open() -> None:
    driver = SlowDriver()
    store = over(driver)
    await store.put_object("photos", "key", b"content")
    driver.stops = {"get", "before"}
    for left in (store.get_object("photos", "key").__await__(), store.put_object("photos", "new", b"new").__await__()):
        next(left)
        await driver.has_stopped()
        left.close()
    driver.go_on()
    driver.go_on()
    await until(lambda: driver.closed_streams == 1 and driver.running == 0)
    assert list(driver.objects) == [("photos", "key")]


async def test_closing_waits_behind_no_call_that_hangs() -> None:
    driver = SlowDriver("head")
    store = over(driver, threads=1)
    await store.put_object("photos", "key", b"content")
    opened = await store.get_object("photos", "key")
    await opened.read(1)
    async with anyio.create_task_group() as group:
        group.start_soon(store.head_object, "photos", "key")
        await driver.has_stopped()
        with anyio.fail_after(PATIENCE):
            await opened.close()
            assert driver.closed_streams == 1
            await store.close()
        driver.go_on()


@pytest.mark.parametrize("pages", [True, False], ids=["pages", "entries"])
async def test_a_listing_goes_on_after_a_cancellation(pages: bool) -> None:
    driver = SlowDriver()
    store = over(driver)
    listing: AsyncIterator[Any] = (store.iter_object_pages if pages else store.iter_objects)("photos", ListOptions())
    await anext(listing)
    driver.stops = {"list"}
    if not pages:
        await anext(listing)
    assert await cancelled(driver, listing.__anext__)
    driver.stops.clear()
    await anext(listing)
    assert driver.listed == 3


async def test_two_tasks_that_wait_for_one_listing_are_told() -> None:
    driver = SlowDriver("list")
    listing = over(driver).iter_objects("photos")
    async with anyio.create_task_group() as group:
        group.start_soon(_next_of, listing)
        await driver.has_stopped()
        with pytest.raises(RuntimeError, match="another task"):
            await anext(listing)
        driver.go_on()


async def _next_of(listing: AsyncIterator[Any]) -> None:
    await anext(listing)


async def test_an_opening_is_used_by_one_statement_at_a_time() -> None:
    driver = SlowDriver()
    store = over(driver)
    await store.put_object("photos", "key", b"content")
    opening = store.get_object("photos", "key")
    for _ in range(2):
        async with opening:
            with pytest.raises(RuntimeError, match="once more"):
                async with opening:
                    pytest.fail("entered")
            opened = await opening
            await opened.close()
    assert driver.closed_streams == 4
    failing: Opening[Any] = store.get_object("photos", "missing")
    for _ in range(2):
        with pytest.raises(Exception, match="does not exist"):
            await failing.__aenter__()


async def test_a_store_whose_coroutines_are_wrong_is_closed_again() -> None:
    closed: list[bool] = []

    class Driver(NativeDriver):
        def __init__(self) -> None:
            super().__init__()

            async def list_objects(bucket: str, options: object) -> None: ...

            self.async_driver = type("Wrong", (), {"list_objects": staticmethod(list_objects)})()

    store = Store(Driver())
    store.close = lambda: closed.append(True)  # type: ignore[method-assign]
    with pytest.raises(InvalidDriver, match="work to do"):
        await opened_in_thread(lambda: store, call_threads=1, transfer_threads=1)
    assert closed == [True]


async def test_a_generator_that_an_upload_has_left_is_closed() -> None:
    closed = []

    async def source() -> AsyncIterator[bytes]:
        try:
            while True:
                yield bytes(200 * KIB)
        finally:
            closed.append(True)

    driver = SlowDriver()
    driver.features = driver.features.__class__(max_put_size=2**20)
    store = over(driver)
    for body in (source(), AsyncBody(source(), 10)):
        with pytest.raises(Exception, match="byte"):
            await store.put_object("photos", "key", body)
    assert closed == [True, True]
    with pytest.raises(TimeoutError), anyio.fail_after(0.05):
        await store.put_object("photos", "key", endless())


@pytest.mark.parametrize("read", [0, 3, 7])
async def test_what_is_left_of_an_object_can_be_uploaded(read: int) -> None:
    driver = SlowDriver()
    store = over(driver)
    await store.put_object("photos", "key", b"content")
    async with store.get_object("photos", "key") as opened:
        assert await opened.read(read) == b"content"[:read]
        assert opened.remaining == 7 - read
        assert (await store.put_object("photos", "rest", opened)).size_bytes == 7 - read
        assert opened.remaining == 0
    assert driver.objects["photos", "rest"][1] == b"content"[read:]


async def _use(store: AsyncStore, name: str) -> None:
    for number in range(10):
        await store.put_object("photos", f"{name}-{number}", bytes(number))
        await store.put_object("photos", f"{name}-{number}", _two_pieces(number))
        assert (await store.head_object("photos", f"{name}-{number}")).key == f"{name}-{number}"
        async with store.get_object("photos", f"{name}-{number}") as opened:
            assert len(await opened.read()) == 2 * number


async def _two_pieces(size: int) -> AsyncIterator[bytes]:
    yield bytes(size)
    await anyio.lowlevel.checkpoint()
    yield bytes(size)


@pytest.mark.parametrize("driver", [SlowDriver, NativeDriver], ids=["threads", "coroutines"])
def test_a_store_serves_loops_one_after_the_other_and_at_once(driver: type[SlowDriver]) -> None:
    store = over(driver())
    for number in range(2):
        for library, run in RUN.items():
            run(partial(_use, store, f"{library}-{number}"))
    failures: list[BaseException] = []

    def in_thread(library: str, number: int) -> None:
        try:
            RUN[library](partial(_use, store, f"{library}-{number}"))
        except BaseException as error:  # noqa: BLE001 - for the assertion below
            failures.append(error)

    threads = [threading.Thread(target=in_thread, args=(library, number)) for library in RUN for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert failures == []
    asyncio.run(store.close())


async def test_a_native_read_that_is_cancelled_is_an_error_afterwards() -> None:
    driver = NativeDriver()
    store = AsyncStore(Store(driver))
    await store.put_object("photos", "hangs", b"content")
    opened = await store.get_object("photos", "hangs")
    assert await opened.read(1) == b"c"
    with anyio.move_on_after(0.01):
        await opened.read(1)
    with pytest.raises(Unavailable, match="cancelled"):
        await opened.read()
    await opened.close()
    assert driver.async_driver.closed == 1


async def test_an_empty_chunk_does_not_end_native_content() -> None:
    store = AsyncStore(Store(NativeDriver()))
    await store.put_object("photos", "empty chunks", b"content")
    async with store.get_object("photos", "empty chunks") as opened:
        assert await opened.read() == b"content"
