"""The REST API in two worker processes, against one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from tempfile import TemporaryDirectory

from bucketry import Store

from benchmarks.case import REQUESTS, Case, Contender, Contenders, Scale
from benchmarks.server_workers import BUCKETS, OBJECT, Figures, discarding_store, fill, measure, sqlite_store


def _contenders(open_store: Callable[[str], Store], request: bytes, scale: Scale, stack: ExitStack) -> Contenders:
    folder = stack.enter_context(TemporaryDirectory(prefix="bucketry-bench-"))
    fill(folder)
    last: list[Figures] = []

    def requests(count: int) -> float:
        last[:] = [measure(open_store, folder, count, request, scale.seconds * 8)]
        return last[0].requests

    def client_alone() -> float:
        return last[0].requests / max(last[0].client_cores, 0.001)

    return Contenders(
        Contender("two workers", partial(requests, 2)),
        Contender("one worker", partial(requests, 1)),
        Contender("what the client could do with a core of its own", client_alone),
    )


def _case(name: str, title: str, open_store: Callable[[str], Store], request: bytes) -> Case:
    return Case(
        name=name,
        title=title,
        unit=REQUESTS,
        set_up=partial(_contenders, open_store, request),
        max_rounds=3,
        note="16 connections. Client and workers share the machine's cores. The share of a core that the client takes "
        "is the figure divided by its bare limit; `python -m benchmarks.server_workers` prints it beside that of the "
        "workers.",
    )


CASES = (
    _case("rest-workers-sqlite", "REST with two workers, SQLite driver, GET of 1 KiB", sqlite_store, OBJECT),
    _case(
        "rest-workers-discard", "REST with two workers, discarding driver, list of buckets", discarding_store, BUCKETS
    ),
)
