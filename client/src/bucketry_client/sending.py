"""The two ways of sending: one waits in its thread, one on an event loop. Everything else is the same code for both.

All logic is written as coroutines. Over `BlockingSender` they never suspend, so that `finished` runs them to their end
without an event loop.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator, Mapping
from typing import Any, Final, Protocol, TypeVar, cast

import anyio
import anyio.to_thread
import httpx
import msgspec
from bucketry import InvalidArgument, InvalidSettings

from bucketry_client.bodies import Content

T = TypeVar("T")


class Connecting(msgspec.Struct, frozen=True, kw_only=True):
    """How to connect.

    Attributes:
        timeout: Seconds without a byte in either direction, after which a request fails.
        connect_timeout: Seconds that making a connection may take, and that a request waits for a free one.
        max_connections: Most connections at once.
        ca_file: File with the certificates of authorities to trust, in place of the usual ones (PEM).
    """

    timeout: float = 60.0
    connect_timeout: float = 10.0
    max_connections: int = 100
    ca_file: str | None = None

    def arguments(self, url: str) -> dict[str, Any]:
        """Returns the arguments of httpx's clients.

        Raises:
            InvalidSettings: A value cannot be used.
        """
        if min(self.timeout, self.connect_timeout, self.max_connections) <= 0:
            raise InvalidSettings("timeout, connect_timeout and max_connections are above zero")
        return {
            "timeout": httpx.Timeout(self.timeout, connect=self.connect_timeout, pool=self.connect_timeout),
            "limits": httpx.Limits(
                max_connections=self.max_connections, max_keepalive_connections=self.max_connections
            ),
            "verify": self._trusted(url),
            "follow_redirects": False,  # Another host must not get the token.
        }

    def _trusted(self, url: str) -> ssl.SSLContext | bool:
        if not url.startswith("https:"):
            # Reading the usual certificates takes 20 ms. Without any, TLS fails.
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.ca_file is None:
            return True
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise InvalidSettings(f"ca_file cannot be used: {type(error).__name__}") from None


class Incoming(Protocol):
    """A response as it comes.

    Attributes:
        status: Its status.
        headers: Its headers, by lower-case name.
    """

    status: int
    headers: Mapping[str, str]

    async def next(self) -> bytes:
        """Returns the next piece of its body, and no bytes at the end.

        Raises:
            httpx.TransportError: The connection broke off.
        """

    async def close(self) -> None:
        """Frees the connection. After the end this does nothing."""


class Sender(Protocol):
    """Sends requests."""

    async def send(self, method: str, url: str, headers: Mapping[str, str], content: Content | None) -> Incoming:
        """Sends a request, and returns as soon as the head of its response is there.

        Raises:
            httpx.TransportError: There is no such response.
        """

    async def sleep(self, seconds: float) -> None:
        """Waits."""

    async def close(self) -> None:
        """Closes all connections."""


def _headers(response: httpx.Response) -> dict[str, str]:
    # Each character is a byte, as the server sends them.
    response.headers.encoding = "latin-1"
    return dict(response.headers)


class BlockingSender:
    """Waits in the thread that calls. Several threads may use it."""

    def __init__(self, url: str, how: Connecting) -> None:
        self._http = httpx.Client(**how.arguments(url))

    async def send(self, method: str, url: str, headers: Mapping[str, str], content: Content | None) -> Incoming:
        """Sends a request.

        Raises:
            InvalidArgument: The body can be read on an event loop alone.
        """
        if content is not None and content.is_asynchronous:
            raise InvalidArgument(_ASYNCHRONOUS, field="body")
        body = None if content is None else _pieces(content)
        request = self._http.build_request(method, url, headers=dict(headers), content=body)
        return _BlockingIncoming(self._http.send(request, stream=True))

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        time.sleep(seconds)  # noqa: ASYNC251 - there is no event loop

    async def close(self) -> None:
        """Closes all connections."""
        self._http.close()


class _BlockingIncoming:
    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = _headers(response)
        self._response = response
        self._pieces = response.iter_raw()

    async def next(self) -> bytes:
        return next((piece for piece in self._pieces if piece), b"")

    async def close(self) -> None:
        self._response.close()


def _pieces(content: Content) -> Iterator[bytes]:
    while piece := finished(content.next(_read_here)):
        yield piece


async def _read_here(read: Callable[[int], Any], size: int) -> Any:
    return read(size)


class AsyncSender:
    """Waits on an event loop: asyncio's or trio's."""

    def __init__(self, url: str, how: Connecting) -> None:
        self._http = httpx.AsyncClient(**how.arguments(url))

    async def send(self, method: str, url: str, headers: Mapping[str, str], content: Content | None) -> Incoming:
        """Sends a request."""
        body = None if content is None else _async_pieces(content)
        request = self._http.build_request(method, url, headers=dict(headers), content=body)
        return _AsyncIncoming(await self._http.send(request, stream=True))

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        await anyio.sleep(seconds)

    async def close(self) -> None:
        """Closes all connections."""
        await self._http.aclose()


class _AsyncIncoming:
    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = _headers(response)
        self._response = response
        self._pieces = response.aiter_raw()

    async def next(self) -> bytes:
        async for piece in self._pieces:
            if piece:
                return piece
        return b""

    async def close(self) -> None:
        with anyio.CancelScope(shield=True):
            # Trio warns of a generator that nobody closes.
            await cast("AsyncGenerator[bytes, None]", self._pieces).aclose()
            await self._response.aclose()


async def _async_pieces(content: Content) -> AsyncIterator[bytes]:
    while piece := await content.next(_read_in_thread):
        yield piece


async def _read_in_thread(read: Callable[[int], Any], size: int) -> Any:
    return await anyio.to_thread.run_sync(read, size)


_ASYNCHRONOUS: Final = "this client waits in its thread, and takes no asynchronous files and iterables: use AsyncClient"


def finished(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine that never suspends, and returns its result.

    Raises:
        InvalidArgument: It suspends: it was given something asynchronous.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise InvalidArgument(_ASYNCHRONOUS, field="body")
