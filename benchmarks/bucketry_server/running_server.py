"""Runs the server in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias
from urllib.parse import urlsplit

import msgspec

Address: TypeAlias = tuple[str, int]

S3_KEYS = ("bench", "bench-secret")
"""Access key and secret key of the S3 endpoint."""

TIMEOUT_SECONDS = 60
"""How long a client waits for the server to go on, and a server may take to end; a hang is then an error."""


class Running(msgspec.Struct, frozen=True):
    """A server that runs: its process, and where its applications listen."""

    pid: int
    rest: Address
    litestar: Address
    asgi: Address
    s3: Address
    s3_bare: Address


@contextmanager
def running_server(store: str, environ: Mapping[str, str] | None = None, *, objects: int = 0) -> Iterator[Running]:
    """Starts a server over a store and stops it again.

    Args:
        store: ``memory``, ``discard``, or the URL of a store.
        environ: More environment variables, such as the store's credentials.
        objects: How many small objects it stores in the bucket of the benchmarks before it serves.
    """
    command = [sys.executable, "-m", "benchmarks.bucketry_server.server", store, str(objects)]
    environment = {**os.environ, **(environ or {})}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                raise RuntimeError("the server did not start")
            yield Running(process.pid, *map(_address, msgspec.json.decode(line, type=list[str])))
        finally:
            process.stdin.close()
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


def _address(url: str) -> Address:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port
