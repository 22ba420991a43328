"""Calls of a store from the event loop, which they never block: threads and their limits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Final, ParamSpec, Protocol, TypeVar

from bucketry import BucketAccess, Store, Throttled

from bucketry_http.shared.call_threads import CallThreads
from bucketry_http.shared.record import record_of_call

PROBE_THREADS: Final = 4
"""Most probes of a store at a time. A probe that hangs keeps its thread until it ends."""

MOST_INLINE: Final = 100
"""Most things that one call in the event loop may be about, such as keys to delete or parts to put together."""

CALL: Final = "call"
TRANSFER: Final = "transfer"
_PROBE: Final = "probe"

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
        self._answers_at_once = store.answers_at_once
        self._wait_seconds = wait_seconds
        self._most = {**self.limits, _PROBE: PROBE_THREADS}
        self._threads: dict[str, CallThreads] = {}

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Makes a call that does not wait for a client. It needs no thread if the driver never blocks.

        Raises:
            Throttled: No thread was free in time. The call was not made.
        """
        if self.inline:
            return function(*args, **kwargs)
        return await self._run(CALL, partial(function, *args, **kwargs))

    async def read(self, bucket: str, key: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Makes a call that reads an object. It needs no thread if all of it is in memory.

        Args:
            bucket: The bucket.
            key: The key.
            function: The call.
            args: Its arguments.
            kwargs: Its named arguments.

        Raises:
            Throttled: As `call`.
        """
        if self.inline or self._answers_at_once(bucket, key):
            return function(*args, **kwargs)
        return await self._run(CALL, partial(function, *args, **kwargs))

    async def long_call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Makes a call that may compute for long, such as the digest of a large copy. It always gets a thread.

        Raises:
            Throttled: No thread was free in time. The call was not made.
        """
        return await self._run(CALL, partial(function, *args, **kwargs))

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
        threads = self._threads_of(CALL)
        await threads.turn()
        return await threads.run(partial(function, *args, **kwargs))

    async def probe(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Makes a call that may be cancelled. Its thread then ends by itself."""
        if self.inline:
            return function(*args, **kwargs)
        threads = self._threads_of(_PROBE)
        await threads.turn()
        return await threads.run(partial(function, *args, **kwargs), may_leave=True)

    async def transfer(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Makes a call that waits for a client. It always gets a thread.

        Raises:
            Throttled: No thread was free in time. The call was not made.
        """
        return await self._run(TRANSFER, partial(function, *args, **kwargs))

    async def _run(self, kind: str, bound: Callable[[], T]) -> T:
        threads, meter = self._threads_of(kind), self.meter
        if threads.are_busy:
            await self._wait(threads)
        else:
            await threads.turn()  # This does not wait.
        if meter is None:
            return await threads.run(bound)
        meter.begin(kind)
        return await threads.run(bound, partial(meter.end, kind))

    async def _wait(self, threads: CallThreads) -> None:
        record, begun = record_of_call(), perf_counter()
        try:
            async with asyncio.timeout(self._wait_seconds):
                await threads.turn()
        except TimeoutError:
            raise Throttled(f"no thread was free for {self._wait_seconds:g} seconds") from None
        finally:
            if record is not None:
                record.queue_seconds += perf_counter() - begun

    def _threads_of(self, kind: str) -> CallThreads:
        """Returns the threads of a kind. Another event loop gets others."""
        threads = self._threads.get(kind)
        if threads is None or threads.loop is not asyncio.get_running_loop():
            threads = self._threads[kind] = CallThreads(self._most[kind])
        return threads


def _keeps_access(store: Store) -> bool:
    features = store.capabilities.features
    operations = {"get_bucket_access", "get_object_acl", "put_object_acl", "get_object_tagging"}
    declared = features.owners and features.put_acl and features.bucket_acl and features.bucket_ownership
    return declared and operations <= store.capabilities.operations
