"""The model of the disk: what may be there after a loss of power, and what must be."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import pytest

from tests.crash.disk import SECTOR, Disk, Tree, read_tree, write_tree
from tests.crash.operations import Create, MakeFolder, Note, Recorded, Remove, Rename, Sync, Truncate, Write
from tests.crash.states import crash_points, trees

ROOT = PurePosixPath()
FILE = PurePosixPath("file")
OTHER = PurePosixPath("other")
FOLDER = PurePosixPath("folder")
OLD: Tree = {FILE: b"old"}


def _states(operations: Sequence[Recorded], start: Tree | None = None) -> list[dict[str, bytes | None]]:
    """Return all states that a crash at the end may lead to."""
    disk = Disk(start)
    for index, operation in enumerate(operations):
        disk.do(index, operation)
    pending = disk.pending()
    chosen = itertools.chain.from_iterable(itertools.combinations(pending, n) for n in range(len(pending) + 1))
    states = [{str(path): content for path, content in disk.tree(arrived).items()} for arrived in chosen]
    return [state for number, state in enumerate(states) if state not in states[:number]]


def _sync(path: PurePosixPath, covers: int = 99) -> Sync:
    return Sync(path, covers)


def test_without_syncs_anything_may_be_missing() -> None:
    states = _states([Create(FILE), Write(FILE, 0, b"new")])
    assert states == [{}, {"file": b""}, {"file": b"\0\0\0"}, {"file": b"new"}]


def test_an_fsync_of_a_file_keeps_its_content_and_not_its_name() -> None:
    assert _states([Create(FILE), Write(FILE, 0, b"new"), _sync(FILE)]) == [{}, {"file": b"new"}]


def test_an_fsync_of_a_folder_keeps_names_and_no_content() -> None:
    assert {"file": b""} in _states([Create(FILE), Write(FILE, 0, b"new"), _sync(ROOT)])
    assert _states([Create(FILE), Write(FILE, 0, b"new"), _sync(FILE), _sync(ROOT)]) == [{"file": b"new"}]


def test_a_sync_makes_nothing_durable_that_ended_after_it_began() -> None:
    assert {"file": b"old"} in _states([Write(FILE, 0, b"new"), _sync(FILE, covers=0)], OLD)
    assert _states([Write(FILE, 0, b"new"), _sync(FILE, covers=1)], OLD) == [{"file": b"new"}]


def test_writes_are_torn_where_sectors_begin() -> None:
    states = _states([Write(FILE, 10, b"n" * 2 * SECTOR)], {FILE: b"o" * 3 * SECTOR})
    contents = [content for state in states for content in state.values() if content is not None]
    assert len(contents) == 8
    assert {(content[10], content[SECTOR], content[2 * SECTOR]) for content in contents} == {
        *itertools.product(b"on", repeat=3)
    }
    assert all(content[:10] == b"o" * 10 for content in contents)


def test_a_rename_is_atomic() -> None:
    operations: list[Recorded] = [
        Create(OTHER),
        Write(OTHER, 0, b"new"),
        _sync(OTHER),
        _sync(ROOT),
        Rename(OTHER, FILE),
    ]
    assert _states(operations, OLD) == [{"file": b"old", "other": b"new"}, {"file": b"new"}]


def test_a_rename_between_folders_is_durable_with_either() -> None:
    start: Tree = {FOLDER: None, FILE: b"x"}
    for synced in (ROOT, FOLDER):
        assert _states([Rename(FILE, FOLDER / "file"), _sync(synced)], start) == [{"folder": None, "folder/file": b"x"}]


def test_a_rename_that_is_durable_takes_the_creation_with_it() -> None:
    start: Tree = {FOLDER: None}
    operations: list[Recorded] = [Create(FILE), Rename(FILE, FOLDER / "file"), _sync(FOLDER)]
    assert _states(operations, start) == [{"folder": None, "folder/file": b""}]


def test_an_fsync_that_ends_after_another_process_removed_the_file_does_nothing() -> None:
    assert {} in _states([Create(FILE), Remove(FILE), _sync(FILE)])


def test_a_removed_file_may_come_back() -> None:
    assert _states([Remove(FILE)], OLD) == [{"file": b"old"}, {}]
    assert _states([Remove(FILE), _sync(ROOT)], OLD) == [{}]


def test_a_folder_without_its_own_name_loses_what_is_in_it() -> None:
    inside = FOLDER / "file"
    assert {} in _states([MakeFolder(FOLDER), Create(inside), _sync(inside), _sync(FOLDER)])


def test_a_cut_file_may_have_either_size() -> None:
    assert _states([Truncate(FILE, 1)], OLD) == [{"file": b"old"}, {"file": b"o"}]
    assert _states([Truncate(FILE, 4), _sync(FILE)], OLD) == [{"file": b"old\0"}]


def test_crash_points_are_before_each_sync_with_what_was_said_until_then() -> None:
    operations: list[Recorded] = [
        Write(FILE, 0, b"1"),
        _sync(FILE),
        Note(ROOT, b"said"),
        Write(FILE, 0, b"2"),
        _sync(FILE),
    ]
    points = [(point.done, point.notes, point.states) for point in crash_points(operations, OLD)]
    assert points == [(1, b"", 2), (4, b"said", 2), (5, b"said", 1)]


@pytest.mark.parametrize("count", [3, 60])
def test_states_differ_and_are_bounded(count: int) -> None:
    operations: list[Recorded] = [Write(FILE, n * SECTOR, b"new") for n in range(count)]
    (point,) = crash_points(operations, {FILE: b"o" * count * SECTOR})
    found = list(_frozen(trees(point, 40, random.Random(1))))
    assert len(found) == len(set(found)) == min(2**count, 40)
    assert found == list(_frozen(trees(point, 40, random.Random(1))))


def _frozen(
    found: Iterator[dict[PurePosixPath, bytes | None]],
) -> Iterator[frozenset[tuple[PurePosixPath, bytes | None]]]:
    return (frozenset(tree.items()) for tree in found)


def test_a_tree_is_written_and_read_again(tmp_path: Path) -> None:
    tree: Tree = {FOLDER: None, FOLDER / "file": b"x", FILE: b""}
    write_tree(tree, tmp_path / "tree")
    assert read_tree(tmp_path / "tree") == tree
