"""What a test waits for: a fresh store, and a fresh live endpoint."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from http.client import HTTPConnection
from time import perf_counter
from urllib.parse import urlsplit

from bucketry import open_store
from bucketry_testing import s3_endpoint

from benchmarks.case import MICROSECONDS, MILLISECONDS, Case, Contender, Contenders, Scale, Target
from benchmarks.timing import timed

_ENDPOINTS = 20
"""Endpoints that are started one after the other in a round."""


def _fresh_store() -> None:
    with open_store("memory://") as store:
        store.create_bucket("bench")


def _fresh_mock() -> None:
    import boto3
    from moto import mock_aws

    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="bench")


def _stores(scale: Scale, _: ExitStack) -> Contenders:
    return Contenders(
        Contender("bucketry", timed(scale, _fresh_store)),
        Contender("moto's mock_aws, with boto3's client", timed(scale, _fresh_mock)),
        Contender("a dict", timed(scale, dict, 1)),
    )


@contextmanager
def _fresh_endpoint() -> Iterator[str]:
    with s3_endpoint() as endpoint:
        yield endpoint.endpoint_url


@contextmanager
def _fresh_moto_server() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    # Its server logs every request, which takes time.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


def _responds(url: str) -> None:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.request("GET", "/")
    connection.getresponse().read()
    connection.close()


def _ready_after(fresh: Callable[[], AbstractContextManager[str]]) -> Callable[[], float]:
    """Measures how long one takes to respond, not how long to stop, for which moto's waits half a second."""

    def once() -> float:
        begun = perf_counter()
        with fresh() as url:
            _responds(url)
            return perf_counter() - begun

    once()
    return lambda: sum(once() for _ in range(_ENDPOINTS)) / _ENDPOINTS * 1e3


def _endpoints(_: Scale, stack: ExitStack) -> Contenders:
    running = stack.enter_context(_fresh_endpoint())
    return Contenders(
        Contender("bucketry", _ready_after(_fresh_endpoint)),
        Contender("moto's server, in a thread", _ready_after(_fresh_moto_server)),
        Contender("a response of one that runs", _ready_after(lambda: nullcontext(running))),
    )


CASES = (
    Case(
        name="testing-store",
        title="a test's fresh store, with a bucket in it",
        unit=MICROSECONDS,
        set_up=_stores,
        target=Target(20, "20× sooner"),
        needs=("moto", "boto3"),
        max_rounds=5,
        note="moto's figure includes a boto3 client, without which its store cannot be used.",
    ),
    Case(
        name="testing-endpoint",
        title="a test's fresh live S3 endpoint, to its first response",
        unit=MILLISECONDS,
        set_up=_endpoints,
        target=Target(5, "5× sooner"),
        needs=("moto",),
        max_rounds=5,
        note="About half of ours is the first response itself, on a new connection, which the bare limit has too; what "
        "is left is to start. Five runs on two days gave 3.8, 6.4, 4.8, 4.7 and 6.6.",
    ),
)
