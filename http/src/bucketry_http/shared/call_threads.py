"""Threads for short calls, and the turns of those who want one.

anyio takes three rounds of the event loop for a call in a thread, and wakes the loop for each result. For a call that
takes less than a millisecond, that costs several times as much as the call. So these threads hand over all results that
are there at once. `docs/benchmarks.md` has the figures.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context, copy_context
from typing import Any, Final, NamedTuple, TypeVar, final

T = TypeVar("T")

_PREFIX: Final = "bucketry-call"


class _Call(NamedTuple):
    """A call: who waits for it, and what is to be called when it has ended."""

    future: asyncio.Future[Any]
    on_end: Callable[[], object] | None


@final
class CallThreads:
    """Threads for the calls of one event loop. They are started as they are needed, and end with this object.

    Attributes:
        loop: The event loop.
    """

    def __init__(self, most: int) -> None:
        """Starts no thread yet. Call it in the event loop.

        Args:
            most: Most calls at a time.
        """
        self.loop: Final = asyncio.get_running_loop()
        self._turns = asyncio.Semaphore(most)
        self._executor = ThreadPoolExecutor(most, _PREFIX)
        self._ended: deque[tuple[_Call, Any, BaseException | None]] = deque()
        self._is_woken = False

    @property
    def are_busy(self) -> bool:
        """Whether the next call has to wait for its turn."""
        return self._turns.locked()

    async def turn(self) -> None:
        """Waits until a thread is free for a call, which `run` makes. It must be called before anything else."""
        await self._turns.acquire()

    def run(self, call: Callable[[], T], on_end: Callable[[], object] | None = None) -> asyncio.Future[T]:
        """Makes a call in a thread, with the context variables of the task.

        Args:
            call: The call. If the task is cancelled, it goes on, and keeps its turn until it ends.
            on_end: What is called in the event loop when it has ended.
        """
        future: asyncio.Future[T] = self.loop.create_future()
        self._executor.submit(self._make, _Call(future, on_end), copy_context(), call)
        return future

    def _make(self, made: _Call, context: Context, call: Callable[[], object]) -> None:
        """Makes a call. This alone runs in a thread."""
        try:
            self._ended.append((made, context.run(call), None))
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            self._ended.append((made, None, error))
        # `_settle` resets it before it looks: what is added later wakes the loop again.
        if not self._is_woken:
            self._is_woken = True
            with suppress(RuntimeError):  # The loop has ended, and nobody waits.
                self.loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        """Gives all results that are there to those who wait for them."""
        self._is_woken = False
        while self._ended:
            made, result, error = self._ended.popleft()
            self._turns.release()
            if made.on_end is not None:
                made.on_end()
            if made.future.done():  # Its task was cancelled.
                continue
            if error is None:
                made.future.set_result(result)
            elif isinstance(error, StopIteration):  # A future cannot hold it (PEP 479).
                made.future.set_exception(RuntimeError("a call of the store raised StopIteration"))
            else:
                made.future.set_exception(error)
