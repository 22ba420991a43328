"""What processes leave behind that were killed is deleted when the folder is opened again, and nothing else is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from bucketry import Body, IncompleteBody, QuotaExceeded, Store, StoreClosed
from bucketry_file import cleaning, disk
from bucketry_file.sessions import is_alive

from tests.file.failing import FullDriver
from tests.file.stores import BUCKET, LARGE, files, open_driver, open_store, query

KILLED_IN_A_PUT = """
import os, signal, sys
from pathlib import Path
from tests.file.stores import BUCKET, LARGE, open_store

store = open_store(Path(sys.argv[1]))
store.put_object(BUCKET, "kept", bytes(LARGE))

def body():
    for _ in range(5):
        yield bytes(1024 * 1024)
    os.kill(os.getpid(), signal.SIGKILL)

store.put_object(BUCKET, "half", body())
"""


def test_a_put_that_was_killed_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "data"
    killed = subprocess.run([sys.executable, "-c", KILLED_IN_A_PUT, str(path)], timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len([name for name in files(path) if name.count("/") == 3]) == 2
    store = open_store(path)
    assert [info.key for info in store.list_objects(BUCKET).objects] == ["kept"]
    assert store.get_object(BUCKET, "kept").read() == bytes(LARGE)
    assert len([name for name in files(path) if name.count("/") == 3]) == 1
    store.close()
    assert not list((path / "sessions").iterdir())
    assert query(path, "SELECT * FROM sessions") == query(path, "SELECT * FROM garbage") == []


def test_a_folder_that_was_closed_well_is_opened_without_a_look_at_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "data"
    store = open_store(path)
    store.put_object(BUCKET, "key", bytes(LARGE))
    store.close()
    monkeypatch.setattr(cleaning, "folders_of", lambda *_: pytest.fail("it looks at files"))
    store = open_store(path)
    assert store.get_object(BUCKET, "key").read() == bytes(LARGE)


def test_the_files_of_a_session_that_lives_are_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "data"
    writer = open_store(path)

    def body() -> Iterator[bytes]:
        for _ in range(3):
            yield bytes(1024 * 1024)
        open_store(path).close()  # It recovers what is dead, in the middle of the put.

    writer.put_object(BUCKET, "key", body())
    assert len(writer.get_object(BUCKET, "key").read()) == 3 * 1024 * 1024


def test_files_of_sessions_that_the_index_does_not_name_are_left_alone(tmp_path: Path) -> None:
    """As after an index was restored that is older than the files: `check` reports them."""
    path = tmp_path / "data"
    open_store(path).close()
    foreign = path / "blobs/0123456789abcdef/0/0"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"of another index")
    open_store(path).close()
    assert foreign.exists()


def test_recovery_begins_where_all_files_before_are_settled(tmp_path: Path) -> None:
    path = tmp_path / "data"
    driver = open_driver(path)
    session = driver._session
    numbers = [session.begin_file()[1] for _ in range(2001)]
    for number in numbers[1:]:
        session.end_file(number)
    session.settle()
    assert query(path, "SELECT settled FROM sessions") == [(0,)]
    session.end_file(numbers[0])
    session.settle()
    assert query(path, "SELECT settled FROM sessions") == [(2001,)]
    os.close(session._descriptor)  # As if the process were killed.
    session._descriptor = -1
    kept, gone = (path / "blobs" / session.name / place for place in ("1/1500", "2/2500"))
    for file in (kept, gone):
        file.parent.mkdir(parents=True)
        file.write_bytes(b"")
    open_driver(path).close()
    assert (kept.exists(), gone.exists()) == (True, False)


def test_a_body_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "data"
    store = open_store(path)
    store.put_object(BUCKET, "key", b"old")
    with pytest.raises(IncompleteBody):
        store.put_object(BUCKET, "key", Body((bytes(1024 * 1024) for _ in range(2)), 5 * 1024 * 1024))
    assert store.get_object(BUCKET, "key").read() == b"old"
    assert not [found for found in (path / "blobs").rglob("*") if found.is_file()]


def test_an_interrupt_in_the_middle_of_a_put_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "data"
    store = open_store(path)

    def body() -> Iterator[bytes]:
        yield bytes(2 * 1024 * 1024)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.put_object(BUCKET, "key", body())
    assert store.list_objects(BUCKET).objects == ()
    assert not [found for found in (path / "blobs").rglob("*") if found.is_file()]


def test_an_interrupt_after_the_commit_keeps_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = open_driver(tmp_path / "data")
    store = Store(driver)
    store.create_bucket(BUCKET)
    write = driver._index.write

    def interrupted(work: Callable[..., object]) -> object:
        write(work)
        raise KeyboardInterrupt

    driver._session.begin_file()
    monkeypatch.setattr(driver._index, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.put_object(BUCKET, "key", bytes(LARGE))
    monkeypatch.undo()
    assert store.get_object(BUCKET, "key").read() == bytes(LARGE)


def test_a_full_disk_in_a_file_or_in_the_index_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "data"
    open_store(path).close()
    driver = FullDriver(open_driver(path)._settings)
    store = Store(driver)
    store.put_object(BUCKET, "key", b"old")
    with pytest.raises(QuotaExceeded):
        store.put_object(BUCKET, "key", bytes(4 * 1024 * 1024))
    (pages,) = driver._index.write(lambda connection: connection.execute("PRAGMA page_count").fetchone())
    driver._index.write(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchone())
    with pytest.raises(QuotaExceeded):
        _put_many(store)
    assert store.get_object(BUCKET, "key").read() == b"old"
    assert not [found for found in (path / "blobs").rglob("*") if found.is_file()]


def _put_many(store: Store) -> None:
    for number in range(100):
        store.put_object(BUCKET, f"key {number}", bytes(30_000))


def test_deleted_and_overwritten_contents_leave_no_files(tmp_path: Path) -> None:
    path = tmp_path / "data"
    store = open_store(path)
    for _ in range(3):
        store.put_object(BUCKET, "key", os.urandom(LARGE))
    store.copy_object(BUCKET, "key", BUCKET, "copy")
    store.delete_object(BUCKET, "key")
    assert len([found for found in (path / "blobs").rglob("*") if found.is_file()]) == 1
    assert len(store.get_object(BUCKET, "copy").read()) == LARGE
    store.delete_object(BUCKET, "copy")
    store.close()
    assert files(path) == []
    assert query(path, "SELECT count(*) FROM contents") == query(path, "SELECT count(*) FROM pieces") == [(0,)]


@pytest.mark.parametrize("sync", [True, False])
def test_a_process_that_was_killed_between_two_folders_leaves_none(tmp_path: Path, sync: bool) -> None:
    path = tmp_path / "data"
    with open_store(path, sync=sync) as store:
        store.put_object(BUCKET, "key", bytes(LARGE))
    with open_store(path, sync=sync) as store:
        store.delete_object(BUCKET, "key")
        (numbered,) = [found for found in (path / "blobs").glob("*/*") if not any(found.iterdir())]
        numbered.rmdir()
    assert files(path) == []


def test_files_that_cannot_be_deleted_now_are_deleted_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data"
    store = open_store(path)
    store.put_object(BUCKET, "key", bytes(LARGE))

    def busy(self: Path, *, missing_ok: bool = False) -> None:
        raise PermissionError(13, "somebody has it open")

    monkeypatch.setattr(Path, "unlink", busy)
    store.delete_object(BUCKET, "key")
    assert query(path, "SELECT count(*) FROM garbage") == [(1,)]
    monkeypatch.undo()
    store.delete_object(BUCKET, "key")
    assert not [found for found in (path / "blobs").rglob("*") if found.is_file()]


def test_without_sync_nothing_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path / "data", sync=False)
    monkeypatch.setattr(disk, "sync", lambda _: pytest.fail("it waits"))
    store.put_object(BUCKET, "key", bytes(LARGE))
    store.delete_object(BUCKET, "key")


def test_a_put_that_ends_after_the_close_loses_no_file_that_the_index_names(tmp_path: Path) -> None:
    """Until nothing can be committed any more, the session is not given up: others would clear its files away."""
    path = tmp_path / "data"
    driver = open_driver(path)
    store = Store(driver)
    store.create_bucket(BUCKET)
    written, go = threading.Event(), threading.Event()
    commit = driver._index.write
    locked: list[bool] = []

    def late(work: Any) -> Any:
        written.set()
        go.wait(10)
        return commit(work)

    def closing() -> None:
        close()
        locked.extend(is_alive(driver._folder, name.name) for name in driver._folder.sessions.iterdir())

    close, driver._index.close = driver._index.close, closing  # type: ignore[method-assign]
    store.put_object(BUCKET, "noted", bytes(LARGE))
    driver._index.write = late  # type: ignore[method-assign]
    with ThreadPoolExecutor(1) as pool:
        put = pool.submit(store.put_object, BUCKET, "late", bytes(LARGE))
        assert written.wait(10)
        driver._index.write = commit  # type: ignore[method-assign]
        store.close()
        go.set()
        with pytest.raises(StoreClosed):
            put.result()
    assert locked == [True]
    again = open_store(path)
    assert [info.key for info in again.list_objects(BUCKET).objects] == ["noted"]
    assert len([name for name in files(path) if name.count("/") == 3]) == 1
    again.close()


def test_no_file_begins_after_the_close(tmp_path: Path) -> None:
    driver = open_driver(tmp_path / "data")
    driver.close()
    with pytest.raises(StoreClosed):
        driver._session.begin_file()
    assert list(driver._folder.sessions.iterdir()) == []
