"""One timer that watches over many waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from bucketry_http.shared.request_body import IdleWatch

AGES = 3600.0


def after(seconds: float) -> Callable[[], Awaitable[str]]:
    return lambda: asyncio.sleep(seconds, "came")


def test_waits_are_each_bounded_and_not_together() -> None:
    async def run() -> None:
        watch = IdleWatch(0.2)
        for _ in range(10):
            assert await watch.wait(after(0.05)) == "came"
        with pytest.raises(TimeoutError):
            await watch.wait(after(AGES))
        task = asyncio.current_task()
        assert task is not None
        assert not task.cancelling()

    asyncio.run(run())


def test_what_lies_between_waits_does_not_count() -> None:
    async def run() -> None:
        watch = IdleWatch(0.1)
        assert await watch.wait(after(0)) == "came"
        await asyncio.sleep(0.3)
        assert await watch.wait(after(0.01)) == "came"
        with pytest.raises(TimeoutError):
            await watch.wait(after(AGES))

    asyncio.run(run())


def test_cancelled_by_another_is_cancelled() -> None:
    async def run() -> None:
        task = asyncio.create_task(IdleWatch(AGES).wait(after(AGES)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())


def test_cancelled_after_it_expired_once_is_cancelled() -> None:
    async def run() -> None:
        watch = IdleWatch(0.05)
        with pytest.raises(TimeoutError):
            await watch.wait(after(AGES))
        task = asyncio.create_task(watch.wait(after(AGES)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())


def test_what_fails_fails_as_it_is() -> None:
    async def fail() -> str:
        raise ValueError("odd")

    async def run() -> None:
        with pytest.raises(ValueError, match="odd"):
            await IdleWatch(AGES).wait(fail)

    asyncio.run(run())


def test_a_closed_watch_leaves_no_timer() -> None:
    async def run() -> None:
        watch = IdleWatch(0.05)
        assert await watch.wait(after(0)) == "came"
        watch.close()
        watch.close()
        await asyncio.sleep(0.15)
        # And it can be used again.
        with pytest.raises(TimeoutError):
            await watch.wait(after(AGES))

    asyncio.run(run())


def test_watches_of_several_tasks_end_their_own() -> None:
    async def run() -> list[object]:
        watch = IdleWatch(0.05)
        first = await asyncio.create_task(watch.wait(after(0)))
        waiting = [asyncio.create_task(IdleWatch(AGES).wait(after(0.2)))]
        late = asyncio.create_task(watch.wait(after(AGES)))
        return [first, *await asyncio.gather(*waiting, late, return_exceptions=True)]

    first, other, late = asyncio.run(run())
    assert (first, other) == ("came", "came")
    assert isinstance(late, TimeoutError)
