"""Several processes use one folder at once."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from bucketry import Store, Unavailable

from tests.file.stores import BUCKET, LARGE, files, open_driver, open_store, query

WRITER = """
import sys
from pathlib import Path
from bucketry import NoSuchKey
from tests.file.stores import BUCKET, LARGE, open_store

store = open_store(Path(sys.argv[1]))
name = sys.argv[2]
for number in range(30):
    store.put_object(BUCKET, f"{name}/{number}", name.encode() * 10)
    store.put_object(BUCKET, "shared", name.encode() * LARGE)
    try:
        content = store.get_object(BUCKET, "shared").read()
    except NoSuchKey:
        continue
    assert content in {letter * LARGE for letter in (b"a", b"b", b"c")}, "mixed"
    if number % 3 == 0:
        store.delete_object(BUCKET, "shared")
store.close()
"""


def test_several_processes_write_and_delete_at_once(tmp_path: Path) -> None:
    path = tmp_path / "data"
    open_store(path).close()
    command = [sys.executable, "-c", WRITER, str(path)]
    running = [subprocess.Popen([*command, name], stderr=subprocess.PIPE) for name in "abc"]
    failures = [process.communicate(timeout=120)[1] for process in running]
    assert failures == [b"", b"", b""]
    store = open_store(path)
    keys = [info.key for info in store.list_objects(BUCKET).objects]
    assert len([key for key in keys if key != "shared"]) == 90
    usage = store.bucket_usage(BUCKET)
    assert usage.object_count == len(keys)
    store.delete_object(BUCKET, "shared")
    store.close()
    assert files(path) == []
    assert not list((path / "sessions").iterdir())


def test_what_one_process_writes_another_sees_at_once(tmp_path: Path) -> None:
    path = tmp_path / "data"
    one, other = open_store(path), open_store(path)
    for content in (b"small", bytes(LARGE)):
        one.put_object(BUCKET, "key", content)
        assert other.get_object(BUCKET, "key").read() == content
    one.delete_object(BUCKET, "key")
    assert other.list_objects(BUCKET).objects == ()
    one.delete_bucket(BUCKET)
    other.create_bucket(BUCKET)
    assert one.list_objects(BUCKET).objects == ()


def _in_child(path: Path, store: object) -> None:
    store.put_object(BUCKET, "child", bytes(LARGE))  # type: ignore[attr-defined]
    assert store.get_object(BUCKET, "parent").read() == b"\1" * LARGE  # type: ignore[attr-defined]
    os._exit(0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_process_that_was_forked_has_connections_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "data"
    store = open_store(path)
    store.put_object(BUCKET, "parent", b"\1" * LARGE)
    child = multiprocessing.get_context("fork").Process(target=_in_child, args=(path, store))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert store.get_object(BUCKET, "child").read() == bytes(LARGE)
    store.put_object(BUCKET, "after", bytes(LARGE))
    assert len(query(path, "SELECT DISTINCT session FROM contents WHERE session IS NOT NULL")) == 2
    store.close()
    again = open_store(path)  # The child ended without closing: what is left of its session is settled.
    assert [info.key for info in again.list_objects(BUCKET).objects] == ["after", "child", "parent"]
    assert query(path, "SELECT count(*) FROM sessions") == [(0,)]


def _after_the_other(path: Path, store: Store, closed: Event, written: Event) -> None:
    store.put_object(BUCKET, "before", bytes(LARGE))
    written.set()
    assert closed.wait(60)
    store.put_object(BUCKET, "after", bytes(LARGE))
    store.put_object(BUCKET, "small", b"content")
    os._exit(0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_what_a_forked_process_writes_is_kept_though_the_other_one_closes(tmp_path: Path) -> None:
    """SQLite's own view of locks is the process's: taken over, it let the log be deleted under the new process."""
    path, forking = tmp_path / "data", multiprocessing.get_context("fork")
    closed, written = forking.Event(), forking.Event()
    store = open_store(path)
    store.put_object(BUCKET, "parent", b"content")
    child = forking.Process(target=_after_the_other, args=(path, store, closed, written))
    child.start()
    assert written.wait(60)
    store.close()
    closed.set()
    child.join(60)
    assert child.exitcode == 0
    again = open_store(path)
    assert [info.key for info in again.list_objects(BUCKET).objects] == ["after", "before", "parent", "small"]
    again.close()


def _taken_over(path: Path, store: Store) -> None:
    with pytest.raises(Unavailable, match="forked"):
        store.list_buckets()
    with pytest.raises(Unavailable, match="forked"):
        store.put_object(BUCKET, "key", b"x")
    with pytest.raises(Unavailable, match="forked"):
        open_store(path)
    os._exit(0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("writes", [False, True], ids=["while it reads", "while it writes"])
def test_a_process_that_is_forked_while_the_store_is_in_use_cannot_use_it(tmp_path: Path, writes: bool) -> None:
    path = tmp_path / "data"
    driver = open_driver(path)
    store = Store(driver)
    store.create_bucket(BUCKET)
    in_use, done = threading.Event(), threading.Event()

    def work(_: object) -> None:
        in_use.set()
        done.wait(60)

    def use() -> None:
        if writes:
            driver._index.write(work)
        else:
            with driver._index.reading() as connection:
                work(connection)

    user = threading.Thread(target=use)
    user.start()
    assert in_use.wait(60)
    child = multiprocessing.get_context("fork").Process(target=_taken_over, args=(path, store))
    child.start()
    child.join(60)
    done.set()
    user.join(60)
    assert child.exitcode == 0
    store.put_object(BUCKET, "key", b"content")
    assert store.get_object(BUCKET, "key").read() == b"content"
    store.close()
