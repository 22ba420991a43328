"""Asks the same small thing over and over, on many connections at a time.

All answers to one request are of the same length, so they are counted and compared by their first bytes, not parsed:
the client costs a small part of what any server does, and never is the bottleneck.
"""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable
from contextlib import ExitStack
from time import perf_counter

from benchmarks.serving.running import TIMEOUT_SECONDS, Address

_CONNECTIONS = 16
_GOOD = b"HTTP/1.1 200 "
_BUFFER_BYTES = 64 * 1024


def request_bytes(method: str, path: str, body: bytes = b"") -> bytes:
    """Returns a request as it goes over the wire."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def requests_a_second(address: Address, request: bytes, seconds: float, stack: ExitStack) -> Callable[[], float]:
    """Makes a measure of how many such requests a server answers in a second.

    Args:
        address: The server.
        request: The request.
        seconds: How long a round is.
        stack: What closes the connections.
    """
    connections = [stack.enter_context(socket.create_connection(address, TIMEOUT_SECONDS)) for _ in range(_CONNECTIONS)]
    selector = stack.enter_context(selectors.DefaultSelector())
    for connection in connections:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ, connection)
    length = _answer_length(connections[0], request)

    def measure() -> float:
        begun = perf_counter()
        answered = _load(connections, selector, request, length, begun + seconds)
        return answered / (perf_counter() - begun)

    return measure


def _load(
    connections: list[socket.socket], selector: selectors.BaseSelector, request: bytes, length: int, until: float
) -> int:
    for each in connections:
        each.sendall(request)
    answered, waiting = 0, len(connections)
    while waiting:
        more = perf_counter() < until
        for key, _ in selector.select():
            connection: socket.socket = key.data
            answer = connection.recv(_BUFFER_BYTES)
            while 0 < len(answer) < length:
                rest = connection.recv(_BUFFER_BYTES)
                answer = answer + rest if rest else b""
            if len(answer) != length or not answer.startswith(_GOOD):
                raise RuntimeError(f"another answer than the first: {answer[:200]!r}")
            answered += 1
            if more:
                connection.sendall(request)
            else:
                waiting -= 1
    return answered


def _answer_length(connection: socket.socket, request: bytes) -> int:
    connection.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _received(connection, answer)
    head, _, _ = answer.partition(b"\r\n\r\n")
    sizes = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    if not head.startswith(_GOOD) or len(sizes) != 1:
        raise RuntimeError(f"no answer to measure: {head!r}")
    length = len(head) + 4 + int(sizes[0].partition(b":")[2])
    while len(answer) < length:
        answer += _received(connection, answer)
    return length


def _received(connection: socket.socket, so_far: bytes) -> bytes:
    piece = connection.recv(_BUFFER_BYTES)
    if not piece:
        raise RuntimeError(f"the server went away after {so_far[:200]!r}")
    return piece
