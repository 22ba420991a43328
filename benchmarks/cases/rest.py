"""The REST API: small requests a second, against bare routes in the same process."""

from __future__ import annotations

from contextlib import ExitStack

from benchmarks.bucketry_server.load import request_bytes, requests_a_second
from benchmarks.bucketry_server.running_server import running_server
from benchmarks.case import REQUESTS, Case, Contender, Contenders, Scale, Target

_PREFIX = "/api/v1/storage"
_PRESIGN = b'{"key": "uploads/file.zip", "expires_in": 3600, "method": "PUT"}'


def _contenders(scale: Scale, stack: ExitStack, ours: bytes, theirs: bytes) -> Contenders:
    server = stack.enter_context(running_server("memory"))
    seconds = scale.seconds * 2
    return Contenders(
        Contender("bucketry", requests_a_second(server.rest, ours, seconds, stack)),
        Contender("a bare Litestar route", requests_a_second(server.litestar, theirs, seconds, stack)),
        Contender("ASGI without a framework", requests_a_second(server.asgi, theirs, seconds, stack)),
    )


def _status(scale: Scale, stack: ExitStack) -> Contenders:
    return _contenders(scale, stack, request_bytes("GET", f"{_PREFIX}/status"), request_bytes("GET", "/status"))


def _presign(scale: Scale, stack: ExitStack) -> Contenders:
    return _contenders(
        scale,
        stack,
        request_bytes("POST", f"{_PREFIX}/buckets/bench/objects/presign", _PRESIGN),
        request_bytes("POST", "/presign", _PRESIGN),
    )


_TARGET = Target(0.7, "at least 0.7×")

CASES = (
    Case(
        name="rest-status",
        title="REST status, memory store",
        unit=REQUESTS,
        set_up=_status,
        target=_TARGET,
        note="The routes that are compared run in one server process, in the same event loop and with the same server "
        "settings. 16 connections, one request at a time on each. Ours can be the faster: it writes its JSON responses "
        "without Litestar's response objects, which the bare route uses as any handler does.",
    ),
    Case(
        name="rest-presign",
        title="REST presign, memory store",
        unit=REQUESTS,
        set_up=_presign,
        target=_TARGET,
        note="The bare route decodes the same JSON and responds with JSON of the same length, and signs nothing.",
    ),
)
