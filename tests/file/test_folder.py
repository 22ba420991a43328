"""Which folders are opened, and which are refused."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from bucketry import AccessDenied, BucketryError, InvalidSettings, Unavailable, open_store
from bucketry_file import disk
from bucketry_file import folder as folder_module
from bucketry_file.folder import file_system_of, path_of

from tests.file.stores import BUCKET, LARGE, open_driver, query
from tests.file.stores import open_store as open_in


def test_a_folder_is_made_and_says_what_it_is(tmp_path: Path) -> None:
    open_in(tmp_path / "data").close()
    assert json.loads((tmp_path / "data/bucketry.json").read_text()) == {"format": "bucketry-file", "version": 1}
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "data/bucketry.json").stat().st_mode & 0o777 == 0o600


def test_nobody_else_may_read_the_index_whatever_folder_it_is_in(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    store = open_in(tmp_path)
    store.put_object(BUCKET, "key", b"content")
    assert [(tmp_path / f"index.sqlite{end}").stat().st_mode & 0o777 for end in ("", "-wal", "-shm")] == [0o600] * 3
    store.close()


def test_an_index_that_is_empty_beside_contents_is_refused(tmp_path: Path) -> None:
    store = open_in(tmp_path / "data")
    store.put_object(BUCKET, "key", bytes(LARGE))
    store.close()
    (tmp_path / "data/index.sqlite").write_bytes(b"")
    with pytest.raises(Unavailable, match="missing or empty"):
        open_in(tmp_path / "data")


def test_a_new_folder_waits_for_another_process_that_makes_it_too(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.mkdir()
    with closing(sqlite3.connect(path / "index.sqlite", isolation_level=None)) as other, ThreadPoolExecutor(1) as pool:
        (path / "bucketry.json").write_text('{"format": "bucketry-file", "version": 1}')
        other.execute("BEGIN IMMEDIATE")
        opened = pool.submit(open_driver, path)
        with pytest.raises(TimeoutError):
            opened.result(0.3)
        other.execute("ROLLBACK")
        opened.result(30).close()


def test_the_mark_is_on_the_disk_before_anything_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Another process did this just now.
    (tmp_path / "bucketry.json").write_text('{"format": "bucketry-file", "version": 1}')
    synced = list[set[str]]()
    monkeypatch.setattr(disk, "sync_folder", lambda path: synced.append(set(os.listdir(path))))
    open_driver(tmp_path).close()
    assert synced[0] == {"bucketry.json"}


def test_what_a_killed_process_left_of_a_mark_goes(tmp_path: Path) -> None:
    left = tmp_path / "bucketry.json.0123.new"
    left.write_bytes(b"{")
    with ThreadPoolExecutor(8) as pool:
        for driver in pool.map(lambda _: open_driver(tmp_path), range(8)):
            driver.close()
    assert [path.name for path in tmp_path.glob("bucketry.json*")] == ["bucketry.json"]


def test_a_url_names_a_folder_below_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store("file://./data") as store:
        store.create_bucket("kept")
    with open_store(f"file://{tmp_path}/data") as store:
        assert [bucket.name for bucket in store.list_buckets()] == ["kept"]


@pytest.mark.parametrize("location", ["data", "localhost/data", "~/data", "a\0b"])
def test_a_location_that_could_mean_something_else_is_refused(location: str) -> None:
    with pytest.raises(InvalidSettings):
        path_of(location)


def test_names_of_files_come_from_no_key(tmp_path: Path) -> None:
    store = open_in(tmp_path / "data")
    for key in ("../../outside", "/etc/passwd", "a\\b", "nul", "%2e%2e", "x" * 1024, "\U0001f600/\x01"):
        for content in (b"small", bytes(LARGE)):
            store.put_object(BUCKET, key, content)
            assert store.get_object(BUCKET, key).read() == content
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    names = {name for path in (tmp_path / "data").rglob("*") for name in path.relative_to(tmp_path / "data").parts}
    assert all(name.isalnum() or name in {"bucketry.json", "index.sqlite"} for name in names)


def _newer(path: Path) -> None:
    (path / "bucketry.json").write_text('{"format": "bucketry-file", "version": 2}')


def _another_program(path: Path) -> None:
    (path / "bucketry.json").write_text('{"format": "another", "version": 1}')


def _damaged(path: Path) -> None:
    (path / "bucketry.json").write_text("{")


def _newer_index(path: Path) -> None:
    query(path, "PRAGMA user_version = 2")


def _foreign_index(path: Path) -> None:
    query(path, "PRAGMA application_id = 7")


def _file_of_others(path: Path) -> None:
    (path / "bucketry.json").unlink()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_newer, "version 2 of the format"),
        (_another_program, "belongs to 'another'"),
        (_damaged, "damaged"),
        (_newer_index, "version 2 of the format"),
        (_foreign_index, "another program's database"),
        (_file_of_others, "not empty"),
    ],
)
def test_a_folder_that_this_driver_does_not_know_is_refused(
    tmp_path: Path, change: Callable[[Path], None], says: str
) -> None:
    path = tmp_path / "data"
    open_in(path).close()
    change(path)
    before = {found: found.read_bytes() for found in path.rglob("*") if found.is_file()}
    with pytest.raises(InvalidSettings, match=says):
        open_driver(path)
    assert {found: found.read_bytes() for found in path.rglob("*") if found.is_file()} == before


def test_contents_without_an_index_are_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "data"
    store = open_in(path)
    store.put_object(BUCKET, "key", bytes(LARGE))
    store.close()
    (path / "index.sqlite").unlink()
    for _ in range(2):
        with pytest.raises(Unavailable, match=r"index\.sqlite is missing"):
            open_driver(path)
    assert any(found.is_file() for found in (path / "blobs").rglob("*"))


def test_a_missing_parent_and_a_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        open_driver(tmp_path / "missing/data")
    (tmp_path / "file").write_text("")
    with pytest.raises(BucketryError):
        open_driver(tmp_path / "file")


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data"
    open_in(path).close()
    monkeypatch.setattr(os, "access", lambda *_: False)  # Tests may run as root, who may write everywhere.
    with pytest.raises(AccessDenied, match="cannot be written to"):
        open_driver(path)


def test_network_file_systems_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "file_system_of", lambda _: "nfs4")
    with pytest.raises(InvalidSettings, match="network file system"):
        open_driver(tmp_path / "data")


@pytest.mark.skipif(not Path("/proc/self/mountinfo").exists(), reason="not on Linux")
def test_the_type_of_a_file_system_is_that_of_its_longest_mount_point() -> None:
    assert file_system_of(Path("/proc/self")) == "proc"
    assert file_system_of(Path("/")) not in {None, "proc"}


def test_an_old_sqlite_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(InvalidSettings, match=r"SQLite 3\.35\.0"):
        open_driver(tmp_path / "data")


def test_a_folder_that_is_replaced_while_it_is_open_gets_no_writes(tmp_path: Path) -> None:
    path = tmp_path / "data"
    store = open_in(path)
    path.rename(tmp_path / "moved")
    open_in(path).close()
    with pytest.raises(Unavailable):
        store.put_object(BUCKET, "key", b"")
    with pytest.raises(Unavailable):
        store.list_objects(BUCKET)
    assert not store.status().available
    store.close()
