"""A server that answers one HTTP request after the other as it is told to, and may end the connection anywhere."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

HEAD_END = b"\r\n\r\n"
PIECE = 256 * 1024


class Request(NamedTuple):
    """A request as it came.

    Attributes:
        asked: Method and target, such as ``GET /bucket?uploads=``.
        raw: All its bytes.
    """

    asked: str
    raw: bytes


class Response(NamedTuple):
    """What to send, and whether the connection ends after it."""

    raw: bytes
    ends: bool = False


Respond = Callable[[Request], Response]


@contextmanager
def serving(respond: Respond) -> Iterator[str]:
    """Serve until the end of the block, each connection in a thread of its own; give host and port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    opened: set[socket.socket] = set()
    threads: list[threading.Thread] = []

    def accept() -> None:
        with suppress(OSError):  # The listener is closed.
            while True:
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                opened.add(connection)
                thread = threading.Thread(target=converse, args=(connection,), daemon=True)
                threads[:] = [known for known in threads if known.is_alive()]
                threads.append(thread)
                thread.start()

    def converse(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            reader = Reader(connection)
            while (request := reader.request()) is not None:
                response = respond(request)
                connection.sendall(response.raw)
                if response.ends:
                    break
        opened.discard(connection)

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for connection in list(opened):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


class Reader:
    """Reads whole HTTP messages from a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._waiting = bytearray()

    def request(self) -> Request | None:
        """Return the next request; `None` once the client is gone."""
        head = self._head()
        if head is None:
            return None
        line = head.split(b"\r\n", 1)[0].decode()
        body = self._exactly(int(header_in(head, b"content-length") or 0))
        return Request(line.rpartition(" ")[0], head + body)

    def response(self, method: str) -> bytes:
        """Return the next response to a request of this method, all its bytes."""
        head = self._head()
        if head is None:
            raise ConnectionError("the server sent no response")
        status = int(head.split(b" ", 2)[1])
        if method == "HEAD" or status in {204, 304}:
            return head
        if header_in(head, b"transfer-encoding") == b"chunked":
            return head + self._chunks()
        length = header_in(head, b"content-length")
        if length is None:
            raise ValueError(f"a response without a length: {head!r}")
        return head + self._exactly(int(length))

    def _head(self) -> bytes | None:
        while (end := self._waiting.find(HEAD_END)) < 0:
            if not self._more():
                return None
        return self._take(end + len(HEAD_END))

    def _chunks(self) -> bytes:
        body = b""
        while True:
            while (end := self._waiting.find(b"\r\n")) < 0:
                self._need()
            size = int(self._waiting[:end], 16)
            body += self._exactly(end + 2 + size + 2)
            if size == 0:
                return body

    def _exactly(self, length: int) -> bytes:
        while len(self._waiting) < length:
            self._need()
        return self._take(length)

    def _take(self, length: int) -> bytes:
        taken = bytes(self._waiting[:length])
        del self._waiting[:length]
        return taken

    def _need(self) -> None:
        if not self._more():
            raise ConnectionError("the connection ended within a message")

    def _more(self) -> bool:
        received = self._connection.recv(PIECE)
        self._waiting += received
        return bool(received)


def header_in(head: bytes, name: bytes) -> bytes | None:
    """Return a header of a message; `None` if there is none."""
    for line in head.split(b"\r\n")[1:]:
        found, _, value = line.partition(b":")
        if found.strip().lower() == name:
            return value.strip()
    return None


def forwarding(target: str) -> Respond:
    """Pass each request on to a server, over a connection of its own, and answer as that does."""
    host, _, port = target.rpartition(":")

    def respond(request: Request) -> Response:
        with socket.create_connection((host, int(port)), 60) as connection:
            connection.sendall(request.raw)
            return Response(Reader(connection).response(request.asked.partition(" ")[0]))

    return respond
