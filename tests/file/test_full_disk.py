"""A full disk: nothing is lost, and deletes make room."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bucketry_file import reserve

from tests.file.stores import BUCKET, open_driver, open_store

# Runs in a mount namespace of its own, on a file system of 10 MiB in memory.
_PROGRAM = """
import os, sys
from pathlib import Path
from bucketry import QuotaExceeded
from tests.file.stores import BUCKET, open_store

folder, size = Path(sys.argv[1]), int(sys.argv[2])

def fill():
    try:
        with open(folder / f"other {len(os.listdir(folder))}", "wb", buffering=0) as other:
            while True:
                other.write(bytes(4096))
    except OSError:
        pass

def put_all(store, start):
    for number in range(start, 100_000):
        try:
            store.put_object(BUCKET, f"{number:06}", bytes(size))
        except QuotaExceeded:
            return number
    raise AssertionError("the disk is not full")

store = open_store(folder / "data")
end = put_all(store, 0)
fill()
again = put_all(store, end)
assert again - end < 5, (end, again)
store.delete_object(BUCKET, "000000")
store.close()
fill()
with open_store(folder / "data") as store:
    fill()
    try:
        store.put_object(BUCKET, "large", bytes(5_000_000))
        raise AssertionError("there is room")
    except QuotaExceeded:
        pass
    for number in range(1, again):
        store.delete_object(BUCKET, f"{number:06}")
        if number % 50 == 1:  # Others take what is left.
            fill()
    assert not store.list_objects(BUCKET).objects
"""


@pytest.mark.skipif(sys.platform != "linux", reason="file systems are mounted as on Linux")
@pytest.mark.parametrize("size", [1_000, 100_000], ids=["in the index", "in files"])
def test_everything_can_be_deleted_on_a_full_disk(tmp_path: Path, size: int) -> None:
    mount = f'mount -t tmpfs -o size=10m bucketry {tmp_path} && exec "$@"'
    namespace = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    if subprocess.run([*namespace, "sh", "-c", mount, "sh", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a file system")
    program = [sys.executable, "-c", _PROGRAM, str(tmp_path), str(size)]
    done = subprocess.run(
        [*namespace, "sh", "-c", mount, "sh", *program], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_reserve_is_made_again_once_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data"
    store = open_store(path)
    assert (path / "reserve").stat().st_size == reserve.RESERVE_BYTES
    driver = open_driver(path)
    assert driver._index.reserve.give_up()
    assert not driver._index.reserve.give_up()
    store.put_object(BUCKET, "key", b"x")
    monkeypatch.setattr(reserve.Reserve, "_free", lambda self: 100_000)
    driver._garbage.collect()
    assert 0 < (path / "reserve").stat().st_size < 100_000
    monkeypatch.undo()
    driver._garbage.collect()
    assert (path / "reserve").stat().st_size == reserve.RESERVE_BYTES


def test_an_almost_full_disk_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reserve.Reserve, "_free", lambda self: reserve.RESERVE_BYTES)
    open_store(tmp_path / "data")
    assert not (tmp_path / "data/reserve").exists()


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_no_other_file_grows_through_a_link(tmp_path: Path, link: Callable[[Path, Path], None]) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"content")
    open_store(tmp_path / "data").close()
    (tmp_path / "data/reserve").unlink()
    link(other, tmp_path / "data/reserve")
    store = open_store(tmp_path / "data")
    store.delete_object(BUCKET, "key")
    store.close()
    assert other.read_bytes() == b"content"
