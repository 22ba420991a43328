"""Calls a store from the event loop without ever blocking it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, ParamSpec, TypeVar

import anyio
import anyio.to_thread
from bucketry import Store

PROBE_THREADS: Final = 4
"""Most probes of a store at a time; those that hang keep their thread until they end."""

P = ParamSpec("P")
T = TypeVar("T")


class StoreCalls:
    """A store as the event loop sees it.

    Calls of a driver that never blocks run where they are; all others in a worker thread. Transfers hold their thread
    for as long as their client takes, so they have a limiter of their own: slow uploads never hold up a listing.

    Attributes:
        store: The store.
        inline: Whether the driver never blocks, as it declares.
    """

    def __init__(self, store: Store, *, call_threads: int, transfer_threads: int) -> None:
        """Makes the limiters.

        Args:
            store: The store.
            call_threads: Most calls in a thread at a time.
            transfer_threads: Most transfers in a thread at a time.
        """
        self.store = store
        self.inline = store.capabilities.features.non_blocking
        self._calls = anyio.CapacityLimiter(call_threads)
        self._transfers = anyio.CapacityLimiter(transfer_threads)
        self._probes = anyio.CapacityLimiter(PROBE_THREADS)

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Makes a call that ends by itself: inline where the driver never blocks, else in a thread."""
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
        """Makes a call that waits for a client, always in a thread."""
        return await anyio.to_thread.run_sync(partial(function, *args, **kwargs), limiter=self._transfers)
