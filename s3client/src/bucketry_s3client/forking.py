"""What becomes of connections to a server when the process is forked.

Both processes have them then. A request of one would be answered to the other. So the new process begins without any.
It closes its own descriptors only, which sends nothing: the connections stay those of the process that was there.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any, Final, Protocol, TypeVar

from bucketry import StoreClosed
from typing_extensions import override

T = TypeVar("T")

_CLOSED: Final = "open another one for this call"


class Forked(Protocol):
    """What keeps connections or locks."""

    def after_fork(self) -> None:
        """Leaves the connections to the process that was there. In the new one no other thread runs.

        Locks may be held by threads that are not there any more, so they are replaced.
        """


_lock = threading.Lock()
_known: Final[weakref.WeakSet[Forked]] = weakref.WeakSet()


def watch_forks(known: Forked) -> None:
    """Calls ``after_fork`` of an object in each new process, as long as the object is there."""
    with _lock:
        _known.add(known)


class LastingThreads(ThreadPoolExecutor):
    """Threads that are there as long as a store is, in a new process too."""

    def __init__(self, most: int, name: str) -> None:
        """Starts none: they start with their first work.

        Args:
            most: How many there are at most.
            name: How their names begin.
        """
        self._settings = most, name
        self._is_closed = False
        super().__init__(most, name)
        watch_forks(self)

    def after_fork(self) -> None:
        """Has threads of its own: those of the other process are not there."""
        super().__init__(*self._settings)
        if self._is_closed:
            super().shutdown()

    @override
    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Has a thread call this.

        Raises:
            StoreClosed: The store was closed, perhaps in the middle of the caller's operation.
        """
        try:
            return super().submit(fn, *args, **kwargs)
        except RuntimeError:
            if self._is_closed:
                raise StoreClosed(_CLOSED) from None
            raise

    @override
    def map(
        self, fn: Callable[..., T], *iterables: Iterable[Any], timeout: float | None = None, chunksize: int = 1
    ) -> Iterator[T]:
        """Has threads call this with each of the arguments, and yields what comes of them in their order.

        Raises:
            StoreClosed: The store was closed, perhaps in the middle of the caller's operation.
        """
        return self._unless_closed(super().map(fn, *iterables, timeout=timeout, chunksize=chunksize))

    def _unless_closed(self, results: Iterator[T]) -> Iterator[T]:
        try:
            yield from results
        except CancelledError:
            if self._is_closed:
                raise StoreClosed(_CLOSED) from None
            raise

    @override
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._is_closed = True
        super().shutdown(wait, cancel_futures=cancel_futures)


def _after_in_child() -> None:
    try:
        for known in list(_known):
            known.after_fork()
    finally:
        _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_lock.acquire,  # So that nobody is adding one.
        after_in_parent=_lock.release,
        after_in_child=_after_in_child,
    )
