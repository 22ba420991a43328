"""Calls in parallel threads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Generic, TypeVar

from bucketry import BucketryError, InvalidDriver, Unsupported

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_SECONDS: Final = 300.0
"""Seconds after which a call in another thread counts as one that never ends."""

THREADS: Final = 8

PATIENCE: Final = 2.0
"""Seconds to wait for a call that a driver may hold back until another one has ended. Nothing fails for it."""


def outcome_of(act: Callable[[], object]) -> str:
    """Does something, and returns ``done`` or the code of its error.

    Raises:
        Unsupported: The driver does not declare what is done. This is not an outcome.
        InvalidDriver: The driver returned a result of another type. This is not an outcome either.
    """
    try:
        act()
    except (Unsupported, InvalidDriver):
        raise
    except BucketryError as error:
        return error.code
    return "done"


def race(acts: Sequence[Callable[[], Result]]) -> list[Result]:
    """Does all of these at once, each in its own thread, and returns the results in their order."""
    line = threading.Barrier(len(acts))

    def start(act: Callable[[], Result]) -> Result:
        line.wait(MOST_SECONDS)
        return act()

    return _ended([_Call(lambda act=act: start(act)) for act in acts])  # type: ignore[misc]


def for_all(act: Callable[[Item], object], items: Iterable[Item]) -> None:
    """Does something with each of these, in eight threads."""
    left = deque(items)

    def work() -> None:
        while True:
            try:
                item = left.popleft()
            except IndexError:
                return
            act(item)

    _ended([_Call(work) for _ in range(THREADS)])


class _Call(Generic[Result]):
    """A call in a thread of its own. The process does not wait for a thread that hangs."""

    def __init__(self, act: Callable[[], Result]) -> None:
        self._act = act
        self._result: list[Result] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result.append(self._act())
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
            self._error = error

    def wait(self, seconds: float) -> bool:
        """Waits for at most this time. Returns whether the call has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def result(self) -> Result:
        """Returns the result of the call, or raises its error.

        Raises:
            AssertionError: It does not end.
        """
        assert self.wait(MOST_SECONDS), f"a call has not returned for {MOST_SECONDS:g} seconds"
        if self._error is not None:
            raise self._error
        return self._result[0]


def _ended(calls: Sequence[_Call[Result]]) -> list[Result]:
    """Waits for all, and then raises the first error, if there is one."""
    for call in calls:
        call.wait(MOST_SECONDS)
    return [call.result() for call in calls]


@contextmanager
def side_by_side(act: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """Yields a function that starts something in another thread and waits for it, but not for ever.

    A driver may make the second call wait until the first has ended; then the first must go on. At the end of the
    block the second call has ended, and its error is raised.
    """
    started: list[_Call[object]] = []

    def start() -> None:
        started.append(_Call(act))
        started[-1].wait(PATIENCE)

    yield start
    for call in started:
        call.result()
