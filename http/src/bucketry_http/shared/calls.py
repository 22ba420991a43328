"""Calls of a store from the event loop, which they never block: threads and their limits."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cached_property, partial
from time import perf_counter
from typing import TYPE_CHECKING, Final, ParamSpec, Protocol, TypeVar

from bucketry import BucketAccess, Store, Throttled

from bucketry_http.shared.record import record_of_call

if TYPE_CHECKING:
    from anyio import CapacityLimiter

PROBE_THREADS: Final = 4
"""Most probes of a store at a time. A probe that hangs keeps its thread until it ends."""

MOST_INLINE: Final = 100
"""Most things that one call in the event loop may be about, such as keys to delete or parts to put together."""

CALL: Final = "call"
TRANSFER: Final = "transfer"

P = ParamSpec("P")
T = TypeVar("T")


class ThreadMeter(Protocol):
    """Is told of each thread that a port's calls use, by kind: ``call`` or ``transfer``."""

    def begin(self, kind: str) -> None:
        """Learns that a thread is used."""

    def end(self, kind: str) -> None:
        """Learns that it is free again."""


class StoreCalls:
    """Calls a store from the event loop.

    Calls of a driver that never blocks run in the event loop, and all others in a worker thread. Transfers hold a
    thread as long as their client takes. So they have a limiter of their own, and slow uploads never delay a listing. A
    call that gets no thread in time fails, and the client is asked to come back later.

    Attributes:
        store: The store.
        inline: Whether the driver never blocks, as it declares.
        limits: Most threads of each kind at a time.
        meter: Is told of each thread; ``None``: nobody wants to know.
        keeps_access: Whether the store keeps what is set on buckets and objects about access.
        known_access: Returns what is set on a bucket, without waiting; ``None``: only a call that may wait can tell.
    """

    def __init__(self, store: Store, *, call_threads: int, transfer_threads: int, wait_seconds: float = 10.0) -> None:
        """Starts no thread yet.

        Args:
            store: The store.
            call_threads: Most calls in a thread at a time.
            transfer_threads: Most transfers in a thread at a time.
            wait_seconds: How long a call waits for a thread.
        """
        self.store = store
        self.inline = store.capabilities.features.non_blocking
        self.limits = {CALL: call_threads, TRANSFER: transfer_threads}
        self.meter: ThreadMeter | None = None
        self.keeps_access = _keeps_access(store)
        self.known_access: Callable[[str], BucketAccess | None] = store.peek_bucket_access
        self._wait_seconds = wait_seconds

    @cached_property
    def _calls(self) -> CapacityLimiter:
        return _limiter(self.limits[CALL])

    @cached_property
    def _transfers(self) -> CapacityLimiter:
        return _limiter(self.limits[TRANSFER])

    @cached_property
    def _probes(self) -> CapacityLimiter:
        return _limiter(PROBE_THREADS)

    @cached_property
    def _admitted(self) -> CapacityLimiter:
        """For calls that another limiter has admitted."""
        return _limiter(math.inf)

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Makes a call that does not wait for a client. It needs no thread if the driver never blocks.

        Raises:
            Throttled: No thread was free in time. The call was not made.
        """
        if self.inline:
            return function(*args, **kwargs)
        return await self._run(CALL, self._calls, partial(function, *args, **kwargs))

    async def long_call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Makes a call that may compute for long, such as the digest of a large copy. It always gets a thread.

        Raises:
            Throttled: No thread was free in time. The call was not made.
        """
        return await self._run(CALL, self._calls, partial(function, *args, **kwargs))

    async def bulk_call(self, amount: int, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Makes a call about several things. It needs no thread if they are few and the driver never blocks.

        Args:
            amount: How many things it is about.
            function: The call.
            args: Its arguments.
            kwargs: Its named arguments.

        Raises:
            Throttled: No thread was free in time. The call was not made.
        """
        return await (self.call if amount <= MOST_INLINE else self.long_call)(function, *args, **kwargs)

    async def follow_up(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Makes a call that continues an earlier one. It waits for a thread as long as necessary."""
        if self.inline:
            return function(*args, **kwargs)
        from anyio.to_thread import run_sync

        return await run_sync(partial(function, *args, **kwargs), limiter=self._calls)

    async def probe(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Makes a call that may be cancelled. Its thread then ends by itself."""
        if self.inline:
            return function(*args, **kwargs)
        from anyio.to_thread import run_sync

        bound = partial(function, *args, **kwargs)
        return await run_sync(bound, limiter=self._probes, abandon_on_cancel=True)

    async def transfer(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Makes a call that waits for a client. It always gets a thread.

        Raises:
            Throttled: No thread was free in time. The call was not made.
        """
        return await self._run(TRANSFER, self._transfers, partial(function, *args, **kwargs))

    async def _run(self, kind: str, limiter: CapacityLimiter, bound: Callable[[], T]) -> T:
        from anyio.to_thread import run_sync

        async with self._turn(kind, limiter):
            return await run_sync(bound, limiter=self._admitted)

    @asynccontextmanager
    async def _turn(self, kind: str, limiter: CapacityLimiter) -> AsyncIterator[None]:
        from anyio import fail_after

        borrower, record = object(), record_of_call()
        must_wait = limiter.available_tokens <= 0
        begun = perf_counter()
        try:
            with fail_after(self._wait_seconds):
                await limiter.acquire_on_behalf_of(borrower)
        except TimeoutError:
            raise Throttled(f"no thread was free for {self._wait_seconds:g} seconds") from None
        finally:
            if must_wait and record is not None:
                record.queue_seconds += perf_counter() - begun
        meter = self.meter
        if meter is not None:
            meter.begin(kind)
        try:
            yield
        finally:
            limiter.release_on_behalf_of(borrower)
            if meter is not None:
                meter.end(kind)


def _keeps_access(store: Store) -> bool:
    features = store.capabilities.features
    operations = {"get_bucket_access", "get_object_acl", "put_object_acl", "get_object_tagging"}
    declared = features.owners and features.put_acl and features.bucket_acl and features.bucket_ownership
    return declared and operations <= store.capabilities.operations


def _limiter(most: float) -> CapacityLimiter:
    # anyio is imported where threads are used: a store that never blocks needs none, and starts sooner without it.
    from anyio import CapacityLimiter

    return CapacityLimiter(most)
