"""Writers: threads that make steps on a store and note each before and after it."""

from __future__ import annotations

import itertools
import random
import threading
import time
from typing import Final

from bucketry import Store

from tests.crash.choices import Chooser, Sizes, preparation
from tests.crash.notes import Acknowledged, Begun, Notes, Start
from tests.crash.steps import Step
from tests.crash.world import Item, Value

_STEPS_OF_A_WRITER: Final = 10_000_000
"""More than any makes: processes that share their notes number their steps apart."""


def process_of(number: int) -> int:
    """Returns the number of the first writer in the process of a step."""
    return number // _STEPS_OF_A_WRITER


class Writing:
    """What writes to one store: any number of threads, and the notes that they share."""

    def __init__(
        self, store: Store, notes: Notes, start: Start, seed: int, sizes: Sizes, pause_seconds: float = 0
    ) -> None:
        """Writes nothing yet.

        Args:
            store: The store.
            notes: Where steps are noted.
            start: What the store holds.
            seed: Draws the steps.
            sizes: How large contents are.
            pause_seconds: How long each writer waits after each step.
        """
        self._store = store
        self._notes = notes
        self._start = start
        self._seed = seed
        self._sizes = sizes
        self._pause_seconds = pause_seconds
        self._numbers = itertools.count()
        self._failures = list[BaseException]()

    def write(self, writers: range, steps: int, *, encrypted: bool = False) -> None:
        """Lets writers make steps at the same time.

        Args:
            writers: Their numbers. No other process has writers of these numbers.
            steps: How many each of them makes.
            encrypted: Whether the bucket that they share encrypts.

        Raises:
            BaseException: What the first failure was.
        """
        self._numbers = itertools.count(writers.start * _STEPS_OF_A_WRITER)
        world = dict(self._start.world)
        for step in preparation(writers, encrypted=encrypted):
            if not step.changes(world, "").items() <= world.items():
                new_id = self._make(step)
                world.update(step.changes(world, new_id))
        choosers = [self._chooser(number, world) for number in writers]
        threads = [threading.Thread(target=self._run, args=(chooser, steps), daemon=True) for chooser in choosers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._failures:
            raise self._failures[0]

    def _chooser(self, number: int, world: dict[Item, Value]) -> Chooser:
        chooser = Chooser(number, random.Random(self._seed * 1000 + number), self._sizes, dict(world))
        for contents in self._start.contents:
            chooser.know(contents)
        return chooser

    def _run(self, chooser: Chooser, steps: int) -> None:
        try:
            for _ in range(steps):
                step = chooser.next()
                chooser.done(step, self._make(step))
                time.sleep(self._pause_seconds)
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self._failures.append(error)

    def _make(self, step: Step) -> str:
        number = next(self._numbers)
        self._notes.add(Begun(number, step))
        new_id = step.run(self._store)
        self._notes.add(Acknowledged(number, new_id))
        return new_id
