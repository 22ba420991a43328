"""The S3 endpoint over `file://`, against servers that keep objects on the same disk, and listings of `file://`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
from bucketry import DEFAULT_CONTENT_TYPE, ListOptions, ObjectInfo, Store
from bucketry_file import FileDriver, FileSettings
from bucketry_file.folder import Folder
from bucketry_file.index import Index

from benchmarks.case import (
    KIB,
    MEGABYTES_PER_SECOND,
    MICROSECONDS,
    REQUESTS,
    Case,
    Contender,
    Contenders,
    Scale,
    Target,
    Unit,
)
from benchmarks.container_servers.plain import BUCKET
from benchmarks.s3_servers.moving import moving
from benchmarks.s3_servers.on_disk import bucketry_in_files, minio_in_files, seaweedfs_in_files
from benchmarks.s3_servers.pairs import CLIENTS, requests_a_second
from benchmarks.s3_servers.servers import Endpoint, Start, bucketry, with_bucket
from benchmarks.timing import timed, timed_call
from tests.servers.programs import SEAWEEDFS

_LISTED: Final = 1_000

SetUp = Callable[[Scale, ExitStack], Contenders]


def _pairs(theirs: Start, synced: bool, scale: Scale, stack: ExitStack) -> Contenders:
    seconds = scale.seconds * 8  # A disk is less even than a processor.

    def side(start: Start, name: str = "") -> Contender:
        endpoint = with_bucket(start, stack)
        return Contender(name or endpoint.name, requests_a_second(endpoint, KIB, seconds, stack))

    other = side(theirs)
    return Contenders(side(partial(_ours, synced)), other, side(bucketry, "S3 endpoint over memory"))


def _large(theirs: Start, synced: bool, upload: bool, scale: Scale, stack: ExitStack) -> Contenders:
    other = with_bucket(theirs, stack)
    ours = with_bucket(partial(_ours, synced), stack)
    return moving(ours, other, upload, scale, stack, synced=synced and upload)


def _ours(synced: bool, stack: ExitStack) -> Endpoint:
    return bucketry_in_files(stack, synced=synced)


def _listing(scale: Scale, stack: ExitStack) -> Contenders:
    listed = min(_LISTED, scale.keys // 2)
    prefix = f"{scale.keys // listed // 2:06}/"
    among_many, among_few = _store(stack, scale.keys, listed), _store(stack, listed, listed, prefix)
    options = ListOptions(prefix=prefix)
    page = among_many.list_objects(BUCKET, options)
    if len(page.objects) != listed or page.cursor is not None:
        raise AssertionError(page)

    def bare() -> list[ObjectInfo]:
        return [
            ObjectInfo(
                key=info.key,
                size_bytes=0,
                etag=info.etag,
                last_modified=info.last_modified,
                content_type=DEFAULT_CONTENT_TYPE,
            )
            for info in page.objects
        ]

    return Contenders(
        Contender(f"among {scale.keys:,}", timed_call(scale, among_many.list_objects, BUCKET, options)),
        Contender(f"bucketry among {listed:,}", timed_call(scale, among_few.list_objects, BUCKET, options)),
        Contender(f"making {listed:,} results", timed(scale, bare)),
    )


def _store(stack: ExitStack, keys: int, listed: int, prefix: str = "") -> Store:
    """Makes a store with empty objects: so many, so many of them under each prefix, or all under this one."""
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="bucketry-bench-")))
    settings = FileSettings(location=str(folder), sync=False)
    with Store(FileDriver(settings)) as store:
        store.create_bucket(BUCKET)
        store.put_object(BUCKET, "first", b"")
    # A million puts would take minutes: the first object's row is copied. An empty object has no other.
    with closing(Index(Folder(folder), sync=False, busy_timeout=60)) as index:
        index.write(partial(_multiply, keys=keys, listed=listed, prefix=prefix))
    return stack.enter_context(Store(FileDriver(settings)))


def _multiply(connection: Connection, *, keys: int, listed: int, prefix: str) -> None:
    connection.execute(
        """
        WITH RECURSIVE numbers (number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM numbers WHERE number < :keys - 1)
        INSERT INTO versions (bucket, key, number, is_current, is_suspended, size_bytes, record, parts)
        SELECT bucket,
            CAST(coalesce(nullif(:prefix, ''), printf('%06d/', numbers.number / :listed))
                || printf('%06d', numbers.number % :listed) AS BLOB),
            versions.number, is_current, is_suspended, size_bytes, record, parts FROM versions, numbers
        """,
        {"keys": keys, "listed": listed, "prefix": prefix},
    )
    connection.execute("DELETE FROM versions WHERE key = CAST('first' AS BLOB)")


_OURS: Final = {
    True: "Ours syncs the content's file, its folder and the index before a put returns; puts of several clients share "
    "the wait for the index.",
    False: "Ours has `sync=false`.",
}
_SEAWEEDFS: Final = {
    True: "SeaweedFS 4.48 (fs.configure -fsync) does one fsync for each put, of the volume's file, and none of its "
    "index or of the log of names: strace saw 20 of 20 puts.",
    False: "SeaweedFS as it is does no fsync for a put, as strace saw.",
}
_MINIO: Final = {
    True: "MinIO writes `xl.meta`, where 1 KiB is too, with O_DSYNC and ends a file of 256 MiB with fdatasync, and "
    "does no fsync of the folders into which it moves them, as strace saw.",
    False: "MinIO cannot be told not to sync: it waits for each put as in the row above.",
}


_PROFILE: Final = (
    "Why not more: a request takes our process 400 to 450 µs of processor time, on one core. The port takes 105 of "
    "them, as over memory, and the driver 85 (a put 137, a get 34, in one thread). The rest is the way of a put to a "
    "thread and back: at each step of SQLite, threads hand Python's lock on, and perf saw 41 % of the time in the "
    "kernel's scheduler before small objects were read in the event loop (ADR 25). SeaweedFS runs on all cores. What "
    "ours waits for when it syncs is shared by many puts, so the gap is smaller then."
)


class _Other(msgspec.Struct, frozen=True, kw_only=True):
    """A server that keeps objects on the disk.

    Attributes:
        name: Its name in the names of rows.
        start: Starts it, synced or not.
        notes: What it does, synced and not.
        programs: As of a `Case`.
        needs: As of a `Case`.
        real_server: As of a `Case`.
    """

    name: str
    start: Callable[[bool], Start]
    notes: Mapping[bool, str]
    programs: tuple[Path, ...] = ()
    needs: tuple[str, ...] = ()
    real_server: bool = False


_OTHERS: Final = (
    _Other(
        name="seaweedfs",
        start=lambda synced: partial(seaweedfs_in_files, synced=synced),
        notes=_SEAWEEDFS,
        programs=(SEAWEEDFS.path,),
    ),
    _Other(
        name="minio",
        start=lambda _: minio_in_files,
        notes=_MINIO,
        needs=("docker", "testcontainers", "trustme"),
        real_server=True,
    ),
)


def _case(
    other: _Other, what: str, title: str, set_up: SetUp, unit: Unit, target: Target, *, synced: bool, why: str = ""
) -> Case:
    how = "synced" if synced else "not synced"
    return Case(
        name=f"on-disk-{what}-{how.replace(' ', '-')}-{other.name}",
        title=f"S3 endpoint over `file://`, {title}, {how}",
        unit=unit,
        set_up=set_up,
        target=target,
        programs=other.programs,
        needs=other.needs,
        max_rounds=3,
        real_server=other.real_server,
        note=f"{_OURS[synced]} {other.notes[synced]} {why}".rstrip(),
    )


def _small(other: _Other, *, synced: bool) -> Case:
    set_up = partial(_pairs, other.start(synced), synced)
    title = f"put + get of 1 KiB, {CLIENTS} clients"
    return _case(other, "small", title, set_up, REQUESTS, Target(1, "at least as fast"), synced=synced, why=_PROFILE)


def _moving(other: _Other, *, upload: bool, synced: bool) -> Case:
    what = "put" if upload else "get"
    set_up = partial(_large, other.start(synced), synced, upload)
    target = Target(0.7, "at least 0.7×")
    return _case(other, what, f"{what} of 256 MiB", set_up, MEGABYTES_PER_SECOND, target, synced=synced)


CASES = (
    *(_small(other, synced=synced) for other in _OTHERS for synced in (True, False)),
    *(_moving(other, upload=True, synced=synced) for other in _OTHERS for synced in (True, False)),
    *(_moving(other, upload=False, synced=True) for other in _OTHERS),
    Case(
        name="on-disk-list-among-a-million",
        title="file store, list 1,000 keys under a prefix among 1,000,000",
        unit=MICROSECONDS,
        set_up=_listing,
        target=Target(0.5, "within 2×"),
        max_rounds=5,
    ),
)
