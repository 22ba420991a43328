"""A proxy that cuts connections."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

CHUNK = 64 * 1024
PATIENCE = 30.0


class CuttingProxy:
    """Passes bytes on to a server, and cuts each connection after so many bytes of answers.

    Attributes:
        location: host and port where it listens.
        connections: how many connections came so far.
    """

    def __init__(self, target: str, *, cut_after: int | None = None, cut_requests_after: int | None = None) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._cut_after = cut_after
        self._cut_requests_after = cut_requests_after
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.location = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = 0
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for opened in self._sockets:
            _cut(opened)
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()
        for opened in self._sockets:
            opened.close()

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            self.connections += 1
            self._sockets += [client, server]
            self._start(self._pass_on, client, server, self._cut_requests_after)
            self._start(self._pass_on, server, client, self._cut_after)

    def _pass_on(self, source: socket.socket, target: socket.socket, most: int | None) -> None:
        passed = 0
        try:
            while chunk := source.recv(CHUNK if most is None else min(CHUNK, most - passed)):
                target.sendall(chunk)
                passed += len(chunk)
                if passed == most:
                    break
        except OSError:
            pass
        _cut(source)
        _cut(target)


def _cut(opened: socket.socket) -> None:
    with suppress(OSError):
        opened.shutdown(socket.SHUT_RDWR)
