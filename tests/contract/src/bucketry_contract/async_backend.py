"""Runs the suite through `bucketry.aio.AsyncStore`: a backend whose stores pass every call to an event loop.

It needs the package ``anyio``, and ``trio`` for its loop: ``pip install 'bucketry[aio]'``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from inspect import isfunction
from typing import Any, Final, Literal, Self, cast

from anyio import to_thread
from anyio.from_thread import BlockingPortal, start_blocking_portal
from bucketry import Body, OpenedObject, Store
from bucketry.aio import AsyncOpenedObject, AsyncStore

from bucketry_contract.backend import Backend, CannotLook

_END: Final = object()


class AsyncBackend(Backend):
    """Another backend, whose stores are called through `AsyncStore`.

    Files and iterables reach the store as async ones, so that its bodies come as async code gives them.

    Example::

        @pytest.fixture(scope="class")
        def contract_backend() -> Iterator[Backend]:
            backend = AsyncBackend(AcmeBackend(), "trio")
            yield backend
            backend.cleanup()
    """

    def __init__(self, backend: Backend, loop: Literal["asyncio", "trio"] = "asyncio", *, inline: bool = True) -> None:
        """Starts the event loop.

        Args:
            backend: The other backend.
            loop: Whose event loop it is.
            inline: Whether a driver that never blocks is called in the event loop; otherwise in threads, as others.
        """
        self._backend = backend
        self._layers = [] if inline else [_Blocks()]
        self._running = ExitStack()
        self._portal = self._running.enter_context(start_blocking_portal(loop))

    def open(self, layers: Sequence[object]) -> Store:
        """Opens the other backend's store."""
        return self._over_async(self._backend.open([*layers, *self._layers]))

    def unreachable(self) -> Store | None:
        """As the other backend; likewise the three below."""
        return self._if_there(self._backend.unreachable())

    def bad_credentials(self) -> Store | None:
        """See above."""
        return self._if_there(self._backend.bad_credentials())

    def full(self) -> Store | None:
        """See above."""
        return self._if_there(self._backend.full())

    def breaking_reads(self) -> Store | None:
        """See above."""
        return self._if_there(self._backend.breaking_reads())

    def raw_object(self, bucket: str, key: str) -> bytes | CannotLook | None:
        """Looks with the other backend."""
        return self._backend.raw_object(bucket, key)

    def raw_uploads(self, bucket: str) -> Collection[str] | CannotLook:
        """Looks with the other backend."""
        return self._backend.raw_uploads(bucket)

    def stop(self) -> None:
        """Ends the event loop, and leaves the other backend to whoever made it."""
        self._running.close()

    def cleanup(self) -> None:
        """Ends the event loop, and frees what the other backend uses."""
        self.stop()
        self._backend.cleanup()

    def __getattribute__(self, name: str) -> Any:
        # What a backend says of itself, some only once it is open.
        return getattr(self._backend, name) if name in _FACTS else super().__getattribute__(name)

    def _over_async(self, store: Store) -> Store:
        # Whoever uses it calls the methods of a store alone.
        return cast("Store", StoreOverAsync(AsyncStore(store), self._portal))

    def _if_there(self, store: Store | None) -> Store | None:
        return None if store is None else self._over_async(store)


_FACTS: Final = frozenset(name for name in Backend.__annotations__)
"""The attributes of a `Backend`."""


class _Blocks:
    """A layer that has its driver called in threads."""

    blocks = True


class StoreOverAsync:
    """The methods of a `Store`, each of which calls that of an `AsyncStore`, in an event loop."""

    def __init__(self, store: AsyncStore, portal: BlockingPortal) -> None:
        self._store = store
        self._portal = portal

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._store, name)
        if name.startswith("iter_"):
            return partial(self._iterate, member)
        return partial(self._call, member) if isfunction(getattr(Store, name, None)) else member

    def _call(self, method: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        async def awaited() -> Any:
            return await method(*map(_for_async_code, args), **kwargs)

        result = self._portal.call(awaited)
        return _opened_over(result, self._portal) if isinstance(result, AsyncOpenedObject) else result

    def _iterate(self, method: Callable[..., AsyncIterator[Any]], *args: Any, **kwargs: Any) -> Iterator[Any]:
        entries = method(*args, **kwargs)

        async def following() -> Any:
            return await anext(entries, _END)

        while (entry := self._portal.call(following)) is not _END:
            yield entry

    def __enter__(self) -> Self:
        self._portal.call(self._store.__aenter__)
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._store.close)

    def __repr__(self) -> str:
        return repr(self._store)


def _opened_over(opened: AsyncOpenedObject, portal: BlockingPortal) -> OpenedObject:
    async def following() -> Any:
        return await anext(opened, _END)

    def chunks() -> Iterator[bytes]:
        while (chunk := portal.call(following)) is not _END:
            yield chunk

    return OpenedObject(
        opened.info, chunks(), content_range=opened.content_range, close=lambda: portal.call(opened.close)
    )


def _for_async_code(argument: Any) -> Any:
    """Returns a file or an iterator as async code has it, and anything else as it is."""
    if callable(getattr(argument, "read", None)) and not isinstance(argument, Body):
        return _AsyncFile(argument)
    return _async_pieces(argument) if isinstance(argument, Iterator) else argument


class _AsyncFile:
    def __init__(self, file: Any) -> None:
        self._file = file

    async def read(self, size: int) -> bytes:
        content: bytes = await to_thread.run_sync(self._file.read, size)
        return content


async def _async_pieces(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    # In a thread, since a test's iterator may wait for another thread.
    while (piece := await to_thread.run_sync(next, pieces, _END)) is not _END:
        yield cast("bytes", piece)
