"""Prints the bytes of memory that objects take: ``python -m benchmarks.memory_of_objects HOLDER COUNT``."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Any

from benchmarks.process_memory import resident_bytes

Put = Callable[[str, bytes], object]

_WARM_UP = 100
"""Objects that are put before anything is measured: what is made only once does not count."""


def _bucketry() -> tuple[Put, Any]:
    from bucketry import open_store

    store = open_store("memory://", environ={})
    store.create_bucket("bench")
    return lambda key, data: store.put_object("bench", key, data), store


def _fsspec() -> tuple[Put, Any]:
    from fsspec.implementations.memory import MemoryFileSystem

    files = MemoryFileSystem()
    files.mkdir("/bench")
    return lambda key, data: files.pipe_file(f"/bench/{key}", data), files


def _moto() -> tuple[Put, Any]:
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.s3.models import s3_backends

    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    backend.create_bucket("bench", "us-east-1")
    return lambda key, data: backend.put_object("bench", key, data), backend


def _dict() -> tuple[Put, Any]:
    objects: dict[str, bytes] = {}
    return objects.__setitem__, objects


_HOLDERS: dict[str, Callable[[], tuple[Put, Any]]] = {
    "bucketry": _bucketry,
    "dict": _dict,
    "fsspec": _fsspec,
    "moto": _moto,
}


def hold(holder: str, count: int) -> int:
    """Puts ``count`` objects of 100 bytes, no two alike, and returns by how much the resident set grew, in bytes."""
    put, holding = _HOLDERS[holder]()
    for number in range(_WARM_UP):
        put(f"warmed/{number:06}", b"%0100d" % number)
    gc.collect()
    before = resident_bytes()
    for number in range(count):
        put(f"photos/{number:06}", b"%0100d" % number)
    gc.collect()
    grown = resident_bytes() - before
    del holding
    return grown


if __name__ == "__main__":
    print(hold(sys.argv[1], int(sys.argv[2])))
