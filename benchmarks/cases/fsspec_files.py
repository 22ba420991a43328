"""`bucketry.fsspec` on a real server against s3fs; the limit is obstore, which is Rust."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.case import MEGABYTES_PER_SECOND, REQUESTS, Case, Contender, Contenders, NotAvailable, Scale, Target
from benchmarks.container_servers.backend import Backend
from benchmarks.container_servers.kinds import UNCHECKED_MINIO
from benchmarks.container_servers.plain import BUCKET
from benchmarks.fsspec_clients.files import MEASURES
from tests.toolchains.paths import VENV

_ROOT = Path(__file__).parents[2]
_ROUND = 8
"""How many times as long as other rows one round takes: threads share it."""


def _set_up(what: str) -> Callable[[Scale, ExitStack], Contenders]:
    def set_up(scale: Scale, stack: ExitStack) -> Contenders:
        backend = UNCHECKED_MINIO.start(stack)
        python = VENV / "bin/python"
        if not python.is_file():
            raise NotAvailable("s3fs is in the environment of `make clients`, which is not there")
        seconds, measure = scale.seconds * _ROUND, MEASURES[what]
        ours, obstore = _ours(backend), _obstore(backend)
        return Contenders(
            Contender("bucketry.fsspec", lambda: measure(ours, BUCKET, seconds)),
            Contender("s3fs", lambda: _s3fs(python, backend, what, seconds)),
            Contender("obstore", lambda: measure(obstore, BUCKET, seconds)),
        )

    return set_up


def _ours(backend: Backend) -> Any:
    from bucketry import find_settings
    from bucketry.fsspec import BucketryFileSystem

    return BucketryFileSystem(find_settings(backend.url, environ=backend.environ))


def _obstore(backend: Backend) -> Any:
    from obstore.fsspec import FsspecStore

    access_key, secret_key = _keys(backend)
    config: Any = {
        "endpoint": _http(backend),
        "region": "us-east-1",
        "virtual_hosted_style_request": False,
        "access_key_id": access_key,
        "secret_access_key": secret_key,
    }
    return FsspecStore("s3", config=config, client_options={"allow_http": True})


def _s3fs(python: Path, backend: Backend, what: str, seconds: float) -> float:
    access_key, secret_key = _keys(backend)
    keys = {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key, "AWS_DEFAULT_REGION": "us-east-1"}
    command = [str(python), "-m", "benchmarks.fsspec_clients.s3fs_files", what, _http(backend), BUCKET, str(seconds)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=_ROOT, env={**os.environ, **keys})
    return float(done.stdout)


def _http(backend: Backend) -> str:
    return f"http://{backend.url.partition('://')[2]}"


def _keys(backend: Backend) -> tuple[str, str]:
    return backend.environ["BUCKETRY_MINIO_ACCESS_KEY"], backend.environ["BUCKETRY_MINIO_SECRET_KEY"]


_NOTE = (
    "s3fs runs in the environment of `make clients`, since it pins botocore. The store is opened with "
    "`check_paths=false`, so that a put is one request on both sides."
)

CASES = (
    Case(
        name="fsspec-small",
        title="fsspec on MinIO, 100 files of 4 KiB, pipe + cat",
        unit=REQUESTS,
        set_up=_set_up("small"),
        target=Target(1, "at least s3fs"),
        needs=("fsspec", "obstore", *UNCHECKED_MINIO.needs),
        max_rounds=3,
        real_server=True,
        note=_NOTE,
    ),
    Case(
        name="fsspec-large",
        title="fsspec on MinIO, a file of 64 MiB, written and read by the MiB",
        unit=MEGABYTES_PER_SECOND,
        set_up=_set_up("large"),
        target=Target(1, "at least s3fs"),
        needs=("fsspec", "obstore", *UNCHECKED_MINIO.needs),
        max_rounds=3,
        real_server=True,
        note=_NOTE,
    ),
)
