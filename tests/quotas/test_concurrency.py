"""Quotas stay exact whatever threads and processes do at once."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest
from bucketry import (
    Body,
    BucketryError,
    CompletedPart,
    DeleteOptions,
    PartCopyOptions,
    QuotaExceeded,
    Store,
    VersioningSettings,
)
from bucketry.layers import Quota
from bucketry.quotas import QuotaRule
from bucketry.quotas._ledger import Ledger, prepare
from bucketry.quotas._rules import Limit
from bucketry_memory import MemoryDriver, MemorySettings

from tests.quotas.accounts import check_account

BUCKETS = ("first", "second")
KEYS = ("a", "b", "c")
MOST_BYTES = 2000
MOST_OBJECTS = 12


class Client:
    """Does all kinds of operations at random. Many of them are refused, by the store or by a quota."""

    def __init__(self, store: Store, seed: int) -> None:
        self._store = store
        self._random = Random(seed)
        self._uploads: list[tuple[str, str, str]] = []
        self.refused = self.done = 0

    def run(self, steps: int) -> None:
        operations: list[Callable[[str, str], object]] = [
            *[self._put] * 4,
            self._copy,
            self._delete,
            self._delete_version,
            self._delete_many,
            self._begin,
            *[self._part] * 2,
            self._part_copy,
            self._end,
            self._switch,
        ]
        for _ in range(steps):
            try:
                self._random.choice(operations)(self._random.choice(BUCKETS), self._random.choice(KEYS))
                self.done += 1
            except QuotaExceeded:
                self.refused += 1
            except BucketryError:
                continue

    def _content(self) -> bytes:
        return b"x" * self._random.randrange(400)

    def _put(self, bucket: str, key: str) -> None:
        content = self._content()
        known = self._random.random() < 0.5
        self._store.put_object(bucket, key, content if known else Body(iter([content[:100], content[100:]])))

    def _copy(self, bucket: str, key: str) -> None:
        self._store.copy_object(self._random.choice(BUCKETS), self._random.choice(KEYS), bucket, key)

    def _delete(self, bucket: str, key: str) -> None:
        self._store.delete_object(bucket, key)

    def _delete_version(self, bucket: str, key: str) -> None:
        for version in self._store.iter_object_versions(bucket):
            if self._random.random() < 0.3:
                self._store.delete_object(bucket, version.key, DeleteOptions(version_id=version.version_id))

    def _delete_many(self, bucket: str, key: str) -> None:
        self._store.delete_objects(bucket, list(KEYS))

    def _begin(self, bucket: str, key: str) -> None:
        self._uploads.append((bucket, key, self._store.create_multipart_upload(bucket, key).upload_id))

    def _part(self, bucket: str, key: str) -> None:
        if self._uploads:
            bucket, key, upload = self._random.choice(self._uploads)
            self._store.upload_part(bucket, key, upload, self._random.randint(1, 2), self._content())

    def _part_copy(self, bucket: str, key: str) -> None:
        if self._uploads:
            to, name, upload = self._random.choice(self._uploads)
            self._store.upload_part_copy(to, name, upload, 1, bucket, key, PartCopyOptions())

    def _end(self, bucket: str, key: str) -> None:
        if not self._uploads:
            return
        bucket, key, upload = self._uploads.pop()
        parts = [CompletedPart(part.part_number, part.etag) for part in self._store.iter_parts(bucket, key, upload)]
        if parts and self._random.random() < 0.6:
            self._store.complete_multipart_upload(bucket, key, upload, parts)
        else:
            self._store.abort_multipart_upload(bucket, key, upload)

    def _switch(self, bucket: str, key: str) -> None:
        if self._random.random() < 0.2:
            settings = VersioningSettings(status="Enabled"), VersioningSettings(status="Suspended")
            self._store.put_bucket_settings(bucket, self._random.choice(settings))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.usefixtures("frequent_switches")
def test_threads_cannot_exceed_a_quota_together(seed: int) -> None:
    driver = MemoryDriver(MemorySettings(min_part_size=1))
    rules = [
        QuotaRule(buckets="first", max_size_bytes=MOST_BYTES, max_objects=MOST_OBJECTS),
        QuotaRule(owners="*", max_size_bytes=2 * MOST_BYTES, max_objects=2 * MOST_OBJECTS),
    ]
    quota = Quota(*rules)
    store = Store(driver, [quota])
    for bucket in BUCKETS:
        store.create_bucket(bucket)
    clients = [Client(store, seed * 100 + number) for number in range(6)]
    with ThreadPoolExecutor(len(clients)) as pool:
        running = [pool.submit(client.run, 200) for client in clients]
        while not all(run.done() for run in running):
            usage = driver.bucket_usage(("first",))["first"]
            assert usage.size_bytes + (usage.noncurrent_bytes or 0) <= MOST_BYTES
            time.sleep(0.005)
        for run in running:
            run.result()
    for bucket in BUCKETS:
        known = quota._attached().ledger.bucket(bucket)
        assert known is not None
        assert known.counted
        check_account(quota, bucket)
    assert sum(client.refused for client in clients) > 20
    assert sum(client.done for client in clients) > 100


# Several processes share a ledger, each of them over its own part of the work.

LIMIT = Limit("bucket", "shared", 1000, 50)


def _fill(folder: Path, results: multiprocessing.Queue[int]) -> None:
    ledger = Ledger(folder)
    known = ledger.bucket("shared")
    assert known is not None
    stored = 0
    for number in range(200):
        write = ledger.begin("shared", f"{os.getpid()}-{number}", known.owner)
        if ledger.reserve(write, 7, 1, [LIMIT]) is None:
            ledger.lock(write, [("shared", "key same")])
            ledger.settle(write, "shared", known.id, (7, 1))
            stored += 1
        else:
            ledger.settle(write, "shared", known.id)
    results.put(stored)
    ledger.close()


def _shared(folder: Path) -> Ledger:
    prepare(folder)
    ledger = Ledger(folder)
    ledger.add_bucket("shared", "alice")
    return ledger


def test_processes_cannot_exceed_a_quota_together(tmp_path: Path) -> None:
    ledger = _shared(tmp_path)
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    processes = [context.Process(target=_fill, args=[tmp_path, results]) for _ in range(3)]
    for process in processes:
        process.start()
    stored = sum(results.get(timeout=60) for _ in processes)
    for process in processes:
        process.join(30)
    assert stored == 50
    assert ledger.used(LIMIT) == (350, 50)
    ledger.close()
    assert not [path for path in tmp_path.iterdir() if path.name[0].isdigit()]


def _begin_and_wait(folder: Path, ready: multiprocessing.Queue[str]) -> None:
    ledger = Ledger(folder)
    write = ledger.begin("shared", "key", "alice")
    ledger.reserve(write, 900, 1, [LIMIT])
    ledger.lock(write, [("shared", "key key")])
    ready.put("begun")
    time.sleep(600)


def test_what_a_process_that_dies_had_begun_is_given_back(tmp_path: Path) -> None:
    ledger = _shared(tmp_path)
    context = multiprocessing.get_context("spawn")
    ready = context.Queue()
    process = context.Process(target=_begin_and_wait, args=[tmp_path, ready])
    process.start()
    assert ready.get(timeout=60) == "begun"
    assert ledger.used(LIMIT) == (900, 1)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(30)
    write = ledger.begin("shared", "key", "alice")
    ledger.lock(write, [("shared", "key key")])  # It waits until the dead one is noticed.
    assert ledger.used(LIMIT) == (0, 0)
    known = ledger.bucket("shared")
    assert known is not None
    assert not known.counted
    ledger.settle(write, "shared", known.id)
    with contextlib.suppress(BucketryError):
        ledger.close()
