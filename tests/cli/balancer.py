"""A load balancer as small as it gets: each connection goes to an instance that says that it is ready."""

from __future__ import annotations

import itertools
import socket
import threading
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress
from typing import Final

import msgspec

CHECK_SECONDS: Final = 0.05
"""How often each instance is asked whether it is ready."""


class Instance(msgspec.Struct):
    """One server: where its ports are, and whether it is ready. Counts the connections that it got."""

    rest: tuple[str, int]
    s3: tuple[str, int]
    is_ready: bool = True
    connections: int = 0

    def check(self) -> None:
        """Asks it."""
        url = f"http://{self.rest[0]}:{self.rest[1]}/health/ready"
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                self.is_ready = response.status == 200
        except (urllib.error.URLError, OSError):
            self.is_ready = False


class Balancer:
    """Passes connections on, byte by byte, to the instances that are ready; to each of them in turn."""

    def __init__(self) -> None:
        self.instances: list[Instance] = []
        self._turns = itertools.count()
        self._stack = ExitStack()
        self._is_closed = threading.Event()
        self.rest_port = self._listen("rest")
        self.s3_port = self._listen("s3")
        threading.Thread(target=self._watch, daemon=True).start()

    def close(self) -> None:
        """Takes no more connections."""
        self._is_closed.set()
        self._stack.close()

    def _watch(self) -> None:
        while not self._is_closed.wait(CHECK_SECONDS):
            for instance in tuple(self.instances):
                instance.check()

    def _listen(self, port: str) -> int:
        listening = self._stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=128))
        threading.Thread(target=self._accept, args=(listening, port), daemon=True).start()
        return int(listening.getsockname()[1])

    def _accept(self, listening: socket.socket, port: str) -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                threading.Thread(target=self._pass_on, args=(client, port), daemon=True).start()

    def _pass_on(self, client: socket.socket, port: str) -> None:
        ready = [instance for instance in self.instances if instance.is_ready]
        with client:
            if not ready:
                return
            instance = ready[next(self._turns) % len(ready)]
            instance.connections += 1
            with suppress(OSError), socket.create_connection(getattr(instance, port)) as server:
                back = threading.Thread(target=_pump, args=(server, client), daemon=True)
                back.start()
                _pump(client, server)
                back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65_536):
            target.sendall(piece)
    # Whoever closes ends both directions, as the server's end of a connection is the client's.
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
