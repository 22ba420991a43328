"""A server that is killed and restarted in the middle of everything, with `Store` and ``bucketry serve`` before it.

What was acknowledged is there after the restart, and what was not is there wholly or not at all. Nobody waits longer
than the timeouts, everything works again by itself, and nothing is left behind. The audit stream has each write once.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from bucketry import NoSuchUpload, Store, UploadListOptions
from bucketry.features import MIB

from tests.faults.fronts import LEFT, Failed, Front, StoreFront, ports_of
from tests.load.__main__ import store_of
from tests.load.accounts import ACCESS_LOG, entries
from tests.load.serving import Served, served
from tests.minio import backend as minio
from tests.rgw import backend as rgw
from tests.servers.handles import MinioServer, RgwServer

BUCKET = "kills"
KEPT_CONNECTIONS = 100
KILLS = 2
WAIT = 60.0
PART = 5 * MIB
SHORT: dict[str, Any] = {"connect_timeout": 1.0, "read_timeout": 5.0, "retries": 1, "part_size": PART}

Known = dict[str, set[bytes | None]]
"""What each key may hold: its last acknowledged content, and those of writes since of which nobody knows."""


class Worker(threading.Thread):
    """One client: it writes, reads, copies, lists and deletes below a prefix of its own until it is stopped."""

    def __init__(self, front: Front, number: int, kind: str) -> None:
        super().__init__(name=f"faults-{kind}-{front.name}")
        self._front = front
        self._kind = kind
        self.prefix = f"{front.name}-{kind}-{number}/"
        self.known: Known = {}
        self.outcomes: Counter[str] = Counter()
        self.error: BaseException | None = None
        self.stopping = threading.Event()
        self.longest = 0.0
        self._count = 0

    def run(self) -> None:
        try:
            while not self.stopping.is_set():
                begun = time.monotonic()
                try:
                    getattr(self, f"_{self._kind}")()
                    self.outcomes["done"] += 1
                except Failed:
                    self.outcomes["failed"] += 1
                    time.sleep(0.05)
                self.longest = max(self.longest, time.monotonic() - begun)
        except BaseException as error:  # noqa: BLE001 - the test raises it
            self.error = error

    def _content(self, size: int) -> bytes:
        self._count += 1
        name = f"{self.prefix}{self._count} ".encode()
        return (name * (size // len(name) + 1))[:size]

    def _write(self, key: str, content: bytes | None, call: Callable[[], object]) -> None:
        before = self.known.setdefault(key, {None})
        before.add(content)
        call()
        self.known[key] = {content}

    def _read(self, key: str) -> None:
        found = self._front.get(BUCKET, key)
        may_be = self.known.get(key, {None})
        assert found in may_be, f"{key} holds {found and found[:60]!r}, not one of {[c and c[:60] for c in may_be]}"
        self.known[key] = {found}

    def _small(self) -> None:
        key, content = f"{self.prefix}{self._count % 5}", self._content(3000)
        self._write(key, content, lambda: self._front.put(BUCKET, key, content))
        self._read(key)
        if self._count % 7 == 0:
            self._write(key, None, lambda: self._front.delete(BUCKET, key))

    def _large(self) -> None:
        key, content = f"{self.prefix}large", self._content(PART + MIB)
        self._write(key, content, lambda: self._front.put(BUCKET, key, content))
        self._read(key)

    def _parts(self) -> None:
        key, parts = f"{self.prefix}parts", [self._content(PART), self._content(100)]
        self._write(key, b"".join(parts), lambda: self._front.upload(BUCKET, key, parts))
        self._read(key)

    def _copies(self) -> None:
        source, key = f"{self.prefix}source", f"{self.prefix}copy"
        content = self._content(200_000)
        self._write(source, content, lambda: self._front.put(BUCKET, source, content))
        self._write(key, content, lambda: self._front.copy(BUCKET, source, key))
        self._read(key)

    def _listing(self) -> None:
        keys = [f"{self.prefix}{number}" for number in range(12)]
        for key in keys:
            if self.known.get(key) != {b"x"}:
                self._write(key, b"x", lambda key=key: self._front.put(BUCKET, key, b"x"))  # type: ignore[misc]
        assert self._front.list(BUCKET, self.prefix) == sorted(keys)


KINDS = ("small", "large", "parts", "copies", "listing")


@pytest.fixture(params=["minio", "rgw"])
def server(request: pytest.FixtureRequest) -> MinioServer | RgwServer:
    found = request.getfixturevalue(f"breakable_{request.param}_server")
    assert isinstance(found, MinioServer | RgwServer)
    return found


@pytest.fixture
def store(server: MinioServer | RgwServer) -> Iterator[Store]:
    opening = minio.store_on(server, **SHORT) if isinstance(server, MinioServer) else rgw.store_on(server, **SHORT)
    with opening as opened:
        yield opened


@pytest.fixture
def where(server: MinioServer | RgwServer, tmp_path: Path) -> Iterator[Served]:
    url, keys = store_of("minio" if isinstance(server, MinioServer) else "rgw", server)
    with served(f"{url}?{urlencode(SHORT)}", keys, tmp_path) as found:
        yield found


def test_a_server_that_is_killed_in_the_middle_of_everything(
    server: MinioServer | RgwServer, store: Store, where: Served
) -> None:
    store.create_bucket(BUCKET)
    LEFT.clear()
    before, taken = set(threading.enumerate()), where.sample()
    with ExitStack() as stack:
        fronts: list[Front] = [StoreFront(store), *stack.enter_context(ports_of(where))]
        workers = [Worker(front, 0, kind) for front in fronts for kind in KINDS]
        for worker in workers:
            worker.start()
        try:
            for _ in range(KILLS):
                _wait_for(workers, "done", 1)
                server.kill()
                _wait_for(workers, "failed", 1)
                server.restart()
            _wait_for(workers, "done", 1)  # It recovers by itself.
        finally:
            for worker in workers:
                worker.stopping.set()
            for worker in workers:
                worker.join(WAIT)
    assert [worker.error for worker in workers if worker.error is not None] == []
    assert not [worker.name for worker in workers if worker.is_alive()]
    assert all(worker.outcomes["failed"] and worker.outcomes["done"] for worker in workers)
    # Two tries of a few requests each, with a server that takes its time to start.
    assert max(worker.longest for worker in workers) < WAIT
    look = StoreFront(store)
    for worker in workers:
        for key, may_be in worker.known.items():
            assert look.get(BUCKET, key) in may_be, key
    _check_uploads(store, [f"{worker.prefix}{key}" for worker in workers for key in ("large", "parts")])
    assert _eventually(lambda: not _new_threads(before)), _new_threads(before)
    assert _eventually(lambda: where.sample().files <= taken.files + KEPT_CONNECTIONS), where.sample()
    _check_what_it_says(where)


def _check_what_it_says(where: Served) -> None:
    """Check the log and the audit stream.

    Each write is in the audit stream once, as the access log has it. The log says once why a request failed. No secret
    is in either.
    """
    wrong: list[str] = []

    def lines_of(logger: str) -> list[dict[str, Any]]:
        return [line for line in entries(where.log, where.secrets, wrong.append) if line["logger"] == logger]

    def written() -> list[tuple[str, int]]:
        return sorted(
            (line["request_id"], line["status"])
            for line in lines_of(ACCESS_LOG)
            if line["method"] not in {"GET", "HEAD"}
        )

    def audited() -> list[tuple[str, int]]:
        found = entries(where.audit, where.secrets, wrong.append)
        return sorted((entry["request_id"], entry["status"]) for entry in found)

    assert _eventually(lambda: audited() == written())
    # A download that broke off has a status all the same.
    broken_off = {line["request_id"] for line in lines_of(ACCESS_LOG) if line.get("aborted")}
    refused = {line["request_id"]: line["status"] for line in lines_of(ACCESS_LOG) if line["status"] >= 500}
    explained = Counter(line["request_id"] for line in lines_of("bucketry_http") if line["level"] == "WARNING")
    assert set(refused.values()) == {503}
    assert refused.keys() <= explained.keys() <= refused.keys() | broken_off
    assert set(explained.values()) == {1}
    assert wrong == []


def _check_uploads(store: Store, keys: list[str]) -> None:
    """Check that nothing is left of uploads but those that their clients could not abort, and those without an id."""
    for bucket, key, upload_id in LEFT:
        with suppress(NoSuchUpload):
            store.abort_multipart_upload(bucket, key, upload_id)

    def has_parts(key: str, upload_id: str) -> bool:
        try:
            return bool(store.list_parts(BUCKET, key, upload_id).parts)
        except NoSuchUpload:  # It ended after the listing.
            return False

    def parts_left() -> list[str]:
        return [
            key
            for key in keys
            for upload in store.list_multipart_uploads(BUCKET, UploadListOptions(prefix=key)).uploads
            if has_parts(key, upload.upload_id)
        ]

    assert _eventually(lambda: not parts_left()), parts_left()


def _wait_for(workers: list[Worker], outcome: str, count: int) -> None:
    """Wait until each worker has so many more of an outcome."""
    begun = {worker: worker.outcomes[outcome] for worker in workers}

    def holds() -> bool:
        dead = [worker for worker in workers if not worker.is_alive()]
        return bool(dead) or all(worker.outcomes[outcome] >= begun[worker] + count for worker in workers)

    assert _eventually(holds), {worker.name: dict(worker.outcomes) for worker in workers}
    assert [worker.error for worker in workers if worker.error is not None] == []


def _eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WAIT
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _new_threads(before: set[threading.Thread]) -> list[threading.Thread]:
    """Threads that are left. A server's idle ones, and the pool of a driver, wait for the next call."""
    new = set(threading.enumerate()) - before
    idle = ("bucketry-call", "asyncio", "bucketry-rgw-lookup")
    return [one for one in new if not one.name.startswith(idle)]
