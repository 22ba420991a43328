"""A store on a real server, against the server's SDK: processor time of the client, operation by operation."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import TypeAlias

from bucketry import ListOptions, Store

from benchmarks.case import KIB, MICROSECONDS, Case, Contender, Contenders, Scale, Target
from benchmarks.container_servers.kinds import KINDS, UNCHECKED_MINIO, Kind
from benchmarks.timing import timed_waiting

_BUCKET = "bench"
_DATA = b"x" * KIB
_KEY = "photos/2024/cat.jpg"
_LISTED = 1000

_Sides: TypeAlias = tuple[Callable[[], object], Callable[[], object], Callable[[], object]]


def _head(kind: Kind, stack: ExitStack) -> _Sides:
    backend = kind.start(stack)
    backend.store.put_object(_BUCKET, _KEY, _DATA)
    return (
        partial(backend.store.head_object, _BUCKET, _KEY),
        partial(backend.sdk.head, _KEY),
        backend.plain.request("HEAD", _KEY),
    )


def _get(kind: Kind, stack: ExitStack) -> _Sides:
    backend = kind.start(stack)
    backend.store.put_object(_BUCKET, _KEY, _DATA)
    return (
        partial(_read, backend.store),
        partial(backend.sdk.get, _KEY),
        backend.plain.request("GET", _KEY),
    )


def _read(store: Store) -> bytes:
    with store.get_object(_BUCKET, _KEY) as opened:
        return opened.read()


def _put(kind: Kind, stack: ExitStack) -> _Sides:
    backend = kind.start(stack)
    return (
        partial(backend.store.put_object, _BUCKET, _KEY, _DATA),
        partial(backend.sdk.put, _KEY, _DATA),
        backend.plain.request("PUT", _KEY, body=_DATA),
    )


def _delete(kind: Kind, stack: ExitStack) -> _Sides:
    backend = kind.start(stack)
    return (
        partial(backend.store.delete_object, _BUCKET, _KEY),
        partial(backend.sdk.delete, _KEY),
        backend.plain.request("DELETE", _KEY),
    )


def _list(kind: Kind, stack: ExitStack) -> _Sides:
    backend = kind.start(stack)
    backend.fill(_LISTED)
    options = ListOptions(content_type=kind.lists_content_types)
    if len(backend.store.list_objects(_BUCKET, options).objects) != _LISTED or backend.sdk.list_page() != _LISTED:
        raise RuntimeError("the two sides list different objects")
    return (
        partial(backend.store.list_objects, _BUCKET, options),
        backend.sdk.list_page,
        backend.plain.request("GET", query={"list-type": "2"}),
    )


_OPERATIONS: tuple[tuple[str, str, Callable[[Kind, ExitStack], _Sides], str], ...] = (
    ("head", "head_object", _head, ""),
    ("get", "get_object of 1 KiB", _get, ""),
    ("put", "put_object of 1 KiB", _put, "put"),
    ("delete", "delete_object", _delete, "delete"),
    ("list", "list_objects, 1,000", _list, "list"),
)

_ALL_NOTES = {
    "delete": "Of an object that is not there, which costs the client the same.",
}


def _set_up(kind: Kind, sides: Callable[[Kind, ExitStack], _Sides], scale: Scale, stack: ExitStack) -> Contenders:
    ours, theirs, bare = (timed_waiting(scale, block) for block in sides(kind, stack))
    return Contenders(
        Contender("bucketry", ours),
        Contender(kind.sdk_name, theirs),
        Contender("http.client, signed beforehand", bare),
    )


def _case(kind: Kind, operation: tuple[str, str, Callable[[Kind, ExitStack], _Sides], str]) -> Case:
    name, title, sides, note = operation
    return Case(
        name=f"{kind.name}-{name}",
        title=f"store on {kind.title}, {title}: CPU of the client",
        unit=MICROSECONDS,
        set_up=partial(_set_up, kind, sides),
        target=Target(1 / 1.05, "at most 5 % more"),
        needs=kind.needs,
        max_rounds=5,
        real_server=True,
        note=kind.notes.get(note, _ALL_NOTES.get(note, "")),
    )


CASES = (
    *(_case(kind, operation) for kind in KINDS for operation in _OPERATIONS),
    *(_case(UNCHECKED_MINIO, operation) for operation in _OPERATIONS if operation[0] == "put"),
)
