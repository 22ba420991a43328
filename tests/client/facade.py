"""An `AsyncClient` behind the methods of `Client`, so that no test is written twice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from inspect import iscoroutinefunction
from types import TracebackType
from typing import Any, Self, cast

from anyio.from_thread import BlockingPortal
from bucketry_client import AsyncClient, AsyncDownload, Client, Download


class Facade:
    """Makes clients, and closes them at the end."""

    def __init__(self, kind: type[Client | AsyncClient], portal: BlockingPortal | None = None) -> None:
        self._kind = kind
        self._portal = portal
        self._made: list[Client] = []

    def __call__(self, url: str, **settings: Any) -> Client:
        if self._portal is None:
            made: Any = self._kind(url, **settings)
        else:
            made = _Blocking(self._portal, AsyncClient(url, **settings))
        self._made.append(made)
        return cast("Client", made)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._made:
            client.close()


class _Blocking:
    def __init__(self, portal: BlockingPortal, inner: AsyncClient) -> None:
        self._portal = portal
        self._inner = inner

    def close(self) -> None:
        self._portal.call(self._inner.aclose)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        return self._call(method) if iscoroutinefunction(method) else self._iterate(method)

    def _call(self, method: Any) -> Any:
        async def waited(args: Any, kwargs: Any) -> Any:
            return await method(*args, **kwargs)

        def call(*args: Any, **kwargs: Any) -> Any:
            found = self._portal.call(waited, args, kwargs)
            return _Download(self._portal, found) if isinstance(found, AsyncDownload) else found

        return call

    def _iterate(self, method: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Iterator[Any]:
            yield from _each(self._portal, method(*args, **kwargs))

        return call


def _each(portal: BlockingPortal, iterator: AsyncIterator[Any]) -> Iterator[Any]:
    async def step() -> Any:
        return await anext(iterator)

    while True:
        try:
            yield portal.call(step)
        except StopAsyncIteration:
            return


class _Download(Download):
    """A download whose pieces come over the portal."""

    def __init__(self, portal: BlockingPortal, inner: AsyncDownload) -> None:
        super().__init__(inner)
        self._portal = portal

    def __iter__(self) -> Iterator[bytes]:
        yield from _each(self._portal, self._inner)

    def read(self) -> bytes:
        return self._portal.call(self._inner.read)

    def close(self) -> None:
        self._portal.call(self._inner.aclose)
