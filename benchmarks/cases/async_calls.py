"""`AsyncStore` on a real server, 64 requests at a time, against aiobotocore; the limit is obstore, which is Rust."""

from __future__ import annotations

import asyncio
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path

from benchmarks.async_clients.load import SIZE, TASKS, requests_a_second
from benchmarks.case import REQUESTS, Case, Contender, Contenders, NotAvailable, Scale, Target
from benchmarks.container_servers.backend import Backend
from benchmarks.container_servers.kinds import UNCHECKED_MINIO
from benchmarks.container_servers.plain import BUCKET
from tests.toolchains.paths import VENV

_DATA = b"x" * SIZE
_ROOT = Path(__file__).parents[2]
_ROUND = 8
"""How many times as long as other rows one round takes: many tasks share it."""


def _set_up(scale: Scale, stack: ExitStack) -> Contenders:
    backend = UNCHECKED_MINIO.start(stack)
    python = VENV / "bin/python"
    if not python.is_file():
        raise NotAvailable("aiobotocore is in the environment of `make clients`, which is not there")
    seconds = scale.seconds * _ROUND
    return Contenders(
        Contender("bucketry.aio", lambda: asyncio.run(_ours(backend, seconds))),
        Contender("aiobotocore", lambda: _aiobotocore(python, backend, seconds)),
        Contender("obstore", lambda: asyncio.run(_obstore(backend, seconds))),
    )


async def _ours(backend: Backend, seconds: float) -> float:
    from bucketry.aio import open_store

    async with open_store(backend.url, environ=backend.environ) as store:

        async def put(key: str) -> None:
            await store.put_object(BUCKET, key, _DATA)

        async def get(key: str) -> None:
            async with store.get_object(BUCKET, key) as opened:
                assert len(await opened.read()) == SIZE

        return await requests_a_second(put, get, seconds)


async def _obstore(backend: Backend, seconds: float) -> float:
    from obstore.store import S3Store

    access_key, secret_key = _keys(backend)
    store = S3Store(
        BUCKET,
        endpoint=_http(backend),
        region="us-east-1",
        access_key_id=access_key,
        secret_access_key=secret_key,
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )

    async def put(key: str) -> None:
        await store.put_async(key, _DATA)

    async def get(key: str) -> None:
        assert len(await (await store.get_async(key)).bytes_async()) == SIZE

    return await requests_a_second(put, get, seconds)


def _aiobotocore(python: Path, backend: Backend, seconds: float) -> float:
    access_key, secret_key = _keys(backend)
    keys = {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}
    command = [str(python), "-m", "benchmarks.async_clients.aiobotocore_calls", _http(backend), BUCKET, str(seconds)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=_ROOT, env={**os.environ, **keys})
    return float(done.stdout)


def _http(backend: Backend) -> str:
    return f"http://{backend.url.partition('://')[2]}"


def _keys(backend: Backend) -> tuple[str, str]:
    return backend.environ["BUCKETRY_MINIO_ACCESS_KEY"], backend.environ["BUCKETRY_MINIO_SECRET_KEY"]


CASES = (
    Case(
        name="async-small",
        title=f"async store on MinIO, put + get of 1 KiB, {TASKS} tasks",
        unit=REQUESTS,
        set_up=_set_up,
        target=Target(2, "at least 2×"),
        needs=("anyio", "obstore", *UNCHECKED_MINIO.needs),
        max_rounds=3,
        real_server=True,
        note="One event loop and 64 tasks, each of which puts an object and gets it. Client and server share the "
        "machine's cores. "
        "aiobotocore runs in the environment of `make clients`, since it pins botocore. The store is opened with "
        "`check_paths=false`, so that a put is one request on both sides. "
        "MinIO itself takes about 1 ms of processor time a request. Clients add 1.3 ms (aiobotocore, on one core "
        "alone), 0.33 (obstore), 0.42 (ours; 0.62 before objects were read without urllib3), and 0.15 for bare "
        "signed requests in the event loop without any checks. So obstore, in Rust, stays below the target too "
        "(1,074 requests a second to aiobotocore's 638: 1.68). Of ours, some 50 µs are signing, checking and "
        "reading the response, 70 to 100 the way to a thread and back, and the rest the kernel and what a thread's "
        "waking costs; see docs/adr/0021-async.md.",
    ),
)
