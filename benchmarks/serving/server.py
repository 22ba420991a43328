"""Serves the REST API, the bare Litestar routes and the bare ASGI application side by side, each on a port of its own.

``python -m benchmarks.serving.server memory|discard|URL`` prints the three URLs as JSON in one line. It ends with its
standard input, and so never outlives who started it.
"""

from __future__ import annotations

import sys
import threading

import msgspec
from bucketry import Store, open_store
from bucketry.hookspecs import DriverSpec
from bucketry_http import Listener, Server, create_app
from bucketry_memory import MemoryDriver, MemorySettings

from benchmarks.serving.bare import bare_asgi, bare_litestar
from benchmarks.serving.discard import DiscardDriver


def main(name: str) -> None:
    """Serves until standard input ends."""
    with _store(name) as store:
        apps = (create_app(store), bare_litestar(), bare_asgi)
        server = Server([Listener(app, port=0) for app in apps], on_ready=_announce)
        threading.Thread(target=_stop_at_end_of_input, args=(server,), daemon=True).start()
        server.run()


def _store(name: str) -> Store:
    if "://" in name:
        return open_store(name)
    driver: DriverSpec = DiscardDriver() if name == "discard" else MemoryDriver(MemorySettings())
    return Store(driver)


def _announce(urls: tuple[str, ...]) -> None:
    print(msgspec.json.encode(urls).decode(), flush=True)


def _stop_at_end_of_input(server: Server) -> None:
    sys.stdin.buffer.read()
    server.stop()


if __name__ == "__main__":
    main(sys.argv[1])
