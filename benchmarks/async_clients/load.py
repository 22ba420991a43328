"""A load of tasks on one event loop. It imports nothing of bucketry: other environments run it, too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter

TASKS = 64
SIZE = 1024

Call = Callable[[str], Awaitable[object]]


async def requests_a_second(put: Call, get: Call, seconds: float) -> float:
    """Has 64 tasks put and get an object of 1 KiB each, in turns, for so many seconds. Returns the rate of requests."""
    count = 0

    async def work(key: str, until: float) -> None:
        nonlocal count
        while perf_counter() < until:
            await put(key)
            await get(key)
            count += 2

    keys = [f"async/{number:02}" for number in range(TASKS)]
    await asyncio.gather(*(_once(put, get, key) for key in keys))  # Connects.
    begun = perf_counter()
    await asyncio.gather(*(work(key, begun + seconds) for key in keys))
    return count / (perf_counter() - begun)


async def _once(put: Call, get: Call, key: str) -> None:
    await put(key)
    await get(key)
