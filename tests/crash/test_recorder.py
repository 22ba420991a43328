"""The recorder and the model of the disk find what is wrong with a small program, and nothing where all is right."""

from __future__ import annotations

import random
import sys
from itertools import pairwise
from pathlib import Path, PurePosixPath

import pytest

from tests.crash.disk import read_tree, write_tree
from tests.crash.operations import Note, Recorded, Sync, Write
from tests.crash.protocol import CONTENTS, MISTAKES, content_of, problems
from tests.crash.states import crash_points, trees
from tests.crash.strace import NotRecordable, record

pytestmark = pytest.mark.usefixtures("recorder")


def _record(tmp_path: Path, *program: str) -> list[Recorded]:
    folder = tmp_path / "folder"
    folder.mkdir()
    return record([sys.executable, *program], folder, tmp_path / "notes")


def _record_protocol(tmp_path: Path, mistake: str) -> list[Recorded]:
    return _record(tmp_path, "-m", "tests.crash.protocol", f"{tmp_path}/folder", f"{tmp_path}/notes", mistake)


def _found(tmp_path: Path, operations: list[Recorded]) -> list[str]:
    """Return the problems of the first crash state that has some."""
    rng = random.Random(1)
    for point in crash_points(operations):
        for number, tree in enumerate(trees(point, 12, rng)):
            folder = tmp_path / f"{point.done}-{number}"
            write_tree(tree, folder)
            if found := problems(folder, point.notes):
                return found
    return []


def test_without_a_mistake_no_crash_state_has_a_problem(tmp_path: Path) -> None:
    assert _found(tmp_path, _record_protocol(tmp_path, "none")) == []


@pytest.mark.parametrize("mistake", [mistake for mistake in MISTAKES if mistake != "none"])
def test_each_mistake_shows_in_a_crash_state(tmp_path: Path, mistake: str) -> None:
    assert _found(tmp_path, _record_protocol(tmp_path, mistake))


def test_all_operations_together_make_what_the_program_left(tmp_path: Path) -> None:
    operations = _record_protocol(tmp_path, "none")
    *_, last = crash_points(operations)
    left = read_tree(tmp_path / "folder")
    assert last.disk.tree(last.pending) == left
    assert left[PurePosixPath("0")] == content_of(0)
    assert last.notes == b"".join(f"{number}\n".encode() for number in range(CONTENTS))


def test_the_commits_of_sqlite_are_recorded(tmp_path: Path) -> None:
    operations = _record_protocol(tmp_path, "none")
    log = PurePosixPath("index.sqlite-wal")
    noted = [index for index, operation in enumerate(operations) if isinstance(operation, Note)]
    for before, after in pairwise(noted):
        between = operations[before:after]
        assert any(isinstance(operation, Write) and operation.path == log for operation in between)
        assert any(isinstance(operation, Sync) and operation.path == log for operation in between)


def test_threads_are_recorded(tmp_path: Path) -> None:
    operations = _record(
        tmp_path,
        "-c",
        "import os, threading\n"
        "def work(n):\n"
        f"    path = f'{tmp_path}/folder/{{n}}'\n"
        "    for _ in range(50):\n"
        "        with open(path, 'wb', buffering=0) as file:\n"
        "            file.write(b'%d' % n * 1000)\n"
        "            os.fsync(file)\n"
        "threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]\n"
        "[thread.start() for thread in threads]\n"
        "[thread.join() for thread in threads]\n",
    )
    *_, last = crash_points(operations)
    assert last.disk.tree(last.pending) == read_tree(tmp_path / "folder")
    assert sum(isinstance(operation, Sync) for operation in operations) == 200


def test_processes_are_recorded_each_with_descriptors_of_its_own(tmp_path: Path) -> None:
    operations = _record(
        tmp_path,
        "-c",
        "import os, threading\n"
        "def work(n):\n"
        f"    path = f'{tmp_path}/folder/{{n}}'\n"
        "    for _ in range(20):\n"
        "        with open(path, 'wb', buffering=0) as file:\n"
        "            [file.write(b'%d' % n * 700) for _ in range(n + 1)]\n"
        "            os.fsync(file)\n"
        "children = [os.fork() for _ in range(2)]\n"
        "number = sum(2**bit for bit, child in enumerate(children) if child)\n"
        "threads = [threading.Thread(target=work, args=(number * 2 + n,)) for n in range(2)]\n"
        "[thread.start() for thread in threads]\n"
        "[thread.join() for thread in threads]\n",
    )
    *_, last = crash_points(operations)
    left = read_tree(tmp_path / "folder")
    assert last.disk.tree(last.pending) == left
    assert len(left) == 8
    assert sum(isinstance(operation, Sync) for operation in operations) == 160


@pytest.mark.parametrize(
    "program",
    [
        "import mmap; file = open(path, 'w+b'); file.truncate(9); mmap.mmap(file.fileno(), 9)",
        "os.write(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND), b'x')",
        "os.close(os.open(path, os.O_CREAT | os.O_WRONLY)); os.link(path, path + '.link')",
        "os.close(os.open(path, os.O_CREAT | os.O_WRONLY)); os.rename(path, path.replace('folder/', ''))",
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, program: str) -> None:
    with pytest.raises(NotRecordable):
        _record(tmp_path, "-c", f"import os; path = {str(tmp_path)!r} + '/folder/file'; {program}")
