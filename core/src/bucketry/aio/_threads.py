"""Calls in threads: how many at a time, and what becomes of them when the task that waits for them is cancelled."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Final, Generic, TypeVar, cast

from anyio import CancelScope, Event, current_effective_deadline, get_cancelled_exc_class
from anyio.lowlevel import current_token

from bucketry.errors import BucketryError, InvalidSettings

T = TypeVar("T")

CallSoon = Callable[[Callable[[], object]], object]

_PREFIX: Final = "bucketry-aio"


class Pool:
    """Threads of one kind. They are started as they are needed, and end when nobody needs the pool any more."""

    def __init__(self, most: int) -> None:
        """Starts no thread yet.

        Args:
            most: Most calls at a time. Further ones wait for their turn, in their order.

        Raises:
            InvalidSettings: It is no positive integer.
        """
        if type(most) is not int or most < 1:
            raise InvalidSettings(f"a store needs at least one thread of each kind, not {most!r}")
        self._most = most
        self._executor: ThreadPoolExecutor | None = None

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Runs a call in a thread, with the context variables of its caller."""
        if self._executor is None:
            self._executor = ThreadPoolExecutor(self._most, _PREFIX)
        return self._executor.submit(copy_context().run, call)

    def release(self) -> None:
        """Ends the threads once they are idle. A later call, such as one that closes an object, starts others."""
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=False)


class Job(Generic[T]):
    """One call in a thread.

    Attributes:
        ended: Is set when the call has ended.
    """

    __slots__ = ("_call_soon", "_future", "_pool", "ended")

    def __init__(self, pool: Pool, call: Callable[[], T]) -> None:
        """Starts the call, or has it wait for a thread."""
        self._call_soon = call_soon_of_loop()
        self.ended = Event()
        self._pool = pool
        self._future = pool.submit(call)
        self._future.add_done_callback(self._wake)

    def _wake(self, _: object) -> None:
        with suppress(RuntimeError):  # The loop has ended, and nobody waits.
            self._call_soon(self.ended.set)

    async def result(
        self,
        *,
        waiting: Awaitable[object] | None = None,
        abort: Callable[[], None] | None = None,
        keep: bool = False,
        undo: Callable[[T], object] | None = None,
    ) -> T:
        """Returns what the call returns.

        If the task is cancelled meanwhile, a call that has not begun is dropped. One that has begun is awaited to its
        end, since a thread cannot be stopped. Then the cancellation is raised, unless ``keep`` says otherwise.

        Args:
            waiting: What to do until the call has ended; ``None``: nothing.
            abort: Is called when the task is cancelled, so that the call ends soon.
            keep: Whether to return the result of a call that succeeded in spite of the cancellation. Then whoever sees
                the cancellation knows that nothing was done. The next thing that the task waits for raises it again.
                asyncio's own ``Task.cancel`` comes only once, and is always raised.
            undo: What to do with a result that nobody gets, in a thread.
        """
        try:
            await (self.ended.wait() if waiting is None else waiting)
        except get_cancelled_exc_class():
            if abort is not None:
                abort()
            if not self._future.cancel():
                await self._wait_for_end()
                if self._future.exception() is None:
                    if keep and current_effective_deadline() == -math.inf:
                        return self._future.result()
                    if undo is not None:
                        await self._undo(undo)
            raise
        return self._future.result()

    async def _undo(self, undo: Callable[[T], object]) -> None:
        with suppress(BucketryError):  # Nobody can be told.
            await Job(self._pool, partial(undo, self._future.result())).to_the_end()

    async def to_the_end(self) -> T:
        """Returns what the call returns, also while the task is being cancelled. A call that has not begun runs too."""
        cancellation = await self._wait_for_end()
        if cancellation is not None:
            raise cancellation
        return self._future.result()

    async def _wait_for_end(self) -> BaseException | None:
        """Waits behind a shield. Returns asyncio's own cancellation, which passes through a shield."""
        cancelled, cancellation = get_cancelled_exc_class(), None
        with CancelScope(shield=True):
            while not self.ended.is_set():
                try:
                    await self.ended.wait()
                except cancelled as error:
                    cancellation = error
        return cancellation


def call_soon_of_loop() -> CallSoon:
    """Returns what has the running event loop call a function soon, from any thread. It does not wait for it."""
    loop = current_token().native_token
    # The names of asyncio's and of trio's.
    return cast("CallSoon", getattr(loop, "call_soon_threadsafe", None) or loop.run_sync_soon)  # type: ignore[attr-defined]
