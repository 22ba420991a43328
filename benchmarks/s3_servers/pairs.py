"""Puts and gets small objects on many connections at a time.

The client costs a small part of what any server does: requests are signed beforehand, and of a response only its end is
looked for.
"""

from __future__ import annotations

import re
import selectors
import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress
from time import perf_counter
from typing import Final

from benchmarks.bucketry_server.running_server import TIMEOUT_SECONDS, Address
from benchmarks.s3_servers.servers import Endpoint

CLIENTS: Final = 16
_BUFFER_BYTES: Final = 64 * 1024
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_CLOSE: Final = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


class _Client:
    """Puts its object and gets it, over and over, on one connection at a time."""

    def __init__(self, address: Address, requests: tuple[bytes, bytes], content: bytes) -> None:
        self._address = address
        self._requests = requests
        self._content = content
        self._turn = 0
        self._received = b""
        self.socket = socket.socket()

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(self._address, TIMEOUT_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def ask(self) -> None:
        """Sends the next request."""
        self._received = b""
        self.socket.sendall(self._requests[self._turn])

    def take(self) -> bool:
        """Reads what came, and says whether the response is complete.

        Raises:
            RuntimeError: It is not the expected response.
        """
        piece = self.socket.recv(_BUFFER_BYTES)
        self._received += piece
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            if not piece:
                raise RuntimeError(f"the server went away after {self._received[:200]!r}")
            return False
        length = _LENGTH.search(head)
        ended = body.endswith(b"0\r\n\r\n") if _CHUNKED.search(head) else length and len(body) >= int(length[1])
        if piece and not ended:
            return False
        good = head.startswith(b"HTTP/1.1 200") and (self._turn == 0 or self._content in body)
        if not good:
            raise RuntimeError(f"another response than expected: {self._received[:500]!r}")
        self._turn = 1 - self._turn
        return True

    def must_reconnect(self) -> bool:
        """Says whether the server closes the connection."""
        return bool(_CLOSE.search(self._received.partition(b"\r\n\r\n")[0]))

    def reconnect(self) -> None:
        """Opens another connection."""
        self.close()
        self.socket = self._connect()

    def close(self) -> None:
        """Closes the connection."""
        with suppress(OSError):
            self.socket.close()


def requests_a_second(
    endpoint: Endpoint,
    size: int,
    seconds: float,
    stack: ExitStack,
    *,
    count: int = CLIENTS,
    clock: Callable[[], float] = perf_counter,
) -> Callable[[], float]:
    """Makes a measure of the puts and gets, counted together, that a server handles in a second.

    Args:
        endpoint: The server; its bucket is there.
        size: Bytes of an object.
        seconds: How long a round is.
        stack: Closes the connections.
        count: How many clients there are.
        clock: What counts the seconds of the figure.
    """
    content = b"x" * size
    clients = [_Client(endpoint.address, _requests(endpoint, number, content), content) for number in range(count)]
    for client in clients:
        stack.callback(client.close)

    def measure() -> float:
        begun = clock()
        handled = _load(clients, perf_counter() + seconds)
        return handled / (clock() - begun)

    _load(clients, perf_counter() + seconds / 4)
    return measure


def _requests(endpoint: Endpoint, number: int, content: bytes) -> tuple[bytes, bytes]:
    key = f"photos/2024/{number:04}.jpg"
    put = endpoint.signed_head("PUT", key, content)
    get = endpoint.signed_head("GET", key)
    return put + content, get


def _load(clients: list[_Client], until: float) -> int:
    handled, waiting = 0, len(clients)
    for client in clients:
        # A server may have closed a connection that was idle while the others were measured.
        client.reconnect()
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
            client.ask()
        while waiting:
            more = perf_counter() < until
            for ready, _ in selector.select():
                client = ready.data
                if not client.take():
                    continue
                handled += 1
                if client.must_reconnect():
                    selector.unregister(client.socket)
                    client.reconnect()
                    selector.register(client.socket, selectors.EVENT_READ, client)
                if more:
                    client.ask()
                else:
                    waiting -= 1
    return handled
