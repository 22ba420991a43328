"""Opens the driver on crash states of a recorded run, and checks each as after a kill."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from tests.crash import notes
from tests.crash.checking import check, check_without_sync
from tests.crash.choices import Sizes
from tests.crash.disk import Tree, write_tree
from tests.crash.notes import History, Start
from tests.crash.operations import Note, Recorded
from tests.crash.states import crash_points, trees
from tests.crash.strace import record
from tests.crash.writer import Task, command_of_several
from tests.crash.writing import process_of

STORE: Final = "store"
"""The name of the store's folder in the recorded folder, so that making it is recorded too."""

_SIZES: Final = Sizes(small=600, large=5_000)
_INLINE_BYTES: Final = 1_000

IN_FILES: Final = Sizes(small=2_000, large=5_000)
"""Sizes of contents most of which are in files of their own."""


def task_of(
    *, writers: int, steps: int, seed: int, sizes: Sizes = _SIZES, mistake: str = "", encrypted: bool = False
) -> Task:
    """Returns what is recorded: contents are small, so that a larger share of the states can be tried.

    SQLite empties its log often, since that is when it writes to its database.
    """
    return Task(
        url="",
        notes="",
        seed=seed,
        writers=(0, writers),
        steps=steps,
        sizes=sizes,
        inline_bytes=_INLINE_BYTES,
        checkpoint_pages=30,
        mistake=mistake,
        encrypted=encrypted,
    )


_OPENING: Final = Task(url="", notes="", seed=0, writers=(0, 0), steps=0)
"""Opens the store and closes it."""


class Figures(msgspec.Struct):
    """How much was replayed.

    Attributes:
        points: Crash points.
        states: States that were checked.
        possible: States that there are; equal ones are counted each.
        turns: How often something was acknowledged in one process after something in another.
    """

    points: int = 0
    states: int = 0
    possible: int = 0
    turns: int = 0

    def plus(self, other: Figures) -> Figures:
        """Returns both, added up."""
        return Figures(*map(sum, zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)))


def _turns(operations: Sequence[Recorded]) -> int:
    """Counts how often something was acknowledged in one process after something in another."""
    said = b"".join(operation.text for operation in operations if isinstance(operation, Note))
    processes = [process_of(number) for number in notes.acknowledged_in(said)]
    return sum(before != after for before, after in pairwise(processes))


class Replay:
    """Replays the crash states of what one process did.

    Attributes:
        figures: What was done.
    """

    def __init__(self, scratch: Path, settings: str, most: int, seed: int) -> None:
        """Replays nothing yet.

        Args:
            scratch: A folder for all files.
            settings: The settings in the URL that the states are opened with.
            most: The most states of each crash point.
            seed: Draws the states.
        """
        self._scratch = scratch
        self._settings = settings
        self._is_synced = "sync=false" not in settings
        self._most = most
        self._rng = random.Random(seed)
        self.figures = Figures()

    def record(self, *tasks: Task, start: Tree | None = None) -> list[Recorded]:
        """Runs tasks at the same time, each in a process, and returns what they did.

        Args:
            tasks: The tasks; their ``url`` and ``notes`` are filled in.
            start: What is in the folder before; ``None``: nothing.
        """
        folder, said = self._scratch / "recorded", self._scratch / "notes"
        write_tree(start or {}, folder)
        tasks = tuple(replace(task, url=self._url(folder), notes=str(said)) for task in tasks)
        operations = record(command_of_several(tasks, self._scratch / "task"), folder, said)
        said.unlink()
        shutil.rmtree(folder)
        return operations

    def problems(self, operations: Sequence[Recorded], start: Tree | None = None, before: bytes = b"") -> Iterator[str]:
        """Checks crash states, and yields what is wrong.

        Args:
            operations: What was recorded.
            start: What was in the folder before; ``None``: nothing.
            before: What other writers had noted before.
        """
        folder = self._scratch / "state"
        for point in crash_points(operations, start, at_notes=not self._is_synced):
            self.figures.points += 1
            self.figures.possible += point.states
            history = notes.read(before + point.notes)
            kept = len(notes.read(before + point.notes_in_log).acknowledged)
            for tree in trees(point, self._most, self._rng):
                self.figures.states += 1
                write_tree(tree, folder)
                found = self._check(folder, history, kept)
                yield from (f"after {point.done} operations, state {self.figures.states}: {one}" for one in found)
                shutil.rmtree(folder)

    def problems_of_two(self, task: Task, recoveries: int = 0) -> Iterator[str]:
        """Records two processes that make a store at the same time, and then write to it, and yields what is wrong.

        Args:
            task: What both do together: each has one half of the writers.
            recoveries: As in `problems_of_recovery`.
        """
        first, last = task.writers
        making = self.record(replace(task, steps=0), replace(task, writers=(last, last), steps=0))
        yield from self.problems(making)
        *_, made = crash_points(making)
        start, before = made.disk.tree(made.pending), made.notes
        world = Start(tuple(notes.read(before).world({}).items()))
        middle = (first + last) // 2
        halves = [replace(task, writers=half, start=world) for half in ((first, middle), (middle, last))]
        operations = self.record(*halves, start=start)
        self.figures.turns += _turns(operations)
        yield from self.problems(operations, start, before)
        yield from self.problems_of_recovery(operations, recoveries, start, before)

    def problems_of_recovery(
        self, operations: Sequence[Recorded], recoveries: int, start: Tree | None = None, before: bytes = b""
    ) -> Iterator[str]:
        """Crashes once more while the store is opened after a crash, and yields what is wrong after that.

        Args:
            operations: What was recorded.
            recoveries: How many crash states are opened and recorded.
            start: As in `problems`.
            before: As in `problems`.
        """
        points = sum(1 for _ in crash_points(operations, start))
        wanted = set(self._rng.sample(range(points), min(points, recoveries)))
        for number, point in enumerate(crash_points(operations, start)):
            if number in wanted:
                tree = next(trees(point, 1, self._rng, at_random=True))
                yield from self.problems(self.record(_OPENING, start=tree), tree, before + point.notes)

    def _check(self, folder: Path, history: History, kept: int) -> list[str]:
        url, store = self._url(folder), folder / STORE
        if self._is_synced:
            return check(url, store, {}, [history])[1]
        return check_without_sync(url, store, history, kept)[1]

    def _url(self, folder: Path) -> str:
        return f"file://{folder / STORE}{self._settings}"
