"""Runs one or several ASGI applications, each on a port of its own, in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec
import uvicorn
from uvicorn.server import HANDLED_SIGNALS

from bucketry_http.allocator import keep_freed_memory
from bucketry_http.protocol import BoundedProtocol

BACKLOG: Final = 2048
GRACE_SECONDS: Final = 10
"""How long requests in progress may take to end once the server stops, unless told otherwise."""

KEEP_ALIVE_SECONDS: Final = 75
"""How long a connection may wait for its next request: longer than the proxies in front, which reuse it."""

OnReady = Callable[[tuple[str, ...]], None]


class Listener(msgspec.Struct, frozen=True):
    """An application and where it listens.

    Attributes:
        app: The ASGI application.
        host: Name or address to listen on.
        port: TCP port; 0: one that is free.
        bound: The socket that `bind` returned for host and port, for who must know its port before there is an
            application. The server closes it.
    """

    app: Any
    host: str = "127.0.0.1"
    port: int = 8000
    bound: socket.socket | None = None


class Server:
    """Serves its listeners until it is stopped, by `stop` or by SIGINT or SIGTERM.

    Attributes:
        urls: Where each listener can be reached, in their order; empty before it listens.
    """

    def __init__(
        self, listeners: Sequence[Listener], on_ready: OnReady | None = None, *, grace_seconds: int = GRACE_SECONDS
    ) -> None:
        """Makes a server that does not listen yet.

        Args:
            listeners: What to serve.
            on_ready: Called once with `urls` when every listener accepts connections.
            grace_seconds: How long requests in progress may take to end once the server stops.
        """
        self.urls: tuple[str, ...] = ()
        self._listeners = tuple(listeners)
        self._on_ready = on_ready
        self._grace_seconds = grace_seconds
        self._servers: list[_Server] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self) -> None:
        """Serves until stopped, in a process that does little else. Call from the main thread for signals to work.

        Raises:
            OSError: An address is in use or not available; nothing is served then.
        """
        keep_freed_memory()
        factory = uvicorn.Config("", log_config=None).get_loop_factory()
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(self.serve())

    async def serve(self) -> None:
        """Serves until stopped, in the running event loop.

        Raises:
            OSError: An address is in use or not available; nothing is served then.
        """
        self._loop = asyncio.get_running_loop()
        with contextlib.ExitStack() as stack:
            sockets = [
                stack.enter_context(listener.bound or bind(listener.host, listener.port))
                for listener in self._listeners
            ]
            urls = tuple(map(_url, self._listeners, sockets))
            self._servers = [_Server(listener.app, self._grace_seconds) for listener in self._listeners]
            with self._signals():
                running = [
                    asyncio.ensure_future(server.serve(sockets=[bound]))
                    for server, bound in zip(self._servers, sockets, strict=True)
                ]
                ready = asyncio.ensure_future(self._announce(urls))
                try:
                    await asyncio.gather(*running)
                finally:
                    ready.cancel()

    def stop(self) -> None:
        """Stops accepting, lets requests in progress end, and ends `serve`; a second call ends them at once.

        Safe to call from any thread.
        """
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        for server in self._servers:
            server.force_exit = server.should_exit
            server.should_exit = True

    async def _announce(self, urls: tuple[str, ...]) -> None:
        for server in self._servers:
            await server.listening.wait()
        self.urls = urls
        if self._on_ready is not None:
            self._on_ready(urls)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        loop, handled = asyncio.get_running_loop(), []
        for number in HANDLED_SIGNALS:
            # Only a main thread can take signals, and not on every system; elsewhere there is `stop`.
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, self._stop)
                handled.append(number)
        try:
            yield
        finally:
            for number in handled:
                loop.remove_signal_handler(number)


class _Server(uvicorn.Server):
    """uvicorn's server without signal handlers of its own, since several run side by side."""

    def __init__(self, app: Any, grace_seconds: int) -> None:
        config = uvicorn.Config(
            app,
            # An application that speaks another language than JSON has its own answers to what is no request.
            http=getattr(app, "protocol", BoundedProtocol),
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=grace_seconds,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if self.force_exit:
            # What uvicorn leaves out then; the application's lifespan would be cancelled, and that logged as an error.
            await self.lifespan.shutdown()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(host: str, port: int) -> socket.socket:
    """Returns a socket that listens; whoever connects waits until a server takes it over.

    Raises:
        OSError: The address is in use or not available.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    bound = socket.create_server((str(address[0]), port), family=family, backlog=BACKLOG)
    bound.setblocking(False)
    return bound


def _url(listener: Listener, bound: socket.socket) -> str:
    host = f"[{listener.host}]" if ":" in listener.host else listener.host
    return f"http://{host}:{bound.getsockname()[1]}"


def serve(app: Any, host: str = "127.0.0.1", port: int = 8000, *, on_ready: OnReady | None = None) -> None:
    """Serves one application until SIGINT or SIGTERM.

    Args:
        app: The ASGI application.
        host: Name or address to listen on.
        port: TCP port; 0: one that is free.
        on_ready: Called once with the URL that is served, as a tuple of one.

    Raises:
        OSError: The address is in use or not available.
    """
    Server([Listener(app, host, port)], on_ready).run()
