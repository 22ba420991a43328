"""The REST API: large uploads, against the same bytes posted to a route that reads and drops them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from benchmarks.bucketry_server.discard import BUCKET
from benchmarks.bucketry_server.load import request_bytes, requests_a_second
from benchmarks.bucketry_server.running_server import Address, running_server
from benchmarks.bucketry_server.sending import upload_seconds
from benchmarks.case import MEBIBYTES, MEGABYTES_PER_SECOND, MIB, Case, Contender, Contenders, Scale, Target
from benchmarks.process_memory import resident_bytes

_PATH = f"/api/v1/storage/buckets/{BUCKET}/objects"
_BARE_PATH = "/upload"
_GROWTH_MIB = 32.0
_LEAST_GROWTH_MIB = 0.1
"""What counts as none, so that there is a ratio."""


def _throughput(scale: Scale, stack: ExitStack) -> Contenders:
    server = stack.enter_context(running_server("discard"))

    def measure(address: Address, path: str) -> Callable[[], float]:
        size = scale.upload_bytes
        upload_seconds(address, path, 8 * MIB)
        return lambda: size / upload_seconds(address, path, size) / 1e6

    return Contenders(
        Contender("bucketry", measure(server.rest, _PATH)),
        Contender("a bare Litestar route", measure(server.litestar, _BARE_PATH)),
        Contender("ASGI without a framework", measure(server.asgi, _BARE_PATH)),
    )


def _growth(scale: Scale, _: ExitStack) -> Contenders:
    def ours() -> float:
        # Never warmed up: what the first upload takes for good counts too.
        with running_server("discard") as server, ExitStack() as stack:
            requests_a_second(server.rest, request_bytes("GET", "/api/v1/storage/status"), 0.01, stack)()
            return _peak(server.pid, server.rest, _PATH, scale.growth_bytes)

    def bare() -> float:
        with running_server("discard") as server, ExitStack() as stack:
            requests_a_second(server.litestar, request_bytes("GET", "/status"), 0.01, stack)()
            return _peak(server.pid, server.litestar, _BARE_PATH, scale.growth_bytes)

    return Contenders(
        Contender("bucketry", ours),
        Contender("the limit", lambda: _GROWTH_MIB),
        Contender("a bare Litestar route", bare),
    )


def _peak(pid: int, address: Address, path: str, size: int) -> float:
    before = peak = resident_bytes(pid)

    def watch() -> None:
        nonlocal peak
        peak = max(peak, resident_bytes(pid))

    upload_seconds(address, path, size, watch)
    watch()
    return max((peak - before) / MIB, _LEAST_GROWTH_MIB)


CASES = (
    Case(
        name="rest-upload",
        title="REST upload of 1 GiB, discarding driver",
        unit=MEGABYTES_PER_SECOND,
        set_up=_throughput,
        target=Target(0.6, "at least 0.6×"),
        max_rounds=5,
        note="A multipart/form-data upload of one file; the bare routes get the same bytes and do not look at them. "
        "Bodies of known length go past the HTTP parser, which copies them for uvicorn. What ours does beside that is "
        "to look for the boundary in every byte, and to wake the driver's thread for each MiB. The bare route gained "
        "more than ours when the server began to copy less.",
    ),
    Case(
        name="rest-upload-growth",
        title="REST upload of 5 GiB, discarding driver: growth of the server's resident memory",
        unit=MEBIBYTES,
        set_up=_growth,
        target=Target(1, "less than 32 MiB"),
        max_rounds=1,
        note="From a fresh server that has responded to a few requests for its status, to the largest resident set "
        "during the upload, looked at every 8 MiB.",
    ),
)
