"""Kills writers again and again, and checks the store after each kill."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Final

import msgspec

from tests.crash import kill_points, notes
from tests.crash.checking import check
from tests.crash.choices import SHARED
from tests.crash.contents import Contents, md5_of, sha256_of
from tests.crash.notes import History, Start
from tests.crash.steps import VERSIONING, Put, PutPart
from tests.crash.world import Item, SettingItem, Value, Version
from tests.crash.writer import Task, command

WRITERS: Final = 3
"""Writers of each process."""

ENDLESS: Final = 1_000_000
"""Steps of a writer that is killed before."""

_AT_POINTS: Final = 0.5
"""The share of processes that kill themselves at a point."""

_ALONE: Final = 0.7
"""The share of rounds with one process."""

_MAX_SECONDS: Final = 0.4
"""The longest life of a process after its first step."""

_MAX_SECONDS_TO_POINT: Final = 2.0
"""How long one may live that is to kill itself, after its first step. Some calls are rare in a run."""


class Tally(msgspec.Struct):
    """What kills did.

    Attributes:
        kills: Processes that were killed.
        at_points: How many of them killed themselves, by point.
        acknowledged: Steps that were acknowledged before.
        under_way: Steps that were under way, by kind.
    """

    kills: int = 0
    at_points: Counter[str] = msgspec.field(default_factory=Counter)
    acknowledged: int = 0
    under_way: Counter[str] = msgspec.field(default_factory=Counter)

    def add(self, histories: list[History]) -> None:
        """Counts the histories of a round."""
        for history in histories:
            self.kills += 1
            self.acknowledged += len(history.acknowledged)
            self.under_way.update(type(step).__name__ for step in history.under_way)


class Victim:
    """A process of writers that is killed."""

    def __init__(self, task: Task, name: Path) -> None:
        """Starts it.

        Args:
            task: What it does.
            name: The path of its files, without a suffix.
        """
        self._notes = Path(task.notes)
        self._notes.touch()
        self._errors = name.with_suffix(".errors")
        self.point = task.kill_point
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(command(task, name.with_suffix(".task")), stderr=errors)

    def kill(self, rng: random.Random) -> list[str]:
        """Waits a while, and kills it, unless it does so itself.

        Returns:
            What it failed with instead.
        """
        is_early = not self.point and rng.random() < 0.25
        while not (is_early or self._notes.stat().st_size or self._process.poll() is not None):
            time.sleep(0.002)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_MAX_SECONDS_TO_POINT if self.point else rng.uniform(0, _MAX_SECONDS))
        if self._process.poll() is None:
            self._process.kill()
            self.point = ""
        code = self._process.wait()
        return [] if code == -signal.SIGKILL else [f"a writer ended with {code}: {self._errors.read_text()}"]

    def history(self) -> History:
        """Returns what it was told before it was killed."""
        return notes.read(self._notes.read_bytes())


class Kills:
    """One store, and what is known of it, from kill to kill."""

    def __init__(self, url: str, folder: Path, scratch: Path, seed: int) -> None:
        """Starts nothing yet.

        Args:
            url: The store.
            folder: Its folder.
            scratch: A folder for tasks and notes.
            seed: Draws steps and moments.
        """
        self._url = url
        self._folder = folder
        self._scratch = scratch
        self._rng = random.Random(seed)
        self._world: dict[Item, Value] = {}
        self._contents: set[Contents] = set()
        self._count = 0

    def round(self, tally: Tally) -> list[str]:
        """Kills one process, or two that work at the same time, checks the store, and counts.

        Returns:
            What is wrong.
        """
        # Only one process may make the bucket that all share.
        is_alone = self._rng.random() < _ALONE or SettingItem(SHARED, VERSIONING) not in self._world
        victims = [self._start(position) for position in range(1 if is_alone else 2)]
        failures = [failure for victim in victims for failure in victim.kill(self._rng)]
        histories = [victim.history() for victim in victims]
        self._world, problems = check(self._url, self._folder, self._world, histories)
        self._remember(histories)
        tally.add(histories)
        tally.at_points.update(victim.point for victim in victims if victim.point)
        return failures + problems

    def _start(self, position: int) -> Victim:
        self._count += 1
        point, occurrence = kill_points.draw(self._rng) if self._rng.random() < _AT_POINTS else ("", 0)
        task = Task(
            url=self._url,
            notes=str(self._scratch / f"{self._count}.notes"),
            seed=self._rng.getrandbits(30),
            writers=(position * WRITERS, (position + 1) * WRITERS),
            steps=ENDLESS,
            start=Start(tuple(self._world.items()), tuple(self._contents)),
            kill_point=point,
            occurrence=occurrence,
        )
        return Victim(task, self._scratch / str(self._count))

    def _remember(self, histories: list[History]) -> None:
        """Keeps the contents that are in the store, which copies of the next process may use."""
        for history in histories:
            steps = [*(step for step, _ in history.acknowledged), *history.under_way]
            self._contents.update(step.contents for step in steps if isinstance(step, Put | PutPart))
        values = [one for value in self._world.values() if isinstance(value, tuple) for one in value]
        present = {one.digest if isinstance(one, Version) else one.etag for one in values}
        self._contents = {one for one in self._contents if not present.isdisjoint((sha256_of(one), md5_of(one)))}
