"""The memory store in process: put and get of 1 KiB."""

from __future__ import annotations

from contextlib import ExitStack
from hashlib import md5

from bucketry import Store
from bucketry_memory import MemoryDriver, MemorySettings

from benchmarks.case import KIB, MICROSECONDS, Case, Contender, Contenders, Scale, Target
from benchmarks.timing import timed_each

_DATA = bytes(range(256)) * (KIB // 256)
_KEYS = tuple(f"images/{number:04}.jpg" for number in range(200))
_FEW_KEYS = _KEYS[:10]
"""For what takes milliseconds."""


def memory_store(stack: ExitStack, layers: tuple[object, ...] = ()) -> Store:
    """Returns a store in memory with one bucket, ``bench``."""
    store = stack.enter_context(Store(MemoryDriver(MemorySettings()), layers))
    store.create_bucket("bench")
    return store


def _contenders(scale: Scale, stack: ExitStack, theirs: Contender) -> Contenders:
    store = memory_store(stack)
    objects: dict[str, tuple[bytes, str]] = {}

    def put_get(key: str) -> None:
        store.put_object("bench", key, _DATA)
        if len(store.get_object("bench", key).read()) != KIB:
            raise AssertionError(key)

    def bare(key: str) -> None:
        objects[key] = (_DATA, md5(_DATA, usedforsecurity=False).hexdigest())
        if len(objects[key][0]) != KIB:
            raise AssertionError(key)

    return Contenders(
        Contender("bucketry", timed_each(scale, put_get, _KEYS)),
        theirs,
        Contender("a dict, and the MD5 that an etag is", timed_each(scale, bare, _KEYS)),
    )


def _against_fsspec(scale: Scale, stack: ExitStack) -> Contenders:
    from fsspec.implementations.memory import MemoryFileSystem

    files = MemoryFileSystem(skip_instance_cache=True)
    files.mkdir("/bench")

    def put_get(key: str) -> None:
        files.pipe_file(f"/bench/{key}", _DATA)
        if len(files.cat_file(f"/bench/{key}")) != KIB:
            raise AssertionError(key)

    return _contenders(scale, stack, Contender("fsspec", timed_each(scale, put_get, _KEYS)))


def _against_obstore(scale: Scale, stack: ExitStack) -> Contenders:
    from obstore.store import MemoryStore

    store = MemoryStore()

    def put_get(key: str) -> None:
        store.put(key, _DATA)
        if len(store.get(key).bytes()) != KIB:
            raise AssertionError(key)

    return _contenders(scale, stack, Contender("obstore", timed_each(scale, put_get, _KEYS)))


def _against_moto(scale: Scale, stack: ExitStack) -> Contenders:
    import boto3
    from moto import mock_aws

    stack.enter_context(mock_aws())
    client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="s")
    client.create_bucket(Bucket="bench")

    def put_get(key: str) -> None:
        client.put_object(Bucket="bench", Key=key, Body=_DATA)
        if len(client.get_object(Bucket="bench", Key=key)["Body"].read()) != KIB:
            raise AssertionError(key)

    return _contenders(scale, stack, Contender("moto", timed_each(scale, put_get, _FEW_KEYS)))


_TITLE = "memory store in process, put + get of 1 KiB"
_PROFILE = (
    "A quarter of our time is the MD5 of the etag, and a tenth are checks of arguments and results. The rest are 33 "
    "calls of Python functions, and the small objects that they make."
)

CASES = (
    Case(
        name="memory-put-get-fsspec",
        title=_TITLE,
        unit=MICROSECONDS,
        set_up=_against_fsspec,
        target=Target(2, "2× faster"),
        needs=("fsspec",),
        note=_PROFILE,
    ),
    Case(
        name="memory-put-get-obstore",
        title=_TITLE,
        unit=MICROSECONDS,
        set_up=_against_obstore,
        target=Target(0.5, "at least 0.5×"),
        needs=("obstore",),
        note=f"obstore's etag is a counter, and it is written in Rust. {_PROFILE}",
    ),
    Case(
        name="memory-put-get-moto",
        title=_TITLE,
        unit=MICROSECONDS,
        set_up=_against_moto,
        target=Target(200, "200× faster"),
        needs=("boto3", "moto"),
        note="moto in process, through boto3: the way in which tests use it.",
    ),
)
