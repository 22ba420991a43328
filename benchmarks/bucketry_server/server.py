"""Serves the REST API, the S3 endpoint and what both are compared with side by side, each on a port of its own.

``python -m benchmarks.bucketry_server.server memory|discard|URL OBJECTS`` puts so many objects into a bucket, and
prints the URLs as JSON in one line. It ends with its standard input, so that it never outlives its starter.
"""

from __future__ import annotations

import sys
import threading

import msgspec
from bucketry import Secret, Store, open_store
from bucketry.hookspecs import DriverSpec
from bucketry_http import Listener, Server, create_app
from bucketry_http.s3 import S3Credential, S3Settings, create_s3_app
from bucketry_memory import MemoryDriver, MemorySettings

from benchmarks.bucketry_server.bare import bare_asgi, bare_litestar, bare_objects
from benchmarks.bucketry_server.discard import DiscardDriver
from benchmarks.bucketry_server.running_server import S3_KEYS
from benchmarks.container_servers.backend import listed_key
from benchmarks.container_servers.plain import BUCKET


def main(name: str, objects: int) -> None:
    """Serves until standard input ends."""
    with _store(name) as store:
        _fill(store, objects)
        credential = S3Credential(access_key=S3_KEYS[0], secret_key=Secret(S3_KEYS[1]))
        s3_app = create_s3_app(store, S3Settings(credentials=(credential,)))
        apps = (create_app(store), bare_litestar(), bare_asgi, s3_app, bare_objects)
        server = Server([Listener(app, port=0) for app in apps], on_ready=_announce)
        threading.Thread(target=_stop_at_end_of_input, args=(server,), daemon=True).start()
        server.run()


def _store(name: str) -> Store:
    if "://" in name:
        return open_store(name)
    driver: DriverSpec = DiscardDriver() if name == "discard" else MemoryDriver(MemorySettings())
    return Store(driver)


def _fill(store: Store, count: int) -> None:
    if count:
        store.create_bucket(BUCKET)
    for number in range(count):
        store.put_object(BUCKET, listed_key(number), b"x")


def _announce(urls: tuple[str, ...]) -> None:
    print(msgspec.json.encode(urls).decode(), flush=True)


def _stop_at_end_of_input(server: Server) -> None:
    sys.stdin.buffer.read()
    server.stop()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
