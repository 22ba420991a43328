"""The start and the end of applications that a server runs."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlsplit

import pytest
from bucketry_http import Listener, Server
from bucketry_http.server.lifespan import StartFailed

from tests.http.serving import WAIT, connect

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def serve_once(app: Any) -> bytes:
    """Serves an application for one request, and returns the response."""
    ready = threading.Event()
    server = Server([Listener(app, port=0)], lambda _: ready.set())
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(WAIT)
        with connect(urlsplit(server.urls[0]).port or 0) as client:
            client.sendall(GET)
            said = b""
            while piece := client.recv(4096):
                said += piece
            return said
    finally:
        server.stop()
        thread.join()


def responding(body: str) -> list[dict[str, Any]]:
    start = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]}
    return [start, {"type": "http.response.body", "body": body.encode()}]


def test_requests_see_the_state_that_the_start_left() -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            assert (await receive())["type"] == "lifespan.startup"
            scope["state"]["word"] = "ready"
            await send({"type": "lifespan.startup.complete"})
            seen.append((await receive())["type"])
            await send({"type": "lifespan.shutdown.complete"})
            return
        for message in responding(scope["state"]["word"]):
            await send(message)

    assert serve_once(app).endswith(b"\r\n\r\nready")
    assert seen == ["lifespan.shutdown"]


def test_an_application_needs_no_lifespan() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            for message in responding("plain"):
                await send(message)

    assert serve_once(app).endswith(b"\r\n\r\nplain")


def test_one_that_says_it_cannot_start_is_not_served() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    with pytest.raises(StartFailed, match="no database"):
        Server([Listener(app, port=0)]).run()


def test_one_that_fails_at_its_start_is_not_served(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("no database")

    with pytest.raises(StartFailed, match="no database"):
        Server([Listener(app, port=0)]).run()
    assert "the application failed at its start or end" in caplog.text


@pytest.mark.parametrize(
    "messages",
    [
        [{"type": "http.response.body", "body": b"x"}],
        [{"type": "http.response.start", "status": 200, "headers": [(b"a b", b"c")]}],
        [{"type": "http.response.start", "status": 200, "headers": [(b"a", b"b\r\nc: d")]}],
    ],
    ids=["order", "name", "value"],
)
def test_a_response_that_is_none_is_a_500(messages: list[Any], caplog: pytest.LogCaptureFixture) -> None:
    """Above all, no value of a header can become another header."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            for message in messages:
                await send(message)

    said = serve_once(app)
    assert said.startswith(b"HTTP/1.1 500 ")
    assert b"c: d" not in said
    assert "the application failed" in caplog.text


@pytest.mark.parametrize("body", [b"too long", b"s"])
def test_a_body_of_another_length_ends_the_connection(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
            await send({"type": "http.response.body", "body": body})

    _, _, content = serve_once(app).partition(b"\r\n\r\n")
    assert len(content) < 4
    assert "its Content-Length" in caplog.text
