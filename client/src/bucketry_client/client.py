"""`Client` and `AsyncClient`: the two faces of the operations in `api`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from bucketry_client.api import Api
from bucketry_client.downloads import AsyncDownload, Download
from bucketry_client.exchange import Exchange, Trying
from bucketry_client.requests import base_of
from bucketry_client.sending import AsyncSender, BlockingSender, Connecting, finished
from bucketry_client.tokens import Token, TokenSource

P = ParamSpec("P")
T = TypeVar("T")


def _blocking(
    operation: Callable[Concatenate[Api, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Client, P], T]:
    """Returns the method of `Client` for an operation: the same arguments, result and errors."""

    @wraps(operation)
    def call(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return finished(operation(self._api, *args, **kwargs))

    return call


def _iterating(
    operation: Callable[Concatenate[Api, P], AsyncIterator[T]],
) -> Callable[Concatenate[Client, P], Iterator[T]]:
    """Returns the same for an operation that yields."""

    @wraps(operation)
    def call(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        found = operation(self._api, *args, **kwargs)
        while True:
            try:
                yield finished(_next(found))
            except StopAsyncIteration:
                return

    return call


async def _next(iterator: AsyncIterator[T]) -> T:
    return await anext(iterator)


def _opening(
    operation: Callable[Concatenate[Api, P], Coroutine[Any, Any, AsyncDownload]],
) -> Callable[Concatenate[Client, P], Download]:
    """Returns the same for an operation that opens an object."""

    @wraps(operation)
    def call(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Download:
        return Download(finished(operation(self._api, *args, **kwargs)))

    return call


class Client:
    """A client of the REST API that waits in the thread which calls. Several threads may share it.

    Use it in a ``with`` statement, or close it.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Token | None = None,
        connecting: Connecting | None = None,
        trying: Trying | None = None,
    ) -> None:
        """Makes a client. Nothing is sent yet.

        Args:
            url: Where the API is: ``http://host:8000``, or ``https://host/path`` behind a proxy.
            token: The token of a server that asks for one: a text, a `bucketry.Secret` (such as one that is read from
                a file, and again when it changes), or a function that returns it.
            connecting: Timeouts, limits and TLS.
            trying: Retries and limits of responses.

        Raises:
            InvalidSettings: A value cannot be used.
        """
        sender = BlockingSender(base_of(url), connecting or Connecting())
        self._api = Api(Exchange(url, sender, TokenSource(token), trying or Trying()))
        self.url = base_of(url)

    get_live = _blocking(Api.get_live)
    get_ready = _blocking(Api.get_ready)
    get_status = _blocking(Api.get_status)
    get_usage_report = _blocking(Api.get_usage_report)
    whoami = _blocking(Api.whoami)
    list_buckets = _blocking(Api.list_buckets)
    create_bucket = _blocking(Api.create_bucket)
    get_bucket = _blocking(Api.get_bucket)
    delete_bucket = _blocking(Api.delete_bucket)
    get_bucket_settings = _blocking(Api.get_bucket_settings)
    put_bucket_settings = _blocking(Api.put_bucket_settings)
    delete_bucket_settings = _blocking(Api.delete_bucket_settings)
    list_versions = _blocking(Api.list_versions)
    iter_versions = _iterating(Api.iter_versions)
    get_retention = _blocking(Api.get_retention)
    put_retention = _blocking(Api.put_retention)
    get_legal_hold = _blocking(Api.get_legal_hold)
    put_legal_hold = _blocking(Api.put_legal_hold)
    get_tags = _blocking(Api.get_tags)
    put_tags = _blocking(Api.put_tags)
    delete_tags = _blocking(Api.delete_tags)
    list_objects = _blocking(Api.list_objects)
    iter_objects = _iterating(Api.iter_objects)
    upload_objects = _blocking(Api.upload_objects)
    put_object = _blocking(Api.put_object)
    get_object = _opening(Api.get_object)
    head_object = _blocking(Api.head_object)
    delete_object = _blocking(Api.delete_object)
    delete_objects = _blocking(Api.delete_objects)
    presign = _blocking(Api.presign)
    close = _blocking(Api.aclose)

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient(Api):
    """A client of the REST API for event loops, asyncio's and trio's. It has the same operations as `Client`.

    Use it in an ``async with`` statement, or close it.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Token | None = None,
        connecting: Connecting | None = None,
        trying: Trying | None = None,
    ) -> None:
        """Makes a client. Nothing is sent yet.

        Args:
            url: As in `Client`; likewise the three below.
            token: See above. A function must not wait.
            connecting: See above.
            trying: See above.

        Raises:
            InvalidSettings: A value cannot be used.
        """
        sender = AsyncSender(base_of(url), connecting or Connecting())
        super().__init__(Exchange(url, sender, TokenSource(token), trying or Trying()))
        self.url = base_of(url)

    def __repr__(self) -> str:
        return f"AsyncClient({self.url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
