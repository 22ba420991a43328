"""Plants small mistakes in the memory driver, one at a time, and runs the contract suite on each.

    python -m tests.mutants                  all of them
    python -m tests.mutants -k uploads       only those whose name holds this text
    python -m tests.mutants --list           only lists them, and fails if survivors.toml names one that does not exist

The contract suite tests each mutant, on the store without layers. A mutant that survives is a gap in the suite, unless
it breaks no sentence of the contract. ``survivors.toml`` lists the latter with reasons. Other survivors are failures.
"""

from __future__ import annotations

import argparse
import os
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import hypothesis
import pytest

from tests.mutants.making import Mutant, mutants_of
from tests.mutants.running import Outcome, Unharmed, run_mutants, run_unharmed

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "drivers/memory/src/bucketry_memory"
TESTS = ROOT / "tests/memory/test_contract.py"
SURVIVORS = Path(__file__).parent / "survivors.toml"
ARGUMENTS = ("-q", "-s", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", "bare")


class Hunt:
    """A pytest plugin that runs the collected tests on each mutant."""

    def __init__(self, mutants: Sequence[Mutant], jobs: int) -> None:
        self._mutants = mutants
        self._jobs = jobs
        self.code = 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Replaces pytest's own loop."""
        unharmed = run_unharmed(session.items, PACKAGE)
        if unharmed.failed:
            print(f"the tests fail without any mutant: {unharmed.failed}")
            return True
        whole = sum(unharmed.seconds.values())
        print(
            f"{len(self._mutants)} mutants, {len(session.items)} tests that take {whole:.1f} s without one", flush=True
        )
        chosen = _Choice(session.items, unharmed)
        results = run_mutants(self._mutants, chosen.for_mutant, 60 + 5 * whole, self._jobs)
        survivors = _told(results)
        if survivors:
            print(f"\n{len(survivors)} survived the tests that call the function; now all tests", flush=True)
            survivors = _told(run_mutants(survivors, lambda _: chosen.all, 60 + 10 * whole, self._jobs))
        if run_unharmed(session.items, PACKAGE).failed:
            print("the tests fail without any mutant by now: nothing may be changed while this runs; run it again")
            return True
        self.code = _judged(survivors, len(self._mutants))
        return True


class _Choice:
    """Chooses the tests to run on a mutant: those that call its function, quick ones first."""

    def __init__(self, items: Sequence[pytest.Item], unharmed: Unharmed) -> None:
        self.all = sorted(items, key=lambda item: unharmed.seconds[item.nodeid])
        self._calls = {nodeid: frozenset(calls) for nodeid, calls in unharmed.calls.items()}

    def for_mutant(self, mutant: Mutant) -> list[pytest.Item]:
        """Returns the tests that call the mutant's function, or all tests if none does."""
        name = f"{mutant.module.rpartition('.')[2]}.{mutant.function}"
        return [item for item in self.all if name in self._calls[item.nodeid]] or self.all


def _told(results: Iterable[tuple[Mutant, Outcome]]) -> list[Mutant]:
    """Prints the outcome of each mutant, and returns the survivors."""
    counts: Counter[str] = Counter()
    survivors, seconds = [], 0.0
    for mutant, outcome in results:
        counts[outcome.verdict] += 1
        seconds += outcome.seconds
        if outcome.verdict == "survived":
            survivors.append(mutant)
        print(f"{outcome.verdict:8} {outcome.seconds:5.1f} s  {mutant.name}  {outcome.test}", flush=True)
    print(f"{counts['killed']} killed, {counts['hung']} hung, {counts['survived']} survived: {seconds:.0f} s of tests")
    return survivors


def _listed() -> set[str]:
    """Returns the mutants that may survive."""
    return {name for group in tomllib.loads(SURVIVORS.read_text())["survivors"] for name in group["mutants"]}


def _list(mutants: Sequence[Mutant]) -> int:
    """Prints the mutants; returns 1 if `SURVIVORS` lists one that does not exist, as after a change of its line."""
    print(*(mutant.name for mutant in mutants), sep="\n")
    gone = sorted(_listed() - {mutant.name for mutant in mutants_of(PACKAGE)})
    if gone:
        print(
            f"{SURVIVORS.name} lists these, which do not exist: rename or remove them", *gone, sep="\n", file=sys.stderr
        )
    return 1 if gone else 0


def _judged(survivors: Sequence[Mutant], count: int) -> int:
    """Compares the survivors with the list. Returns 1 if there are others."""
    listed = _listed()
    unknown = [mutant.name for mutant in survivors if mutant.name not in listed]
    print(f"\nof {count} mutants {len(survivors)} survived; {len(survivors) - len(unknown)} of these are listed")
    if unknown:
        print(f"{SURVIVORS.name} does not list these: close the gap, or list them with the reason")
        print(*unknown, sep="\n")
    return 1 if unknown else 0


def main() -> int:
    """Runs the command line. Returns 1 if a mutant survived that is not listed."""
    parser = argparse.ArgumentParser(prog="mutants", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("-k", metavar="TEXT", default="", help="only mutants whose name holds this text")
    parser.add_argument("--every", metavar="N", type=int, default=1, help="only one of N, to see sooner how it goes")
    parser.add_argument("--list", action="store_true", help="say which mutants there are")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="so many at once")
    options = parser.parse_args()
    mutants = [mutant for mutant in mutants_of(PACKAGE) if options.k in mutant.name][:: options.every]
    if options.list:
        return _list(mutants)
    # The same examples for each mutant, and none kept on disk.
    hypothesis.settings.register_profile("mutants", derandomize=True, database=None)
    hypothesis.settings.load_profile("mutants")
    hunt = Hunt(mutants, options.jobs)
    code = pytest.main([*ARGUMENTS, str(TESTS)], plugins=[hunt])
    return hunt.code or int(code not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED})


if __name__ == "__main__":
    sys.exit(main())
