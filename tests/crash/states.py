"""Crash states: what a disk may hold after a loss of power at some moment of a recorded run."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from tests.crash.disk import Disk, Effect, Named, Tree
from tests.crash.operations import Note, Recorded, Sync

_ENUMERATED: Final = 6
"""Pending effects up to which all combinations are taken: 64."""

_SINGLES: Final = 4
"""How many prefixes, lone effects and missing effects are drawn of each crash point."""


@dataclass(frozen=True)
class CrashPoint:
    """The moment just before an fsync returns, or before something is noted, or the end of a run.

    All crashes since the fsync before it lead to states of this point: what had not been done yet has not arrived.

    Attributes:
        done: How many of the recorded operations had ended.
        notes: What the program had said.
        notes_in_log: What it had said before the last fsync of SQLite's log began.
        pending: What may have reached the disk, or not.
        disk: The disk as it was at the moment.
    """

    done: int
    notes: bytes
    notes_in_log: bytes
    pending: Sequence[Effect]
    disk: Disk

    @property
    def states(self) -> int:
        """How many combinations of pending effects there are."""
        return 1 << len(self.pending)


def crash_points(
    operations: Sequence[Recorded], start: Tree | None = None, *, at_notes: bool = False
) -> Iterator[CrashPoint]:
    """Yields the crash points of a run. Each is valid until the next one is asked for.

    Args:
        operations: The recorded operations.
        start: What was durable before them; ``None``: nothing.
        at_notes: Whether there is one before each note too. This helps where an fsync is rare: the states of a point
            with many pending effects are too many to try.
    """
    disk, notes, in_log = Disk(start), bytearray(), b""
    said_at = list[int]()  # How much had been said when so many operations had ended.
    for index, operation in enumerate(operations):
        said_at.append(len(notes))
        if isinstance(operation, Sync) or (at_notes and isinstance(operation, Note)):
            yield CrashPoint(index, bytes(notes), in_log, disk.pending(), disk)
        if isinstance(operation, Note):
            notes += operation.text
        elif isinstance(operation, Sync) and operation.path.name.endswith("-wal"):
            in_log = bytes(notes[: said_at[min(operation.covers, index)]])
        disk.do(index, operation)
    yield CrashPoint(len(operations), bytes(notes), in_log, disk.pending(), disk)


def trees(
    point: CrashPoint, most: int, rng: random.Random, *, at_random: bool = False
) -> Iterator[dict[PurePosixPath, bytes | None]]:
    """Yields states of a crash point that differ: all of them where they are few, otherwise a sample.

    Args:
        point: The crash point.
        most: The most states.
        rng: Draws the sample.
        at_random: Whether the first ones of a sample are drawn too. Otherwise they are the telling ones.
    """
    seen = set[int]()
    for chosen in _at_random(point.pending, rng) if at_random else _choices(point.pending, rng):
        if len(seen) >= most:
            return
        tree = point.disk.tree(chosen)
        fingerprint = hash(frozenset(tree.items()))
        if fingerprint not in seen:
            seen.add(fingerprint)
            yield tree


def _choices(pending: Sequence[Effect], rng: random.Random) -> Iterator[frozenset[Effect]]:
    """Yields sets of effects that have arrived, the telling ones first."""
    if len(pending) <= _ENUMERATED:
        numbers = list(range(2 ** len(pending)))
        rng.shuffle(numbers)
        for number in numbers:
            yield frozenset(effect for bit, effect in enumerate(pending) if number >> bit & 1)
        return
    yield frozenset(pending)
    yield frozenset()
    yield from _of_groups(pending, rng)
    for _ in range(_SINGLES):
        cut = rng.randrange(len(pending))
        yield frozenset(pending[:cut])
        yield frozenset((*pending[:cut], *pending[cut + 1 :]))
        yield frozenset({pending[cut]})
    yield from _at_random(pending, rng)


def _at_random(pending: Sequence[Effect], rng: random.Random) -> Iterator[frozenset[Effect]]:
    for _ in range(10 * len(pending) + 1):
        share = rng.choice((0.1, 0.5, 0.9))
        yield frozenset(effect for effect in pending if rng.random() < share)


def _of_groups(pending: Sequence[Effect], rng: random.Random) -> Iterator[frozenset[Effect]]:
    """Yields what is there if one file, or all names, arrived alone, or alone did not."""
    groups = {None if isinstance(effect, Named) else effect.file for effect in pending}
    for group in sorted(groups, key=str):
        inside = frozenset(e for e in pending if (None if isinstance(e, Named) else e.file) == group)
        yield inside
        yield frozenset(pending) - inside
