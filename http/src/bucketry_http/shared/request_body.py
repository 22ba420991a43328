"""The body of a request, as it comes from the client."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

from bucketry import IncompleteBody

from bucketry_http.shared.errors import SlowBody

if TYPE_CHECKING:
    from litestar.types import Receive

T = TypeVar("T")

MIN_BYTES_A_SECOND: Final = 1024
"""Least that a client must send on average while the server waits for it."""

RUN_SECONDS: Final = 0.005
"""How long a task computes before others may run."""


class Pieces(Protocol):
    """A body that comes piece by piece.

    Attributes:
        ended: Whether the end has come and everything is checked. All further pieces are empty.
    """

    @property
    def ended(self) -> bool: ...  # noqa: D102

    async def next(self) -> bytes:
        """Returns the next piece, and empty pieces from the end on.

        Raises:
            BucketryError: The body breaks off or is malformed.
        """


class RequestBody:
    """The body of one request. It fails if the client goes away, or sends too slowly or nothing at all.

    Attributes:
        begun: Whether anybody asked for it. A client that waits for ``100 Continue`` got that then.
        ended: Whether its end has come.
    """

    __slots__ = ("_came", "_idle_seconds", "_pace", "_receive", "_watch", "begun", "ended")

    def __init__(self, receive: Receive, idle_seconds: float) -> None:
        """Begins at the first byte.

        Args:
            receive: The request's ASGI ``receive``.
            idle_seconds: How long the client may send nothing, in seconds.
        """
        self._receive = receive
        self._idle_seconds = idle_seconds
        self._watch: IdleWatch | None = None
        self._pace: _Pace | None = None
        self._came = 0
        self.begun = self.ended = False

    async def next(self) -> bytes:
        """Returns the next piece, and empty pieces from the end on.

        Raises:
            IncompleteBody: The client went away.
            SlowBody: The client sent nothing, or almost nothing, for too long.
        """
        self.begun = True
        while not self.ended:
            # Most small bodies have come already, and need no timer.
            waited = 0.0
            steps = self._receive().__await__()
            try:
                waiting = next(steps)
            except StopIteration as returned:
                message: Any = returned.value
            else:
                begun = monotonic()
                message = await self._wait(_Begun(steps, waiting))
                waited = monotonic() - begun
            if message["type"] == "http.disconnect":
                self._end_watch()
                raise IncompleteBody("the client went away before the end")
            piece: bytes = message.get("body", b"")
            self._came += len(piece)
            if waited:
                self._count(waited)
            if not message.get("more_body", False):
                self.ended = True
                self._end_watch()
            if piece:
                return piece
        return b""

    async def _wait(self, received: _Begun) -> Any:
        if self._watch is None:
            self._watch = IdleWatch(self._idle_seconds)
        try:
            return await self._watch.wait(lambda: received)
        except TimeoutError:
            raise SlowBody(f"nothing came for {self._idle_seconds:g} seconds") from None

    def _count(self, waited: float) -> None:
        """Counts the bytes since the last call, and the time that the server waited for them."""
        if self._pace is None:
            self._pace = _Pace(self._idle_seconds)
        came, self._came = self._came, 0
        self._pace.count(came, waited)

    def _end_watch(self) -> None:
        if self._watch is not None:
            self._watch.close()


class _Begun:
    """An awaitable that was started already, and that waits for something now."""

    __slots__ = ("_steps", "_waiting")

    def __init__(self, steps: Generator[Any, Any, Any], waiting: object) -> None:
        self._steps = steps
        self._waiting = waiting

    def __await__(self) -> Generator[Any, Any, Any]:
        steps, waiting = self._steps, self._waiting
        try:
            while True:
                try:
                    sent = yield waiting
                except BaseException as error:  # noqa: BLE001 - the one who waits must see whatever ends the waiting
                    waiting = steps.throw(error)
                else:
                    waiting = steps.send(sent)
        except StopIteration as returned:
            return returned.value


class _Pace:
    """Judges a client by what it sent lately.

    A client that sent much at first cannot hold a thread with a byte now and then. Time counts only while the server
    waits. It is cut into stretches of half the allowed time, and the last two count.
    """

    __slots__ = ("_bytes", "_bytes_before", "_half", "_waited", "_waited_before")

    def __init__(self, seconds: float) -> None:
        self._half = seconds / 2
        self._bytes = self._bytes_before = 0
        self._waited = self._waited_before = 0.0

    def count(self, size: int, waited: float) -> None:
        """Counts the bytes that came, and how long the server waited for them.

        Raises:
            SlowBody: Too little came lately.
        """
        self._bytes += size
        self._waited += waited
        if self._waited < self._half:
            return
        came, took = self._bytes + self._bytes_before, self._waited + self._waited_before
        if self._waited_before and came < took * MIN_BYTES_A_SECOND:
            raise SlowBody(f"only {came} bytes came in the last {took:.0f} seconds")
        self._bytes_before, self._waited_before = self._bytes, self._waited
        self._bytes, self._waited = 0, 0.0


class IdleWatch:
    """Ends a wait that lasts too long. One timer serves any number of waits, one after the other.

    `asyncio.timeout` sets a timer for each wait. For a large form that takes as long as the search for its boundary.
    """

    __slots__ = ("_begun", "_expired", "_seconds", "_task", "_timer")

    def __init__(self, seconds: float) -> None:
        """Makes a watch that waits for nothing yet.

        Args:
            seconds: How long one wait may last, in seconds.
        """
        self._seconds = seconds
        self._begun = 0.0
        self._expired = False
        self._task: asyncio.Task[Any] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, receive: Callable[[], Awaitable[T]]) -> T:
        """Returns what ``receive`` returns.

        Raises:
            TimeoutError: It took too long and was cancelled.
        """
        self._task = task = cast("asyncio.Task[Any]", asyncio.current_task())
        cancelled_before = task.cancelling()
        self._expired = False
        self._begun = monotonic()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._look)
        try:
            return await receive()
        except asyncio.CancelledError:
            if self._expired and task.uncancel() <= cancelled_before:
                raise TimeoutError from None
            raise
        finally:
            self._task = None

    def close(self) -> None:
        """Ends the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._task is None:
            return
        left = self._begun + self._seconds - monotonic()
        if left > 0:
            self._timer = asyncio.get_running_loop().call_later(left, self._look)
        else:
            self._expired = True
            self._task.cancel()


class Pauses:
    """Gives other tasks of the event loop a chance to run within a long computation."""

    __slots__ = ("_until",)

    def __init__(self) -> None:
        """Begins to compute."""
        self._until = monotonic() + RUN_SECONDS

    @property
    def is_due(self) -> bool:
        """Whether others should run now."""
        return monotonic() > self._until

    async def take(self) -> None:
        """Lets others run."""
        await asyncio.sleep(0)
        self._until = monotonic() + RUN_SECONDS
