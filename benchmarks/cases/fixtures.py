"""What a test waits for: a fresh store, and a fresh live endpoint."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
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


def _fresh_endpoint() -> None:
    with s3_endpoint() as endpoint:
        _first_answer(endpoint.endpoint_url)


def _fresh_moto_server() -> None:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        _first_answer(f"http://{host}:{port}")
    finally:
        server.stop()


def _first_answer(url: str) -> None:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.request("GET", "/")
    connection.getresponse().read()
    connection.close()


def _milliseconds_each(block: Callable[[], object]) -> Callable[[], float]:
    block()

    def measure() -> float:
        begun = perf_counter()
        for _ in range(_ENDPOINTS):
            block()
        return (perf_counter() - begun) / _ENDPOINTS * 1e3

    return measure


def _endpoints(_: Scale, __: ExitStack) -> Contenders:
    # Both are started, asked once, and stopped again.
    with s3_endpoint() as endpoint:
        url = endpoint.endpoint_url
        bare = _milliseconds_each(lambda: _first_answer(url))()
    return Contenders(
        Contender("bucketry", _milliseconds_each(_fresh_endpoint)),
        Contender("moto's server, in a thread", _milliseconds_each(_fresh_moto_server)),
        Contender("a first answer of one that runs", lambda: bare),
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
        title="a test's fresh live S3 endpoint, start to first answer and stop",
        unit=MILLISECONDS,
        set_up=_endpoints,
        target=Target(5, "5× sooner"),
        needs=("moto",),
        max_rounds=5,
    ),
)
