"""Runs one or several ASGI applications, each on a port of its own, in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NoReturn

import msgspec

from bucketry_http.server.lifespan import Lifespan
from bucketry_http.server.process_memory import keep_freed_memory
from bucketry_http.server.protocol import BoundedProtocol
from bucketry_http.server.settings import ServerSettings
from bucketry_http.server.state import LINGER_SECONDS, ServerState

if TYPE_CHECKING:
    from bucketry_http.server.handshakes import TlsAcceptor
    from bucketry_http.server.tls import Certificate
    from bucketry_http.shared.recorded import Recorder

BACKLOG: Final = 2048
_POLL_SECONDS: Final = 0.02
"""The longest pause between two looks whether requests are still in progress."""

STOPPING_SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)
)
"""Those that stop a server; the last one is Windows' own."""

RELOADING_SIGNALS: Final = tuple(getattr(signal, name) for name in ("SIGHUP",) if hasattr(signal, name))
"""Those that have a server read its files again. Windows has none."""

logger = logging.getLogger("bucketry_http")

OnReady = Callable[[tuple[str, ...]], None]


class Listener(msgspec.Struct, frozen=True):
    """An application and where it listens.

    Attributes:
        app: The ASGI application.
        host: Name or address to listen on.
        port: TCP port; 0: one that is free.
        bound: A socket that `bind` returned for host and port, if the port must be known before there is an
            application. The server closes it.
        is_plain: Whether it is served without TLS, even if the server has a certificate.
        recorder: Makes a record of each request; ``None``: nobody wants records.
    """

    app: Any
    host: str = "127.0.0.1"
    port: int = 8000
    bound: socket.socket | None = None
    is_plain: bool = False
    recorder: Recorder | None = None


class Server:
    """Serves its listeners until it is stopped, by `stop` or by SIGINT or SIGTERM.

    Attributes:
        urls: Where each listener can be reached, in their order; empty before it listens.
        was_forced: Whether it was stopped twice, and so ended with requests in progress.
    """

    def __init__(
        self,
        listeners: Sequence[Listener],
        on_ready: OnReady | None = None,
        settings: ServerSettings | None = None,
        *,
        on_reload: Callable[[], None] | None = None,
        handles_signals: bool = True,
    ) -> None:
        """Makes a server that does not listen yet.

        Args:
            listeners: What to serve.
            on_ready: Called once with `urls` when every listener accepts connections.
            settings: Its settings.
            on_reload: Called in a thread on SIGHUP, after the certificate was read again.
            handles_signals: Whether it obeys signals, if it runs in the main thread: SIGINT and SIGTERM stop it.
        """
        self.urls: tuple[str, ...] = ()
        self._listeners = tuple(listeners)
        self._on_ready = on_ready
        self._settings = settings or ServerSettings()
        self._on_reload = on_reload
        self._handles_signals = handles_signals
        self._certificate: Certificate | None = None
        self._reloads: set[asyncio.Future[None]] = set()
        self.was_forced = False
        self._servers: list[_AppServer] = []
        self._ending = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self) -> None:
        """Serves until stopped, in a process of its own. Signals stop it only if it runs in the main thread.

        Raises:
            OSError: An address is in use or not available; nothing is served then.
            StartFailed: An application does not start; nothing is served then.
            InvalidSettings: The certificate or its key cannot be used; nothing is served then.
        """
        keep_freed_memory()
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(self.serve())

    async def serve(self) -> None:
        """Serves until stopped, in the running event loop.

        Raises:
            OSError: An address is in use or not available; nothing is served then.
            StartFailed: An application does not start; nothing is served then.
            InvalidSettings: The certificate or its key cannot be used; nothing is served then.
        """
        self._loop = asyncio.get_running_loop()
        with contextlib.ExitStack() as stack:
            sockets = [
                stack.enter_context(listener.bound or bind(listener.host, listener.port))
                for listener in self._listeners
            ]
            urls = tuple(map(self._url_of, self._listeners, sockets))
            if self._settings.tls is not None:
                from bucketry_http.server.tls import Certificate  # Only here: many servers speak plain HTTP.

                self._certificate = Certificate(self._settings.tls)
            self._servers = [
                _AppServer(listener, bound, self._settings, None if listener.is_plain else self._certificate)
                for listener, bound in zip(self._listeners, sockets, strict=True)
            ]
            logger.info("starting in process %d", os.getpid())
            with self._signals():
                try:
                    await asyncio.gather(*(server.start() for server in self._servers))
                    self.urls = urls
                    logger.info("serving %s", " and ".join(urls))
                    if self._on_ready is not None:
                        self._on_ready(urls)
                    await self._ending.wait()
                finally:
                    logger.info("stopping: no new connections are accepted")
                    await asyncio.gather(*(server.end() for server in self._servers))
                    logger.info("stopped")

    def end_process(self) -> NoReturn:
        """Ends the process with exit code 0, after a server that was forced to end: a thread may wait for its store.

        What was recorded is written first, within a second or two.
        """
        for listener in self._listeners:
            if listener.recorder is not None:
                listener.recorder.hurry()
        logging.shutdown()
        with contextlib.suppress(OSError, RuntimeError):  # Nobody reads it.
            sys.stdout.flush()
        os._exit(0)

    def _url_of(self, listener: Listener, bound: socket.socket) -> str:
        return url_of_listener(listener, bound, "http" if listener.is_plain else self._settings.scheme)

    def stop(self, *, abort: bool = False) -> None:
        """Ends `serve`: readiness first, then new connections, then what is in progress; a second call ends all now.

        Safe to call from any thread.

        Args:
            abort: Whether connections are closed at once, without a response; requests in progress still have
                ``grace_seconds`` to end.
        """
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._abort if abort else self._stop)

    def reload(self, action: Callable[[], None]) -> None:
        """Reads the certificate and its key again, and then does something in a thread. Safe to call from any thread.

        Args:
            action: What is to be done.
        """
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._reload, action)

    def _reload(self, action: Callable[[], None]) -> None:
        reload = asyncio.ensure_future(asyncio.to_thread(self._read_again, action))
        self._reloads.add(reload)
        reload.add_done_callback(self._reloads.discard)

    def _read_again(self, action: Callable[[], None]) -> None:
        try:
            if self._certificate is not None:
                self._certificate.read_again(even_if_unchanged=True)
            action()
        except Exception:
            logger.exception("what was to be read again stays as it was")

    def _abort(self) -> None:
        for server in self._servers:
            server.state.stopping = server.is_aborting = True
        self._ending.set()

    def _stop(self) -> None:
        if all(server.state.stopping for server in self._servers):
            self.was_forced = True
            for server in self._servers:
                server.is_forced = True
            self._ending.set()
            return
        for server in self._servers:
            server.state.stopping = True
        logger.info("told to stop: readiness says so from now on")
        if self._settings.shutdown_delay > 0:
            asyncio.get_running_loop().call_later(self._settings.shutdown_delay, self._ending.set)
        else:
            self._ending.set()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        actions: dict[int, Callable[[], None]] = dict.fromkeys(STOPPING_SIGNALS, self.stop)
        if (on_reload := self._on_reload) is not None:
            actions |= dict.fromkeys(RELOADING_SIGNALS, lambda: self.reload(on_reload))
        # Not by the loop: it puts no handler back, so a second signal soon after its end would kill the process.
        before: dict[int, Any] = {}
        for number, action in actions.items() if self._handles_signals else ():
            # Only the main thread gets signals. `stop` works everywhere.
            with contextlib.suppress(ValueError):
                before[number] = signal.signal(number, _calling(action))
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _calling(action: Callable[[], None]) -> Callable[[int, object], None]:
    return lambda _number, _frame: action()


class _AppServer:
    """Serves one application on one socket."""

    def __init__(
        self, listener: Listener, bound: socket.socket, settings: ServerSettings, certificate: Certificate | None
    ) -> None:
        app = listener.app
        # An application that speaks another language than JSON has its own responses to malformed requests.
        self._protocol: type[BoundedProtocol] = getattr(app, "protocol", BoundedProtocol)
        self._bound = bound
        self._settings = settings
        self._certificate = certificate
        self._lifespan = Lifespan(app)
        self._server: asyncio.Server | None = None
        self._acceptor: TlsAcceptor | None = None
        scheme = "http" if certificate is None else "https"
        self.state = ServerState(app, settings, scheme, listener.recorder)
        self.state.app_state = self._lifespan.state
        self.is_forced = self.is_aborting = False

    async def start(self) -> None:
        """Starts the application, then to accept connections."""
        await self._lifespan.start()
        loop = asyncio.get_running_loop()
        make = partial(self._protocol, self.state)
        if self._certificate is None:
            self._server = await loop.create_server(make, sock=self._bound, backlog=BACKLOG)
            return
        from bucketry_http.server.handshakes import TlsAcceptor  # Only here: many servers speak plain HTTP.

        self._acceptor = TlsAcceptor(self._bound, make, self.state, self._certificate.context)
        self._acceptor.start()

    async def end(self) -> None:
        """Ends all connections: those without a request now, others with their response, and the rest when time is up.

        Then ends the application.
        """
        if self._server is not None:
            self._server.close()
        if self._acceptor is not None:
            await self._acceptor.close()
        self._bound.close()
        for connection in tuple(self.state.connections):
            if self.is_aborting:
                connection.transport.abort()
            else:
                connection.shut_down()
        await self._idle(self._settings.grace_seconds)
        for connection in tuple(self.state.connections):
            connection.cut_off()
        await self._idle(LINGER_SECONDS)
        for connection in tuple(self.state.connections):
            connection.transport.abort()
        if self._acceptor is not None:
            await self._acceptor.end()
        for task in (tasks := list(self.state.tasks)):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=LINGER_SECONDS)
        if self.state.recorder is not None:
            self.state.recorder.flush()
        await self._lifespan.end()

    async def _idle(self, seconds: float) -> None:
        """Returns when nothing is in progress, when time is up, or when the end is forced."""
        until, pause = monotonic() + seconds, 0.0
        while (self.state.connections or self.state.tasks) and not self.is_forced:
            if monotonic() >= until:
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause + _POLL_SECONDS / 16, _POLL_SECONDS)


def new_loop() -> asyncio.AbstractEventLoop:
    """Returns an event loop: uvloop's, where the system has it."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def bind(host: str, port: int) -> socket.socket:
    """Returns a socket that listens. Clients that connect wait until a server accepts them.

    Raises:
        OSError: The address is in use or not available.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    bound = socket.create_server((str(address[0]), port), family=family, backlog=BACKLOG)
    bound.setblocking(False)
    return bound


def url_of_listener(listener: Listener, bound: socket.socket, scheme: str) -> str:
    """Returns the URL of a listener that listens on a socket."""
    host = f"[{listener.host}]" if ":" in listener.host else listener.host
    return f"{scheme}://{host}:{bound.getsockname()[1]}"


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
