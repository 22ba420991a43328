"""One event loop in a thread of its own, in which the servers of all endpoints of this process run."""

from __future__ import annotations

import asyncio
import atexit
import os
import socket
import threading
from concurrent.futures import Future
from typing import Any, Final

from bucketry_http.server.server import Listener, Server, new_loop
from bucketry_http.server.settings import ServerSettings

_SETTINGS: Final = ServerSettings(grace_seconds=5.0)
"""How long requests in progress may take to notice that their endpoint has closed, before they are cancelled."""


class Background:
    """The thread, and its loop."""

    def __init__(self) -> None:
        """Starts both."""
        self.process = os.getpid()
        self._loop = new_loop()
        self._thread = threading.Thread(target=self._run, name="bucketry-testing", daemon=True)
        self._thread.start()

    def serve(self, server: Server) -> Future[None]:
        """Starts a server; the result is there once it has stopped."""
        return asyncio.run_coroutine_threadsafe(server.serve(), self._loop)

    def stop(self) -> None:
        """Ends the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()


class Serving:
    """An application that is served on a socket.

    Attributes:
        app: The application; another one may take its place at any time.
    """

    def __init__(self, app: Any, reserved: socket.socket) -> None:
        """Begins to serve; the socket belongs to it from now on."""
        self.app = app
        # An S3 client gets XML for a malformed request too.
        if (protocol := getattr(app, "protocol", None)) is not None:
            self.protocol = protocol
        self.clock = app.clock  # In the header Date.
        self._background = background()
        ready = threading.Event()
        listener = Listener(self, bound=reserved)
        self._server = Server([listener], lambda _: ready.set(), _SETTINGS, handles_signals=False)
        self._ended = self._background.serve(self._server)
        self._ended.add_done_callback(lambda _: ready.set())
        ready.wait()
        if self._ended.done():
            self._ended.result()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hands a request to the application of this moment; several of them share what a start would set up twice."""
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)

    def close(self) -> None:
        """Ends all connections, and waits for the requests in progress."""
        if self._background.process == os.getpid():  # A forked child has the object, but no thread.
            self._server.stop(abort=True)
            self._ended.result()


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
