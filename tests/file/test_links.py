"""Links in the folder of a store: none is followed, so nothing elsewhere is read, written or deleted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from bucketry import BackendError, InvalidSettings, Unavailable
from bucketry_file.checking import check_folder
from bucketry_file.folder import Folder

from tests.file.stores import BUCKET, LARGE, open_driver, open_store, query

ELSEWHERE = {"0/0": b"zero", "0/1": b"one", "0/999": b"other"}
"""Files that could be a session's, as an export of another store has them."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The folder of a store with an object in a file."""
    with open_store(tmp_path / "data") as store:
        store.put_object(BUCKET, "large", bytes(LARGE))
    return tmp_path / "data"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    for name, content in ELSEWHERE.items():
        file = tmp_path / "elsewhere" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return tmp_path / "elsewhere"


def holds(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def only_session(path: Path) -> Path:
    (session,) = (path / "blobs").iterdir()
    return session


def move_and_link(path: Path, to: Path) -> None:
    path.rename(to)
    path.symlink_to(to)


def check(path: Path) -> list[str]:
    said = list[str]()
    assert check_folder(Folder(path), said.append, reads=False)
    return said


@pytest.mark.parametrize("name", ["bucketry.json", "index.sqlite", "index.sqlite-wal", "blobs", "sessions"])
def test_a_link_in_place_of_what_a_store_has_is_refused(path: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / "moved"
    if (path / name).exists():
        (path / name).rename(target)
    (path / name).symlink_to(target)
    for use in (open_driver, lambda folder: check_folder(Folder(folder), print, reads=False)):
        with pytest.raises(InvalidSettings, match=f"{name} is a link.*move what it leads to into its place"):
            use(path)
    assert target.exists() == (name != "index.sqlite-wal")


def test_the_folder_itself_may_be_a_link(path: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(path)
    with open_store(tmp_path / "link") as store:
        assert store.get_object(BUCKET, "large").read() == bytes(LARGE)
        store.put_object(BUCKET, "large", b"x" * LARGE)
    with open_store(path) as store:
        assert store.get_object(BUCKET, "large").read() == b"x" * LARGE
    assert check_folder(Folder(tmp_path / "link"), print, reads=True) == 0


@pytest.mark.parametrize("level", ["session", "thousand"])
def test_contents_behind_a_link_are_damaged_and_check_says_where_it_is(path: Path, tmp_path: Path, level: str) -> None:
    linked = only_session(path) if level == "session" else only_session(path) / "0"
    move_and_link(linked, tmp_path / "moved")
    with open_store(path) as store, pytest.raises(BackendError, match="a link is there"):
        store.get_object(BUCKET, "large").read()
    said = check(path)
    assert any(line.startswith(f"{linked} is a link") for line in said)
    assert any("'large'" in line for line in said)
    assert not any("lost" in line or "delete" in line for line in said)


def test_what_lies_behind_a_link_is_not_deleted_with_its_object(path: Path, tmp_path: Path, elsewhere: Path) -> None:
    session = only_session(path)
    session.rename(tmp_path / "moved")
    session.symlink_to(elsewhere)
    with open_store(path) as store:
        store.delete_object(BUCKET, "large")
        assert store.list_objects(BUCKET).objects == ()
    assert holds(elsewhere) == ELSEWHERE


@pytest.mark.parametrize("level", ["session", "thousand"])
def test_recovery_deletes_nothing_behind_a_link(path: Path, elsewhere: Path, level: str) -> None:
    killed = path / "blobs" / ("1" * 16)
    query(path, "INSERT INTO sessions (name) VALUES (?)", killed.name)
    if level == "session":
        killed.symlink_to(elsewhere)
    else:
        killed.mkdir()
        (killed / "0").symlink_to(elsewhere / "0")
    open_driver(path).close()
    assert holds(elsewhere) == ELSEWHERE


def test_nothing_is_written_behind_a_link(path: Path, tmp_path: Path) -> None:
    with open_store(path) as store:
        store.put_object(BUCKET, "first", bytes(LARGE))
        (live,) = (session for session in (path / "blobs").iterdir() if (path / "sessions" / session.name).exists())
        move_and_link(live / "0", tmp_path / "moved")
        before = holds(tmp_path / "moved")
        with pytest.raises(Unavailable, match="a link, or a file, is where the store has a folder"):
            store.put_object(BUCKET, "second", bytes(LARGE))
        assert holds(tmp_path / "moved") == before
        os.unlink(live / "0")
        (tmp_path / "moved").rename(live / "0")
        store.put_object(BUCKET, "second", bytes(LARGE))
        assert store.get_object(BUCKET, "first").read() == bytes(LARGE)
