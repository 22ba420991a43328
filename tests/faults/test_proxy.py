"""Everything that networks do to connections, between a driver and its server, with each front before it.

Whatever happens: a call succeeds and is right, or says that the store is not available, within its timeouts. An object
is the old one or the new one. Once the fault is over, everything works again by itself, and nothing is left behind: no
upload, no thread, no connection.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import pytest
from bucketry import Store, UploadListOptions
from bucketry.features import MIB

from tests.faults.fronts import Failed, Front, StoreFront, location_of, ports
from tests.faults.proxy import FAULTS, WHOLE, Fault, FaultProxy
from tests.minio import backend as minio
from tests.rgw import backend as rgw
from tests.servers.handles import MinioServer, RgwServer
from tests.servers.looking import bucket_on

READ_TIMEOUT = 0.7
RETRIES = 1
WAIT = 30.0
PART = 5 * MIB
OLD = b"old" * 50_000


class Bench:
    """A server, a proxy before it, and all fronts of a store behind the proxy."""

    def __init__(self, direct: Store, proxy: FaultProxy, bucket: str, fronts: Sequence[Front]) -> None:
        self.direct = direct
        self.proxy = proxy
        self.bucket = bucket
        self.fronts = fronts


@pytest.fixture(scope="module", params=["minio", "rgw"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    server = request.getfixturevalue(f"{request.param}_server")
    assert isinstance(server, MinioServer | RgwServer)
    store_on: Callable[..., Store] = minio.store_on if request.param == "minio" else rgw.store_on
    with ExitStack() as stack:
        proxy = stack.enter_context(FaultProxy(location_of(server.url)))
        direct = stack.enter_context(store_on(server))
        short: dict[str, Any] = {"connect_timeout": READ_TIMEOUT, "read_timeout": READ_TIMEOUT, "retries": RETRIES}
        through = stack.enter_context(store_on(server, at=proxy.location, part_size=PART, **short))
        served = stack.enter_context(ports(through))
        making = bucket_on(direct, "faults")
        bucket = next(making)
        try:
            yield Bench(direct, proxy, bucket, (StoreFront(through), *served))
        finally:
            next(making, None)


def content_of(name: str, size: int) -> bytes:
    return (name.encode() * (size // len(name) + 1))[:size]


class Calls:
    """The calls that a fault strikes, and what each of them may have done."""

    def __init__(self, front: Front, bucket: str, prefix: str) -> None:
        self._front = front
        self._bucket = bucket
        self.prefix = prefix
        self.small = content_of(f"{prefix}small", 2000)
        self.large = content_of(f"{prefix}large", PART + MIB)
        self.parts = [content_of(f"{prefix}one", PART), content_of(f"{prefix}two", 1000)]

    def all(self) -> list[Callable[[], object]]:
        front, bucket, prefix = self._front, self._bucket, self.prefix
        return [
            lambda: front.put(bucket, f"{prefix}small", self.small),
            lambda: front.put(bucket, f"{prefix}large", self.large),
            lambda: self._read(f"{prefix}old", OLD),
            lambda: self._read(f"{prefix}missing", None),
            self._list,
            lambda: front.copy(bucket, f"{prefix}old", f"{prefix}copy"),
            lambda: front.upload(bucket, f"{prefix}parts", self.parts),
            lambda: front.delete(bucket, f"{prefix}gone"),
        ]

    def _read(self, key: str, wanted: bytes | None) -> None:
        assert self._front.get(self._bucket, key) == wanted

    def _list(self) -> None:
        wanted = [f"{self.prefix}listed/{number}" for number in range(8)]
        assert self._front.list(self._bucket, f"{self.prefix}listed/") == wanted

    def may_be(self) -> dict[str, tuple[bytes | None, ...]]:
        """What each key may hold, whatever failed."""
        prefix = self.prefix
        return {
            f"{prefix}small": (OLD, self.small),
            f"{prefix}large": (OLD, self.large),
            f"{prefix}copy": (None, OLD),
            f"{prefix}parts": (None, b"".join(self.parts)),
            f"{prefix}gone": (OLD, None),
            f"{prefix}old": (OLD,),
        }


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WAIT
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("number", [0, 1, 2], ids=["store", "rest", "s3"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "-"))
def test_a_fault_does_no_harm_and_leaves_nothing_behind(bench: Bench, fault: Fault, number: int) -> None:
    front, bucket, proxy = bench.fronts[number], bench.bucket, bench.proxy
    look = StoreFront(bench.direct)
    calls = Calls(front, bucket, f"{front.name}-{fault.name.replace(' ', '-')}/")
    for key, contents in calls.may_be().items():
        if OLD in contents and not key.endswith("copy"):
            bench.direct.put_object(bucket, key, OLD)
    for listed in range(8):
        bench.direct.put_object(bucket, f"{calls.prefix}listed/{listed}", b"x")
    for call in calls.all():  # The connections that are kept are open now, and all of it works.
        call()
    for key in ("small", "large", "gone"):
        bench.direct.put_object(bucket, f"{calls.prefix}{key}", OLD)
    bench.direct.delete_objects(bucket, [f"{calls.prefix}{key}" for key in ("copy", "parts")])
    before, struck = set(threading.enumerate()), proxy.struck
    files = len(os.listdir("/proc/self/fd"))

    outcomes = ""
    proxy.fault = fault
    if fault.refuse:
        proxy.cut_all()
    try:
        for call in calls.all():
            try:
                call()
                outcomes += "."
            except Failed:
                outcomes += "x"
    finally:
        proxy.fault = WHOLE
        proxy.cut_all()

    if fault.delay:
        assert outcomes == "........"
    else:
        assert proxy.struck > struck
        assert "x" in outcomes
    for key, contents in calls.may_be().items():
        found = look.get(bucket, key)
        assert found in contents, (key, outcomes, found and found[:100])
    calls_again = Calls(front, bucket, calls.prefix)
    for call in calls_again.all():  # It recovers by itself.
        call()
    assert look.get(bucket, f"{calls.prefix}large") == calls.large
    # Where the response with an upload's id is lost, nobody knows the upload: it stays, without parts.
    may_stay = fault.responses is not None
    assert eventually(lambda: not uploads(bench, calls.prefix, empty=not may_stay)), uploads(bench, calls.prefix)
    assert eventually(lambda: not new_threads(before)), new_threads(before)
    assert eventually(lambda: len(os.listdir("/proc/self/fd")) <= files + KEPT)


KEPT = 8
"""How many more connections may be kept than before, of a few calls at a time."""


def uploads(bench: Bench, prefix: str, *, empty: bool = True) -> list[tuple[str, int]]:
    """The uploads in progress, their keys and how many parts they have; without those that have none, if asked for."""
    found = []
    for key in ("large", "parts", "small"):
        page = bench.direct.list_multipart_uploads(bench.bucket, UploadListOptions(prefix=f"{prefix}{key}"))
        for upload in page.uploads:
            parts = len(bench.direct.list_parts(bench.bucket, upload.key, upload.upload_id).parts)
            if parts or empty:
                found.append((upload.key, parts))
    return found


def new_threads(before: set[threading.Thread]) -> list[threading.Thread]:
    """Threads that this fault left. A server's idle ones wait for the next call."""
    idle = ("bucketry-call", "asyncio")
    new = set(threading.enumerate()) - before
    return [one for one in new if not one.name.startswith(idle) and "_pass_on" not in one.name]
