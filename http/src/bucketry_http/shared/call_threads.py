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
from typing import Any, Final, TypeVar, final

T = TypeVar("T")

_PREFIX: Final = "bucketry-call"

_OF_SCOPE: Final = "Cancelled via cancel scope "
"""How the message of a cancellation begins that comes from a scope of anyio; nothing else tells it from another one."""


class _Call:
    """A call.

    Attributes:
        future: Who waits for it.
        on_end: What is to be called when it has ended.
        is_dropped: Whether no thread could be started for it.
    """

    __slots__ = ("future", "is_dropped", "on_end")

    def __init__(self, future: asyncio.Future[Any], on_end: Callable[[], object] | None) -> None:
        self.future = future
        self.on_end = on_end
        self.is_dropped = False


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

    async def run(self, call: Callable[[], T], on_end: Callable[[], object] | None = None) -> T:
        """Makes a call in a thread, with the context variables of the task.

        If a scope of anyio is cancelled, the call is awaited to its end, and the next thing that the task waits for
        raises the cancellation. ``Task.cancel`` is raised at once; the call goes on, and keeps its turn until it ends.

        Args:
            call: The call.
            on_end: What is called in the event loop when it has ended.
        """
        made = _Call(self.loop.create_future(), on_end)
        try:
            self._executor.submit(self._make, made, copy_context(), call)
        except BaseException:  # As when the system has no thread left.
            made.is_dropped = True
            self._end(made)
            raise
        try:
            return await made.future  # type: ignore[no-any-return]
        except asyncio.CancelledError as cancellation:
            if not str(cancellation).startswith(_OF_SCOPE):
                raise
            return await self._to_the_end(made)  # type: ignore[no-any-return]

    async def _to_the_end(self, made: _Call) -> Any:
        from anyio import CancelScope  # Only here: whoever has no scopes needs no anyio.

        with CancelScope(shield=True):
            if made.future.cancelled():
                made.future = self.loop.create_future()
            return await made.future

    def _make(self, made: _Call, context: Context, call: Callable[[], object]) -> None:
        """Makes a call. This alone runs in a thread."""
        if made.is_dropped:
            return
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
            if not made.future.done():  # Otherwise its task was cancelled.
                if error is None:
                    made.future.set_result(result)
                elif isinstance(error, StopIteration):  # A future cannot hold it (PEP 479).
                    made.future.set_exception(RuntimeError("a call of the store raised StopIteration"))
                else:
                    made.future.set_exception(error)
            self._end(made)

    def _end(self, made: _Call) -> None:
        self._turns.release()
        if made.on_end is not None:
            made.on_end()
