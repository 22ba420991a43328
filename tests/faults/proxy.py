"""A proxy on loopback between a driver and its server, which does to connections what networks and servers do."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import msgspec

CHUNK: Final = 64 * 1024
PATIENCE: Final = 30.0
_RESET: Final = struct.pack("ii", 1, 0)


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What is done to connections.

    Attributes:
        name: Its name.
        refuse: Whether a new connection is reset at once.
        delay: Seconds that each piece of a response comes later.
        requests: After how many bytes of requests a connection ends; `None`: never.
        responses: After how many bytes of responses a connection ends; `None`: never. 0 loses a whole response.
        stalls: Whether nothing comes instead of an end: the connection stays open.
        resets: Whether the end is a reset, and not an orderly one.
    """

    name: str
    refuse: bool = False
    delay: float = 0.0
    requests: int | None = None
    responses: int | None = None
    stalls: bool = False
    resets: bool = False


WHOLE: Final = Fault(name="none")

FAULTS: Final = (
    Fault(name="connections refused", refuse=True),
    Fault(name="late", delay=0.02),
    Fault(name="requests cut", requests=300),
    Fault(name="requests reset", requests=5000, resets=True),
    Fault(name="requests stall", requests=100_000, stalls=True),
    Fault(name="responses lost", responses=0),
    Fault(name="responses lost by a reset", responses=0, resets=True),
    Fault(name="responses never come", responses=0, stalls=True),
    Fault(name="responses truncated", responses=150),
    Fault(name="responses reset", responses=70_000, resets=True),
    Fault(name="responses stall", responses=30_000, stalls=True),
)


class FaultProxy:
    """Passes bytes on to a server, and does what `fault` says meanwhile.

    Attributes:
        location: Host and port where it listens.
        fault: What is done to connections from now on; it may change at any time.
        struck: How many connections the fault has struck.
    """

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.location = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.fault = WHOLE
        self.struck = 0
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._ended = threading.Event()
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_all()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def cut_all(self) -> None:
        """End all connections, such as those that stall."""
        with self._lock:
            opened = list(self._open)
        for one in opened:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    @property
    def connections(self) -> int:
        """How many connections are open, to both sides."""
        with self._lock:
            return len(self._open)

    def _start(self, target: object, *arguments: object) -> None:
        self._threads[:] = [known for known in self._threads if known.is_alive()]
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = None
            if not self.fault.refuse:
                with suppress(OSError):
                    server = socket.create_connection(self._target, PATIENCE)
            if server is None:
                self._strike()
                _end(client, resets=True)
                client.close()
                continue
            server.settimeout(None)
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open |= {client, server}
            both = _Both(client, server)
            self._start(self._pass_on, both, client, server, "requests")
            self._start(self._pass_on, both, server, client, "responses")

    def _pass_on(self, both: _Both, source: socket.socket, target: socket.socket, direction: str) -> None:
        passed, since = 0, WHOLE
        with suppress(OSError):
            while chunk := source.recv(CHUNK):
                fault = self.fault
                if fault is not since:
                    passed, since = 0, fault
                if direction == "responses" and fault.delay:
                    time.sleep(fault.delay)
                most = getattr(fault, direction)
                if most is not None and passed + len(chunk) > most:
                    target.sendall(chunk[: most - passed])
                    self._strike()
                    if fault.stalls:
                        self._stall(source, fault)
                    elif fault.resets:
                        _end(target, resets=True)
                    break
                target.sendall(chunk)
                passed += len(chunk)
        both.end()
        if both.is_over():
            with self._lock:
                self._open -= {both.client, both.server}
            both.close()

    def _stall(self, source: socket.socket, fault: Fault) -> None:
        """Pass nothing on until the other side gives up, or the fault is over."""
        source.settimeout(0.05)
        while self.fault is fault and not self._ended.is_set():
            try:
                if not source.recv(CHUNK):
                    return
            except TimeoutError:
                continue

    def _strike(self) -> None:
        with self._lock:
            self.struck += 1


class _Both:
    """The two sides of a connection."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self._left = 2
        self._lock = threading.Lock()

    def end(self) -> None:
        for one in (self.client, self.server):
            _end(one)

    def is_over(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left == 0

    def close(self) -> None:
        self.client.close()
        self.server.close()


def _end(one: socket.socket, *, resets: bool = False) -> None:
    with suppress(OSError):
        if resets:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            one.shutdown(socket.SHUT_RD)  # Wakes the thread that reads from it, which would keep it open.
            one.close()
        else:
            one.shutdown(socket.SHUT_RDWR)
