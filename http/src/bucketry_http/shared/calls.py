"""Calls a store from the event loop without ever blocking it."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cached_property, partial
from typing import Final, ParamSpec, TypeVar

import anyio
import anyio.to_thread
from bucketry import Store, Throttled

PROBE_THREADS: Final = 4
"""Most probes of a store at a time; those that hang keep their thread until they end."""

MOST_INLINE: Final = 100
"""How many things a call in the event loop may be about: keys to delete, parts to put together."""

P = ParamSpec("P")
T = TypeVar("T")


class StoreCalls:
    """A store as the event loop sees it.

    Calls of a driver that never blocks run where they are; all others in a worker thread. Transfers hold their thread
    for as long as their client takes, so they have a limiter of their own: slow uploads never hold up a listing.
    Whoever finds no thread waits for a while, and is then asked to come back.

    Attributes:
        store: The store.
        inline: Whether the driver never blocks, as it declares.
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
        self._call_threads = call_threads
        self._transfer_threads = transfer_threads
        self._wait_seconds = wait_seconds

    @cached_property
    def _calls(self) -> anyio.CapacityLimiter:
        return anyio.CapacityLimiter(self._call_threads)

    @cached_property
    def _transfers(self) -> anyio.CapacityLimiter:
        return anyio.CapacityLimiter(self._transfer_threads)

    @cached_property
    def _probes(self) -> anyio.CapacityLimiter:
        return anyio.CapacityLimiter(PROBE_THREADS)

    @cached_property
    def _admitted(self) -> anyio.CapacityLimiter:
        """For what has its turn already."""
        return anyio.CapacityLimiter(math.inf)

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Makes a call that ends by itself: inline where the driver never blocks, else in a thread.

        Raises:
            Throttled: No thread was free for too long; the call was not made.
        """
        if self.inline:
            return function(*args, **kwargs)
        return await self._run(self._calls, partial(function, *args, **kwargs))

    async def long_call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Makes a call that may compute for long, such as the digest of a large copy: always in a thread.

        Raises:
            Throttled: No thread was free for too long; the call was not made.
        """
        return await self._run(self._calls, partial(function, *args, **kwargs))

    async def bulk_call(self, amount: int, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Makes a call about a number of things: inline where they are few and the driver never blocks.

        Args:
            amount: How many things it is about.
            function: The call.
            args: Its arguments.
            kwargs: Its named arguments.

        Raises:
            Throttled: No thread was free for too long; the call was not made.
        """
        return await (self.call if amount <= MOST_INLINE else self.long_call)(function, *args, **kwargs)

    async def follow_up(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Makes a call that belongs to one made before, and so waits for its thread as long as it takes."""
        if self.inline:
            return function(*args, **kwargs)
        return await anyio.to_thread.run_sync(partial(function, *args, **kwargs), limiter=self._calls)

    async def probe(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Makes a call that the caller may give up waiting for, by cancelling; a thread then ends by itself."""
        if self.inline:
            return function(*args, **kwargs)
        bound = partial(function, *args, **kwargs)
        return await anyio.to_thread.run_sync(bound, limiter=self._probes, abandon_on_cancel=True)

    async def transfer(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Makes a call that waits for a client, always in a thread.

        Raises:
            Throttled: No thread was free for too long; the call was not made.
        """
        return await self._run(self._transfers, partial(function, *args, **kwargs))

    async def _run(self, limiter: anyio.CapacityLimiter, bound: Callable[[], T]) -> T:
        async with self._turn(limiter):
            return await anyio.to_thread.run_sync(bound, limiter=self._admitted)

    @asynccontextmanager
    async def _turn(self, limiter: anyio.CapacityLimiter) -> AsyncIterator[None]:
        borrower = object()
        try:
            with anyio.fail_after(self._wait_seconds):
                await limiter.acquire_on_behalf_of(borrower)
        except TimeoutError:
            raise Throttled(f"no thread was free for {self._wait_seconds:g} seconds") from None
        try:
            yield
        finally:
            limiter.release_on_behalf_of(borrower)
