"""Measures requests a second with one and two worker processes of the server.

``python -m benchmarks.server_workers [--seconds S] [--rounds N]`` runs it.

The stores are `examples/bucketry-sqlite`, which is durable and has no server of its own, and the discarding driver,
which does nothing. The client runs on the same machine, in this process. Its share of a core is printed beside each
figure.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import msgspec
from bucketry import Store
from bucketry_http import create_app
from bucketry_http.server.server import Listener, bind
from bucketry_http.server.workers import Workers

from benchmarks.bucketry_server.discard import DiscardDriver
from benchmarks.bucketry_server.load import request_bytes, requests_a_second
from benchmarks.case import KIB

_ROOT = Path(__file__).parent.parent
_SQLITE = str(_ROOT / "examples" / "bucketry-sqlite" / "src")
_API = "/api/v1/storage"
OBJECT = request_bytes("GET", f"{_API}/buckets/bench/objects/a")
BUCKETS = request_bytes("GET", f"{_API}/buckets")
_TICKS = os.sysconf("SC_CLK_TCK")


class Figures(msgspec.Struct, frozen=True):
    """What one round showed.

    Attributes:
        requests: Requests a second.
        client_cores: Share of a core that the client took.
        server_cores: The same of all workers together.
    """

    requests: float
    client_cores: float
    server_cores: float


def sqlite_store(folder: str) -> Store:
    """Opens the example's store."""
    if _SQLITE not in sys.path:
        sys.path.append(_SQLITE)
    from bucketry_sqlite import SqliteDriver, SqliteSettings

    return Store(SqliteDriver(SqliteSettings(location=f"{folder}/store.db")))


def fill(folder: str) -> None:
    """Stores an object of 1 KiB in the example's store."""
    with sqlite_store(folder) as store:
        store.create_bucket("bench")
        store.put_object("bench", "a", bytes(KIB))


def discarding_store(_: str) -> Store:
    """Opens a store that keeps nothing."""
    return Store(DiscardDriver())


@contextmanager
def open_listeners(
    open_store: Callable[[str], Store], folder: str, sockets: Sequence[socket.socket], _number: int
) -> Iterator[list[Listener]]:
    """Opens the REST API over a store, in a worker."""
    with open_store(folder) as store:
        yield [Listener(create_app(store), bound=bound) for bound in sockets]


def serve(open_store: Callable[[str], Store], folder: str, count: int, parent: Connection) -> None:
    """Serves from so many workers until the process is told to end; runs in a process of its own."""
    bound = bind("127.0.0.1", 0)
    ready = partial(parent.send, bound.getsockname()[1])
    Workers(partial(open_listeners, open_store, folder), [bound], count, on_ready=ready).run()


def processor_seconds(pid: int) -> float:
    """Returns the processor time of the children of a process, and theirs (proc(5); Linux alone)."""
    total = 0.0
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / _TICKS
    return total


def measure(open_store: Callable[[str], Store], folder: str, count: int, request: bytes, seconds: float) -> Figures:
    """Starts the workers, loads them for so long, and ends them."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(open_store, folder, count, theirs))
    process.start()
    assert process.pid is not None
    try:
        with ExitStack() as stack:
            load = requests_a_second(("127.0.0.1", ours.recv()), request, seconds, stack)
            load()
            begun, client, servers = perf_counter(), process_time(), processor_seconds(process.pid)
            rate = load()
            took = perf_counter() - begun
            client, servers = process_time() - client, processor_seconds(process.pid) - servers
        return Figures(rate, client / took, servers / took)
    finally:
        process.terminate()
        process.join()


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.server_workers")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="bucketry-bench-") as folder:
        fill(folder)
        rows = (
            ("SQLite driver, GET of 1 KiB", sqlite_store, OBJECT),
            ("discarding driver, list of buckets", discarding_store, BUCKETS),
        )
        for title, open_store, request in rows:
            found: dict[int, list[Figures]] = {1: [], 2: []}
            for _ in range(asked.rounds):
                for count, figures in found.items():
                    figures.append(measure(open_store, folder, count, request, asked.seconds))
            for count, figures in found.items():
                print(f"{title}, {count} worker{'s' if count > 1 else ''}: {_described(figures)}")
            gains = [two.requests / one.requests for one, two in zip(found[1], found[2], strict=True)]
            print(f"  2 workers : 1 worker = {median(gains):.2f} ({min(gains):.2f} - {max(gains):.2f})")


def _described(figures: list[Figures]) -> str:
    requests = median(found.requests for found in figures)
    client = median(found.client_cores for found in figures)
    servers = median(found.server_cores for found in figures)
    return f"{requests:,.0f} requests/s; the client takes {client:.2f} of a core, the workers {servers:.2f}"


if __name__ == "__main__":
    main()
