"""The REST API over a real server: listings, against the server's SDK."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from time import perf_counter

import msgspec

from benchmarks.bucketry_server.running_server import running_server
from benchmarks.case import MILLISECONDS, Case, Contender, Contenders, Scale, Target
from benchmarks.container_servers.backend import Backend, listed_key
from benchmarks.container_servers.kinds import MINIO, RGW, RGW_WITH_SWIFT, Kind
from benchmarks.container_servers.plain import connection_to, send

_PREFIX = "/api/v1/storage"
_PAGE = 1000
_CREATING_THREADS = 8


def milliseconds(block: Callable[[], object]) -> Callable[[], float]:
    """Makes a measure of a block, by the clock."""

    def measure() -> float:
        begun = perf_counter()
        block()
        return (perf_counter() - begun) * 1e3

    return measure


def rest_get(backend: Backend, stack: ExitStack, path: str, expected: int) -> Callable[[], bytes]:
    """Starts the REST API over a server and returns what sends a GET for a JSON array of so many entries."""
    server = stack.enter_context(running_server(backend.url, backend.environ))
    connection = connection_to("http://{}:{}".format(*server.rest), stack)

    def get() -> bytes:
        return send(connection, "GET", _PREFIX + path).read()

    if (found := len(msgspec.json.decode(get(), type=list[msgspec.Raw]))) != expected:
        raise RuntimeError(f"{found} entries instead of {expected}")
    return get


def _objects(kind: Kind, scale: Scale, stack: ExitStack) -> Contenders:
    backend, count = kind.start(stack), scale.listed
    backend.fill(count)
    if backend.sdk.list_all() != count:
        raise RuntimeError("the SDK lists something else")
    return Contenders(
        Contender("bucketry", milliseconds(rest_get(backend, stack, "/buckets/bench/objects", count))),
        Contender(f"{kind.sdk_name}, plainly", milliseconds(backend.sdk.list_all)),
        Contender("its pages, signed beforehand", milliseconds(_pages(backend, count))),
    )


def _pages(backend: Backend, count: int) -> Callable[[], object]:
    starts = ["", *map(listed_key, range(_PAGE - 1, count - 1, _PAGE))]
    queries = [{"list-type": "2"} | ({"start-after": start} if start else {}) for start in starts]
    requests = [backend.plain.request("GET", query=query) for query in queries]
    return lambda: [request() for request in requests]


def _listing(kind: Kind, name: str, title: str, target: Target) -> Case:
    return Case(
        name=name,
        title=f"REST listing of 10,000 objects, {title}",
        unit=MILLISECONDS,
        set_up=partial(_objects, kind),
        target=target,
        needs=kind.needs,
        max_rounds=3,
        real_server=True,
        note=kind.notes.get("rest-list", ""),
    )


def _usage(kind: Kind, scale: Scale, stack: ExitStack) -> Contenders:
    backend, count = kind.start(stack), scale.buckets
    with ThreadPoolExecutor(_CREATING_THREADS) as threads:  # There is one bucket already.
        list(threads.map(backend.store.create_bucket, [f"bench-{number:04}" for number in range(count - 1)]))
    admin_call = backend.bucket_usage
    if admin_call is None or admin_call() != count:
        raise RuntimeError("the admin API does not list all buckets")
    return Contenders(
        Contender("bucketry", milliseconds(rest_get(backend, stack, "/buckets", count))),
        Contender("one bare admin call", milliseconds(admin_call)),
        Contender("the names alone, signed beforehand", milliseconds(backend.plain.request("GET", bucket=""))),
    )


CASES = (
    _listing(MINIO, "minio-rest-list", "MinIO", Target(1 / 1.2, "at most 1.2× the time")),
    _listing(
        RGW_WITH_SWIFT, "rgw-swift-rest-list", "Ceph RGW with a Swift secret", Target(1 / 0.6, "at most 0.6× the time")
    ),
    _listing(RGW, "rgw-rest-list", "Ceph RGW", Target(1 / 6, "at most 6× the time")),
    Case(
        name="rgw-rest-buckets",
        title="REST list of 500 buckets with usage, Ceph RGW",
        unit=MILLISECONDS,
        set_up=partial(_usage, RGW),
        target=Target(1 / 1.3, "at most 1.3× the time"),
        needs=RGW.needs,
        max_rounds=5,
        real_server=True,
    ),
)
