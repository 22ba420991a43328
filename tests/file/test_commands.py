"""``bucketry file check``, ``compact`` and ``export``."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from bucketry import CustomerKey, InvalidSettings, PutOptions, Throttled, VersionOptions
from bucketry_file import FileDriver, disk, sessions
from bucketry_file.checking import check_folder
from bucketry_file.exporting import export_store
from bucketry_file.folder import Folder

from tests.file.stores import BUCKET, LARGE, files, open_driver, open_store, query


def run(*arguments: str | Path, status: int = 0) -> str:
    command = [sys.executable, "-m", "bucketry_cli", "file", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def export(path: Path, target: Path) -> list[str]:
    """Exports, and returns all that is said."""
    said = list[str]()
    export_store(open_driver(path), target, said.append, said.append)
    return said


def manifest(target: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (target / "manifest.jsonl").read_text().splitlines()]


def exported(target: Path) -> dict[str, bytes]:
    """Returns the contents that a manifest names, by key."""
    return {entry["key"]: (target / entry["file"]).read_bytes() for entry in manifest(target)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The folder of a store with an object in a file and one in the index."""
    with open_store(tmp_path / "data") as store:
        store.put_object(BUCKET, "large", os.urandom(LARGE))
        store.put_object(BUCKET, "small", b"content")
    return tmp_path / "data"


def content(path: Path, at: int | None = None) -> Path:
    found = sorted(found for found in (path / "blobs").rglob("*") if found.is_file())
    assert at is not None or len(found) == 1
    return found[at or 0]


def test_a_folder_without_damage(path: Path) -> None:
    before = sorted(path.rglob("*"))
    assert run("check", path) == "no damage was found\n"
    assert run("check", "--read", f"file://{path}") == "no damage was found\n"
    assert sorted(path.rglob("*")) == before


def _missing(path: Path) -> None:
    content(path).unlink()


def _short(path: Path) -> None:
    os.truncate(content(path), 10)


@pytest.mark.parametrize(("damage", "says"), [(_missing, "it is missing"), (_short, "it has 10 bytes, not 200000")])
def test_a_file_that_is_missing_or_short(path: Path, damage: Callable[[Path], None], says: str) -> None:
    damage(path)
    said = run("check", path, status=1)
    assert says in said
    assert f"{BUCKET}/'large' (version number 0)" in said
    assert "restore" in said


def _zeros(path: Path) -> None:
    with open(content(path), "r+b") as file:
        file.seek(1024)
        file.write(bytes(512))


def _flipped(path: Path) -> None:
    data = bytearray(content(path).read_bytes())
    data[1025] ^= 1
    content(path).write_bytes(data)


def _longer(path: Path) -> None:
    os.truncate(content(path), LARGE + 512)


@pytest.mark.parametrize(
    ("damage", "is_of_power"), [(_missing, True), (_short, True), (_zeros, True), (_flipped, False), (_longer, False)]
)
@pytest.mark.parametrize("sync", [True, False])
@pytest.mark.parametrize("is_restarted", [True, False])
def test_what_a_loss_of_power_may_leave_without_sync_is_told_from_damage(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Path], None],
    is_of_power: bool,
    sync: bool,
    is_restarted: bool,
) -> None:
    path, said = tmp_path / "data", list[str]()
    with open_store(path, sync=sync) as store:
        store.put_object(BUCKET, "large", os.urandom(LARGE))
    damage(path)
    if is_restarted:
        monkeypatch.setattr(sessions, "boot", lambda: "another")
    assert check_folder(Folder(path), said.append, reads=True) == 1
    told = is_of_power and is_restarted and not sync
    assert ("written with sync=false" in said[0], "restore" in said[0]) == (told, not told)
    assert said[-1].endswith("1 of them perhaps from a loss of power with sync=false") == told


def test_other_bytes_are_found_by_reading(path: Path) -> None:
    changed = bytearray(content(path).read_bytes())
    changed[7] ^= 1
    content(path).write_bytes(changed)
    query(path, "UPDATE contents SET data = CAST('Content' AS BLOB) WHERE data IS NOT NULL")
    assert "no damage" in run("check", path)
    said = run("check", "--read", path, status=1)
    assert said.count("other bytes than were written") == 2
    assert "'small'" in said


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("UPDATE contents SET refs = refs + 1", "counted wrong"),
        ("UPDATE usage SET object_count = 7", "usage is counted wrong"),
        ("UPDATE usage SET noncurrent_bytes = 7", "usage is counted wrong"),
        ("DELETE FROM usage", "buckets without usage"),
        ("INSERT INTO settings VALUES (99, 'cors', x'7b7d')", "settings of buckets that are not there"),
        ("INSERT INTO parts (upload, number, record) VALUES (99, 1, x'')", "parts of uploads that are not there"),
        ("UPDATE pieces SET content = 99", "contents that are not there"),
        ("UPDATE pieces SET owner = 99 WHERE owner = 1", "versions and parts that are not there"),
        ("UPDATE versions SET size_bytes = 5", "not as long as they are"),
    ],
)
def test_rows_that_do_not_fit_together(path: Path, damage: str, says: str) -> None:
    query(path, damage)
    said = list[str]()
    assert check_folder(Folder(path), said.append, reads=False)
    assert any(says in line for line in said)


def test_an_index_of_a_table_that_lacks_rows_is_found_by_reading(path: Path) -> None:
    changed = "UPDATE sqlite_schema SET sql = replace(sql, 'is_current = 1', 'is_current = 0') WHERE name = ?"
    with closing(sqlite3.connect(path / "index.sqlite", isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(changed, ("current_versions",))
    said = list[str]()
    assert check_folder(Folder(path), said.append, reads=True)
    assert any("current_versions" in line for line in said)


def test_a_check_holds_no_transaction_open_while_it_reads_files(path: Path) -> None:
    with open_store(path) as store:
        for number in range(3):
            store.put_object(BUCKET, f"large {number}", os.urandom(LARGE))
        content(path, at=0).unlink()
        said = list[str]()

        def say(line: str) -> None:
            said.append(line)
            store.put_object(BUCKET, "meanwhile", os.urandom(LARGE))
            busy, _, _ = query(path, "PRAGMA wal_checkpoint(TRUNCATE)")[0]
            assert busy == 0  # A reader of an older state would be in the way.

        assert check_folder(Folder(path), say, reads=True) == 1
        assert len(said) > 1


def test_a_damaged_index(path: Path) -> None:
    with open(path / "index.sqlite", "r+b") as file:
        file.seek(4096 * 2)
        file.write(os.urandom(4096 * 8))
    run("check", path, status=1)


def test_files_that_nothing_names(path: Path) -> None:
    for session, says in (("0" * 16, "never named"), ("1" * 16, "of a process that was killed")):
        orphan = path / "blobs" / session / "0/0"
        orphan.parent.mkdir(parents=True)
        orphan.write_bytes(b"left over")
        if session[0] == "1":
            query(path, "INSERT INTO sessions (name) VALUES (?)", session)
        assert says in run("check", path)
    run("compact", path)
    assert [name for name in files(path) if name.startswith("blobs/1111")] == []
    assert (path / "blobs" / ("0" * 16) / "0/0").exists()


def test_files_of_a_process_that_lives_are_not_left_over(path: Path) -> None:
    driver = open_driver(path)
    session, number = driver._session.begin_file()
    file = path / "blobs" / session / "0" / str(number)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"in progress")
    assert run("check", path) == "no damage was found\n"


def test_compacting_works_off_garbage_and_shrinks_the_index(path: Path) -> None:
    with open_store(path) as store:
        for number in range(50):
            store.put_object(BUCKET, f"key {number}", bytes(30_000))
        for number in range(50):
            store.delete_object(BUCKET, f"key {number}")
    query(path, "INSERT INTO garbage (session, number) VALUES ('gone', 1)")
    assert "1 deleted contents" in run("check", path)
    before = (path / "index.sqlite").stat().st_size
    assert run("compact", path).startswith(f"index: {before} bytes before")
    assert (path / "index.sqlite").stat().st_size < before / 4
    assert run("check", "--read", path) == "no damage was found\n"


def test_objects_are_exported_under_safe_names(path: Path, tmp_path: Path) -> None:
    keys = {"../../outside": b"one", "a/b/": b"", "\u00e4 \U0001f600\x01": b"two"}
    keys |= {".": b"", "a\0b\n": b"", "k" * 1024: b"3"}
    with open_store(path) as store:
        for key, body in keys.items():
            options = PutOptions(content_type="text/plain", metadata={"colour": "blue"}, tags={"a": "b"})
            store.put_object(BUCKET, key, body, options)
        large = store.get_object(BUCKET, "large").read()
    target = tmp_path / "out"
    assert "8 objects written, 0 not" in run("export", path, target)
    assert exported(target) == {**keys, "large": large, "small": b"content"}
    (entry,) = [entry for entry in manifest(target) if entry["key"] == "../../outside"]
    assert (entry["bucket"], entry["content_type"], entry["metadata"], entry["tags"]) == (
        BUCKET,
        "text/plain",
        {"colour": "blue"},
        {"a": "b"},
    )
    assert {file.stat().st_mode & 0o777 for file in target.rglob("*")} == {0o600, 0o700}
    assert sorted(item.name for item in tmp_path.iterdir()) == ["data", "out"]
    assert "not empty" in run("export", path, target, status=1)


def test_an_object_that_is_replaced_while_it_is_exported_is_exported_again(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced = [b"first", b"second"]
    read_tags = FileDriver.get_object_tagging

    def replace_first(driver: FileDriver, bucket: str, key: str, options: VersionOptions) -> Mapping[str, str]:
        if replaced and key == "small":
            with open_store(path) as other:
                content = replaced.pop()
                other.put_object(BUCKET, key, content, PutOptions(tags={"of": content.decode()}))
        return read_tags(driver, bucket, key, options)

    monkeypatch.setattr(FileDriver, "get_object_tagging", replace_first)
    assert export(path, tmp_path / "out") == ["2 objects written, 0 not"]
    assert exported(tmp_path / "out")["small"] == b"first"
    (entry,) = [entry for entry in manifest(tmp_path / "out") if entry["key"] == "small"]
    assert entry["tags"] == {"of": "first"}


def test_an_object_that_is_deleted_while_others_are_exported_is_left_out(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_tags = FileDriver.get_object_tagging

    def delete_small(driver: FileDriver, bucket: str, key: str, options: VersionOptions) -> Mapping[str, str]:
        with open_store(path) as other:
            other.delete_object(BUCKET, "small")
        return read_tags(driver, bucket, key, options)

    monkeypatch.setattr(FileDriver, "get_object_tagging", delete_small)
    assert export(path, tmp_path / "out") == ["1 objects written, 0 not"]
    assert list(exported(tmp_path / "out")) == ["large"]


def test_what_cannot_be_read_is_named_and_the_rest_is_exported(path: Path, tmp_path: Path) -> None:
    with open_store(path) as store:
        store.put_object(BUCKET, "secret", b"x", PutOptions(customer_key=CustomerKey(bytes(32))))
        for key in ("a", "record", "z"):
            store.put_object(BUCKET, key, b"x")
        store.create_bucket("other-bucket")
        store.put_object("other-bucket", "key", b"x")
    _missing(path)
    query(path, "UPDATE versions SET record = x'ff' WHERE key = CAST('record' AS BLOB)")
    query(path, "UPDATE versions SET key = x'ff' WHERE key = CAST('z' AS BLOB)")
    command = [sys.executable, "-m", "bucketry_cli", "file", "export", str(path), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "3 objects written, 4 not\n")
    named = [line.partition(": ")[2].partition(": ")[0] for line in done.stderr.splitlines()]
    assert named == [f"{BUCKET}/{key!r}" for key in ("large", "record", "secret", "\ufffd")]
    assert exported(tmp_path / "out").keys() == {"a", "small", "key"}
    assert len(list((tmp_path / "out/0").iterdir())) == 3


@pytest.mark.parametrize("fails", ["content", "manifest"])
def test_a_full_disk_ends_an_export_whose_manifest_names_what_is_whole(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    with open_store(path) as store:
        store.put_object(BUCKET, "a", b"x")
    written = list[bytes]()
    write = disk.write

    def write_some(descriptor: int, data: bytes) -> None:
        written.append(data)
        is_content = not data.startswith(b"{")
        if len(written) > 2 and is_content == (fails == "content"):
            os.write(descriptor, data[:20])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(descriptor, data)

    driver = open_driver(path)
    monkeypatch.setattr(disk, "write", write_some)
    with pytest.raises(OSError, match="left on device: 1 objects are written"):
        export_store(driver, tmp_path / "out", print, print)
    assert exported(tmp_path / "out") == {"a": b"x"}
    assert [file.name for file in (tmp_path / "out/0").iterdir()] == ["0"]


def test_targets_that_are_refused(path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    before = sorted(path.rglob("*"))
    for target, says in (
        (tmp_path / "file", "is not a folder"),
        (tmp_path / "missing/out", "make it first"),
        (path / "blobs/out", "is in the folder of the store"),
        (path, "is not empty"),
    ):
        with pytest.raises(InvalidSettings, match=says):
            export(path, target)
    assert sorted(path.rglob("*")) == before


def test_a_new_file_system_is_an_empty_folder(path: Path, tmp_path: Path) -> None:
    (tmp_path / "out/lost+found").mkdir(parents=True)
    assert export(path, tmp_path / "out") == ["2 objects written, 0 not"]


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    for command in ("check", "compact"):
        assert "is no store" in run(command, tmp_path, status=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("index", [b"", bytes(10_000), b"not a database" * 1000], ids=["empty", "zeros", "text"])
def test_an_index_that_is_no_database_is_damage(path: Path, index: bytes) -> None:
    for file in path.glob("index.sqlite*"):
        file.unlink()
    (path / "index.sqlite").write_bytes(index)
    said = run("check", path, status=1)
    assert "the index is damaged: restore the folder from a backup" in said
    assert "this is a bug" not in said


def test_an_index_that_is_locked_is_no_damage(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect
    with closing(connect(path / "index.sqlite", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr(sqlite3, "connect", partial(connect, timeout=0))
        with pytest.raises(Throttled, match="another program keeps"):
            check_folder(Folder(path), lambda _: None, reads=False)
