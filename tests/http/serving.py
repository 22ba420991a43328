"""A real server on a real socket, and a client that speaks to it byte by byte."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from bucketry import Store
from bucketry_http import Listener, RestSettings, Server, ServerSettings, create_app

from tests.http.documented import check_documented

API = "/api/v1/storage"
WAIT = 30.0
"""Seconds after which a test gives up waiting for what must happen."""


@contextmanager
def running(store: Store, server_settings: ServerSettings | None = None, **settings: Any) -> Iterator[int]:
    """Serves a store in a thread; yields the port."""
    ready = threading.Event()
    listener = Listener(create_app(store, RestSettings(**settings)), port=0)
    server = Server([listener], lambda _: ready.set(), server_settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(WAIT)
        yield urlsplit(server.urls[0]).port or 0
    finally:
        server.stop()
        thread.join()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=WAIT)


def ask(
    port: int, method: str, target: str, body: bytes | None = None, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """Makes one request; the target goes out as it is."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, f"{API}/{target}", body, named)
        response = connection.getresponse()
        check_documented(method, f"{API}/{target}", response.status)
        return response, response.read()
    finally:
        connection.close()


def eventually(holds: Callable[[], bool]) -> bool:
    """Waits until a condition holds; returns whether it ever did."""
    deadline = time.monotonic() + WAIT
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
