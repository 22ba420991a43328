"""Serves the same listeners in several processes, which share their sockets."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from time import monotonic
from typing import Final

from bucketry import BucketryError

from bucketry_http.server.server import RELOADING_SIGNALS, STOPPING_SIGNALS, Listener, Server
from bucketry_http.server.settings import ServerSettings
from bucketry_http.server.state import LINGER_SECONDS

MAX_DEATHS: Final = 5
DEATHS_SECONDS: Final = 60.0
"""When more workers than that die within so long, the server ends: something kills them all."""

RETRY_SECONDS: Final = 5.0
"""How long after a worker that could not start another one is tried, while others serve."""

_MARGIN_SECONDS: Final = 10.0
"""How long after its time a worker that was told to stop is waited for; then it is killed."""

_READY: Final = "ready"
_STOP: Final = "stop"

logger = logging.getLogger("bucketry_http")

OpenListeners = Callable[[Sequence[socket.socket], int], AbstractContextManager[Sequence[Listener]]]
"""Opens in a worker what it serves on the sockets, and closes it at the end. Each listener has one of them as `bound`.

It gets the worker's number too: they count from 1, and one that takes the place of another has its number. It is
pickled, since workers are new processes.
"""


class WorkersFailed(Exception):
    """The workers cannot go on; the message says why."""


class _Worker:
    """A process, and the way to talk to it."""

    def __init__(self, number: int, process: BaseProcess, connection: Connection, *, is_first: bool) -> None:
        self.number = number
        self.process = process
        self.connection = connection
        self.is_first = is_first
        self.is_ready = False

    def __str__(self) -> str:
        return f"{self.number} (process {self.process.pid})"

    def tell(self, message: object) -> None:
        with contextlib.suppress(OSError):  # It has ended, and `Workers` is about to see that.
            self.connection.send(message)

    def hear(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            self.is_ready |= self.connection.recv() == _READY

    def end(self) -> str:
        """Waits for the process, which has ended; returns how."""
        self.process.join()
        self.connection.close()
        code = self.process.exitcode or 0
        return f"signal {-code}" if code < 0 else f"exit code {code}"


class Workers:
    """Serves the same listeners in several processes until SIGINT or SIGTERM.

    The processes inherit the listening sockets, and the system gives each connection to one of them. They are started
    afresh (spawned, not forked), so nothing of this process is shared. Each obeys this process alone: it ignores
    signals, and stops when this process says so or is gone. One that dies is replaced.
    """

    def __init__(
        self,
        open_listeners: OpenListeners,
        sockets: Sequence[socket.socket],
        count: int,
        *,
        on_ready: Callable[[], None] | None = None,
        on_stop: Callable[[], None] | None = None,
        on_end: Callable[[int], None] | None = None,
        on_reload: Callable[[], Callable[[], None]] | None = None,
        settings: ServerSettings | None = None,
    ) -> None:
        """Starts nothing yet.

        Args:
            open_listeners: Opens in each process what it serves.
            sockets: The sockets, as `bind` returns them. They are closed at the end.
            count: How many processes.
            on_ready: Called once when all of them serve.
            on_stop: Called when they are told to stop, and again when they are told to end at once.
            on_end: Called with the id of each process that ended.
            on_reload: Called on SIGHUP. Each process reads its certificate again, and does what this returns; it is
                pickled. A process that is started later does it before it serves.
            settings: Settings of each of them.
        """
        self._open_listeners = open_listeners
        self._sockets = tuple(sockets)
        self._count = count
        self._on_ready = on_ready
        self._on_stop = on_stop
        self._on_end = on_end
        self._on_reload = on_reload
        self._settings = settings or ServerSettings()
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        self._action: Callable[[], None] | None = None
        self._deaths: deque[float] = deque()
        self._signals = self._obeyed = self._hang_ups = 0
        self._kill_at: float | None = None
        self._retry_at: float | None = None

    def run(self) -> None:
        """Serves until stopped. Call from the main thread.

        Raises:
            WorkersFailed: A worker does not start, or they die again and again. None is left then.
        """
        try:
            with self._woken_by_signals() as woken:
                for _ in range(self._count):
                    self._start(is_first=True)
                while self._workers:
                    self._turn(woken)
        finally:
            self._close_sockets()
            for worker in self._workers:
                worker.process.kill()
                worker.end()

    def _turn(self, woken: socket.socket) -> None:
        """Waits until something happens, and does what it asks for."""
        connections = [worker.connection for worker in self._workers]
        sentinels = [worker.process.sentinel for worker in self._workers]
        times = [at for at in (self._kill_at, self._retry_at) if at is not None]
        timeout = max(min(times) - monotonic(), 0.0) if times else None
        happened = wait([woken, *connections, *sentinels], timeout)
        if woken in happened:
            woken.recv(1024)
        if self._kill_at is not None and monotonic() >= self._kill_at:
            self._kill()
        if self._retry_at is not None and monotonic() >= self._retry_at:
            self._retry()
        if self._hang_ups:
            self._hang_ups = 0
            self._reload()
        while self._obeyed < self._signals:
            self._obeyed += 1
            self._stop()
        for worker in tuple(self._workers):
            if worker.connection in happened and not worker.is_ready:
                worker.hear()
                self._announce()
            if worker.process.sentinel in happened:
                self._replace(worker)

    def _start(self, *, is_first: bool) -> None:
        taken = {worker.number for worker in self._workers}
        number = next(number for number in range(1, self._count + 1) if number not in taken)
        ours, theirs = self._context.Pipe()
        arguments = (self._open_listeners, self._sockets, number, theirs, self._settings, self._action)
        process = self._context.Process(target=_work, args=arguments, name="bucketry-worker")
        process.start()
        theirs.close()
        self._workers.append(_Worker(number, process, ours, is_first=is_first))

    def _announce(self) -> None:
        if self._on_ready is not None and all(worker.is_ready for worker in self._workers):
            self._on_ready()
            self._on_ready = None

    def _replace(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        how = worker.end()
        if self._on_end is not None and worker.process.pid is not None:
            self._on_end(worker.process.pid)
        if self._kill_at is not None:
            return
        if worker.is_first and not worker.is_ready:
            raise WorkersFailed(f"a worker ended before it was ready ({how}): what it wrote says why")
        now = monotonic()
        if not worker.is_ready and any(other.is_ready for other in self._workers):
            # What keeps it from starting, such as a file with a mistake, must not end those that serve.
            logger.error("worker %d cannot start (%s): another try in %g seconds", worker.number, how, RETRY_SECONDS)
            self._retry_at = now + RETRY_SECONDS
            return
        self._deaths.append(now)
        while self._deaths[0] < now - DEATHS_SECONDS:
            self._deaths.popleft()
        if len(self._deaths) > MAX_DEATHS:
            raise WorkersFailed(f"{len(self._deaths)} workers died within {DEATHS_SECONDS:g} seconds (the last: {how})")
        logger.warning("worker %s died (%s): another one takes its place", worker, how)
        self._start(is_first=False)

    def _retry(self) -> None:
        self._retry_at = None
        while len(self._workers) < self._count:
            self._start(is_first=False)

    def _reload(self) -> None:
        assert self._on_reload is not None  # noqa: S101 - without it, nothing counts these signals
        self._action = self._on_reload()
        for worker in self._workers:
            worker.tell(self._action)

    def _stop(self) -> None:
        """Has all workers stop; a second call has them end at once."""
        seconds = _MARGIN_SECONDS + 2 * LINGER_SECONDS
        self._retry_at = None
        if self._kill_at is None:
            seconds += self._settings.shutdown_delay + self._settings.grace_seconds
        self._kill_at = monotonic() + seconds
        # They have it too, and close it when they accept no more.
        self._close_sockets()
        for worker in self._workers:
            worker.tell(_STOP)
        if self._on_stop is not None:
            self._on_stop()

    def _close_sockets(self) -> None:
        for bound in self._sockets:
            bound.close()

    def _kill(self) -> None:
        for worker in self._workers:
            logger.warning("worker %s did not stop in time: it is killed", worker)
            worker.process.kill()
        self._kill_at = monotonic() + _MARGIN_SECONDS

    @contextlib.contextmanager
    def _woken_by_signals(self) -> Iterator[socket.socket]:
        """Counts the signals to stop or to read files again; yields what can be read once there is one."""
        woken, wakes = socket.socketpair()
        woken.setblocking(False)
        wakes.setblocking(False)

        def count(_number: int, _frame: object) -> None:
            self._signals += 1

        def count_hang_up(_number: int, _frame: object) -> None:
            self._hang_ups += 1

        before = {number: signal.signal(number, count) for number in STOPPING_SIGNALS}
        if self._on_reload is not None:
            before |= {number: signal.signal(number, count_hang_up) for number in RELOADING_SIGNALS}
        descriptor = signal.set_wakeup_fd(wakes.fileno())
        try:
            yield woken
        finally:
            signal.set_wakeup_fd(descriptor)
            for number, handler in before.items():
                signal.signal(number, handler)
            woken.close()
            wakes.close()


def _work(
    open_listeners: OpenListeners,
    sockets: Sequence[socket.socket],
    number: int,
    parent: Connection,
    settings: ServerSettings,
    action: Callable[[], None] | None,
) -> None:
    """Runs in a worker: serves until the parent says stop, or is gone."""
    for ignored in (*STOPPING_SIGNALS, *RELOADING_SIGNALS):
        signal.signal(ignored, signal.SIG_IGN)
    # Without it, one process would take all connections that wait (libuv's documentation of uv_tcp_t).
    os.environ["UV_TCP_SINGLE_ACCEPT"] = "1"
    for bound in sockets:
        bound.setblocking(False)
    try:
        _serve(open_listeners, sockets, number, parent, settings, action)
    except Exception as error:
        # multiprocessing would write a traceback, whatever the format of the log.
        if isinstance(error, BucketryError):
            logger.error("worker %d cannot serve: %s", number, error)  # noqa: TRY400 - one sentence says it
        else:
            logger.exception("worker %d cannot serve", number)
        logging.shutdown()
        sys.exit(1)


def _serve(
    open_listeners: OpenListeners,
    sockets: Sequence[socket.socket],
    number: int,
    parent: Connection,
    settings: ServerSettings,
    action: Callable[[], None] | None,
) -> None:
    with open_listeners(sockets, number) as listeners:
        if action is not None:
            action()

        def obey_parent(_: tuple[str, ...]) -> None:
            # Not before: a server that does not serve yet cannot be stopped.
            threading.Thread(target=_obey, args=(parent, server), daemon=True).start()
            parent.send(_READY)

        server = Server(listeners, obey_parent, settings, handles_signals=False)
        server.run()
        if server.was_forced:
            server.end_process()


def _obey(parent: Connection, server: Server) -> None:
    try:
        while True:
            message = parent.recv()
            if message == _STOP:
                server.stop()
            else:
                server.reload(message)
    except (EOFError, OSError):
        server.stop()
