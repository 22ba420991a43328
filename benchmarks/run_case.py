"""Measures a row, and the results."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from statistics import median

import msgspec

from benchmarks.case import Case, Contender, NotAvailable, Scale


class Side(msgspec.Struct, frozen=True):
    """The figures of one contender: one for each round, in the row's unit."""

    name: str
    rounds: tuple[float, ...]

    @property
    def figure(self) -> float:
        """The median of the rounds."""
        return median(self.rounds)


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one row.

    Attributes:
        case: The row's name.
        ours: bucketry.
        theirs: What it is compared with.
        bare: The limit.
        ratios: How many times better ours is than theirs, in each round.
    """

    case: str
    ours: Side
    theirs: Side
    bare: Side
    ratios: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios."""
        return median(self.ratios)


class Missing(msgspec.Struct, frozen=True):
    """A row that was not measured, and the reason.

    Attributes:
        case: The row's name.
        reason: What is missing or went wrong.
        broken: Whether it should have been measured.
    """

    case: str
    reason: str
    broken: bool


def run_case(case: Case, scale: Scale, rounds: int) -> Result:
    """Measures a row in this process.

    Raises:
        NotAvailable: Something that it compares with is missing.
    """
    if absent := [name for name in case.needs if find_spec(name) is None] + [
        program.name for program in case.programs if not program.exists()
    ]:
        raise NotAvailable(f"{' and '.join(absent)} not installed")
    with ExitStack() as stack:
        contenders = case.set_up(scale, stack)
        sides = (contenders.ours, contenders.theirs, contenders.bare)
        figures = _measure(sides, min(rounds, case.max_rounds))
    ours, theirs, bare = (Side(side.name, tuple(found)) for side, found in zip(sides, figures, strict=True))
    return Result(
        case=case.name,
        ours=ours,
        theirs=theirs,
        bare=bare,
        ratios=tuple(case.unit.ratio(*pair) for pair in zip(ours.rounds, theirs.rounds, strict=True)),
    )


def _measure(sides: Sequence[Contender], rounds: int) -> list[list[float]]:
    figures: list[list[float]] = [[] for _ in sides]
    for number in range(rounds):
        # Each goes first in turn, so that no side always follows the same other side.
        for offset in range(len(sides)):
            index = (number + offset) % len(sides)
            gc.collect()
            figures[index].append(sides[index].measure())
    return figures
