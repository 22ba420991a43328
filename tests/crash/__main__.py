"""The durability tests at length. `make kill-test` and `make crash-states` run it.

`python -m tests.crash kills` kills writers; `python -m tests.crash states` replays crash states. Both print figures,
and fail if anything is wrong.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from tests.crash.choices import Sizes
from tests.crash.kills import Kills, Tally
from tests.crash.replay import Figures, Replay, task_of
from tests.crash.writer import Task

KILLS_OF_A_STORE: Final = 12
"""After so many kills, a new store is taken: an old one would hide what goes wrong with a new one."""

SETTINGS: Final = "?min_part_size=1"
"""Settings in the URLs of stores: uploads of small parts."""


def kill(url: str, kills: int, seed: int, seconds: float, scratch: Path) -> tuple[Tally, list[str]]:
    """Kills writers of one store after the other.

    Args:
        url: The settings in the URLs of the stores.
        kills: How many processes are killed, at least.
        seed: Draws everything that is drawn.
        seconds: After so many no further round begins.
        scratch: A folder for all files.

    Returns:
        What was done, and what is wrong.
    """
    tally, wrong, rng, begun = Tally(), list[str](), random.Random(seed), time.monotonic()
    while tally.kills < kills:
        folder = Path(tempfile.mkdtemp(dir=scratch))
        store_seed, enough = rng.getrandbits(30), min(kills, tally.kills + KILLS_OF_A_STORE)
        store = Kills(f"file://{folder}/store{url}", folder / "store", folder, store_seed)
        while tally.kills < enough:
            if time.monotonic() - begun > seconds:
                return tally, wrong
            found = store.round(tally)
            wrong += [f"store seed {store_seed}, kill {tally.kills}: {problem}" for problem in found]
            if found:
                return tally, wrong
        shutil.rmtree(folder)
    return tally, wrong


def replay(seed: int, most: int, scratch: Path) -> tuple[Figures, list[str]]:
    """Replays runs and recoveries: of one process with one writer and with three, with small and large contents.

    Then two processes that write at the same time, in the clear and encrypted, and one without sync.

    Args:
        seed: Draws the steps, and the states.
        most: The most states of each crash point.
        scratch: A folder for all files.

    Returns:
        What was done, and what is wrong.
    """
    synced = Replay(scratch, SETTINGS, most, seed)
    wrong = list[str]()
    for task in (task_of(writers=1, steps=60, seed=seed), task_of(writers=3, steps=30, seed=seed), _large(seed)):
        operations = synced.record(task)
        wrong += synced.problems(operations)
        wrong += synced.problems_of_recovery(operations, most)
    for encrypted in (False, True):
        task = task_of(writers=4, steps=15, seed=seed, encrypted=encrypted)
        wrong += synced.problems_of_two(task, recoveries=max(1, most // 3))
    unsynced = Replay(scratch, f"{SETTINGS}&sync=false", most, seed)
    wrong += unsynced.problems(unsynced.record(task_of(writers=1, steps=60, seed=seed)))
    return synced.figures.plus(unsynced.figures), wrong


def _large(seed: int) -> Task:
    """Writers with the driver's own sizes: contents of hundreds of sectors, and SQLite's log as it is."""
    task = task_of(writers=2, steps=25, seed=seed, sizes=Sizes())
    return replace(task, inline_bytes=0, checkpoint_pages=0)


def main(arguments: Sequence[str]) -> int:
    """Runs one of the two tests."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("test", choices=("kills", "states"))
    parser.add_argument("--kills", type=int, default=500, help="how many processes are killed")
    parser.add_argument("--settings", default=SETTINGS, help="of the stores that are killed")
    parser.add_argument("--most", type=int, default=10, help="most states of each crash point")
    parser.add_argument("--seconds", type=float, default=1800, help="after so many no further kill begins")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="draws steps, moments and states")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="bucketry-crash-") as name:
        if options.test == "kills":
            tally, wrong = kill(options.settings, options.kills, options.seed, options.seconds, Path(name))
            print(_kills_text(tally))
        else:
            figures, wrong = replay(options.seed, options.most, Path(name))
            print(_states_text(figures))
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


def _kills_text(tally: Tally) -> str:
    under_way = ", ".join(f"{name} {count}" for name, count in tally.under_way.most_common())
    at_points = ", ".join(f"{name} {count}" for name, count in tally.at_points.most_common())
    return (
        f"{tally.kills} processes were killed, after {tally.acknowledged} acknowledged steps\n"
        f"{tally.under_way.total()} steps were under way: {under_way}\n"
        f"{tally.at_points.total()} processes killed themselves at a point: {at_points}"
    )


def _states_text(figures: Figures) -> str:
    possible = f"10^{len(str(figures.possible)) - 1}"
    return (
        f"{figures.states} states of {figures.points} crash points were checked, of about {possible}\n"
        f"two processes took {figures.turns} turns"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
