"""A live S3 endpoint over a store in memory, and clients of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import msgspec
from bucketry import Secret, Store
from bucketry.hookspecs import DriverSpec
from bucketry_access import Directory
from bucketry_http import Listener, S3Credential, S3Rights, S3Settings, Server, create_s3_app
from bucketry_memory import MemoryDriver, MemorySettings

WAIT = 30.0
ACCESS_KEY = "tester"
SECRET_KEY = "tester's own secret key"
CREDENTIAL = S3Credential(access_key=ACCESS_KEY, secret_key=Secret(SECRET_KEY))
READER = S3Credential(access_key="reader", secret_key=Secret("reader's secret key"), read_only=True)
GUEST = S3Credential(access_key="guest", secret_key=Secret("guest's secret key"), buckets=("guests",))
EVERYBODY = S3Rights(read_only=True, buckets=("public",))


def memory_store(layers: Sequence[object] = (), *, inline: bool = True, **settings: Any) -> Store:
    """A store in memory; not inline: as if its driver blocked."""
    driver = MemoryDriver(MemorySettings(**settings))
    driver.features = msgspec.structs.replace(driver.features, non_blocking=inline)
    return Store(driver, layers)


def store_without_versions() -> Store:
    """A store in memory whose driver does not declare versions and locks, as drivers had neither for long."""
    operations = ("list_object_versions", "put_object_retention", "put_object_legal_hold")
    without: dict[str, Any] = {name: getattr(DriverSpec, name) for name in operations}
    driver = type("WithoutVersions", (MemoryDriver,), {**without, "lifecycle": "backend"})(MemorySettings())
    driver.features = msgspec.structs.replace(
        driver.features,
        bucket_lifecycle=False,
        bucket_versioning=False,
        bucket_object_lock=False,
        list_versions_start_after=False,
    )
    return Store(driver)


@contextmanager
def serving(store: Store, *, directory: Directory | None = None, **settings: Any) -> Iterator[str]:
    """Serves a store in a thread; yields the URL."""
    ready = threading.Event()
    settings = {"credentials": (CREDENTIAL, READER, GUEST), **settings}
    server = Server(
        [Listener(create_s3_app(store, S3Settings(**settings), directory=directory), port=0)], lambda _: ready.set()
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(WAIT)
        yield server.urls[0]
    finally:
        server.stop()
        thread.join()


def location(url: str) -> str:
    return urlsplit(url).netloc
