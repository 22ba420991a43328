"""Probes of the conditions of writes: that they hold, at any moment, and that a refused write changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from threading import Barrier
from typing import Any, Final

from bucketry import BucketryError, DeleteOptions, NoSuchKey
from bucketry.features import MIB
from bucketry_s3client import Feed, S3ResponseError, quoted
from urllib3.exceptions import HTTPError

from bucketry_s3.ground import Ground, Probe, refused

_WRONG: Final = "0" * 32
_ROUNDS: Final = 3
_WRITERS: Final = 4
_PATIENCE: Final = 60
"""Seconds until all writers of a round are ready, at most."""

_HALF: Final = bytes(MIB + 1)
"""Half of a body that comes slowly. Servers may wait for the whole of a shorter one."""

AHEAD: Final = 0.4
"""Seconds for a server to begin with a request whose body is on its way."""
_MEANWHILE: Final = 0.5
"""Seconds for another write while a body is on its way. Some servers let it wait for the first."""


def _needs_object(ground: Ground, name: str, write: Callable[[str], object]) -> bool:
    """Whether a write fails under ``if_match`` where there is no object, and makes none."""
    for etag in (_WRONG, "*"):
        try:
            write(etag)
        except NoSuchKey:
            continue
        return False
    return not ground.exists(f"{ground.prefix}{name}")


def _put_if_match(ground: Ground) -> bool:
    if not _needs_object(ground, "put-if-match", lambda etag: ground.put("put-if-match", if_match=etag)):
        return False
    key = ground.put("put-if-match")
    is_refused = refused(partial(ground.put, "put-if-match", b"two", if_match=_WRONG))
    if not is_refused or ground.read(key) != b"one":
        return False
    ground.put("put-if-match", b"two", if_match=ground.head(key).etag)
    if ground.read(key) != b"two":
        return False
    ground.put("put-if-match", b"three", if_match="*")
    if ground.read(key) != b"three" or not _holds_until_written(ground, "put-if-match", _condition_on(ground, key)):
        return False
    return _one_replaces(ground, "put", lambda here, number, etag: ground.put(here, b"%d" % number, if_match=etag))


def _put_if_none_match(ground: Ground) -> bool:
    key = ground.put("put-if-none-match", if_none_match="*")
    is_refused = refused(partial(ground.put, "put-if-none-match", b"two", if_none_match="*"))
    if not is_refused or ground.read(key) != b"one":
        return False
    if not _holds_until_written(ground, "put-if-none-match-long", {"if-none-match": "*"}):
        return False
    return _one_wins("new", lambda here, number: ground.put(here, b"%d" % number, if_none_match="*"), str)


def _condition_on(ground: Ground, key: str) -> Mapping[str, str]:
    """Returns the condition that an object is still what it is. Some servers honour it without quotes alone."""
    with suppress(S3ResponseError):
        sent = {"if-match": quoted(ground.head(key).etag)}
        ground.client.request("PUT", ground.bucket, key, headers=sent, content=b"four", repeatable=False)
        return {"if-match": quoted(ground.head(key).etag)}
    return {"if-match": ground.head(key).etag}


def _holds_until_written(ground: Ground, name: str, condition: Mapping[str, str]) -> bool:
    """Whether a condition holds when the object is written, not only when the request begins: its body may take long.

    Either the condition fails, or the other write, which began later, comes last.
    """
    others: list[Future[str]] = []
    with ThreadPoolExecutor(1) as pool:

        def halves() -> Iterator[bytes]:
            yield _HALF
            time.sleep(AHEAD)
            others.append(pool.submit(ground.put, name, b"other"))
            wait(others, _MEANWHILE)
            yield _HALF

        with suppress(S3ResponseError, HTTPError):
            body = Feed(halves(), 2 * len(_HALF))
            ground.client.request("PUT", ground.bucket, ground.key(name), headers=condition, content=body)
    return ground.read(ground.key(name)) == b"other"


def _one_wins(name: str, write: Callable[[str, int], object], prepare: Callable[[str], object]) -> bool:
    """Whether one of several writers at once succeeds, and no other, in each of some rounds.

    Args:
        name: The name of the object; each round has one of its own.
        write: Writes under a condition, as one of the writers; gets the name and the writer's number.
        prepare: Makes what a round needs beforehand; gets the name.
    """
    together = Barrier(_WRITERS)

    def attempt(write: Callable[[int], object], number: int) -> bool:
        together.wait(_PATIENCE)
        try:
            write(number)
        except BucketryError:
            return False
        return True

    with ThreadPoolExecutor(_WRITERS) as pool:
        for number in range(_ROUNDS):
            here = f"{name}-race-{number}"
            prepare(here)
            if sum(pool.map(partial(attempt, partial(write, here)), range(_WRITERS))) != 1:
                return False
    return True


def _one_replaces(
    ground: Ground, name: str, write: Callable[[str, int, str], object], prepare: Callable[[str], object] = str
) -> bool:
    """Whether one of several writers at once that name the etag of an object replaces it, and no other."""
    etags: dict[str, str] = {}

    def put(here: str) -> None:
        prepare(here)
        etags[here] = ground.store.put_object(ground.bucket, ground.key(here), here.encode()).etag

    return _one_wins(name, lambda here, number: write(here, number, etags[here]), put)


def _uploads_for(ground: Ground, made: dict[str, list[Any]], here: str) -> None:
    """Makes an upload with a part for each writer of a round, all of one key."""
    made[here] = [ground.upload(here, b"%d" % number) for number in range(_WRITERS)]


def _copy_if_match(ground: Ground) -> bool:
    source = ground.put("copy-source", b"two")
    if not _needs_object(ground, "copy-if-match", lambda etag: ground.copy(source, "copy-if-match", if_match=etag)):
        return False
    key = ground.put("copy-if-match")
    is_refused = refused(partial(ground.copy, source, "copy-if-match", if_match=_WRONG))
    if not is_refused or ground.read(key) != b"one":
        return False
    ground.copy(source, "copy-if-match", if_match=ground.head(key).etag)
    if ground.read(key) != b"two":
        return False
    return _one_replaces(ground, "copied", lambda here, _, etag: ground.copy(source, here, if_match=etag))


def _copy_if_none_match(ground: Ground) -> bool:
    source, key = ground.put("copy-source", b"two"), ground.put("copy-if-none-match")
    is_refused = refused(partial(ground.copy, source, "copy-if-none-match", if_none_match="*"))
    if not is_refused or ground.read(key) != b"one":
        return False
    return _one_wins("copied-new", lambda here, _: ground.copy(source, here, if_none_match="*"), str)


def _complete_if_match(ground: Ground) -> bool:
    key, upload_id, parts = ground.upload("complete-if-match", b"two")
    complete = partial(ground.complete, key, upload_id, parts)
    if not _needs_object(ground, "complete-if-match", lambda etag: complete(if_match=etag)):
        return False
    ground.put("complete-if-match")
    is_refused = refused(partial(ground.complete, key, upload_id, parts, if_match=_WRONG))
    if not is_refused or ground.read(key) != b"one":
        return False
    ground.complete(key, upload_id, parts, if_match=ground.head(key).etag)
    if ground.read(key) != b"two":
        return False
    made: dict[str, list[Any]] = {}

    def replace(here: str, number: int, etag: str) -> None:
        ground.complete(*made[here][number], if_match=etag)

    return _one_replaces(ground, "completed", replace, partial(_uploads_for, ground, made))


def _complete_if_none_match(ground: Ground) -> bool:
    key = ground.put("complete-if-none-match")
    _, upload_id, parts = ground.upload("complete-if-none-match", b"two")
    is_refused = refused(partial(ground.complete, key, upload_id, parts, if_none_match="*"))
    if not is_refused or ground.read(key) != b"one":
        return False
    ground.store.delete_object(ground.bucket, key)
    ground.complete(key, upload_id, parts, if_none_match="*")
    if ground.read(key) != b"two":
        return False
    made: dict[str, list[Any]] = {}

    def make(here: str, number: int) -> None:
        ground.complete(*made[here][number], if_none_match="*")

    return _one_wins("completed-new", make, partial(_uploads_for, ground, made))


def _delete_if_match(ground: Ground) -> bool:
    key = f"{ground.prefix}delete-if-match"

    def delete(etag: str) -> None:
        ground.store.delete_object(ground.bucket, key, DeleteOptions(if_match=etag))

    if not _needs_object(ground, "delete-if-match", delete):
        return False
    ground.put("delete-if-match")
    if not refused(partial(delete, _WRONG)) or not ground.exists(key):
        return False
    delete(ground.head(key).etag)
    if ground.exists(key):
        return False

    def delete_one(here: str, _: int, etag: str) -> None:
        ground.store.delete_object(ground.bucket, ground.key(here), DeleteOptions(if_match=etag))

    return _one_replaces(ground, "deleted", delete_one)


CONDITION_PROBES: Final[Mapping[str, Probe]] = {
    "complete_if_match": _complete_if_match,
    "complete_if_none_match": _complete_if_none_match,
    "copy_if_match": _copy_if_match,
    "copy_if_none_match": _copy_if_none_match,
    "delete_if_match": _delete_if_match,
    "put_if_match": _put_if_match,
    "put_if_none_match": _put_if_none_match,
}
"""Probes that change nothing of a bucket but objects below the prefix."""
