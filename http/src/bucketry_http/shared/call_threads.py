"""Threads for short calls, and the turns of those who want one.

anyio takes three rounds of the event loop for a call in a thread, and wakes the loop for each result. For a call that
takes less than a millisecond, that costs several times as much as the call. So these threads hand over all results that
are there at once. ADR 25 has the figures.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context, copy_context
from typing import Any, Final, TypeVar, final
from weakref import WeakSet

T = TypeVar("T")

_PREFIX: Final = "bucketry-call"


_OF_SCOPE: Final = "Cancelled via cancel scope "
"""How the message of a cancellation begins that comes from a scope of anyio; nothing else tells it from another one."""

_to_be_told: Final[WeakSet[asyncio.Task[Any]]] = WeakSet()
"""Tasks that were cancelled by a scope while they waited for a call, and got its result."""


class _Call:
    """A call.

    Attributes:
        future: Done when the call has ended, or when its task was cancelled.
        on_end: What is to be called when it has ended.
        is_dropped: Whether no thread could be started for it.
        has_ended: Whether it has ended, and has given its turn back.
        result: What it returned.
        error: What it raised.
    """

    __slots__ = ("error", "future", "has_ended", "is_dropped", "on_end", "result")

    def __init__(self, future: asyncio.Future[None], on_end: Callable[[], object] | None) -> None:
        self.future = future
        self.on_end = on_end
        self.is_dropped = self.has_ended = False
        self.result: Any = None
        self.error: BaseException | None = None

    def outcome(self) -> Any:
        """Returns what it returned, or raises what it raised."""
        if self.error is not None:
            raise self.error
        return self.result


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
        """Waits until a thread is free for a call, which `run` makes. Call it first.

        A task that was cancelled by a scope of anyio gets none, though the result of its last call hid that from it.
        """
        if _to_be_told:
            await _tell()
        await self._turns.acquire()

    async def run(
        self, call: Callable[[], T], on_end: Callable[[], object] | None = None, *, may_leave: bool = False
    ) -> T:
        """Makes a call in a thread, with the context variables of the task.

        If a scope of anyio is cancelled, the call is awaited to its end, and the next one is not made. ``Task.cancel``
        is raised at once. A call that nobody waits for any more goes on, and keeps its turn until it ends.

        Args:
            call: The call.
            on_end: What is called in the event loop when it has ended.
            may_leave: Whether a scope is no reason to wait.
        """
        made = _Call(self.loop.create_future(), on_end)
        try:
            self._executor.submit(self._make, made, copy_context(), call)
        except BaseException:  # As when the system has no thread left.
            made.is_dropped = True
            self._end(made)
            raise
        try:
            await made.future
        except asyncio.CancelledError as cancellation:
            if may_leave or not str(cancellation).startswith(_OF_SCOPE):
                raise
            await self._to_the_end(made)
        return made.outcome()  # type: ignore[no-any-return]

    async def _to_the_end(self, made: _Call) -> None:
        from anyio import CancelScope  # Only here: whoever has no scopes needs no anyio.

        with CancelScope(shield=True):
            if not made.has_ended:
                made.future = self.loop.create_future()
                await made.future
        task = asyncio.current_task()
        if task is not None:
            _to_be_told.add(task)

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
        try:
            while self._ended:
                made, result, error = self._ended.popleft()
                made.result, made.error = result, error
                self._end(made)
        finally:
            if self._ended:  # Who was told of an end failed. The others need not wait for that.
                self.loop.call_soon(self._settle)

    def _end(self, made: _Call) -> None:
        if made.has_ended:  # A thread took it though it was dropped.
            return
        made.has_ended = True
        if not made.future.done():  # Otherwise its task was cancelled.
            made.future.set_result(None)
        self._turns.release()
        if made.on_end is not None:
            made.on_end()


async def _tell() -> None:
    """Raises the cancellation that the result of a call has hidden from this task."""
    from anyio.lowlevel import checkpoint_if_cancelled

    task = asyncio.current_task()
    if task is not None and task in _to_be_told:
        _to_be_told.discard(task)
        await checkpoint_if_cancelled()
