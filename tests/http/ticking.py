"""How long one turn of a server's event loop takes, while somebody sends what may keep it busy.

Counted is the processor time of the loop's own thread, so a busy machine does not count.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from bucketry import Store
from bucketry_http import Listener, RestSettings, S3Rights, S3Settings, Server, create_app, create_s3_app
from bucketry_http.server.protocol import BoundedProtocol

from tests.http.serving import WAIT

TICK_SECONDS = 0.001


class Ticking:
    """An application whose loop ticks, and counts what it does between two ticks.

    Attributes:
        turns: Seconds of processor time between two ticks, as they came.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self.protocol = getattr(app, "protocol", BoundedProtocol)
        self.turns: list[float] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        ticking = asyncio.ensure_future(self._tick())
        try:
            await self._app(scope, receive, send)
        finally:
            ticking.cancel()

    async def _tick(self) -> None:
        before = time.thread_time()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = time.thread_time()
            self.turns.append(now - before)
            before = now


@contextmanager
def ticking_ports(store: Store, **settings: Any) -> Iterator[tuple[dict[str, int], Ticking]]:
    """Serves REST and S3, where anybody may do everything; yields their ports, and what counts their loop's turns."""
    ticking = Ticking(create_app(store, RestSettings(**settings)))
    apps = {"rest": ticking, "s3": create_s3_app(store, S3Settings(anonymous=S3Rights(), **settings))}
    ready = threading.Event()
    server = Server([Listener(app, port=0) for app in apps.values()], lambda _: ready.set())
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(WAIT)
        yield {name: urlsplit(url).port or 0 for name, url in zip(apps, server.urls, strict=True)}, ticking
    finally:
        server.stop()
        thread.join()


def percentile(turns: Sequence[float], share: float) -> float:
    """Returns the value below which such a share of the turns lies."""
    return sorted(turns)[min(len(turns) - 1, round(len(turns) * share))]
