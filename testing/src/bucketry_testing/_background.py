"""One event loop in a thread of its own, which serves all endpoints of this process."""

from __future__ import annotations

import asyncio
import atexit
import os
import socket
import threading
from collections.abc import Coroutine
from email.utils import formatdate
from typing import Any, Final, TypeVar

import uvicorn
from bucketry_http.server.protocol import BoundedProtocol
from bucketry_http.server.server import BACKLOG
from uvicorn.server import ServerState

GRACE_SECONDS: Final = 5.0
"""How long requests in progress may take to notice that their endpoint has closed, before they are cancelled."""

T = TypeVar("T")


class Background:
    """The thread, and its loop."""

    def __init__(self) -> None:
        self.dates: list[tuple[bytes, bytes]] = []
        self.process = os.getpid()
        factory = uvicorn.Config("", log_config=None).get_loop_factory()
        self._loop = factory() if factory is not None else asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="bucketry-testing", daemon=True)
        self._thread.start()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine in the loop, and waits for its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def stop(self) -> None:
        """Ends the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._tell_the_time()
        self._loop.run_forever()

    def _tell_the_time(self) -> None:
        self.dates[:] = [(b"date", formatdate(usegmt=True).encode())]
        self._loop.call_later(1, self._tell_the_time)


class Listening:
    """An application that is served on a socket.

    Attributes:
        app: The application; another one may take its place at any time.
    """

    def __init__(self, app: Any, reserved: socket.socket) -> None:
        """Begins to serve; the socket belongs to it from now on."""
        self.app = app
        self._background = background()
        # An S3 client is to get XML also where it sent no proper request.
        self._protocol: type[BoundedProtocol] = getattr(app, "protocol", BoundedProtocol)
        self._config = uvicorn.Config(
            self._serve,
            http=self._protocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            access_log=False,
            log_config=None,
            proxy_headers=False,
        )
        self._state = ServerState()
        self._state.default_headers = self._background.dates
        self._server: asyncio.Server = self._background.call(self._listen(reserved))

    def close(self) -> None:
        """Ends all connections, and waits for the requests in progress."""
        if self._background.process == os.getpid():  # A forked child has the object, but no thread.
            self._background.call(self._close())

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)

    async def _listen(self, reserved: socket.socket) -> asyncio.Server:
        def connected() -> BoundedProtocol:
            return self._protocol(config=self._config, server_state=self._state, app_state={})

        return await asyncio.get_running_loop().create_server(connected, sock=reserved, backlog=BACKLOG)

    async def _close(self) -> None:
        self._server.close()
        for connection in list(self._state.connections):
            connection.transport.abort()
        if tasks := set(self._state.tasks):
            _, running = await asyncio.wait(tasks, timeout=GRACE_SECONDS)
            for task in running:
                task.cancel()
        # The transports' own ends, which would else come when the loop is closed.
        await asyncio.sleep(0)


_lock = threading.Lock()
_background: Background | None = None


def background() -> Background:
    """Returns this process's thread, and starts it if there is none: a forked child has none either."""
    global _background  # noqa: PLW0603 - one for the process is the point
    with _lock:
        if _background is None or _background.process != os.getpid():
            _background = Background()
            atexit.register(_stop, _background)
        return _background


def _stop(started: Background) -> None:
    if started.process == os.getpid():
        started.stop()
