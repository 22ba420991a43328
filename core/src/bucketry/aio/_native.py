"""Operations that a driver implements as coroutines, and the checks of a store around them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from copy import copy
from typing import Any, cast

from anyio import CancelScope

from bucketry._async_chain import AsyncCall
from bucketry._async_content import AsyncContent
from bucketry.aio._opened_object import AsyncOpenedObject
from bucketry.errors import InvalidDriver, Unavailable
from bucketry.hookspecs import DriverSpec
from bucketry.store import Store


class NativeCalls:
    """Makes the calls of a store's methods that its driver has coroutines for.

    The methods of `Store` check their arguments and hand on what the chain returns. Here that is an awaitable, which is
    awaited after the method.

    Attributes:
        names: The operations.
    """

    def __init__(self, store: Store, handed_on: frozenset[str]) -> None:
        """Looks for coroutines.

        Args:
            store: The store.
            handed_on: The operations whose result a store hands on as it is. No others can be awaited after it.

        Raises:
            InvalidDriver: The driver has a coroutine for another one.
        """
        self.names = frozenset(store.async_calls)
        if other := sorted(self.names - handed_on):
            raise InvalidDriver(f"the store has work to do after {', '.join(other)}: no coroutine can take its place")
        self._chain = _Chain(store.async_calls)
        self._store = copy(store)
        self._store._chain = cast("DriverSpec", self._chain)

    async def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Makes a call. The store must be open."""
        returned = getattr(Store, name)(self._store, *args, **kwargs)
        begun = self._chain.begun
        result = await begun
        return result if returned is begun else returned


class _Chain(threading.local):
    """Takes the place of a store's chain. Event loops of several threads may use it."""

    def __init__(self, calls: Mapping[str, AsyncCall]) -> None:
        self._calls = calls

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        def begin(*values: object) -> Awaitable[Any]:
            self.begun = self._calls[name](*values)
            return self.begun

        return begin


class NativeObject(AsyncOpenedObject):
    """An object whose content comes in the event loop."""

    __slots__ = ("_content",)

    def __init__(self, content: AsyncContent) -> None:
        """Begins at the first byte."""
        self.info = content.info
        self.content_range = content.content_range
        self.length = self.remaining = content.length
        self._content = content
        self._pending = deque()
        self._read_all = False
        self._failure = None

    async def _fill(self) -> None:
        try:
            self._pending.append(await anext(self._content.chunks))
        except StopAsyncIteration:
            self._read_all = True
        except Exception as error:  # noqa: BLE001 - it is raised after the chunks before it
            self._failure = error
        except BaseException:
            # The iterator may have ended with it, and what it had in hand is lost.
            self._failure = Unavailable("a read of the object was cancelled before its end: open it again")
            raise
        if self._read_all or self._failure is not None:
            await self._free()

    async def _free(self) -> None:
        close, self._content.close = self._content.close, None
        if close is not None:
            with CancelScope(shield=True):
                await close()
