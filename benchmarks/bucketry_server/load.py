"""Sends the same small request over and over, on many connections at a time.

All responses to one request have the same length, so they are counted and not parsed. The client costs a small part of
what any server does, so it is never the bottleneck.
"""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable
from contextlib import ExitStack
from time import perf_counter

from benchmarks.bucketry_server.running_server import TIMEOUT_SECONDS, Address

_CONNECTIONS = 16
_GOOD = b"HTTP/1.1 200 "
_BUFFER_BYTES = 64 * 1024


def request_bytes(method: str, path: str, body: bytes = b"") -> bytes:
    """Returns a request as it goes over the wire."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def requests_a_second(
    address: Address, request: bytes, seconds: float, stack: ExitStack, *, clock: Callable[[], float] = perf_counter
) -> Callable[[], float]:
    """Makes a measure of the requests that a server handles in a second.

    Args:
        address: The server.
        request: The request.
        seconds: How long a round is.
        stack: Closes the connections.
        clock: What counts the seconds of the figure.
    """
    connections = [stack.enter_context(socket.create_connection(address, TIMEOUT_SECONDS)) for _ in range(_CONNECTIONS)]
    selector = stack.enter_context(selectors.DefaultSelector())
    for connection in connections:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ, connection)
    length = _response_length(connections[0], request)

    def measure() -> float:
        begun = clock()
        handled = _load(connections, selector, request, length, perf_counter() + seconds)
        return handled / (clock() - begun)

    return measure


def _load(
    connections: list[socket.socket], selector: selectors.BaseSelector, request: bytes, length: int, until: float
) -> int:
    for each in connections:
        each.sendall(request)
    handled, waiting = 0, len(connections)
    while waiting:
        more = perf_counter() < until
        for key, _ in selector.select():
            connection: socket.socket = key.data
            response = connection.recv(_BUFFER_BYTES)
            while 0 < len(response) < length:
                rest = connection.recv(_BUFFER_BYTES)
                response = response + rest if rest else b""
            if len(response) != length or not response.startswith(_GOOD):
                raise RuntimeError(f"another response than the first: {response[:200]!r}")
            handled += 1
            if more:
                connection.sendall(request)
            else:
                waiting -= 1
    return handled


def _response_length(connection: socket.socket, request: bytes) -> int:
    connection.sendall(request)
    response = b""
    while b"\r\n\r\n" not in response:
        response += _received(connection, response)
    head, _, _ = response.partition(b"\r\n\r\n")
    sizes = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    if not head.startswith(_GOOD) or len(sizes) != 1:
        raise RuntimeError(f"no response to measure: {head!r}")
    length = len(head) + 4 + int(sizes[0].partition(b":")[2])
    while len(response) < length:
        response += _received(connection, response)
    return length


def _received(connection: socket.socket, so_far: bytes) -> bytes:
    piece = connection.recv(_BUFFER_BYTES)
    if not piece:
        raise RuntimeError(f"the server went away after {so_far[:200]!r}")
    return piece
