"""Listings through the S3 endpoint over the memory driver, page by page on one connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.bucketry_server.running_server import Running, running_server
from benchmarks.case import ENTRIES, Case, Contender, Contenders, Scale, Target
from benchmarks.container_servers.backend import listed_key
from benchmarks.container_servers.kinds import MINIO
from benchmarks.container_servers.plain import connection_to, send
from benchmarks.s3_servers.servers import Endpoint, Start, minio, seaweedfs, versitygw, with_bucket
from tests.servers.programs import SEAWEEDFS, VERSITYGW

_PAGE: Final = 1000
_FILLING: Final = 4
"""Connections on which objects are put before a row."""

_LISTED: Final = 2
"""The listing has so many times the objects of a listing over REST: 20,000."""


def _side_by_side(start: Start, scale: Scale, stack: ExitStack) -> Contenders:
    count = scale.listed * _LISTED
    queries = _queries(count)
    # Theirs first: what cannot be had ends the row before anything else is started.
    endpoint = with_bucket(start, stack)
    _fill(endpoint, count)
    ours = stack.enter_context(running_server("memory", objects=count))
    pages = _pages(_endpoint_of(ours), queries, stack)
    return Contenders(
        Contender("bucketry", _entries_a_second(pages, count)),
        Contender(endpoint.name, _entries_a_second(_pages(endpoint, queries, stack), count)),
        Contender("ASGI that sends the same bytes", _entries_a_second(_same_bytes(ours, pages, stack), count)),
    )


def _fill(endpoint: Endpoint, count: int) -> None:
    """Puts small objects into the bucket, on several connections."""

    def put(numbers: range) -> None:
        with ExitStack() as stack:
            connection = connection_to(endpoint.url, stack)
            for number in numbers:
                send(connection, "PUT", endpoint.signed("PUT", key=listed_key(number)), b"x").read()

    with ThreadPoolExecutor(_FILLING) as pool:
        list(pool.map(put, [range(first, count, _FILLING) for first in range(_FILLING)]))


def _among_many(scale: Scale, stack: ExitStack) -> Contenders:
    count = scale.listed * _LISTED
    queries = _queries(count)
    many = stack.enter_context(running_server("memory", objects=max(scale.keys, count)))
    few = stack.enter_context(running_server("memory", objects=count))
    pages = _pages(_endpoint_of(few), queries, stack)
    return Contenders(
        Contender(f"among {scale.keys:,}", _entries_a_second(_pages(_endpoint_of(many), queries, stack), count)),
        Contender(f"among {count:,}", _entries_a_second(pages, count)),
        Contender("ASGI that sends the same bytes", _entries_a_second(_same_bytes(few, pages, stack), count)),
    )


def _queries(count: int) -> list[Mapping[str, str]]:
    """Returns the queries of the pages that hold the first objects."""
    starts = ["", *(listed_key(number) for number in range(_PAGE - 1, count - 1, _PAGE))]
    return [{"list-type": "2"} | ({"start-after": start} if start else {}) for start in starts]


def _endpoint_of(server: Running) -> Endpoint:
    return Endpoint(name="bucketry", url="http://{}:{}".format(*server.s3))


def _pages(endpoint: Endpoint, queries: list[Mapping[str, str]], stack: ExitStack) -> list[Callable[[], bytes]]:
    """Returns functions that ask for one page each, all on one connection and signed beforehand."""
    connection = connection_to(endpoint.url, stack)
    return [_getting(connection, endpoint.signed("GET", query=query)) for query in queries]


def _same_bytes(server: Running, pages: list[Callable[[], bytes]], stack: ExitStack) -> list[Callable[[], bytes]]:
    """Returns functions that get the bytes of each page from an application that keeps them."""
    connection = connection_to("http://{}:{}".format(*server.s3_bare), stack)
    for number, page in enumerate(pages):
        content = page()
        send(connection, "PUT", f"/{number}", content, len(content)).read()
    return [_getting(connection, f"/{number}") for number in range(len(pages))]


def _getting(connection: HTTPConnection, target: str) -> Callable[[], bytes]:
    return lambda: send(connection, "GET", target).read()


def _entries_a_second(pages: list[Callable[[], bytes]], count: int) -> Callable[[], float]:
    def measure() -> float:
        begun = perf_counter()
        bodies = [page() for page in pages]
        seconds = perf_counter() - begun
        if (found := sum(body.count(b"<Contents>") for body in bodies)) != count:
            raise RuntimeError(f"{found} entries instead of {count}")
        return count / seconds

    return measure


def _against(
    name: str, start: Start, needs: tuple[str, ...] = (), *, programs: tuple[Path, ...] = (), real: bool = False
) -> Case:
    return Case(
        name=f"s3-list-{name}",
        title="S3 listing (V2) of 20,000 objects over memory, one connection",
        unit=ENTRIES,
        set_up=partial(_side_by_side, start),
        target=Target(250_000, "at least 250,000/s", of_figure=True),
        needs=needs,
        programs=programs,
        max_rounds=3,
        real_server=real,
        note="Pages of 1,000. Requests are presigned beforehand, and their documents are not parsed.",
    )


CASES = (
    _against("seaweedfs", seaweedfs, programs=(SEAWEEDFS.path,)),
    _against("versitygw", versitygw, programs=(VERSITYGW.path,)),
    _against("minio", minio, MINIO.needs, real=True),
    Case(
        name="s3-list-among-a-million",
        title="S3 listing (V2) of 20,000 objects among 1,000,000 over memory, one connection",
        unit=ENTRIES,
        set_up=_among_many,
        target=Target(200_000, "at least 200,000/s", of_figure=True),
        note="As the rows before; the other side is our own listing there.",
    ),
)
