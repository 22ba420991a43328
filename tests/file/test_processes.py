"""Several processes use one folder at once."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.file.stores import BUCKET, LARGE, files, open_store, query

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
