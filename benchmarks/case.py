"""Rows of the benchmarks, and their parts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


class NotAvailable(Exception):
    """Something that a row compares with is missing. The message says what."""


class Unit(msgspec.Struct, frozen=True):
    """The unit of a figure.

    Attributes:
        symbol: The text after the figure.
        more_is_better: Whether the larger of two figures is the better one.
    """

    symbol: str
    more_is_better: bool

    def ratio(self, ours: float, theirs: float) -> float:
        """Returns how many times better ours is than theirs. Below 1 it is worse."""
        return ours / theirs if self.more_is_better else theirs / ours


MICROSECONDS = Unit("µs", more_is_better=False)
MILLISECONDS = Unit("ms", more_is_better=False)
BYTES = Unit("B", more_is_better=False)
CALLS = Unit("calls", more_is_better=False)
FILES = Unit("files", more_is_better=False)
MEBIBYTES = Unit("MiB", more_is_better=False)
ENTRIES = Unit("entries/s", more_is_better=True)
REQUESTS = Unit("req/s", more_is_better=True)
MEGABYTES_PER_SECOND = Unit("MB/s", more_is_better=True)


class Target(msgspec.Struct, frozen=True):
    """What a row should reach.

    Attributes:
        at_least: The smallest ratio that reaches it.
        text: The same in words.
        of_figure: Whether ``at_least`` is the smallest figure of ours instead.
    """

    at_least: float
    text: str
    of_figure: bool = False


class Contender(msgspec.Struct, frozen=True):
    """One side of a row.

    Attributes:
        name: Its name.
        measure: Measures one round and returns the figure, in the row's unit.
    """

    name: str
    measure: Callable[[], float]


class Contenders(msgspec.Struct, frozen=True):
    """The sides of a row.

    Attributes:
        ours: bucketry.
        theirs: The other side of the comparison.
        bare: The limit: the work that every implementation has to do.
    """

    ours: Contender
    theirs: Contender
    bare: Contender


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """The amount of work: enough for steady figures, or just enough that every row runs once.

    Attributes:
        seconds: How long one contender is timed in one round.
        keys: Keys in the large bucket of the listing. One in a thousand is listed, at least one.
        objects: Objects whose memory is measured.
        listed: Objects in a listing over REST.
        buckets: Buckets in a listing over REST.
        upload_bytes: Size of an upload whose throughput is measured.
        growth_bytes: Size of an upload during which the server's memory is watched.
    """

    seconds: float = 0.25
    keys: int = 1_000_000
    objects: int = 100_000
    listed: int = 10_000
    buckets: int = 500
    upload_bytes: int = GIB
    growth_bytes: int = 5 * GIB


FULL = Scale()
QUICK = Scale(
    seconds=0.002, keys=2_000, objects=500, listed=1_500, buckets=10, upload_bytes=8 * MIB, growth_bytes=16 * MIB
)


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One row.

    Attributes:
        name: A short and unique name. ``-k`` selects by it.
        title: What is measured.
        unit: The unit of the figures.
        set_up: Makes the contenders. The stack frees what they use.
        target: What it should reach, or ``None``.
        needs: Modules that are installed for the benchmarks alone.
        programs: Programs that `make clients` installs.
        max_rounds: Most rounds, for rows whose rounds take long.
        real_server: Whether it starts a server in a container, which needs a Docker engine.
        note: How it is measured, or why a target is missed.
    """

    name: str
    title: str
    unit: Unit
    set_up: Callable[[Scale, ExitStack], Contenders]
    target: Target | None = None
    needs: tuple[str, ...] = ()
    programs: tuple[Path, ...] = ()
    max_rounds: int = 1_000
    real_server: bool = False
    note: str = ""
