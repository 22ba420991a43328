"""Calls side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Final, TypeVar

from bucketry import BucketryError, Unsupported

Result = TypeVar("Result")

PATIENCE: Final = 2.0
"""Seconds to wait for a call that a driver may hold back until another one has ended. Nothing fails for it."""


def outcome_of(act: Callable[[], object]) -> str:
    """Does something, and says ``done`` or the code of the error that came.

    Raises:
        Unsupported: As it is: what a driver does not declare has no outcome.
    """
    try:
        act()
    except Unsupported:
        raise
    except BucketryError as error:
        return error.code
    return "done"


def race(acts: Sequence[Callable[[], Result]]) -> list[Result]:
    """Does all of these at once, each in its own thread, and returns what came in their order."""
    line = threading.Barrier(len(acts))

    def start(act: Callable[[], Result]) -> Result:
        line.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(start, acts))


@contextmanager
def side_by_side(act: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """Gives a function that starts something in another thread and waits for it, but not forever.

    A driver may let a second call wait until the first has ended; then the first has to go on. On leaving, the second
    has ended, and its error is raised.
    """
    with ThreadPoolExecutor(1) as thread:
        started: list[Future[object]] = []

        def start() -> None:
            started.append(thread.submit(act))
            wait(started, PATIENCE)

        yield start
        for future in started:
            future.result()
