"""The S3 endpoint over the memory driver, against other servers that an application's tests could use."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from time import perf_counter, sleep

from benchmarks.bucketry_server.running_server import S3_KEYS, running_server
from benchmarks.case import (
    KIB,
    MEBIBYTES,
    MEGABYTES_PER_SECOND,
    MIB,
    MILLISECONDS,
    REQUESTS,
    Case,
    Contender,
    Contenders,
    Scale,
    Target,
)
from benchmarks.container_servers.plain import BUCKET, connection_to
from benchmarks.process_memory import resident_bytes
from benchmarks.s3_servers.moving import moving
from benchmarks.s3_servers.pairs import requests_a_second
from benchmarks.s3_servers.servers import (
    Endpoint,
    Start,
    bucketry,
    minio,
    moto,
    s3rver,
    seaweedfs,
    started_process,
    versitygw,
    wait_for_port,
    with_bucket,
)
from tests.servers.programs import MOTO, SEAWEEDFS, VERSITYGW, command_of, free_port


def _pairs(theirs: Start, scale: Scale, stack: ExitStack) -> Contenders:
    seconds = scale.seconds * 4

    def side(endpoint: Endpoint) -> Contender:
        return Contender(endpoint.name, requests_a_second(endpoint, KIB, seconds, stack))

    # Theirs first: what cannot be had ends the row before anything else is started.
    other = side(with_bucket(theirs, stack))
    return Contenders(side(with_bucket(bucketry, stack)), other, _bare(seconds, stack))


def _against_asgi(scale: Scale, stack: ExitStack) -> Contenders:
    seconds = scale.seconds * 4
    ours = requests_a_second(with_bucket(bucketry, stack), KIB, seconds, stack)
    # The limit is the other side once more, in a process of its own: it shows how much two runs of the same differ.
    return Contenders(Contender("bucketry", ours), _bare(seconds, stack), _bare(seconds, stack))


def _bare(seconds: float, stack: ExitStack) -> Contender:
    host, port = stack.enter_context(running_server("memory")).s3_bare
    endpoint = Endpoint(name="ASGI that keeps the last object", url=f"http://{host}:{port}")
    return Contender(endpoint.name, requests_a_second(endpoint, KIB, seconds, stack))


def _large(upload: bool, scale: Scale, stack: ExitStack) -> Contenders:
    theirs = with_bucket(minio, stack)
    return moving(with_bucket(bucketry, stack), theirs, upload, scale, stack)


def _serve_command(port: int) -> list[str]:
    arguments = ["serve", "--store", "memory://", "--port", str(free_port()), "--s3-port", str(port)]
    return [sys.executable, "-m", "bucketry_cli", *arguments]


def _moto_command(port: int) -> list[str]:
    return command_of(MOTO, Path(), port, S3_KEYS)


def _first_response(command: Callable[[int], list[str]]) -> Callable[[], float]:
    def measure() -> float:
        port = free_port()
        with ExitStack() as stack:
            begun = perf_counter()
            started_process(command(port), stack)
            wait_for_port(port)
            connection = connection_to(f"http://127.0.0.1:{port}", stack)
            connection.request("GET", "/")
            connection.getresponse().read()
            return (perf_counter() - begun) * 1e3

    return measure


def _idle_memory(command: Callable[[int], list[str]]) -> Callable[[], float]:
    def measure() -> float:
        port = free_port()
        with ExitStack() as stack:
            pid = started_process(command(port), stack)
            wait_for_port(port)
            endpoint = Endpoint(name="", url=f"http://127.0.0.1:{port}")
            connection = connection_to(endpoint.url, stack)
            # Whatever is loaded with the first request counts too.
            connection.request("GET", f"/{BUCKET}")
            connection.getresponse().read()
            sleep(0.5)
            return resident_bytes(pid) / MIB

    return measure


_LIBRARIES = "import asyncio, click, httptools, msgspec, uvloop"


def _bare_interpreter() -> float:
    begun = perf_counter()
    subprocess.run([sys.executable, "-c", _LIBRARIES], check=True)
    return (perf_counter() - begun) * 1e3


def _bare_memory() -> float:
    code = f"{_LIBRARIES}; print(open('/proc/self/statm').read().split()[1])"
    done = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE)
    return int(done.stdout) * 4 * KIB / MIB


def _ready(_: Scale, __: ExitStack) -> Contenders:
    return Contenders(
        Contender("bucketry", _first_response(_serve_command)),
        Contender("moto's server", _first_response(_moto_command)),
        Contender("an interpreter with click, httptools and msgspec", _bare_interpreter),
    )


def _idle(_: Scale, __: ExitStack) -> Contenders:
    return Contenders(
        Contender("bucketry", _idle_memory(_serve_command)),
        Contender("moto's server", _idle_memory(_moto_command)),
        Contender("an interpreter with click, httptools and msgspec", _bare_memory),
    )


_TITLE = "S3 endpoint over memory, put + get of 1 KiB, 16 clients"
_NOTE = (
    "One server process. Requests are signed beforehand, in their headers as SDKs do; puts and gets are counted "
    "together."
)


def _against(
    name: str,
    start: Start,
    target: Target,
    needs: tuple[str, ...] = (),
    *,
    programs: tuple[Path, ...] = (),
    real: bool = False,
) -> Case:
    return Case(
        name=f"s3-small-{name}",
        title=_TITLE,
        unit=REQUESTS,
        set_up=partial(_pairs, start),
        target=target,
        needs=needs,
        programs=programs,
        max_rounds=3,
        real_server=real,
        note=_NOTE,
    )


def _moving(name: str, title: str, *, upload: bool) -> Case:
    return Case(
        name=f"s3-large-{name}",
        title=f"S3 endpoint over memory, {title} of 256 MiB",
        unit=MEGABYTES_PER_SECOND,
        set_up=partial(_large, upload),
        target=Target(0.7, "at least 0.7×"),
        needs=("docker", "testcontainers", "trustme"),
        max_rounds=3,
        real_server=True,
    )


CASES = (
    Case(
        name="s3-small-asgi",
        title=_TITLE,
        unit=REQUESTS,
        set_up=_against_asgi,
        target=Target(0.4, "at least 0.4×"),
        max_rounds=3,
        note=f"{_NOTE} The other side is an ASGI application that keeps the last object, on the same server. In "
        "process, a PUT takes 34 µs of the application and a GET 22 µs, 10 µs of each for the signature. Over the "
        "socket a request takes some 45 µs more than that and the other side together, which are not explained yet.",
    ),
    _against("moto", moto, Target(22, "at least 22×"), programs=(MOTO.path,)),
    _against("s3rver", s3rver, Target(9, "at least 9×")),
    _against("minio", minio, Target(4, "at least 4×"), ("docker", "testcontainers", "trustme"), real=True),
    _against("seaweedfs", seaweedfs, Target(3, "at least 3×"), programs=(SEAWEEDFS.path,)),
    _against("versitygw", versitygw, Target(2.5, "at least 2.5×"), programs=(VERSITYGW.path,)),
    _moving("put", "put", upload=True),
    _moving("get", "get", upload=False),
    Case(
        name="s3-start",
        title="`bucketry serve --store memory://`, start to first response",
        unit=MILLISECONDS,
        set_up=_ready,
        target=Target(5, "5× sooner"),
        programs=(MOTO.path,),
        max_rounds=5,
        note="Nothing is compiled beforehand here: half of our time, and two thirds of moto's, is Python compiling "
        "sources. Of 400 ms of CPU, 100 go into click, msgspec and typing_extensions, which msgspec imports; 70 into "
        "each of core and the S3 port; 45 into the driver; 45 into opening the store and the ports. Five times sooner "
        "than moto would leave 100 ms beside a bare interpreter with these libraries. The "
        "REST API has no part in it: it is made after the start.",
    ),
    Case(
        name="s3-idle",
        title="`bucketry serve --store memory://`, resident memory after a first request",
        unit=MEBIBYTES,
        set_up=_idle,
        target=Target(1, "less"),
        programs=(MOTO.path,),
        max_rounds=3,
    ),
)
