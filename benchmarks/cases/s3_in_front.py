"""The S3 endpoint in front of MinIO, against MinIO itself: what it costs to have users of one's own."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial

from benchmarks.bucketry_server.running_server import running_server
from benchmarks.case import KIB, MEGABYTES_PER_SECOND, REQUESTS, Case, Contender, Contenders, Scale, Target
from benchmarks.s3_servers.moving import moving
from benchmarks.s3_servers.pairs import CLIENTS, requests_a_second
from benchmarks.s3_servers.servers import Endpoint, minio_and_bucketry, with_bucket

_NEEDS = ("docker", "testcontainers", "trustme")
_NOTE = (
    "`bucketry serve --s3` in one process, MinIO and the client share the cores of the machine. Both sides write to "
    "the same MinIO."
)


def _both(stack: ExitStack) -> tuple[Endpoint, Endpoint]:
    theirs, ours = minio_and_bucketry(stack)
    # One bucket for both, made through our endpoint, so that it is its user's.
    return with_bucket(lambda _: ours, stack), theirs


def _moving(upload: bool, scale: Scale, stack: ExitStack) -> Contenders:
    return moving(*_both(stack), upload, scale, stack)


def _pairs(clients: int, scale: Scale, stack: ExitStack) -> Contenders:
    seconds = scale.seconds * 4

    def side(endpoint: Endpoint) -> Contender:
        return Contender(endpoint.name, requests_a_second(endpoint, KIB, seconds, stack, count=clients))

    ours, theirs = _both(stack)
    host, port = stack.enter_context(running_server("memory")).s3_bare
    return Contenders(
        side(ours), side(theirs), side(Endpoint(name="ASGI that keeps the last object", url=f"http://{host}:{port}"))
    )


def _large(name: str, *, upload: bool) -> Case:
    return Case(
        name=f"s3-front-{name}",
        title=f"S3 endpoint in front of MinIO, {name} of 256 MiB",
        unit=MEGABYTES_PER_SECOND,
        set_up=partial(_moving, upload),
        target=Target(0.85, "at least 0.85×"),
        needs=_NEEDS,
        max_rounds=3,
        real_server=True,
        note=_NOTE,
    )


def _small(clients: int, target: Target) -> Case:
    return Case(
        name=f"s3-front-small-{clients}",
        title=f"S3 endpoint in front of MinIO, put + get of 1 KiB, {clients} client{'s' if clients > 1 else ''}",
        unit=REQUESTS,
        set_up=partial(_pairs, clients),
        target=target,
        needs=_NEEDS,
        max_rounds=3,
        real_server=True,
        note=_NOTE,
    )


CASES = (
    _large("put", upload=True),
    _large("get", upload=False),
    _small(1, Target(0.5, "at least 0.5×")),
    _small(CLIENTS, Target(0.3, "at least 0.3×")),
)
