"""Listings through the S3 endpoint over the memory driver, page by page on one connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from http.client import HTTPConnection
from time import perf_counter
from typing import Final

from benchmarks.case import ENTRIES, Case, Contender, Contenders, Scale, Target
from benchmarks.s3.servers import Endpoint
from benchmarks.servers.backend import listed_key
from benchmarks.servers.kinds import MINIO
from benchmarks.servers.plain import connection_to, send
from benchmarks.serving.running import Running, running_server

_PAGE: Final = 1000
_LISTED: Final = 2
"""The listing has so many times the objects of a listing over REST: 20,000."""


def _against_minio(scale: Scale, stack: ExitStack) -> Contenders:
    count = scale.listed * _LISTED
    backend = MINIO.start(stack)
    backend.fill(count)
    queries = _queries(count)
    ours = stack.enter_context(running_server("memory", objects=count))
    pages = _pages(ours, queries, stack)
    theirs = [backend.plain.request("GET", query=query) for query in queries]
    return Contenders(
        Contender("bucketry", _entries_a_second(pages, count)),
        Contender("MinIO", _entries_a_second(theirs, count)),
        Contender("ASGI that sends the same bytes", _entries_a_second(_same_bytes(ours, pages, stack), count)),
    )


def _among_many(scale: Scale, stack: ExitStack) -> Contenders:
    count = scale.listed * _LISTED
    queries = _queries(count)
    many = stack.enter_context(running_server("memory", objects=max(scale.keys, count)))
    few = stack.enter_context(running_server("memory", objects=count))
    pages = _pages(few, queries, stack)
    return Contenders(
        Contender(f"among {scale.keys:,}", _entries_a_second(_pages(many, queries, stack), count)),
        Contender(f"among {count:,}", _entries_a_second(pages, count)),
        Contender("ASGI that sends the same bytes", _entries_a_second(_same_bytes(few, pages, stack), count)),
    )


def _queries(count: int) -> list[Mapping[str, str]]:
    """Returns the queries of the pages that hold the first objects."""
    starts = ["", *(listed_key(number) for number in range(_PAGE - 1, count - 1, _PAGE))]
    return [{"list-type": "2"} | ({"start-after": start} if start else {}) for start in starts]


def _pages(server: Running, queries: list[Mapping[str, str]], stack: ExitStack) -> list[Callable[[], bytes]]:
    """Returns functions that ask for one page each, all on one connection and signed beforehand."""
    endpoint = Endpoint(name="", url="http://{}:{}".format(*server.s3))
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


CASES = (
    Case(
        name="s3-list-minio",
        title="S3 listing (V2) of 20,000 objects over memory, one connection",
        unit=ENTRIES,
        set_up=_against_minio,
        target=Target(7, "at least 7×"),
        needs=MINIO.needs,
        real_server=True,
        note="Pages of 1,000. Requests are presigned beforehand, and their documents are not parsed.",
    ),
    Case(
        name="s3-list-among-a-million",
        title="S3 listing (V2) of 20,000 objects among 1,000,000 over memory, one connection",
        unit=ENTRIES,
        set_up=_among_many,
        target=Target(0.8, "at least 0.8×"),
        note="As the row before, which the other side is.",
    ),
)
