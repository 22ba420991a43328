"""The contract suite through `AsyncStore`, over the in-memory driver: in the event loop, and in threads."""

from __future__ import annotations

from tests.aio.over import over_async
from tests.memory import test_contract as memory

TestInEventLoop = over_async(memory.TestMemory, short=False)
TestInThreads = over_async(memory.TestMemory, "trio", inline=False, short=False)
