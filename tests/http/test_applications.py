"""What the server promises to the applications that it runs (ASGI)."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from bucketry_http import Listener, Server
from bucketry_http.server.lifespan import StartFailed

from tests.http.serving import WAIT, connect


class App:
    """An application with two tasks for each request: one reads the body, one waits for the client to leave."""

    def __init__(self) -> None:
        self.reads = threading.Event()
        self.ended = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for event in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{event}.complete"})
            return
        await receive()
        waiting = [asyncio.ensure_future(receive()) for _ in range(2)]
        await asyncio.sleep(0)
        self.reads.set()
        await asyncio.gather(*waiting)
        self.ended.set()


@contextmanager
def served(app: Any) -> Iterator[int]:
    ready = threading.Event()
    server = Server([Listener(app, port=0)], lambda _: ready.set())
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(WAIT)
        yield urlsplit(server.urls[0]).port or 0
    finally:
        server.stop()
        thread.join()


def test_all_tasks_that_receive_learn_that_the_client_is_gone() -> None:
    app = App()
    with served(app) as port:
        with connect(port) as client:
            client.sendall(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\na")
            assert app.reads.wait(WAIT)
        assert app.ended.wait(WAIT)


@pytest.mark.parametrize("error", [asyncio.CancelledError("no backend"), ValueError("no backend")])
def test_an_application_that_fails_at_its_start_ends_the_server(error: BaseException) -> None:
    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        await receive()
        raise error

    with pytest.raises(StartFailed, match="no backend"):
        asyncio.run(asyncio.wait_for(Server([Listener(app, port=0)]).serve(), WAIT))


def test_start_and_stop_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bucketry_http")
    with served(App()) as port:
        pass
    texts = [record.getMessage() for record in caplog.records if record.name == "bucketry_http"]
    assert texts[0].startswith("starting in process ")
    assert texts[1] == f"serving http://127.0.0.1:{port}"
    assert texts[-1] == "stopped"
