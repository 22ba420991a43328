"""Calls in threads: how many at a time, and what becomes of them when the task that waits for them is cancelled."""

from __future__ import annotations

import math
import threading
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
    """Threads of one kind. They are started as they are needed, and end when nobody needs the pool any more.

    Several event loops may use it.

    Attributes:
        closings: The pool for what closes what a call of this one has opened.
    """

    def __init__(self, most: int, closings: Pool | None = None) -> None:
        """Starts no thread yet.

        Args:
            most: Most calls at a time. Further ones wait for their turn, in their order.
            closings: The pool for closings; ``None``: itself. With another one they never wait behind calls that hang.

        Raises:
            InvalidSettings: It is no positive integer.
        """
        if type(most) is not int or most < 1:
            raise InvalidSettings(f"a store needs at least one thread of each kind, not {most!r}")
        self.closings = closings or self
        self._most = most
        self._executor: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Runs a call in a thread, with the context variables of its caller."""
        with self._lock:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self._most, _PREFIX)
            return self._executor.submit(copy_context().run, call)

    def release(self) -> None:
        """Ends the threads once they are idle. A later call, such as one that closes an object, starts others."""
        with self._lock:
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=False)


class Job(Generic[T]):
    """One call in a thread."""

    __slots__ = ("_call_soon", "_ended", "_filling", "_future", "_pool")

    def __init__(self, pool: Pool, call: Callable[[], T]) -> None:
        """Starts the call, or has it wait for a thread."""
        self._call_soon = call_soon_of_loop()
        self._ended = Event()
        self._filling: CancelScope | None = None
        self._pool = pool
        self._future = pool.submit(call)
        self._future.add_done_callback(self._wake)

    def _wake(self, _: object) -> None:
        with suppress(RuntimeError):  # The loop has ended, and nobody waits.
            self._call_soon(self._end)

    def _end(self) -> None:
        self._ended.set()
        if self._filling is not None:
            self._filling.cancel()

    async def result(
        self,
        *,
        fill: Callable[[], Awaitable[object]] | None = None,
        abort: Callable[[], None] | None = None,
        keep: bool = False,
        undo: Callable[[T], object] | None = None,
    ) -> T:
        """Returns what the call returns.

        If the task is cancelled meanwhile, a call that has not begun is dropped. One that has begun is awaited to its
        end, since a thread cannot be stopped. Then the cancellation is raised, unless ``keep`` says otherwise. An
        interrupt is a cancellation too.

        Args:
            fill: What to do meanwhile, in this task. It is cancelled when the call has ended.
            abort: Is called when the task is cancelled, so that the call ends soon.
            keep: Whether to return the result of a call that succeeded in spite of the cancellation. Then whoever sees
                the cancellation knows that nothing was done. The next thing that the task waits for raises it again.
                asyncio's own ``Task.cancel`` comes only once, and is always raised.
            undo: What to do with a result that nobody gets, in a thread.
        """
        try:
            interruption = await self._wait(fill)
            if interruption is None:
                return self._future.result()
            return await self._interrupted(interruption, abort, undo, keep=keep)
        except GeneratorExit:
            self._abandon(abort, undo)
            raise
        finally:
            interruption = None  # Its traceback holds this frame.

    async def _interrupted(
        self,
        interruption: BaseException,
        abort: Callable[[], None] | None,
        undo: Callable[[T], object] | None,
        *,
        keep: bool,
    ) -> T:
        is_of_scope = _is_of_scope(interruption)
        if abort is not None:
            abort()
        if self._future.cancel():
            raise interruption
        later = await self._wait_for_end()
        if self._future.exception() is None:
            if keep and is_of_scope and later is None:
                return self._future.result()
            if undo is not None:
                await self._undo(undo)
        raise later or interruption

    def _abandon(self, abort: Callable[[], None] | None, undo: Callable[[T], object] | None) -> None:
        """Does what can be done without waiting: nobody runs this task any more."""
        if abort is not None:
            abort()
        if not self._future.cancel() and undo is not None:
            self._future.add_done_callback(partial(self._undo_later, undo))

    async def _wait(self, fill: Callable[[], Awaitable[object]] | None) -> BaseException | None:
        """Waits for the end of the call. Returns what interrupted that."""
        try:
            if fill is not None and not self._ended.is_set():
                with CancelScope() as self._filling:
                    await fill()
            await self._ended.wait()
        except BaseException as error:  # noqa: BLE001 - it is raised when all is tidied up
            return error
        return None

    async def _undo(self, undo: Callable[[T], object]) -> None:
        with suppress(BucketryError):  # Nobody can be told.
            await Job(self._pool.closings, partial(undo, self._future.result())).to_the_end()

    def _undo_later(self, undo: Callable[[T], object], future: Future[T]) -> None:
        if future.exception() is None:
            self._pool.closings.submit(partial(undo, future.result()))

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
            while not self._ended.is_set():
                try:
                    await self._ended.wait()
                except cancelled as error:
                    cancellation = error
        return cancellation


def _is_of_scope(interruption: BaseException) -> bool:
    """Says whether a scope of anyio or trio has cancelled the task, so that the task is cancelled again where it waits.

    On asyncio, only the message tells a scope's cancellation from one of ``Task.cancel``. anyio looks at it too.
    """
    kind = get_cancelled_exc_class()
    if not isinstance(interruption, kind) or current_effective_deadline() != -math.inf:
        return False
    return kind.__module__.startswith("trio") or str(interruption).startswith("Cancelled via cancel scope ")


def call_soon_of_loop() -> CallSoon:
    """Returns what has the running event loop call a function soon, from any thread. It does not wait for it."""
    loop = current_token().native_token
    # The names of asyncio's and of trio's.
    return cast("CallSoon", getattr(loop, "call_soon_threadsafe", None) or loop.run_sync_soon)  # type: ignore[attr-defined]
