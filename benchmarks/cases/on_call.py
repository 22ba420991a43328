"""``bucketry serve`` with access, logs and metrics on, against the same server without."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from benchmarks.bucketry_server import load
from benchmarks.bucketry_server.running_server import S3_KEYS, Address
from benchmarks.case import KIB, REQUESTS, Case, Contender, Contenders, Scale, Target
from benchmarks.container_servers.plain import BUCKET
from benchmarks.processor_time import clock_of
from benchmarks.s3_servers import pairs
from benchmarks.s3_servers.servers import Endpoint, started_process, wait_for_port
from tests.servers.programs import free_port

_BUCKETRY = (sys.executable, "-m", "bucketry_cli")
_USER = "bench"
_PATIENT = ("--head-seconds", "3600", "--keep-alive-seconds", "3600")
"""Connections wait as long as the other side is measured."""


class _Serving(msgspec.Struct, frozen=True):
    """A server: where its ports are, and who may use them."""

    rest: Address
    s3: Endpoint
    pid: int
    token: str = ""


Measure = Callable[[_Serving, float, ExitStack], Callable[[], float]]


def _without(folder: Path, stack: ExitStack) -> _Serving:
    return _serving((), S3_KEYS, "", folder / "without.log", stack)


def _with(folder: Path, stack: ExitStack) -> _Serving:
    path = folder / "access.toml"
    _access(path, "user", "create", _USER, "--role", f"write:{BUCKET}")
    token = _access(path, "token", "create", _USER)
    keys = dict(line.split(" = ") for line in _access(path, "key", "create", _USER).splitlines())
    options = ("--access-file", str(path), "--log-format", "json", "--management-port", "0")
    pair = keys["aws_access_key_id"], keys["aws_secret_access_key"]
    return _serving(options, pair, token, folder / "with.log", stack)


def _access(path: Path, group: str, command: str, *rest: str) -> str:
    call = [*_BUCKETRY, group, command, "--access-file", str(path), *rest]
    return subprocess.run(call, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()


def _serving(options: tuple[str, ...], keys: tuple[str, str], token: str, log: Path, stack: ExitStack) -> _Serving:
    rest, s3 = free_port(), free_port()
    places = ("--port", str(rest), "--s3-port", str(s3), "--bucket", BUCKET, *_PATIENT)
    environ = {"BUCKETRY_STORE": "memory://"}
    if not token:
        environ |= {"BUCKETRY_S3_ACCESS_KEY": keys[0], "BUCKETRY_S3_SECRET_KEY": keys[1]}
    errors = stack.enter_context(log.open("wb"))
    pid = started_process([*_BUCKETRY, "serve", *places, *options], stack, environ, errors)
    wait_for_port(rest)
    wait_for_port(s3)
    return _Serving(("127.0.0.1", rest), Endpoint(name=log.stem, url=f"http://127.0.0.1:{s3}", keys=keys), pid, token)


def _status(serving: _Serving, seconds: float, stack: ExitStack) -> Callable[[], float]:
    request = load.request_bytes("GET", "/api/v1/storage/status")
    if serving.token:
        request = request[:-2] + f"Authorization: Bearer {serving.token}\r\n\r\n".encode()
    return load.requests_a_second(serving.rest, request, seconds, stack, clock=clock_of(serving.pid))


def _pairs(serving: _Serving, seconds: float, stack: ExitStack) -> Callable[[], float]:
    return pairs.requests_a_second(serving.s3, KIB, seconds, stack, clock=clock_of(serving.pid))


def _contenders(measure: Measure, scale: Scale, stack: ExitStack) -> Contenders:
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="bucketry-bench-")))
    without, seconds = _without(folder, stack), scale.seconds * 2
    return Contenders(
        Contender("with access, logs and metrics", measure(_with(folder, stack), seconds, stack)),
        Contender("without", measure(without, seconds, stack)),
        Contender("without, once more", measure(without, seconds, stack)),
    )


def _case(name: str, title: str, measure: Measure, why: str) -> Case:
    def set_up(scale: Scale, stack: ExitStack) -> Contenders:
        return _contenders(measure, scale, stack)

    return Case(
        name=name,
        title=title,
        unit=REQUESTS,
        set_up=set_up,
        target=Target(0.85, "at least 0.85×"),
        note="`bucketry serve` over memory in a process of its own, 16 connections; requests a second of the server's "
        "processor time. Users of an access file, `--log-format json` into a file, `--management-port`. The parts were "
        "measured at servers that have one of them on. "
        f"{why}",
    )


CASES = (
    _case(
        "rest-on-call",
        "REST status with access, logs and metrics on",
        _status,
        "Of the processor time that is added (22 µs where a request takes 53 µs without, on a busy machine), the "
        "record of the request is 9, access 9 (one more header is parsed, the token is hashed, its sender and the "
        "rights are recalled), its line of the log 3, the metrics 1. All of it is Python code that runs once a "
        "request. Each part alone, over and over, takes a third of that: access 2, the record 2.5 (its id, clocks "
        "and headers 1, the timed call of the driver 0.4), the line 1.2, the metrics 0.4. So no part is left that "
        "is large.",
    ),
    _case(
        "s3-on-call",
        "S3 put + get of 1 KiB with access, logs and metrics on",
        _pairs,
        "Of the processor time that is added (19 µs where a request takes 66 µs without, on a busy machine), the "
        "record of the request and the timed call of the driver are 7, its line of the log 4, the metrics 3, "
        "access 2 to 4 (signatures are verified anyway).",
    ),
)
