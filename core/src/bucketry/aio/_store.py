"""`AsyncStore`: a store for async code, over any driver."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from bucketry.aio._operations import AsyncOperations
from bucketry.aio._threads import Job, Pool
from bucketry.errors import StoreClosed
from bucketry.store import Store


class AsyncStore(AsyncOperations):
    """An object store for async code. Tasks can share it. Close it, or use it in an ``async with`` statement.

    It has the operations of a `Store`, with the same arguments, results and errors, and takes async bodies too. It runs
    on asyncio and on trio, through anyio.

    Calls of a driver that never blocks run in the event loop, and all others in threads. A body that comes from
    somewhere else than memory holds a thread as long as it takes. Such calls have threads of their own, so slow uploads
    never delay a listing.

    **Cancellation** leaves nothing behind. A call that waits for a thread is dropped. A call that runs in one is
    awaited to its end, since a thread cannot be stopped: its body fails, so that nothing is stored, and what it opened
    is closed. If a write has been carried out already, its result is returned, and the next thing that the task waits
    for is cancelled. asyncio's own ``Task.cancel`` and ``asyncio.timeout`` come only once. They are always raised, and
    then a write may have been carried out.

    Attributes:
        store: The store that it calls.
        capabilities: What the store can do.
        clock: The store's clock. It is the driver's too.
    """

    async def close(self) -> None:
        """Frees the driver's connections and memory, also while the task is being cancelled. See `Store.close`.

        Calls under way are not waited for. They end as those of a store that another thread closes.
        """
        self._closed = True
        try:
            await closed_in_thread(self._store)
        finally:
            for pool in (self._calls, self._transfers, self._closings):
                pool.release()

    async def __aenter__(self) -> Self:
        if self._closed:
            raise StoreClosed("open another one for this with statement")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<AsyncStore {self.capabilities.driver}>"


async def opened_in_thread(open_it: Callable[[], Store], *, call_threads: int, transfer_threads: int) -> AsyncStore:
    """Opens a store in a thread, since drivers may read files then or ask their backend."""
    for most in (call_threads, transfer_threads):
        Pool(most)  # It refuses a wrong number before anything is open.
    pool = Pool(1)
    try:
        store = await Job(pool, open_it).result(undo=Store.close)
    finally:
        pool.release()
    try:
        return AsyncStore(store, call_threads=call_threads, transfer_threads=transfer_threads)
    except BaseException:
        await closed_in_thread(store)
        raise


async def closed_in_thread(store: Store) -> None:
    """Closes a store in a thread of its own, so that it waits behind no call that hangs."""
    pool = Pool(1)
    try:
        await Job(pool, store.close).to_the_end()
    finally:
        pool.release()
