"""Threads for short calls: their turns, their results, and what a cancelled task leaves."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import anyio
import pytest
from bucketry import NoSuchBucket, Store
from bucketry_http.shared.call_threads import CallThreads
from bucketry_http.shared.calls import StoreCalls

from tests.http.conftest import memory_driver

WAIT = 10.0
NAME: ContextVar[str] = ContextVar("name")


def test_each_task_gets_its_own_result_or_error() -> None:
    def call(number: int) -> int:
        if number % 3 == 0:
            raise NoSuchBucket(bucket=str(number))
        return number

    async def one(threads: CallThreads, number: int) -> int:
        await threads.turn()
        return await threads.run(lambda: call(number))

    async def run() -> list[int | BaseException]:
        threads = CallThreads(4)
        return await asyncio.gather(*(one(threads, number) for number in range(300)), return_exceptions=True)

    for number, found in enumerate(asyncio.run(run())):
        if number % 3 == 0:
            assert isinstance(found, NoSuchBucket)
            assert found.bucket == str(number)
        else:
            assert found == number


def test_no_more_calls_run_at_a_time_than_there_are_turns() -> None:
    at_once, most, lock = 0, 0, threading.Lock()

    def call() -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        threading.Event().wait(0.002)
        with lock:
            at_once -= 1

    async def one(threads: CallThreads) -> None:
        await threads.turn()
        await threads.run(call)

    async def run() -> None:
        threads = CallThreads(3)
        await asyncio.gather(*(one(threads) for _ in range(30)))

    asyncio.run(run())
    assert most == 3


def test_a_call_of_a_cancelled_task_keeps_its_turn_until_it_ends() -> None:
    async def run() -> list[str]:
        threads, go, events = CallThreads(1), threading.Event(), []
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()

        def call() -> None:
            loop.call_soon_threadsafe(begun.set)
            go.wait(WAIT)

        await threads.turn()
        task = asyncio.ensure_future(threads.run(call, lambda: events.append("ended")))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert threads.are_busy
        go.set()
        await asyncio.wait_for(threads.turn(), WAIT)
        return events

    assert asyncio.run(run()) == ["ended"]


def test_a_call_sees_the_context_of_its_task() -> None:
    async def run() -> str:
        NAME.set("task")
        threads = CallThreads(1)
        await threads.turn()
        return await threads.run(NAME.get)

    assert asyncio.run(run()) == "task"


def test_a_call_that_raises_stop_iteration_ends_too() -> None:
    async def run() -> None:
        threads = CallThreads(1)
        await threads.turn()
        await asyncio.wait_for(threads.run(lambda: next(iter(()))), WAIT)

    with pytest.raises(RuntimeError, match="StopIteration"):
        asyncio.run(run())


def test_a_store_is_called_from_one_event_loop_after_the_other() -> None:
    with Store(memory_driver("threads")) as store:
        store.create_bucket("bucket")
        calls = StoreCalls(store, call_threads=1, transfer_threads=1)

        async def run() -> list[str]:
            found = await asyncio.gather(*(calls.call(store.head_bucket, "bucket") for _ in range(5)))
            return [info.name for info in found]

        for _ in range(2):
            assert asyncio.run(run()) == ["bucket"] * 5


def test_a_scope_of_anyio_waits_for_its_call() -> None:
    ended: list[str] = []

    def call() -> str:
        threading.Event().wait(0.1)
        ended.append("call")
        return "result"

    async def run() -> list[str]:
        threads = CallThreads(1)
        await threads.turn()
        with anyio.move_on_after(0.01) as scope:
            ended.append(await threads.run(call))
            await threads.turn()
            ended.append("too late")
        assert scope.cancelled_caught
        return ended

    assert asyncio.run(run()) == ["call", "result"]


def test_who_is_told_of_the_end_cannot_keep_the_result_back() -> None:
    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        threads = CallThreads(1)
        for _ in range(2):
            await threads.turn()
            assert await asyncio.wait_for(threads.run(lambda: "result", lambda: 1 // 0), WAIT) == "result"

    asyncio.run(run())


def test_a_call_for_which_no_thread_can_be_started_gives_its_turn_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    made: list[str] = []

    async def run() -> None:
        threads, ended = CallThreads(1), list[str]()
        await threads.turn()
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", start)
            with pytest.raises(RuntimeError, match="new thread"):
                await threads.run(lambda: made.append("first"), lambda: ended.append("ended"))
        assert ended == ["ended"]
        assert not threads.are_busy
        await threads.turn()
        await threads.run(lambda: made.append("second"))

    asyncio.run(run())
    assert made == ["second"]


def test_a_probe_waits_no_longer_than_its_scope() -> None:
    go = threading.Event()

    async def run() -> None:
        threads = CallThreads(1)
        await threads.turn()
        with anyio.move_on_after(0.01) as scope:
            await threads.run(lambda: go.wait(WAIT), may_leave=True)
        assert scope.cancelled_caught
        assert threads.are_busy
        go.set()
        await asyncio.wait_for(threads.turn(), WAIT)

    asyncio.run(run())


def test_scopes_that_end_as_their_calls_do_leave_nobody_waiting() -> None:
    """The end of the call and the cancellation may come in one round of the event loop, in any order."""

    async def one(threads: CallThreads, number: int) -> None:
        with anyio.move_on_after(number / 100_000):
            for _ in range(3):
                await threads.turn()
                await threads.run(lambda: threading.Event().wait(0.001))

    async def run() -> None:
        threads = CallThreads(4)
        await asyncio.wait_for(asyncio.gather(*(one(threads, number) for number in range(400))), WAIT)
        assert not threads.are_busy

    asyncio.run(run())
